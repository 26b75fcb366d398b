//! The exception that is set: one object from 3.12 on, three before.

#![allow(deprecated, reason = "the functions for three objects, before 3.12")]

use std::ptr::null_mut;

use crate::capi::{self as ffi, at_least};

/// An exception taken out of the thread state.
pub(crate) struct Raised {
    /// The exception; or its class, itself and its traceback.
    parts: [*mut ffi::PyObject; PARTS],
}

const PARTS: usize = if cfg!(Py_3_12) { 1 } else { 3 };

/// Takes the exception that is set, if any, so that Python code can run in between.
///
/// # Safety
/// The thread must be attached.
pub(crate) unsafe fn take_raised() -> Raised {
    let mut parts = [null_mut(); PARTS];
    // SAFETY: attached (upheld by the caller); the pointers are valid for writes.
    unsafe {
        match &mut parts[..] {
            [kind, value, traceback] if !at_least(12) => {
                ffi::PyErr_Fetch(kind, value, traceback);
            }
            parts => parts[0] = ffi::PyErr_GetRaisedException(),
        }
    }
    Raised { parts }
}

/// Sets the exception that [`take_raised`] took, in place of any that is set now.
///
/// # Safety
/// The thread must be attached to the same interpreter.
pub(crate) unsafe fn restore_raised(raised: Raised) {
    // SAFETY: attached; the references are given up.
    unsafe {
        match raised.parts[..] {
            [kind, value, traceback] if !at_least(12) => {
                ffi::PyErr_Restore(kind, value, traceback);
            }
            _ => ffi::PyErr_SetRaisedException(raised.parts[0]),
        }
    }
}

/// Takes the exception that is set as one normalized object, with its traceback: a new reference,
/// or null if none is set (`PyErr_GetRaisedException`).
///
/// # Safety
/// The thread must be attached.
pub(crate) unsafe fn take_raised_value() -> *mut ffi::PyObject {
    if at_least(12) {
        // SAFETY: attached (upheld by the caller).
        return unsafe { ffi::PyErr_GetRaisedException() };
    }
    // SAFETY: attached. The three parts are owned: two are released or stored in the third.
    unsafe {
        let [mut kind, mut value, mut traceback] = [null_mut(); 3];
        ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback);
        if kind.is_null() {
            return null_mut();
        }
        ffi::PyErr_NormalizeException(&raw mut kind, &raw mut value, &raw mut traceback);
        if !traceback.is_null() {
            ffi::PyException_SetTraceback(value, traceback);
            ffi::Py_DECREF(traceback);
        }
        ffi::Py_XDECREF(kind);
        value
    }
}

/// Sets an exception (`PyErr_SetRaisedException`).
///
/// # Safety
/// The thread must be attached; `value` is a new reference to an exception.
pub(crate) unsafe fn set_raised_value(value: *mut ffi::PyObject) {
    if at_least(12) {
        // SAFETY: attached; the reference is given up.
        return unsafe { ffi::PyErr_SetRaisedException(value) };
    }
    // SAFETY: attached; three new references are given up.
    unsafe {
        let kind = ffi::Py_NewRef(ffi::Py_TYPE(value).cast());
        let traceback = ffi::PyException_GetTraceback(value);
        ffi::PyErr_Restore(kind, value, traceback);
    }
}
