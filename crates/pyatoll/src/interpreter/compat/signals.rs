//! The handlers of signals, which CPython keeps for the process.
//!
//! `signal.getsignal` returns the handler that the main interpreter has installed, in every
//! interpreter: a reference that is counted without the GIL of the main one. Up to 3.12 it also
//! calls the handler's `repr`. `asyncio.run` calls it, and installs a handler in the main
//! interpreter that refers to its task, so the two together crash the process.

use std::ffi::{c_int, c_long};
use std::ptr::null_mut;

use crate::capi as ffi;
use crate::interpreter::method_def::MethodDef;

/// Replaces `signal.getsignal` in the interpreter that this thread is attached to, a new
/// sub-interpreter, by a function that returns no object of the main one. `signal.signal` is
/// refused there anyway.
///
/// # Safety
/// The thread must be attached; no exception may be set.
pub(crate) unsafe fn hide_handlers_of_main() {
    static GETSIGNAL: MethodDef = MethodDef::new(
        c"getsignal",
        ffi::PyMethodDefPointer {
            PyCFunction: getsignal,
        },
        ffi::METH_O,
        Some(c"Return the current action for the given signal: SIG_DFL, SIG_IGN, or None."),
    );
    // SAFETY: attached; the new references are released. If Python has no memory for the function,
    // the original stays.
    unsafe {
        let module = ffi::PyImport_ImportModule(c"_signal".as_ptr());
        if !module.is_null() {
            let function = ffi::PyCFunction_NewEx(GETSIGNAL.as_ptr(), null_mut(), null_mut());
            if !function.is_null() {
                ffi::PyObject_SetAttrString(module, c"getsignal".as_ptr(), function);
                ffi::Py_DECREF(function);
            }
            ffi::Py_DECREF(module);
        }
        ffi::PyErr_Clear();
    }
}

/// Implements `getsignal`: `None` stands for a handler that this interpreter has not installed.
///
/// # Safety
/// Called by CPython, attached, with an object.
unsafe extern "C" fn getsignal(
    _module: *mut ffi::PyObject,
    number: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    /// The signal numbers of Linux. CPython's limit, `Py_NSIG`, depends on the platform.
    const SIGNALS: std::ops::RangeInclusive<c_long> = 1..=64;
    // SAFETY: attached, and the object is alive (upheld by the caller).
    unsafe {
        let number = ffi::PyLong_AsLong(number);
        if number == -1 && !ffi::PyErr_Occurred().is_null() {
            return null_mut();
        }
        if !SIGNALS.contains(&number) {
            let message = c"signal number out of range".as_ptr();
            ffi::PyErr_SetString(ffi::PyExc_ValueError, message);
            return null_mut();
        }
        match action(number as c_int) {
            Some(action) => ffi::PyLong_FromLong(action),
            None => ffi::Py_NewRef(ffi::Py_None()),
        }
    }
}

/// Returns what the process does about a signal, `SIG_DFL` or `SIG_IGN`. `None`: it has a handler,
/// or there is no such signal.
#[cfg(unix)]
fn action(number: c_int) -> Option<c_long> {
    // SAFETY: all zeros is a valid `sigaction`, which the function fills in.
    unsafe {
        let mut current: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(number, std::ptr::null(), &raw mut current) != 0 {
            return None;
        }
        match current.sa_sigaction {
            action @ (libc::SIG_DFL | libc::SIG_IGN) => Some(action as c_long),
            _ => None,
        }
    }
}

/// Returns `None`: the action is not known.
#[cfg(not(unix))]
fn action(_number: c_int) -> Option<c_long> {
    None
}
