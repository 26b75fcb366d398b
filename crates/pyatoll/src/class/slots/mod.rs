//! The runtime half of `#[pymethods]`' slots.
//!
//! For each slot of a class the macro generates an `extern "C"` function, which calls one of the
//! functions here, and a *body* for each method in it: a function that takes the receiver and the
//! arguments out of the pointers and calls the method. What is here finds the token, chooses among
//! the methods that share the slot, and turns errors and panics into exceptions.
//!
//! | file | slots |
//! |---|---|
//! | this one | those with one method: `__repr__`, `__len__`, `__getitem__`, … |
//! | `binary` | operators with a reflected form |
//! | `compare` | `tp_richcompare` |
//! | `pairs` | attributes, items and descriptors: set and delete; `__getattr__` |
//! | `construct` | `tp_new` |
//! | `gc` | `tp_traverse`, `tp_clear` |
//! | `receiver`, `arguments` | what the bodies make of what they get |
//! | `output` | what the bodies make of the values they return |
//! | `inherit` | the slot of the class below |
//!
//! Above `call`. Of the rest of `class` it uses the token of an instance, the borrow of its value and
//! the initialiser of a new one.

mod arguments;
mod binary;
mod compare;
mod construct;
mod gc;
mod inherit;
mod output;
mod pairs;
mod receiver;

use std::ffi::c_int;

use pyo3_ffi as ffi;

pub use arguments::{is_given, object_or_none, operator, size};
pub use binary::{BinaryBody, TernaryBody, binary, power};
pub use compare::{CompareBody, comparisons};
pub use construct::{New, NewObject, NewOutput, construct_call, new_from_tuple};
pub use gc::{PyTraverseError, PyVisit, clear, traverse};
pub use output::{AsyncNext, Hash, InPlace, InPlaceValue, Next, NextValue, hash};
pub use pairs::{DeleteBody, GetBody, Pair, SetBody, getattro, set_or_delete};
pub use receiver::{Receiver, locked, shared};

use crate::call::output::IntoOutput;
use crate::call::trampoline::{CallbackResult, trampoline, trampoline_unraisable};
use crate::class::PyClass;
use crate::class::layout::token_of_instance;
use crate::error::PyResult;
use crate::exceptions::PyAttributeError;
use crate::interpreter::Python;
use crate::object::{Bound, Py, constant};
use crate::types::PyAny;

/// A slot with one method, which returns an object, a length, a hash or a truth value.
///
/// # Safety
/// CPython calls the slot of `T` with the instance `slf`.
#[inline]
pub unsafe fn slot<T: PyClass, R: CallbackResult>(
    slf: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<R>,
) -> R {
    // SAFETY: attached, since CPython calls; `slf` is an instance of `T`.
    unsafe { trampoline(token_of_instance::<T>(slf), body) }
}

/// `__releasebuffer__` or `__del__`, which has no way to fail: an error is reported as unraisable.
///
/// # Safety
/// CPython calls the slot of `T` with the instance `slf`.
#[inline]
pub unsafe fn slot_unraisable<T: PyClass>(
    slf: *mut ffi::PyObject,
    body: impl for<'py> FnOnce(Python<'py>) -> PyResult<()>,
) {
    // SAFETY: attached, since CPython calls; `slf` is an instance of `T`.
    unsafe { trampoline_unraisable(token_of_instance::<T>(slf), slf, body) }
}

/// The setter of an attribute that has no deleter.
///
/// # Safety
/// CPython calls the setter of `T` with the instance `slf`; null deletes.
#[inline]
pub unsafe fn setter<T: PyClass>(
    slf: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    body: SetterBody,
) -> c_int {
    // SAFETY: passed on to the caller.
    unsafe {
        slot::<T, c_int>(slf, |py| {
            if value.is_null() {
                return Err(PyAttributeError::new_err("can't delete attribute"));
            }
            body(py, slf, value).map(|()| 0)
        })
    }
}

/// A method with `#[setter]`.
pub type SetterBody = unsafe fn(Python<'_>, *mut ffi::PyObject, *mut ffi::PyObject) -> PyResult<()>;

/// The value of a class attribute.
///
/// # Errors
/// The function's own, or the conversion's.
#[inline]
pub fn class_attribute<'py, T>(py: Python<'py>, value: T) -> PyResult<Py<PyAny>>
where
    T: IntoOutput<'py, *mut ffi::PyObject>,
{
    let value = value.into_output(py)?;
    // SAFETY: an owned reference came back.
    Ok(unsafe { Bound::from_owned_ptr(py, value) }.unbind())
}

/// A new reference to `NotImplemented`, which has the other operand's type asked.
#[inline]
pub fn not_implemented() -> *mut ffi::PyObject {
    // SAFETY: a static of CPython; the caller is attached, as it runs for a slot.
    unsafe { constant(ffi::Py_NotImplemented()) }
}

#[inline]
fn is_not_implemented(object: *mut ffi::PyObject) -> bool {
    // SAFETY: only the address is taken.
    object == unsafe { ffi::Py_NotImplemented() }
}
