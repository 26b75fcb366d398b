//! A module that touches what a host could disturb: a class, exceptions, values per interpreter and
//! per process, calls from Rust threads, a buffer, a panic. `cargo xtask hosts` loads it into each
//! host and compares it with `probe.c`, the same module in C.

use std::ffi::c_int;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use pyatoll::exceptions::{PyBufferError, PyRuntimeError, PyValueError};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyArc, PyOnceLock};
use pyatoll::types::PyDict;
use pyatoll::{PyTraverseError, PyVisit, create_exception, ffi};

create_exception!(probe, LimitExceeded, PyValueError, "A counter is full.");

/// One per process: the calls of `remember`, and the calls and the number of tickers.
static PROCESS_CALLS: AtomicUsize = AtomicUsize::new(0);
static TICKS: AtomicUsize = AtomicUsize::new(0);
static TICKERS: AtomicUsize = AtomicUsize::new(0);

/// One per interpreter: the calls of `remember`, and what it stores.
static CALLS: InterpreterLocal<AtomicUsize> = InterpreterLocal::new();
static MEMORY: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

fn memory(py: Python<'_>) -> &Bound<'_, PyDict> {
    MEMORY.get_or_init(py, || PyDict::new(py).unbind()).bind(py)
}

fn calls(py: Python<'_>) -> &AtomicUsize {
    CALLS.get_or_init(py, AtomicUsize::default)
}

/// Counts up to a limit, and tells a listener.
#[pyclass(module = "probe")]
struct Counter {
    limit: u64,
    #[pyo3(get)]
    value: u64,
    #[pyo3(get, set)]
    listener: Option<Py<PyAny>>,
}

#[pymethods]
impl Counter {
    #[new]
    fn new(limit: u64) -> Self {
        Self {
            limit,
            value: 0,
            listener: None,
        }
    }

    /// Adds to the value and calls the listener with the sum.
    fn add(this: &Bound<'_, Self>, amount: u64) -> PyResult<u64> {
        let py = this.py();
        let (sum, listener) = {
            let mut counter = this.try_borrow_mut()?;
            let sum = counter.value.saturating_add(amount);
            if sum > counter.limit {
                let message = format!("{sum} is above {}", counter.limit);
                return Err(LimitExceeded::new_err(message));
            }
            counter.value = sum;
            let listener = counter.listener.as_ref();
            (sum, listener.map(|listener| listener.clone_ref(py)))
        };
        if let Some(listener) = listener {
            listener.call1(py, (sum,))?;
        }
        Ok(sum)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.listener)
    }

    fn __clear__(&mut self) {
        self.listener = None;
    }
}

/// Bytes that Python reads without a copy.
#[pyclass(module = "probe", frozen)]
struct Block {
    bytes: Vec<u8>,
}

#[pymethods]
impl Block {
    #[new]
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    unsafe fn __getbuffer__(
        this: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        if view.is_null() {
            return Err(PyBufferError::new_err("no view"));
        }
        let bytes = &this.get().bytes;
        // SAFETY: `view` is the caller's to fill in. It keeps `this` alive, which is frozen, so the
        // bytes do not move.
        let status = unsafe {
            ffi::PyBuffer_FillInfo(
                view,
                this.as_ptr(),
                bytes.as_ptr().cast_mut().cast(),
                bytes.len() as ffi::Py_ssize_t,
                1,
                flags,
            )
        };
        match status {
            0 => Ok(()),
            _ => Err(PyErr::fetch(this.py())),
        }
    }
}

/// Stores an object for this interpreter.
#[pyfunction]
fn remember(py: Python<'_>, key: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    PROCESS_CALLS.fetch_add(1, Relaxed);
    calls(py).fetch_add(1, Relaxed);
    memory(py).set_item(key, value)
}

/// Returns what this interpreter has stored, or None.
#[pyfunction]
fn recall<'py>(py: Python<'py>, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    memory(py).get_item(key)
}

/// Returns the calls of `remember` in the process and in this interpreter, and the calls and the
/// number of tickers in the process.
#[pyfunction]
fn counts(py: Python<'_>) -> (usize, usize, usize, usize) {
    (
        PROCESS_CALLS.load(Relaxed),
        calls(py).load(Relaxed),
        TICKS.load(Relaxed),
        TICKERS.load(Relaxed),
    )
}

/// Returns the id of the interpreter.
#[pyfunction]
fn interpreter_id(py: Python<'_>) -> i64 {
    py.interpreter().id()
}

/// Calls `function(thread, turn)` in `threads` new threads, `times` in each. Returns the number of
/// calls.
#[pyfunction]
fn call_from_threads(
    py: Python<'_>,
    function: Py<PyAny>,
    threads: usize,
    times: usize,
) -> PyResult<usize> {
    let (home, function) = (py.interpreter(), &function);
    let work = move |number: usize| {
        for turn in 0..times {
            home.attach(|py| function.call1(py, (number, turn)).map(drop))??;
        }
        PyResult::Ok(times)
    };
    py.detach(|| {
        thread::scope(|scope| {
            let started: Vec<_> = (0..threads)
                .map(|number| scope.spawn(move || work(number)))
                .collect();
            let results = started.into_iter().map(|thread| match thread.join() {
                Ok(result) => result,
                Err(_) => Err(PyRuntimeError::new_err("a thread panicked")),
            });
            results.sum()
        })
    })
}

/// Calls `function()` from a thread of its own, again and again, until the interpreter ends.
#[pyfunction]
fn start_ticker(function: PyArc<PyAny>, milliseconds: u64) {
    TICKERS.fetch_add(1, Relaxed);
    let pause = Duration::from_millis(milliseconds);
    thread::spawn(move || {
        // The end of the interpreter is an error of `attach`.
        while let Ok(Ok(())) = function.attach(|_py, function| function.call0().map(drop)) {
            TICKS.fetch_add(1, Relaxed);
            thread::sleep(pause);
        }
        TICKERS.fetch_sub(1, Relaxed);
    });
}

/// Panics. The C module raises an exception with the same text.
#[pyfunction]
fn fail_hard() {
    panic!("probe: on purpose")
}

/// The module.
#[pymodule]
mod probe {
    #[pymodule_export]
    use super::{
        Block, Counter, LimitExceeded, call_from_threads, counts, fail_hard, interpreter_id,
        recall, remember, start_ticker,
    };

    #[pymodule_export]
    const BUILT_WITH: &str = "pyatoll";
}
