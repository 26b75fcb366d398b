//! Handles in a `static` that all interpreters of the process share. Safe code only.

#![forbid(unsafe_code)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyatoll::exceptions::PyLookupError;
use pyatoll::prelude::*;

/// The stored handles, of any interpreter.
static KEPT: Mutex<Vec<Py<PyAny>>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Py<PyAny>>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the last handle out of the `static`, so that no lock is held while Python code may run.
fn take() -> PyResult<Py<PyAny>> {
    kept()
        .pop()
        .ok_or_else(|| PyLookupError::new_err("nothing is kept"))
}

/// Stores a handle to an object.
#[pyfunction]
pub fn keep(object: Py<PyAny>) {
    kept().push(object);
}

/// Binds the last stored handle with `bind`, which panics in another interpreter.
#[pyfunction]
pub fn get_kept(py: Python<'_>) -> PyResult<String> {
    let object = take()?;
    let result = object.bind(py).repr();
    Ok(result?.to_string())
}

/// Binds the last stored handle with `try_bind`, and stores it again.
#[pyfunction]
pub fn try_get_kept(py: Python<'_>) -> PyResult<String> {
    let object = take()?;
    let result = object.try_bind(py).map(|object| object.repr());
    let text = match result {
        Ok(text) => Ok(text?.to_string()),
        Err(error) => Err(error.into()),
    };
    kept().push(object);
    text
}

/// Returns the last stored handle to Python.
#[pyfunction]
pub fn take_kept() -> PyResult<Py<PyAny>> {
    take()
}

/// Drops the last stored handle in this interpreter.
#[pyfunction]
pub fn drop_kept() -> PyResult<()> {
    take().map(drop)
}

/// Drops the last stored handle in a detached thread.
#[pyfunction]
pub fn drop_in_thread(py: Python<'_>) -> PyResult<()> {
    let object = take()?;
    py.detach(|| std::thread::spawn(move || drop(object)).join())
        .map_err(|_| PyLookupError::new_err("the thread panicked"))
}

/// Returns the id of the last stored handle's interpreter, and whether it is alive.
#[pyfunction]
pub fn kept_owner() -> PyResult<(i64, bool)> {
    let object = take()?;
    let owner = object.interpreter();
    kept().push(object);
    Ok((owner.id(), owner.is_alive()))
}

/// Returns the `repr` of the last stored handle's object by attaching to its interpreter.
#[pyfunction]
pub fn use_kept_in_owner(py: Python<'_>) -> PyResult<String> {
    let object = take()?;
    let text = py.detach(|| object.attach(|_, object| object.repr().map(|text| text.to_string())));
    kept().push(object);
    match text {
        Ok(text) => text,
        Err(error) => Err(PyLookupError::new_err(error.to_string())),
    }
}

/// Returns whether Rust sees the object as an instance of this interpreter's `Point` class.
#[pyfunction]
pub fn is_own(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<crate::classes::Point>()
}
