//! The failures of the process, and the flag that stops all threads.

use std::any::Any;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::flight;
use crate::model::lock;

/// Set when all threads are to stop.
static STOP: AtomicBool = AtomicBool::new(false);

static FAILURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Maximum number kept: the first one counts, the rest may explain it.
const MAX_FAILURES: usize = 20;

/// Records a failure with this thread's current step, and stops all threads.
pub fn record(failure: String) {
    let mut failures = lock(&FAILURES);
    if failures.len() < MAX_FAILURES {
        failures.push(match flight::this_thread() {
            Some(step) => format!("{step}: {failure}"),
            None => failure,
        });
    }
    stop();
}

/// Tells all threads to stop after their current operation.
pub fn stop() {
    STOP.store(true, Ordering::SeqCst);
}

pub fn is_stopped() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// Returns all recorded failures, oldest first.
pub fn all() -> Vec<String> {
    lock(&FAILURES).clone()
}

/// Returns the message of a panic.
pub fn text_of(payload: &(dyn Any + Send)) -> &str {
    match payload.downcast_ref::<String>() {
        Some(text) => text,
        None => payload.downcast_ref::<&str>().copied().unwrap_or(""),
    }
}
