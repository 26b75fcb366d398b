//! Time limits for Python code.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyatoll::prelude::*;

/// Runs `run`. After `limit`, the Python code in it is interrupted with a `KeyboardInterrupt`.
/// Returns the result, and whether the limit was reached.
///
/// Each call has a thread that watches it; in a program with many calls, one thread could watch
/// all of them.
pub fn with_limit<T>(
    py: Python<'_>,
    limit: Duration,
    run: impl FnOnce() -> PyResult<T>,
) -> (PyResult<T>, bool) {
    let mut is_late = false;
    let result = py.interruptible(|interrupter| {
        let (finish, finished) = channel::<()>();
        let watching = interrupter.clone();
        thread::spawn(move || {
            if finished.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                watching.interrupt();
            }
        });
        let result = run();
        drop(finish);
        is_late = interrupter.is_interrupted();
        result
    });
    (result, is_late)
}
