//! Per-interpreter values, and a function that signals interrupt.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use pyatoll::intern;
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};
use pyatoll::types::{PyList, PyString, PyType};

/// Number of live counters in the process.
static COUNTERS: AtomicI64 = AtomicI64::new(0);

/// A per-interpreter value that counts its instances.
struct Counter(AtomicI64);

impl Counter {
    fn new() -> Self {
        COUNTERS.fetch_add(1, Ordering::Relaxed);
        Self(AtomicI64::new(0))
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        COUNTERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns this interpreter's list.
#[pyfunction]
pub fn singleton<'py>(py: Python<'py>) -> Bound<'py, PyList> {
    static LIST: PyOnceLock<Py<PyList>> = PyOnceLock::new();
    let list = LIST.get_or_init(py, || PyList::empty(py).unbind());
    list.bind(py).clone()
}

/// Returns the number of its calls in this interpreter.
#[pyfunction]
pub fn count(py: Python<'_>) -> i64 {
    static COUNTER: InterpreterLocal<Counter> = InterpreterLocal::new();
    let counter = COUNTER.get_or_init(py, Counter::new);
    counter.0.fetch_add(1, Ordering::Relaxed) + 1
}

/// Returns the number of live interpreters that have called `count`.
#[pyfunction]
pub fn counters() -> i64 {
    COUNTERS.load(Ordering::Relaxed)
}

/// Returns an instance of an imported class.
#[pyfunction]
pub fn template<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    static TEMPLATE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TEMPLATE.import(py, "string", "Template")?.call1((text,))
}

/// Returns an interned string.
#[pyfunction]
pub fn interned(py: Python<'_>) -> Bound<'_, PyString> {
    intern!(py, "interned by pyatoll_tests").clone()
}

/// Calls `ready`, then waits up to 5 minutes, mostly detached; a signal handler may interrupt it.
#[pyfunction]
pub fn wait_for_signal(ready: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = ready.py();
    ready.call0()?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(300) {
        py.detach(|| std::thread::sleep(Duration::from_millis(1)));
        py.check_signals()?;
    }
    Ok(false)
}
