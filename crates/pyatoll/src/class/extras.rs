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
use crate::convert::{FromPyObject, IntoPyObject, IntoPyObjectExt};
use crate::object::{Borrowed, Bound, constant};
use crate::types::any::CompareOp;
use crate::types::{PyAny, PyAnyMethods};

/// Implements `tp_richcompare`: compares with another instance by `decide`, with any other object
/// by `decide_other`. `None` becomes `NotImplemented`.
///
/// # Safety
/// Called by CPython, attached, with an instance of `T` and any object.
pub unsafe fn compare<T: PyClass>(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    operator: c_int,
    decide: impl FnOnce(&T, &T, CompareOp) -> Option<bool>,
    decide_other: impl FnOnce(&T, &Bound<'_, PyAny>, CompareOp) -> Option<bool>,
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
            let result = if let Ok(other) = other.cast::<T>() {
                let other = PyClassGuard::try_borrow(other)?;
                decide(&one, &other, operator)
            } else {
                decide_other(&one, &other, operator)
            };
            match result {
                Some(result) => Ok(ffi::PyBool_FromLong(result.into())),
                None => Ok(constant(ffi::Py_NotImplemented())),
            }
        })
    }
}

/// Compares the discriminant of an enum's value with an object, if that can be converted to the
/// same type. `ordered` tells whether the values are ordered.
pub fn compare_number<N>(
    one: N,
    other: &Bound<'_, PyAny>,
    operator: CompareOp,
    ordered: bool,
) -> Option<bool>
where
    N: PartialOrd + for<'a, 'py> FromPyObject<'a, 'py>,
{
    let other: N = other.extract().ok()?;
    match operator {
        CompareOp::Eq => Some(one == other),
        CompareOp::Ne => Some(one != other),
        _ if !ordered => None,
        CompareOp::Lt => Some(one < other),
        CompareOp::Le => Some(one <= other),
        CompareOp::Gt => Some(one > other),
        CompareOp::Ge => Some(one >= other),
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
        // Not `IndexError` as for sequences: the index is a `usize`, as in PyO3.
        let position = ffi::PyNumber_AsSsize_t(index, ffi::PyExc_OverflowError);
        let (class, message) = match usize::try_from(position) {
            Ok(position) => match getters.get(position) {
                Some(getter) => return getter(object, std::ptr::null_mut()),
                None => (ffi::PyExc_IndexError, c"tuple index out of range"),
            },
            Err(_) if position == -1 && !ffi::PyErr_Occurred().is_null() => {
                return std::ptr::null_mut();
            }
            Err(_) => (
                ffi::PyExc_OverflowError,
                c"can't convert negative int to unsigned",
            ),
        };
        ffi::PyErr_SetString(class, message.as_ptr());
        std::ptr::null_mut()
    }
}

/// Returns the error of reading a variant's field from an instance with another variant's value.
#[cold]
pub fn wrong_variant() -> crate::PyErr {
    crate::exceptions::PyAttributeError::new_err("the value is of another variant")
}
