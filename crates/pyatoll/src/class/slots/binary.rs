//! Operators with a reflected form: `__add__` and `__radd__` share `nb_add`.
//!
//! CPython calls such a slot with an instance of the class on either side, or both. An operand
//! whose type has this function in its slot is certainly an instance, and provides the token. The
//! type of a Python subclass that overrides the operator has CPython's own function in the slot and
//! calls this one through `super()`: then the token comes from the running interpreter, and the
//! operands are checked against the class.

use std::ffi::{c_int, c_void};

use super::inherit;
use super::result::{is_not_implemented, not_implemented, raised_if_null};
use crate::call::trampoline::trampoline;
use crate::capi::{self as ffi, type_fields};
use crate::class::layout::token_of_instance;
use crate::class::pyclass::PyClass;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Borrowed;

/// A method with one operand: `__add__`, or `__radd__` with the operands exchanged.
pub type BinaryBody =
    unsafe fn(Python<'_>, *mut ffi::PyObject, *mut ffi::PyObject) -> PyResult<*mut ffi::PyObject>;

/// `__pow__` or `__rpow__`.
pub type TernaryBody = unsafe fn(
    Python<'_>,
    *mut ffi::PyObject,
    *mut ffi::PyObject,
    *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject>;

/// Runs the slot of a binary operator.
///
/// # Safety
/// Called by CPython for the slot `SLOT` of `T`, whose function is `own`; the bodies must be
/// methods of `T`.
#[inline]
pub unsafe fn binary<T: PyClass, const SLOT: c_int>(
    own: ffi::binaryfunc,
    left: *mut ffi::PyObject,
    right: *mut ffi::PyObject,
    forward: Option<BinaryBody>,
    reflected: Option<BinaryBody>,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls the slot (upheld by the caller); each body gets an instance of `T` as
    // its receiver.
    unsafe {
        operator::<T, SLOT>(
            own as *mut c_void,
            [left, right],
            forward.map(|body| move |py: Python<'_>| body(py, left, right)),
            reflected.map(|body| move |py: Python<'_>| body(py, right, left)),
            |below| {
                // The slot holds functions of this type.
                let below = std::mem::transmute::<*mut c_void, ffi::binaryfunc>(below);
                below(left, right)
            },
        )
    }
}

/// Runs the slot of `pow()` and `**`. CPython does not consider the type of the modulus.
///
/// # Safety
/// As for [`binary`].
#[inline]
pub unsafe fn power<T: PyClass>(
    own: ffi::ternaryfunc,
    [left, right, modulus]: [*mut ffi::PyObject; 3],
    forward: Option<TernaryBody>,
    reflected: Option<TernaryBody>,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls the slot (upheld by the caller); each body gets an instance of `T` as
    // its receiver.
    unsafe {
        operator::<T, { ffi::Py_nb_power }>(
            own as *mut c_void,
            [left, right],
            forward.map(|body| move |py: Python<'_>| body(py, left, right, modulus)),
            reflected.map(|body| move |py: Python<'_>| body(py, right, left, modulus)),
            |below| {
                // The slot holds functions of this type.
                let below = std::mem::transmute::<*mut c_void, ffi::ternaryfunc>(below);
                below(left, right, modulus)
            },
        )
    }
}

/// Implements [`binary`] and [`power`].
///
/// # Safety
/// As for [`binary`].
#[inline]
unsafe fn operator<T: PyClass, const SLOT: c_int>(
    own: *mut c_void,
    [left, right]: [*mut ffi::PyObject; 2],
    forward: Option<impl for<'py> FnOnce(Python<'py>) -> PyResult<*mut ffi::PyObject>>,
    reflected: Option<impl for<'py> FnOnce(Python<'py>) -> PyResult<*mut ffi::PyObject>>,
    call_below: impl Fn(*mut c_void) -> *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: attached, and the operands are alive. A type with `own` in its slot is `T`'s or
    // derives from it. CPython calls the slot only in an interpreter in which `T`'s type exists.
    unsafe {
        let left_is_own = has_own_slot::<SLOT>(left, own);
        let right_is_own = has_own_slot::<SLOT>(right, own);
        let py = if left_is_own {
            token_of_instance::<T>(left)
        } else if right_is_own {
            token_of_instance::<T>(right)
        } else {
            Python::assume_called()
        };
        trampoline(py, |py| {
            // Without a method, the base class may have one.
            let below = |side| {
                let (_, below) = inherit::below(side, SLOT, own);
                if below.is_null() {
                    return Ok(not_implemented());
                }
                raised_if_null(py, call_below(below))
            };
            if left_is_own || is_instance::<T>(py, left) {
                let result = match forward {
                    Some(forward) => forward(py)?,
                    None => below(left)?,
                };
                if !is_not_implemented(result) {
                    return Ok(result);
                }
                ffi::Py_DECREF(result);
            }
            if right_is_own || is_instance::<T>(py, right) {
                return match reflected {
                    Some(reflected) => reflected(py),
                    // The base class would try the left operand again.
                    None if left_is_own => Ok(not_implemented()),
                    None => below(right),
                };
            }
            Ok(not_implemented())
        })
    }
}

/// Returns whether an operand is an instance of `T`.
///
/// # Safety
/// Attached; `object` must be alive.
#[cold]
unsafe fn is_instance<T: PyClass>(py: Python<'_>, object: *mut ffi::PyObject) -> bool {
    // SAFETY: upheld by the caller: attached; a live object.
    let object = unsafe { Borrowed::from_ptr(py, object) };
    T::is_type_of(&object)
}

/// Returns whether the object's type has `own` in its slot `SLOT`.
///
/// # Safety
/// Attached; `object` must be alive.
#[inline]
unsafe fn has_own_slot<const SLOT: c_int>(object: *mut ffi::PyObject, own: *mut c_void) -> bool {
    // SAFETY: the object keeps its type alive.
    unsafe { type_fields::has_number_slot::<SLOT>(ffi::Py_TYPE(object), own) }
}
