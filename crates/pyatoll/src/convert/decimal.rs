//! Python's `decimal`, for the crates with decimal numbers.

use pyo3_ffi as ffi;

use super::imported::Imported;
use crate::convert::IntoPyObject;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyTuple};

/// Calls `decimal.Decimal`.
pub(super) fn new<'py>(
    py: Python<'py>,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: Imported = Imported::new(c"decimal", c"Decimal");
    CLASS.call(py, arguments)
}

/// Passes `str(object)` to `parse`: the text of a `Decimal` has all of its digits.
pub(super) fn parse<T>(
    object: Borrowed<'_, '_, PyAny>,
    parse: impl FnOnce(&str) -> PyResult<T>,
) -> PyResult<T> {
    // SAFETY: attached; a live object; the call returns a new reference, or null with an exception.
    let text =
        unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyObject_Str(object.as_ptr()))? };
    parse(text.as_borrowed().extract()?)
}
