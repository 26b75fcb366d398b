//! From CPython's return values to results, and from Rust sizes to `Py_ssize_t`.

use std::ffi::c_int;

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::Bound;

/// Takes ownership of a new reference to a `T`; null means that an exception is set.
///
/// # Safety
/// `ptr` must be null with an exception set, or an owned reference to a `T`.
#[inline]
pub(crate) unsafe fn new_reference<'py, T>(
    py: Python<'py>,
    ptr: *mut ffi::PyObject,
) -> PyResult<Bound<'py, T>> {
    // SAFETY: upheld by the caller: null with an exception set, or an owned reference to a `T`.
    unsafe { Bound::from_owned_ptr_or_err(py, ptr).map(|object| object.cast_into_unchecked()) }
}

/// Does what [`new_reference`] does, for functions that fail only if Python runs out of memory.
///
/// # Safety
/// `ptr` must be null with an exception set, or an owned reference to a `T`.
#[inline]
#[track_caller]
pub(crate) unsafe fn new_reference_or_panic<'py, T>(
    py: Python<'py>,
    ptr: *mut ffi::PyObject,
) -> Bound<'py, T> {
    // SAFETY: upheld by the caller: null with an exception set, or an owned reference to a `T`.
    unsafe { Bound::from_owned_ptr(py, ptr).cast_into_unchecked() }
}

/// Returns the current exception if `status` is negative.
#[inline]
pub(crate) fn status(py: Python<'_>, status: c_int) -> PyResult<()> {
    if status < 0 {
        Err(PyErr::fetch(py))
    } else {
        Ok(())
    }
}

/// Returns whether `status` is not 0, or the current exception if it is negative.
#[inline]
pub(crate) fn truth(py: Python<'_>, status: c_int) -> PyResult<bool> {
    if status < 0 {
        Err(PyErr::fetch(py))
    } else {
        Ok(status != 0)
    }
}

/// Returns a size or an index, or the current exception if it is negative.
#[inline]
pub(crate) fn size(py: Python<'_>, size: ffi::Py_ssize_t) -> PyResult<usize> {
    usize::try_from(size).map_err(|_| PyErr::fetch(py))
}

/// Converts a size or an index for CPython. Saturates: a value that does not fit is out of range
/// for every object, but must not become negative, since negative indices count from the end.
#[inline]
pub(crate) fn to_ssize(size: usize) -> ffi::Py_ssize_t {
    ffi::Py_ssize_t::try_from(size).unwrap_or(ffi::Py_ssize_t::MAX)
}
