//! Lists and tuples under construction.
//!
//! Converting an item may run Python code, which could find a half-filled container through the
//! garbage collector. So a container stays untracked until it is complete.

use pyo3_ffi as ffi;

use super::returned::new_reference;
use crate::error::PyResult;
use crate::exceptions::PyMemoryError;
use crate::interpreter::Python;
use crate::object::Bound;

/// Creates a list or tuple of `len` empty slots with `new`, untracked unless `len` is 0.
///
/// # Errors
/// `MemoryError`.
///
/// # Safety
/// `new` must return a new list or tuple of the given size that is a `T`, or null with an exception
/// set.
#[inline]
pub(super) unsafe fn unfilled<'py, T>(
    py: Python<'py>,
    len: usize,
    new: impl FnOnce(ffi::Py_ssize_t) -> *mut ffi::PyObject,
) -> PyResult<Bound<'py, T>> {
    let size = new_size(len)?;
    // SAFETY: the caller vouches for the result of `new`. Deallocating a half-filled container is
    // sound: its destructor accepts empty slots and an untracked object.
    unsafe {
        let container = new_reference::<T>(py, new(size))?;
        if len > 0 {
            ffi::PyObject_GC_UnTrack(container.as_ptr().cast());
        }
        Ok(container)
    }
}

/// Makes a container of [`unfilled`] visible to the garbage collector.
///
/// # Safety
/// `container` must have been created by [`unfilled`] with this `len`, and have no empty slots.
#[inline]
pub(super) unsafe fn track<T>(container: &Bound<'_, T>, len: usize) {
    if len > 0 {
        // SAFETY: the caller guarantees that the container is complete and untracked.
        unsafe { ffi::PyObject_GC_Track(container.as_ptr().cast()) };
    }
}

/// Converts the size of a new list or tuple. A size that no memory could hold is refused here:
/// free-threaded builds of 3.14 crash in `PyList_New` if the allocation fails.
#[inline]
fn new_size(len: usize) -> PyResult<ffi::Py_ssize_t> {
    const MAX: usize = isize::MAX as usize / size_of::<*mut ffi::PyObject>() / 2;
    if len > MAX {
        return Err(PyMemoryError::new_err(()));
    }
    Ok(len as ffi::Py_ssize_t)
}
