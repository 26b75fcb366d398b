//! A handle may outlive the token, but text and guards that are borrowed through it may not: the
//! interpreter may end, and with it interned text; a guard changes its flag when it is dropped.
use pyatoll::prelude::*;
use pyatoll::types::{PyBytes, PyString};
use pyatoll::{PyClassGuard, PyClassGuardMut};

#[pyclass]
struct Word(String);

fn text<'a>(handle: &'a Py<PyString>) -> &'a str {
    Python::attach(|py| handle.bind_borrowed(py).extract().unwrap())
}

fn bytes<'a>(handle: &'a Py<PyBytes>) -> &'a [u8] {
    Python::attach(|py| handle.extract(py).unwrap())
}

fn guard<'a>(handle: &'a Py<Word>) -> PyClassGuard<'a, Word> {
    Python::attach(|py| PyClassGuard::try_borrow(handle.bind_borrowed(py)).unwrap())
}

fn guard_mut<'a>(handle: &'a Py<Word>) -> PyClassGuardMut<'a, Word> {
    Python::attach(|py| handle.bind_borrowed(py).extract().unwrap())
}

fn generic<'a, 'py>(object: Borrowed<'a, 'py, PyAny>) -> &'a str {
    object.extract().unwrap()
}

fn main() {}
