//! Leaving an interpreter and coming back to it within one call, and threads that enter it.

use std::error::Error;
use std::ffi::CString;
use std::thread;

use pyatoll::exceptions::PyRuntimeError;
use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Calls `function` attached, within a detachment.
#[pyfunction]
pub fn call_attached(py: Python<'_>, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    py.detach(|| Python::attach(|py| function.call0(py)))
}

/// Calls `function` within `depth` detachments, each with an attachment in it.
#[pyfunction]
pub fn call_deep(py: Python<'_>, depth: u32, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    match depth {
        0 => function.call0(py),
        _ => py.detach(|| Python::attach(|py| call_deep(py, depth - 1, function))),
    }
}

/// The id of the interpreter that a thread which detaches and attaches again is in.
#[pyfunction]
pub fn id_after_attaching(py: Python<'_>) -> i64 {
    py.detach(|| Python::attach(|py| py.interpreter().id()))
}

/// The id of the interpreter that this runs in.
#[pyfunction]
pub fn interpreter_id(py: Python<'_>) -> i64 {
    py.interpreter().id()
}

/// Calls `function` on a new thread, which attaches to this interpreter.
#[pyfunction]
pub fn call_in_thread(py: Python<'_>, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    let here = py.interpreter();
    let call = move || here.attach(|py| function.call0(py));
    let called = py.detach(|| thread::spawn(call).join());
    called
        .expect("it does not panic")
        .map_err(|gone| PyRuntimeError::new_err(gone.to_string()))?
}

/// Creates an interpreter, runs `code` in it and ends it. Returns its id and its variable `result`.
#[pyfunction]
pub fn run_in_new_interpreter(
    py: Python<'_>,
    code: CString,
    own_gil: bool,
) -> PyResult<(i64, String)> {
    let gil = if own_gil { Gil::Own } else { Gil::Shared };
    let run = |py: Python<'_>| {
        let names = PyDict::new(py);
        py.run(&code, Some(&names), None)?;
        names.as_any().get_item("result")?.extract()
    };
    let create_and_end = || -> Result<_, Box<dyn Error>> {
        let sub = SubInterpreter::builder().gil(gil).build()?;
        // The exception belongs to the interpreter, its text does not.
        let result = sub.attach(|py| run(py).map_err(|error: PyErr| error.to_string()))??;
        let id = sub.id();
        sub.close()?;
        Ok((id, result))
    };
    py.detach(|| create_and_end().map_err(|error| PyRuntimeError::new_err(error.to_string())))
}

/// Starts a thread that calls `function` in this interpreter until the interpreter refuses it.
#[pyfunction]
pub fn keep_calling(py: Python<'_>, function: Py<PyAny>) {
    let here = py.interpreter();
    thread::spawn(move || {
        while here.attach(|py| function.call0(py).is_ok()) == Ok(true) {
            thread::yield_now();
        }
    });
}
