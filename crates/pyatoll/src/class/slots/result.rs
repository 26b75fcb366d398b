//! Results of slots as C pointers: `NotImplemented`, and null for an exception.

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::constant;

/// Returns a new reference to `NotImplemented`, which makes CPython try the other operand's type.
#[inline]
pub fn not_implemented() -> *mut ffi::PyObject {
    // SAFETY: a static of CPython; the caller runs in a slot, so it is attached.
    unsafe { constant(ffi::Py_NotImplemented()) }
}

#[inline]
pub(super) fn is_not_implemented(object: *mut ffi::PyObject) -> bool {
    // SAFETY: only the address is taken.
    object == unsafe { ffi::Py_NotImplemented() }
}

/// Returns the result of a C function, or the exception that is set if it is null.
pub(super) fn raised_if_null(
    py: Python<'_>,
    object: *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject> {
    if object.is_null() {
        return Err(PyErr::fetch(py));
    }
    Ok(object)
}
