//! Leaving an interpreter and coming back to it within one call.

use pyatoll::prelude::*;

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
