//! Time limits for Python code.

use std::ffi::c_long;
use std::ptr::null_mut;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyatoll::exceptions::PyTimeoutError;
use pyatoll::ffi;
use pyatoll::prelude::*;

/// Runs `run`. After `limit`, the Python code in it gets a `TimeoutError`. Returns the result, and
/// whether the limit was reached.
///
/// Each call has a thread that watches it; in a program with many calls, one thread could watch
/// all of them.
pub fn with_limit<T>(
    py: Python<'_>,
    limit: Duration,
    run: impl FnOnce() -> PyResult<T>,
) -> (PyResult<T>, bool) {
    let thread = match this_thread(py) {
        Ok(thread) => thread,
        Err(error) => return (Err(error), false),
    };
    let home = py.interpreter();
    let (finish, finished) = channel::<()>();
    let watch = thread::spawn(move || {
        let is_late = finished.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        if is_late {
            // The caller waits for this thread, so its interpreter is alive.
            let _ = home.attach(|py| {
                let class = py.get_type::<PyTimeoutError>();
                // SAFETY: attached; the function takes a reference of its own.
                unsafe { ffi::PyThreadState_SetAsyncExc(thread, class.as_ptr()) };
            });
        }
        is_late
    });
    let result = run();
    drop(finish);
    // Detached: the other thread may need to attach.
    let is_late = py.detach(|| watch.join()).unwrap_or(false);
    if is_late {
        // The code may have ended just before: forget an exception that is not raised yet.
        // SAFETY: attached; null clears it.
        unsafe { ffi::PyThreadState_SetAsyncExc(thread, null_mut()) };
    }
    (result, is_late)
}

/// Returns Python's number of this thread.
fn this_thread(py: Python<'_>) -> PyResult<c_long> {
    py.import("_thread")?.call_method0("get_ident")?.extract()
}
