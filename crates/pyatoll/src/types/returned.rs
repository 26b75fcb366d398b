//! What CPython's functions return, as results; and indices as they take them.

use std::ffi::c_int;

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::Bound;

/// A new reference to a `T`; null stands for the exception that is set.
///
/// # Safety
/// `ptr` is null with an exception set, or the caller gives up a reference to a `T`.
#[inline]
pub(crate) unsafe fn new_reference<'py, T>(
    py: Python<'py>,
    ptr: *mut ffi::PyObject,
) -> PyResult<Bound<'py, T>> {
    // SAFETY: passed on to the caller.
    unsafe { Bound::from_owned_ptr_or_err(py, ptr).map(|object| object.cast_into_unchecked()) }
}

/// As [`new_reference`], from a function that only fails where there is no memory.
///
/// # Safety
/// As there.
#[inline]
#[track_caller]
pub(crate) unsafe fn new_reference_or_panic<'py, T>(
    py: Python<'py>,
    ptr: *mut ffi::PyObject,
) -> Bound<'py, T> {
    // SAFETY: passed on to the caller.
    unsafe { Bound::from_owned_ptr(py, ptr).cast_into_unchecked() }
}

/// Success, or the exception that is set if `status` is negative.
#[inline]
pub(crate) fn status(py: Python<'_>, status: c_int) -> PyResult<()> {
    if status < 0 {
        Err(PyErr::fetch(py))
    } else {
        Ok(())
    }
}

/// Whether `status` is not 0, or the exception that is set if it is negative.
#[inline]
pub(crate) fn truth(py: Python<'_>, status: c_int) -> PyResult<bool> {
    if status < 0 {
        Err(PyErr::fetch(py))
    } else {
        Ok(status != 0)
    }
}

/// A size or index, or the exception that is set if it is negative.
#[inline]
pub(crate) fn size(py: Python<'_>, size: ffi::Py_ssize_t) -> PyResult<usize> {
    usize::try_from(size).map_err(|_| PyErr::fetch(py))
}

/// An index as CPython takes it. One that is too large is beyond the end of everything; it must
/// not become a negative one, which counts from the end.
#[inline]
pub(crate) fn index(index: usize) -> ffi::Py_ssize_t {
    ffi::Py_ssize_t::try_from(index).unwrap_or(ffi::Py_ssize_t::MAX)
}

/// The size of a new list or tuple. One that no memory could hold is refused here: free-threaded
/// builds of 3.14 crash in `PyList_New` if the allocation fails.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub(crate) fn new_size(len: usize) -> PyResult<ffi::Py_ssize_t> {
    const MOST: usize = isize::MAX as usize / size_of::<*mut ffi::PyObject>() / 2;
    if len > MOST {
        return Err(crate::exceptions::PyMemoryError::new_err(()));
    }
    Ok(len as ffi::Py_ssize_t)
}
