//! The six comparison methods, which share `tp_richcompare`.

use std::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

use super::{inherit, is_not_implemented, not_implemented};
use crate::call::trampoline::trampoline;
use crate::class::PyClass;
use crate::class::items::SlotItem;
use crate::class::layout::token_of_instance;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::constant;

/// One of `__lt__` … `__ge__`.
pub type CompareBody =
    unsafe fn(Python<'_>, *mut ffi::PyObject, *mut ffi::PyObject) -> PyResult<*mut ffi::PyObject>;

/// The six methods `__lt__`, `__le__`, `__eq__`, `__ne__`, `__gt__`, `__ge__`, those there are, by
/// the operator's number. `!=` is the opposite of `==`; what the class has no method for is done by
/// what `#[pyclass(eq, ord)]` made, or by the class below.
///
/// # Safety
/// CPython calls the slot of `T`, which is `own`; the bodies are methods of `T`.
#[inline(always)]
pub unsafe fn comparisons<T: PyClass>(
    own: ffi::richcmpfunc,
    slf: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    op: c_int,
    bodies: &[Option<CompareBody>; 6],
) -> *mut ffi::PyObject {
    // SAFETY: attached, since CPython calls; `slf` is an instance of `T`, and both are alive; the
    // bodies take them as they are.
    unsafe {
        trampoline(token_of_instance::<T>(slf), |py| {
            // By name, so that the compiler knows which function it is.
            macro_rules! call {
                ($($op:ident)*) => {
                    match op {
                        $(ffi::$op => if let Some(body) = bodies[ffi::$op as usize] {
                            return body(py, slf, other);
                        })*
                        _ => {}
                    }
                };
            }
            call!(Py_LT Py_LE Py_EQ Py_NE Py_GT Py_GE);
            if op == ffi::Py_NE
                && let Some(equal) = bodies[ffi::Py_EQ as usize]
            {
                return opposite(py, equal(py, slf, other)?);
            }
            match derived_comparison::<T>() {
                Some(derived) => raised_if_null(py, derived(slf, other, op)),
                None => compare_below(py, own, slf, other, op),
            }
        })
    }
}

/// What `#[pyclass(eq, ord)]` made of the slot.
fn derived_comparison<T: PyClass>() -> Option<ffi::richcmpfunc> {
    let slots = T::ITEMS.slots.iter();
    let slot = slots
        .map(|SlotItem(slot)| slot)
        .find(|slot| slot.slot == ffi::Py_tp_richcompare)?;
    // SAFETY: what a `tp_richcompare` slot holds is a `richcmpfunc`.
    Some(unsafe { std::mem::transmute::<*mut c_void, ffi::richcmpfunc>(slot.pfunc) })
}

/// # Safety
/// As for [`comparisons`].
#[cold]
unsafe fn compare_below(
    py: Python<'_>,
    own: ffi::richcmpfunc,
    slf: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    op: c_int,
) -> PyResult<*mut ffi::PyObject> {
    // SAFETY: `slf` is an instance of the class with the slot; what a `tp_richcompare` slot holds
    // is a `richcmpfunc`.
    unsafe {
        let (_, below) = inherit::below(slf, ffi::Py_tp_richcompare, own as *mut c_void);
        if below.is_null() {
            return Ok(not_implemented());
        }
        let below = std::mem::transmute::<*mut c_void, ffi::richcmpfunc>(below);
        raised_if_null(py, below(slf, other, op))
    }
}

/// The opposite of what `__eq__` returned.
///
/// # Safety
/// The caller gives up a reference to `equal`.
unsafe fn opposite(py: Python<'_>, equal: *mut ffi::PyObject) -> PyResult<*mut ffi::PyObject> {
    if equal.is_null() || is_not_implemented(equal) {
        return Ok(equal);
    }
    // SAFETY: attached, `equal` is alive; its reference is released.
    unsafe {
        let truth = ffi::PyObject_IsTrue(equal);
        ffi::Py_DECREF(equal);
        match truth {
            0 => Ok(constant(ffi::Py_True())),
            1 => Ok(constant(ffi::Py_False())),
            _ => Err(PyErr::fetch(py)),
        }
    }
}

/// What a C function returned: an object, or null with an exception set.
pub(super) fn raised_if_null(
    py: Python<'_>,
    object: *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject> {
    if object.is_null() {
        return Err(PyErr::fetch(py));
    }
    Ok(object)
}
