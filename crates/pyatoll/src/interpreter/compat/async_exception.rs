//! Exceptions that one thread raises in another.

use std::ffi::c_ulong;

use super::thread_ids::PyThread_get_thread_ident;
use crate::capi as ffi;

/// Returns CPython's id of this thread.
pub(crate) fn thread_ident() -> c_ulong {
    // SAFETY: asks the operating system; may be called at any time.
    unsafe { PyThread_get_thread_ident() }
}

/// Has the thread with this id raise `KeyboardInterrupt` in this interpreter, before the next
/// instruction of Python code that it runs there. Does nothing if the thread has no thread state in
/// it.
///
/// # Safety
/// The thread that calls this must be attached.
pub(crate) unsafe fn raise_interrupt(ident: c_ulong) {
    // SAFETY: attached (upheld by the caller); the class lives as long as the runtime, and the call
    // takes its own reference. The declared type of the id differs from the real one in its sign.
    unsafe { ffi::PyThreadState_SetAsyncExc(ident as _, ffi::PyExc_KeyboardInterrupt) };
}

/// Whether [`withdraw_interrupt`] leaves a flag set that slows down all code of the interpreter
/// until an exception is raised. From 3.13 on, the thread resets the flag when it sees it.
pub(crate) const WITHDRAWING_LEAVES_A_FLAG: bool = !cfg!(Py_3_13);

/// Withdraws an exception that [`raise_interrupt`] has not raised yet.
///
/// # Safety
/// The thread that calls this must be attached.
pub(crate) unsafe fn withdraw_interrupt(ident: c_ulong) {
    // SAFETY: attached (upheld by the caller); null stands for no exception.
    unsafe { ffi::PyThreadState_SetAsyncExc(ident as _, std::ptr::null_mut()) };
}

/// Returns the result of `f`, during which the garbage collector does not start on its own.
///
/// # Safety
/// The thread that calls this must be attached, before and after `f`.
pub(crate) unsafe fn without_gc<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: attached (upheld by the caller).
    let was_enabled = unsafe { ffi::PyGC_Disable() } != 0;
    let result = f();
    if was_enabled {
        // SAFETY: attached (upheld by the caller).
        unsafe { ffi::PyGC_Enable() };
    }
    result
}
