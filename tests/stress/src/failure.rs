//! What went wrong: the first failure of the process, for whoever finds it.

use std::any::Any;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::flight;
use crate::life::lock;

/// Work goes on until this is set.
static STOP: AtomicBool = AtomicBool::new(false);

static FAILURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// How many are kept: the first one counts, the rest may explain it.
const KEPT: usize = 20;

/// Notes a failure, with what this thread was doing, and stops all threads.
pub fn note(what: String) {
    let mut failures = lock(&FAILURES);
    if failures.len() < KEPT {
        failures.push(match flight::this_thread() {
            Some(step) => format!("{step}: {what}"),
            None => what,
        });
    }
    stop();
}

/// Tells all threads to stop after their operation.
pub fn stop() {
    STOP.store(true, Ordering::SeqCst);
}

pub fn is_stopped() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// All failures noted, first one first.
pub fn all() -> Vec<String> {
    lock(&FAILURES).clone()
}

/// What a panic says.
pub fn text_of(payload: &(dyn Any + Send)) -> &str {
    match payload.downcast_ref::<String>() {
        Some(text) => text,
        None => payload.downcast_ref::<&str>().copied().unwrap_or(""),
    }
}
