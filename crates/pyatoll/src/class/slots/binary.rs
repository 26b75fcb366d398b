//! Operators with a reflected form: `__add__` and `__radd__` share `nb_add`.
//!
//! CPython calls such a slot with an instance of the class on either side, or both. The side whose
//! type carries this very slot is one for certain, and gives the token. A Python subclass that
//! overrides the operator carries CPython's own function and calls ours through `super()`: then the
//! token comes from the running interpreter, and the side from the class.

use std::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

use super::compare::raised_if_null;
use super::{inherit, is_not_implemented, not_implemented};
use crate::call::trampoline::trampoline;
use crate::class::PyClass;
use crate::class::layout::token_of_instance;
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

/// An operator's slot.
///
/// # Safety
/// CPython calls the slot `SLOT` of `T`, which is `own`; the bodies are methods of `T`.
#[inline]
pub unsafe fn binary<T: PyClass, const SLOT: c_int>(
    own: ffi::binaryfunc,
    left: *mut ffi::PyObject,
    right: *mut ffi::PyObject,
    forward: Option<BinaryBody>,
    reflected: Option<BinaryBody>,
) -> *mut ffi::PyObject {
    // SAFETY: passed on to the caller; a body is called with its own kind of receiver first.
    unsafe {
        operator::<T, SLOT>(
            own as *mut c_void,
            [left, right],
            forward.map(|body| move |py: Python<'_>| body(py, left, right)),
            reflected.map(|body| move |py: Python<'_>| body(py, right, left)),
            |below| {
                // The slot holds functions of this signature.
                let below = std::mem::transmute::<*mut c_void, ffi::binaryfunc>(below);
                below(left, right)
            },
        )
    }
}

/// The slot of `pow()` and `**`. CPython does not ask the modulus's type.
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
    // SAFETY: as in `binary`.
    unsafe {
        operator::<T, { ffi::Py_nb_power }>(
            own as *mut c_void,
            [left, right],
            forward.map(|body| move |py: Python<'_>| body(py, left, right, modulus)),
            reflected.map(|body| move |py: Python<'_>| body(py, right, left, modulus)),
            |below| {
                // As in `binary`.
                let below = std::mem::transmute::<*mut c_void, ffi::ternaryfunc>(below);
                below(left, right, modulus)
            },
        )
    }
}

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
    // SAFETY: the operands are alive. A type that carries the slot of `T` is `T` or a subclass,
    // and CPython calls the slot only where `T` has been made, in this interpreter.
    unsafe {
        let left_carries = carries::<SLOT>(left, own);
        let right_carries = carries::<SLOT>(right, own);
        let py = if left_carries {
            token_of_instance::<T>(left)
        } else if right_carries {
            token_of_instance::<T>(right)
        } else {
            Python::assume_called()
        };
        trampoline(py, |py| {
            // What the class has no method for may be in the slot of the class below.
            let below = |side| {
                let (_, below) = inherit::below(side, SLOT, own);
                if below.is_null() {
                    return Ok(not_implemented());
                }
                raised_if_null(py, call_below(below))
            };
            if left_carries || is_instance::<T>(py, left) {
                let result = match forward {
                    Some(forward) => forward(py)?,
                    None => below(left)?,
                };
                if !is_not_implemented(result) {
                    return Ok(result);
                }
                ffi::Py_DECREF(result);
            }
            if right_carries || is_instance::<T>(py, right) {
                return match reflected {
                    Some(reflected) => reflected(py),
                    // Below, the left side would be asked again.
                    None if left_carries => Ok(not_implemented()),
                    None => below(right),
                };
            }
            Ok(not_implemented())
        })
    }
}

/// # Safety
/// Attached; `object` is alive.
#[cold]
unsafe fn is_instance<T: PyClass>(py: Python<'_>, object: *mut ffi::PyObject) -> bool {
    // SAFETY: passed on to the caller.
    let object = unsafe { Borrowed::from_ptr(py, object) };
    T::is_type_of(&object)
}

/// Whether the object's type has `own` in its slot `SLOT`.
///
/// # Safety
/// Attached; `object` is alive.
#[inline]
unsafe fn carries<const SLOT: c_int>(object: *mut ffi::PyObject, own: *mut c_void) -> bool {
    // SAFETY: the object keeps its type alive.
    unsafe {
        let class = ffi::Py_TYPE(object);
        #[cfg(not(Py_LIMITED_API))]
        {
            let suite = (*class).tp_as_number;
            if suite.is_null() {
                return false;
            }
            // All fields of the suite are pointers to functions, or null.
            let field = const { number_offset(SLOT) };
            suite.byte_add(field).cast::<*mut c_void>().read() == own
        }
        #[cfg(Py_LIMITED_API)]
        {
            ffi::PyType_GetSlot(class, SLOT) == own
        }
    }
}

/// Where the slot is in `PyNumberMethods`.
#[cfg(not(Py_LIMITED_API))]
const fn number_offset(slot: c_int) -> usize {
    macro_rules! offsets {
        ($($slot:ident $field:ident)*) => {
            match slot {
                $(ffi::$slot => std::mem::offset_of!(ffi::PyNumberMethods, $field),)*
                _ => panic!("not a slot of an operator"),
            }
        };
    }
    offsets! {
        Py_nb_add nb_add
        Py_nb_subtract nb_subtract
        Py_nb_multiply nb_multiply
        Py_nb_remainder nb_remainder
        Py_nb_divmod nb_divmod
        Py_nb_power nb_power
        Py_nb_lshift nb_lshift
        Py_nb_rshift nb_rshift
        Py_nb_and nb_and
        Py_nb_xor nb_xor
        Py_nb_or nb_or
        Py_nb_floor_divide nb_floor_divide
        Py_nb_true_divide nb_true_divide
        Py_nb_matrix_multiply nb_matrix_multiply
    }
}
