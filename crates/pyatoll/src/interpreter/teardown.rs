//! The `atexit` callback of an interpreter, with which this library first learns of its end, while
//! Python code can still run.
//!
//! `Py_EndInterpreter` aborts the process (3.12, 3.13) if another thread has a thread state of the
//! interpreter. So the callback closes the gate and waits, detached, until every thread that
//! entered through it has left; later threads get an error.

use std::ffi::{CStr, c_void};
use std::ptr::null_mut;
use std::thread;
use std::time::Duration;

use pyo3_ffi as ffi;

use super::compat;
use super::detach::detached;
use super::end::{self, EndClaim};
use super::gate::Timeouts;
use super::local::{LocalInternals, Phase};
use super::lookup;
use super::method_def::MethodDef;

const CAPSULE: &CStr = c"pyatoll.local_internals";

static CALLBACK: MethodDef = MethodDef::no_args(c"_pyatoll_interpreter_ends", interpreter_ends);

/// Registers the callback with the interpreter's `atexit` module. If Python refuses because its
/// finalization has gone too far, the gate is closed at once.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
pub(super) unsafe fn register_atexit(local: &'static LocalInternals) {
    // SAFETY: attached. Every new reference is released below; null is passed only to functions
    // that accept it as "an exception is set".
    unsafe {
        let pointer = std::ptr::from_ref(local).cast_mut().cast();
        let capsule = ffi::PyCapsule_New(pointer, CAPSULE.as_ptr(), None);
        let mut done = null_mut();
        if !capsule.is_null() {
            let callback = ffi::PyCFunction_NewEx(CALLBACK.as_ptr(), capsule, null_mut());
            let module = ffi::PyImport_ImportModule(c"atexit".as_ptr());
            if !callback.is_null() && !module.is_null() {
                let register = ffi::PyObject_GetAttrString(module, c"register".as_ptr());
                if !register.is_null() {
                    done = ffi::PyObject_CallFunctionObjArgs(
                        register,
                        callback,
                        null_mut::<ffi::PyObject>(),
                    );
                    ffi::Py_DECREF(register);
                }
            }
            ffi::Py_XDECREF(module);
            ffi::Py_XDECREF(callback);
            ffi::Py_DECREF(capsule);
        }
        if done.is_null() {
            ffi::PyErr_Clear();
            local.mark_closing();
            local.gate().close();
        }
        ffi::Py_XDECREF(done);
    }
}

/// Makes sure that the state is torn down with the interpreter where Python code has cleared its
/// exit functions or keeps the capsule alive.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter.
pub(super) unsafe fn watch(local: &'static LocalInternals) {
    unsafe extern "C" fn cleared(local: *mut c_void) {
        // SAFETY: the state that is passed below, never freed. CPython calls this attached, in an
        // interpreter that no other thread can enter.
        unsafe {
            let local = &*local.cast::<LocalInternals>();
            if local.phase() != Phase::Emptied {
                local.tear_down();
            }
        }
    }
    let data = std::ptr::from_ref(local).cast_mut().cast();
    // SAFETY: attached (upheld by the caller); `cleared` does not unwind.
    unsafe { compat::at_interpreter_clear(local.interpreter(), cleared, data) };
}

unsafe extern "C" fn interpreter_ends(
    capsule: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the capsule that `register_atexit` gave the
    // function; the state it points to is never freed.
    unsafe {
        let local: *const LocalInternals =
            ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast();
        let Some(local) = local.as_ref() else {
            return null_mut();
        };
        close(local);
        ffi::Py_NewRef(ffi::Py_None())
    }
}

/// Time limit of the process's end for a thread that is detached in a call of this library.
const AWAY_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit of the process's end for a thread that is inside, where it can proceed without that
/// thread.
const INSIDE_TIMEOUT: Duration = Duration::from_secs(10);

/// Closes `local`'s gate and waits for the threads inside. For the main interpreter, also ends the
/// sub-interpreters: the process or the runtime ends.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter.
unsafe fn close(local: &'static LocalInternals) {
    local.mark_closing();
    local.gate().close();
    // SAFETY: attached (upheld by the caller); nothing of Python is used while detached.
    unsafe {
        end::drop_first_thread_state(local);
        if !local.gate().is_empty_but_for_this_thread() {
            detached(local, || wait(local));
        }
        if local.is_main() {
            close_subs(local);
            compat::hang_late_threads(local.interpreter());
        }
    }
}

/// Waits for the threads inside `local`'s interpreter. This thread must be detached.
fn wait(local: &LocalInternals) {
    let main = lookup::main_live();
    local.gate().wait_for_others(|| timeouts(local, main));
}

/// Ends the remaining sub-interpreters that this binary created, since CPython aborts (below 3.13)
/// or warns. Closes the gates of others where their threads cannot run after this.
///
/// # Safety
/// The thread must be attached to `main`'s interpreter, whose gate must be closed and in which no
/// other thread may be that ends a sub-interpreter.
unsafe fn close_subs(main: &'static LocalInternals) {
    let mut subs = lookup::all_live();
    subs.retain(|local| !local.is_main());
    for sub in subs {
        // The state of an interpreter that other code has ended may be left here, where a reference
        // to the capsule keeps it; another interpreter may be at its address.
        let claim = match sub.is_owned_and_unclaimed() {
            // SAFETY: attached to `main`, in an `atexit` function, without an exception.
            true => unsafe { EndClaim::to_closed(sub) },
            false => None,
        };
        if claim.is_some() || !compat::ENDS_SUBS_FIRST {
            sub.gate().close();
            // SAFETY: attached to `main`; nothing of Python is used while detached.
            unsafe { detached(main, || wait(sub)) };
        }
        if let Some(claim) = claim
            && sub.gate().is_empty_but_for_this_thread()
        {
            // SAFETY: its threads have left; this thread is attached to `main`.
            unsafe { claim.end() };
        }
        // Another thread may be ending it, one that Python started: those hold no guard.
        let has_ended = || !sub.is_being_ended() || sub.phase() == Phase::Emptied;
        if !has_ended() {
            let wait = || {
                while !has_ended() {
                    thread::sleep(Duration::from_millis(1));
                }
            };
            // SAFETY: attached to `main`; nothing of Python is used while detached.
            unsafe { detached(main, wait) };
        }
    }
}

/// Returns how long `local`'s end waits for other threads.
///
/// A sub-interpreter that ends in a running process waits for all, as `close` promises. The
/// end of the process leaves threads behind, as CPython does with daemon threads, where that does
/// not abort the process.
fn timeouts(local: &LocalInternals, main: Option<&LocalInternals>) -> Timeouts {
    let process_ends =
        main.is_some_and(|main| !main.gate().is_open() && !main.gate().waits_without_limit());
    if !process_ends {
        return Timeouts::default();
    }
    Timeouts {
        away: (local.is_main() || compat::HANGS_LATE_THREADS).then_some(AWAY_TIMEOUT),
        inside: compat::HANGS_LATE_THREADS.then_some(INSIDE_TIMEOUT),
    }
}
