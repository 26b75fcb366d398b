//! Slots with one method: `__repr__`, `__len__`, `__getitem__`, …; setters and class attributes.

use std::ffi::c_int;

use pyo3_ffi as ffi;

use crate::call::output::IntoOutput;
use crate::call::trampoline::{CallbackResult, trampoline, trampoline_unraisable};
use crate::class::layout::token_of_instance;
use crate::class::pyclass::PyClass;
use crate::error::PyResult;
use crate::exceptions::PyAttributeError;
use crate::interpreter::Python;
use crate::object::{Bound, Py};
use crate::types::PyAny;

/// Runs a slot with one method, which returns an object, a length, a hash or a truth value.
///
/// # Safety
/// Called by CPython for a slot of `T`, with the instance `slf`.
#[inline]
pub unsafe fn slot<T: PyClass, R: CallbackResult>(
    slf: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<R>,
) -> R {
    // SAFETY: attached, since CPython calls this; `slf` is an instance of `T`.
    unsafe { trampoline(token_of_instance::<T>(slf), body) }
}

/// Runs `__releasebuffer__` or `__del__`, which cannot raise: errors are reported as unraisable.
///
/// # Safety
/// Called by CPython for a slot of `T`, with the instance `slf`.
#[inline]
pub unsafe fn slot_unraisable<T: PyClass>(
    slf: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<()>,
) {
    // SAFETY: attached, since CPython calls this; `slf` is an instance of `T`.
    unsafe { trampoline_unraisable(token_of_instance::<T>(slf), slf, body) }
}

/// Runs the setter of an attribute without a deleter.
///
/// # Safety
/// Called by CPython for a setter of `T`, with the instance `slf`; a null value deletes.
#[inline]
pub unsafe fn setter<T: PyClass>(
    slf: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    body: SetterBody,
) -> c_int {
    // SAFETY: upheld by the caller: attached; called by CPython with an instance of `T`.
    unsafe {
        slot::<T, c_int>(slf, |py| {
            if value.is_null() {
                return Err(PyAttributeError::new_err("property has no deleter"));
            }
            body(py, slf, value).map(|()| 0)
        })
    }
}

/// A method with `#[setter]`.
pub type SetterBody = unsafe fn(Python<'_>, *mut ffi::PyObject, *mut ffi::PyObject) -> PyResult<()>;

/// Converts the value of a class attribute.
///
/// # Errors
/// The error of a `Result`, or of the conversion.
#[inline]
pub fn class_attribute<'py, T>(py: Python<'py>, value: T) -> PyResult<Py<PyAny>>
where
    T: IntoOutput<'py, *mut ffi::PyObject>,
{
    let value = value.into_output(py)?;
    // SAFETY: the conversion returns a new reference.
    Ok(unsafe { Bound::from_owned_ptr(py, value) }.unbind())
}
