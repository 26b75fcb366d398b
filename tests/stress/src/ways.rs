//! Functions of `atoll` that leave the interpreter on the way, or never return.

use std::sync::atomic::{AtomicU64, Ordering};

use pyatoll::ffi;
use pyatoll::prelude::*;

/// Calls back within `depth` detachments, each with an attachment in it.
#[pyfunction]
pub fn call_deep(py: Python<'_>, depth: u32, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    match depth {
        0 => function.call0(py),
        _ => py.detach(|| Python::attach(|py| call_deep(py, depth - 1, function))),
    }
}

/// Returns the interpreter that a detached thread attaches to.
#[pyfunction]
pub fn attaches(py: Python<'_>) -> i64 {
    py.detach(|| Python::attach(|py| py.interpreter().id()))
}

/// Keeps the GIL released as C code does, until dropped.
struct Released(*mut ffi::PyThreadState);

impl Drop for Released {
    fn drop(&mut self) {
        // SAFETY: this thread was detached from the thread state, which belongs to a frame that has
        // not returned.
        unsafe { ffi::PyEval_RestoreThread(self.0) };
    }
}

/// Releases the GIL as C code does, and calls back from there, as Rust code or as C code attaches.
/// Returns the interpreter in which it calls; `None` if that is ending.
#[pyfunction]
pub fn released(_py: Python<'_>, as_c: bool, function: Py<PyAny>) -> PyResult<Option<i64>> {
    // SAFETY: attached. No object of Python is used until the thread is attached again.
    let _released = Released(unsafe { ffi::PyEval_SaveThread() });
    let call = |py: Python<'_>| {
        let id = py.interpreter().id();
        function.call0(py).map(|_| id)
    };
    if !as_c {
        return Python::try_attach(call).transpose();
    }
    // SAFETY: detached; what is ensured is released on this thread, after the call.
    unsafe {
        let state = ffi::PyGILState_Ensure();
        let result = call(Python::assume_attached());
        ffi::PyGILState_Release(state);
        result.map(Some)
    }
}

/// Calls of [`forever`] that returned or were unwound.
static LEFT: AtomicU64 = AtomicU64::new(0);

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        LEFT.fetch_add(1, Ordering::SeqCst);
    }
}

/// Calls a function until the process ends.
#[pyfunction]
pub fn forever(function: &Bound<'_, PyAny>) -> PyResult<()> {
    let _inside = Inside;
    loop {
        function.call0()?;
    }
}

/// Returns how many calls of [`forever`] have come to an end.
pub fn ended_forevers() -> u64 {
    LEFT.load(Ordering::SeqCst)
}
