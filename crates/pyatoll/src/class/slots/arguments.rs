//! Arguments of slots that are optional, or not objects.

use std::fmt::Display;

use pyo3_ffi as ffi;

use crate::error::PyResult;
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::Borrowed;
use crate::types::PyAny;
use crate::types::any::CompareOp;

/// Wraps an object, with `None` for null.
///
/// # Safety
/// `object` must be null or point to an object that the call keeps alive.
#[inline]
pub unsafe fn object_or_none<'py>(
    py: Python<'py>,
    object: *mut ffi::PyObject,
) -> Borrowed<'py, 'py, PyAny> {
    // SAFETY: null, or alive during the call (upheld by the caller); `None` is a static of CPython.
    unsafe {
        if object.is_null() {
            Borrowed::from_ptr(py, ffi::Py_None())
        } else {
            Borrowed::from_ptr(py, object)
        }
    }
}

/// Returns whether an argument is neither null nor `None`.
///
/// # Safety
/// As for [`object_or_none`].
#[inline]
pub unsafe fn is_given(object: *mut ffi::PyObject) -> bool {
    // SAFETY: only the address of `None` is taken.
    !object.is_null() && object != unsafe { ffi::Py_None() }
}

/// Converts a count or an index to any integer type.
///
/// # Errors
/// A `ValueError` if it does not fit.
#[inline]
pub fn size<T>(size: ffi::Py_ssize_t) -> PyResult<T>
where
    T: TryFrom<ffi::Py_ssize_t, Error: Display>,
{
    T::try_from(size).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Converts the operator of `__richcmp__`.
///
/// # Errors
/// A `ValueError` if there is no such operator.
#[inline]
pub fn operator(op: std::ffi::c_int) -> PyResult<CompareOp> {
    CompareOp::from_raw(op).ok_or_else(|| {
        PyValueError::new_err("tp_richcompare called with invalid comparison operator")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_does_not_fit_is_an_error() {
        assert_eq!(size::<usize>(3).unwrap(), 3);
        assert_eq!(size::<isize>(-3).unwrap(), -3);
        let error = size::<usize>(-3).unwrap_err();
        assert!(error.to_string().starts_with("ValueError: "));
    }
}
