//! Slots of `eq`, `eq_int`, `ord`, `hash` and `str`, and the items of tuple variants. Generated
//! functions are thin shells over these.

use std::ffi::c_int;
use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3_ffi as ffi;

use super::fields::get;
use super::guard::PyClassGuard;
use super::layout;
use super::pyclass::PyClass;
use crate::call::trampoline::trampoline;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, constant};
use crate::types::PyAny;
use crate::types::any::CompareOp;

/// A function that returns the discriminant of an enum's value as an `int`.
pub type Discriminant<T> = for<'py> fn(Python<'py>, &T) -> PyResult<Bound<'py, PyAny>>;

/// Implements `tp_richcompare`: compares with another instance by `decide`, with an `int` by
/// `discriminant` (if given), else returns `NotImplemented`.
///
/// # Safety
/// Called by CPython, attached, with an instance of `T` and any object.
pub unsafe fn compare<T: PyClass>(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    operator: c_int,
    decide: impl FnOnce(&T, &T, CompareOp) -> Option<bool>,
    discriminant: Option<Discriminant<T>>,
) -> *mut ffi::PyObject {
    // SAFETY: attached; both are alive during the call, and `object` is an instance of `T`.
    unsafe {
        trampoline(layout::token_of_instance::<T>(object), |py| {
            let other = Borrowed::from_ptr(py, other);
            let one: PyClassGuard<'_, T> =
                PyClassGuard::try_borrow(Borrowed::from_ptr(py, object).cast_unchecked())?;
            let Some(operator) = CompareOp::from_raw(operator) else {
                return Ok(constant(ffi::Py_NotImplemented()));
            };
            if let Ok(other) = other.cast::<T>() {
                let other = PyClassGuard::try_borrow(other)?;
                if let Some(result) = decide(&one, &other, operator) {
                    return Ok(ffi::PyBool_FromLong(result.into()));
                }
            } else if let Some(discriminant) = discriminant
                && matches!(operator, CompareOp::Eq | CompareOp::Ne)
                && ffi::PyLong_Check(other.as_ptr()) != 0
            {
                let number = discriminant(py, &one)?;
                let result =
                    ffi::PyObject_RichCompare(number.as_ptr(), other.as_ptr(), operator as c_int);
                return Ok(Bound::from_owned_ptr_or_err(py, result)?.into_ptr());
            }
            Ok(constant(ffi::Py_NotImplemented()))
        })
    }
}

/// Implements `tp_hash` with the value's `Hash`.
///
/// # Safety
/// Called by CPython, attached, with an instance of `T`.
pub unsafe fn hash_value<T: PyClass + Hash>(object: *mut ffi::PyObject) -> ffi::Py_hash_t {
    // SAFETY: attached; `object` is an instance of `T`, alive during the call.
    unsafe {
        trampoline(layout::token_of_instance::<T>(object), |py| {
            let value: PyClassGuard<'_, T> =
                PyClassGuard::try_borrow(Borrowed::from_ptr(py, object).cast_unchecked())?;
            let mut hasher = DefaultHasher::new();
            T::hash(&value, &mut hasher);
            let hash = hasher.finish() as ffi::Py_hash_t;
            // -1 means that an exception is set.
            Ok(if hash == -1 { -2 } else { hash })
        })
    }
}

/// Implements `tp_str` or `tp_repr` with the result of `text` for the value.
///
/// # Safety
/// Called by CPython, attached, with an instance of `T`.
pub unsafe fn text_of<T: PyClass, S>(
    object: *mut ffi::PyObject,
    text: impl FnOnce(&T) -> S,
) -> *mut ffi::PyObject
where
    S: for<'py> IntoPyObject<'py>,
{
    // SAFETY: upheld by the caller: attached; an instance of `T`.
    unsafe {
        get::<T>(object, |py, value| {
            Ok(text(value).into_bound_py_any(py)?.into_ptr())
        })
    }
}

/// Implements `__getitem__` for a tuple variant whose fields have these getters.
///
/// # Safety
/// Called by CPython, attached, with an instance of the getters' class.
pub unsafe fn tuple_item(
    object: *mut ffi::PyObject,
    index: *mut ffi::PyObject,
    getters: &[ffi::getter],
) -> *mut ffi::PyObject {
    // SAFETY: attached; both objects are alive during the call.
    unsafe {
        let mut position = ffi::PyNumber_AsSsize_t(index, ffi::PyExc_IndexError);
        if position == -1 && !ffi::PyErr_Occurred().is_null() {
            return std::ptr::null_mut();
        }
        if position < 0 {
            position += getters.len() as ffi::Py_ssize_t;
        }
        match usize::try_from(position)
            .ok()
            .and_then(|position| getters.get(position))
        {
            Some(getter) => getter(object, std::ptr::null_mut()),
            None => {
                ffi::PyErr_SetString(ffi::PyExc_IndexError, c"tuple index out of range".as_ptr());
                std::ptr::null_mut()
            }
        }
    }
}

/// Returns the error of reading a variant's field from an instance with another variant's value.
#[cold]
pub fn wrong_variant() -> crate::PyErr {
    crate::exceptions::PyAttributeError::new_err("the value is of another variant")
}
