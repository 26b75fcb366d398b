//! Handles in a `static`, which every interpreter of the process sees. Safe code only.

#![forbid(unsafe_code)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyatoll::exceptions::PyLookupError;
use pyatoll::prelude::*;

/// The objects kept, whatever interpreter they are of.
static KEPT: Mutex<Vec<Py<PyAny>>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Py<PyAny>>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last object kept, out of the `static`, so that no lock is held while Python code may run.
fn take() -> PyResult<Py<PyAny>> {
    kept()
        .pop()
        .ok_or_else(|| PyLookupError::new_err("nothing is kept"))
}

/// Keeps an object.
#[pyfunction]
pub fn keep(object: Py<PyAny>) {
    kept().push(object);
}

/// Binds the last object kept, with `bind`, which has no way to return an error.
#[pyfunction]
pub fn get_kept(py: Python<'_>) -> PyResult<String> {
    let object = take()?;
    let result = object.bind(py).repr();
    Ok(result?.to_string())
}

/// Binds the last object kept, with `try_bind`, and keeps it on.
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

/// Hands the last object kept to Python code.
#[pyfunction]
pub fn take_kept() -> PyResult<Py<PyAny>> {
    take()
}

/// Drops the last object kept, here.
#[pyfunction]
pub fn drop_kept() -> PyResult<()> {
    take().map(drop)
}

/// Drops the last object kept, in a thread that is attached to no interpreter.
#[pyfunction]
pub fn drop_in_thread(py: Python<'_>) -> PyResult<()> {
    let object = take()?;
    py.detach(|| std::thread::spawn(move || drop(object)).join())
        .map_err(|_| PyLookupError::new_err("the thread panicked"))
}

/// The id of the interpreter that the last object kept is of, and whether that is alive.
#[pyfunction]
pub fn kept_owner() -> PyResult<(i64, bool)> {
    let object = take()?;
    let owner = object.interpreter();
    kept().push(object);
    Ok((owner.id(), owner.is_alive()))
}

/// The representation of the last object kept, had by entering the interpreter it is of.
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

/// Whether an object is an instance of this interpreter's `Point` class, as Rust sees it.
#[pyfunction]
pub fn is_own(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<crate::classes::Point>()
}
