//! Creating and ending interpreters, and the end of the runtime.

use std::ptr::null_mut;

use super::thread_state::{current_thread_state, ends_with_threads_left};
use crate::capi::{self as ffi, at_least};

/// Returns whether Python code can reach the classes of other interpreters, and so call their
/// functions: before 3.12, `object` and its list of subclasses are shared
/// (`object.__subclasses__()`).
#[inline(always)]
pub(crate) fn shares_subclasses() -> bool {
    !at_least(12)
}

/// Returns whether CPython hangs a thread that wants to run Python in an interpreter that is gone.
/// Before 3.14 it ends the thread (`pthread_exit`), which Rust code on its stack does not survive:
/// the process aborts. It also aborts where another thread's thread state is left in a
/// sub-interpreter that ends (`Py_EndInterpreter`).
#[inline(always)]
pub(crate) fn hangs_late_threads() -> bool {
    at_least(14)
}

/// Makes the other threads of `interpreter` hang that CPython will end because they want to run
/// Python after the end of the runtime has begun, where that would unwind frames of this binary.
///
/// # Safety
/// The thread must be attached to `interpreter`.
pub(crate) unsafe fn hang_late_threads(interpreter: *mut ffi::PyInterpreterState) {
    #[cfg(all(
        not(Py_3_14),
        not(Py_GIL_DISABLED),
        target_os = "linux",
        target_env = "gnu"
    ))]
    if !hangs_late_threads() {
        // SAFETY: attached to `interpreter` (upheld by the caller).
        unsafe { super::forced_unwind::hang_late_threads(interpreter) };
    }
    #[cfg(not(all(
        not(Py_3_14),
        not(Py_GIL_DISABLED),
        target_os = "linux",
        target_env = "gnu"
    )))]
    let _ = interpreter;
}

/// Returns whether the end of the runtime ends the remaining sub-interpreters while their threads
/// can still run (`Py_FinalizeEx`). Before 3.14 no other thread can run by then.
#[inline(always)]
pub(crate) fn ends_subs_first() -> bool {
    at_least(14)
}

/// Returns whether the end of the runtime ends the sub-interpreters that are left. Before 3.13 it
/// aborts the process.
#[inline(always)]
pub(crate) fn ends_subs() -> bool {
    at_least(13)
}

/// Returns whether the interpreter with this id exists, at this address.
///
/// # Safety
/// The thread must be attached; no exception may be set.
pub(crate) unsafe fn interpreter_exists(
    interpreter: *mut ffi::PyInterpreterState,
    id: i64,
) -> bool {
    // SAFETY: attached (upheld by the caller).
    unsafe {
        if !ffi::has::interpreter_lookup() {
            return is_listed(interpreter, id);
        }
        let found = ffi::_PyInterpreterState_LookUpID(id);
        if found.is_null() {
            ffi::PyErr_Clear();
        }
        found == interpreter
    }
}

/// Returns whether the list of interpreters has the one with this id, at this address.
///
/// # Safety
/// The thread must be attached; no exception may be set.
#[cold]
unsafe fn is_listed(interpreter: *mut ffi::PyInterpreterState, id: i64) -> bool {
    // SAFETY: attached (upheld by the caller). Only the one at this address is looked into, which
    // the list has.
    unsafe {
        let mut next = ffi::PyInterpreterState_Head();
        while !next.is_null() && next != interpreter {
            next = ffi::PyInterpreterState_Next(next);
        }
        !next.is_null() && ffi::PyInterpreterState_GetID(next) == id
    }
}

/// Registers `function`, to be called with `data` once the interpreter that this thread is attached
/// to has cleared its own dict, attached to it, whatever Python code did to `atexit`. CPython has
/// this from 3.13 on, and may lose it where others register theirs (it keeps the first and the last
/// function).
///
/// # Safety
/// The thread must be attached to `interpreter`; `function` must not unwind.
pub(crate) unsafe fn at_interpreter_clear(
    interpreter: *mut ffi::PyInterpreterState,
    function: unsafe extern "C" fn(*mut std::ffi::c_void),
    data: *mut std::ffi::c_void,
) {
    if !ffi::has::at_exit() {
        return;
    }
    // SAFETY: attached to `interpreter` (upheld by the caller).
    unsafe {
        if ffi::PyUnstable_AtExit(interpreter, function, data) != 0 {
            ffi::PyErr_Clear();
        }
    }
}

/// Returns whether an interpreter's end makes the pending calls ([`add_pending_call`]) before it
/// calls the exit functions. 3.11 does so for the main interpreter only, and makes them on the main
/// thread.
#[inline(always)]
pub(crate) fn pending_calls_precede_exit() -> bool {
    at_least(12)
}

/// Has `function` called with `data` by a thread that is attached to `interpreter`, the next time
/// one runs Python code there. `false`: CPython has no room for it.
///
/// # Safety
/// The interpreter must be alive. `function` must not unwind, and must return 0 with no exception
/// set. The thread need not be attached.
pub(crate) unsafe fn add_pending_call(
    interpreter: *mut ffi::PyInterpreterState,
    function: unsafe extern "C" fn(*mut std::ffi::c_void) -> std::ffi::c_int,
    data: *mut std::ffi::c_void,
) -> bool {
    // SAFETY: the interpreter is alive (upheld by the caller). 0: any thread may call it.
    unsafe {
        if ffi::has::pending_calls() {
            ffi::_PyEval_AddPendingCall(interpreter, function, data, 0) == 0
        } else if at_least(12) {
            // The public function knows the main interpreter only.
            interpreter == ffi::PyInterpreterState_Main()
                && ffi::add_pending_call(function, data) == 0
        } else {
            ffi::_PyEval_AddPendingCall_3_11(interpreter, function, data) == 0
        }
    }
}

/// Returns whether this thread, which must be attached, runs Python code.
pub(crate) fn is_in_python() -> bool {
    // SAFETY: attached; a new reference or null is returned.
    unsafe {
        let frame = ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get());
        if frame.is_null() {
            return false;
        }
        ffi::Py_DECREF(frame.cast());
    }
    true
}

/// Returns whether the runtime is initialized and not being finalized.
pub(crate) fn is_running() -> bool {
    // SAFETY: may be called at any time.
    unsafe { ffi::Py_IsInitialized() != 0 && !is_finalizing() }
}

/// Returns whether the runtime is being finalized.
pub(crate) fn is_finalizing() -> bool {
    // SAFETY: may be called at any time.
    unsafe {
        if at_least(13) {
            ffi::Py_IsFinalizing() != 0
        } else {
            ffi::_Py_IsFinalizing() != 0
        }
    }
}

/// The settings of a new interpreter, which CPython takes from 3.12 on.
pub(crate) struct Settings {
    pub(crate) use_main_obmalloc: bool,
    pub(crate) allow_fork: bool,
    pub(crate) allow_exec: bool,
    pub(crate) allow_threads: bool,
    pub(crate) allow_daemon_threads: bool,
    pub(crate) check_multi_interp_extensions: bool,
    pub(crate) own_gil: bool,
}

/// Returns whether interpreters have settings (PEP 684). Before 3.12 there is one kind.
#[inline(always)]
pub(crate) fn has_settings() -> bool {
    at_least(12)
}

/// Whether `Py_NewInterpreter` checks that extension modules support several interpreters: on a
/// free-threaded build, where a module without per-interpreter state has no GIL to guard it.
#[inline(always)]
pub(crate) fn legacy_checks_extensions() -> bool {
    ffi::is_free_threaded()
}

/// Returns whether two interpreters must not be created at once: 3.12 initializes shared static
/// types without a lock. On 3.11 the one GIL guards that.
#[inline(always)]
pub(crate) fn creates_one_at_a_time() -> bool {
    at_least(12) && !at_least(13)
}

/// Returns whether an interpreter's first thread state can be deleted before the interpreter ends.
/// Before 3.13, CPython cannot always create another one after that: the first one's memory is part
/// of the interpreter, and is not cleared in time.
#[inline(always)]
pub(crate) fn can_delete_first_thread_state() -> bool {
    at_least(13)
}

/// Returns whether the memory of an interpreter's first thread state must not become that of a
/// thread which the interpreter's end leaves behind: it is part of the interpreter, and the thread
/// would use it after that was freed. Not on a free-threaded build.
#[inline(always)]
pub(crate) fn reserves_first_thread_state() -> bool {
    ends_with_threads_left() && !ffi::is_free_threaded()
}

extern_python! {
    /// Creates a thread state of no thread.
    fn _PyThreadState_Prealloc(interpreter: *mut ffi::PyInterpreterState)
        -> *mut ffi::PyThreadState;
}

/// Creates a thread state that belongs to no thread, and so counts as none's. Returns null without
/// memory.
///
/// # Safety
/// `interpreter` must be alive.
pub(crate) unsafe fn new_idle_thread_state(
    interpreter: *mut ffi::PyInterpreterState,
) -> *mut ffi::PyThreadState {
    // SAFETY: alive (upheld by the caller).
    unsafe { _PyThreadState_Prealloc(interpreter) }
}

/// Returns whether `Py_EndInterpreter` must be called by a thread that is attached to another
/// interpreter, whose GIL it keeps.
#[inline(always)]
pub(crate) fn ends_under_anothers_gil() -> bool {
    !at_least(12)
}

/// Creates an interpreter. This thread is then attached to it with the thread state that is
/// returned. On an error, it is attached as before.
///
/// # Errors
/// Returns CPython's message.
///
/// # Safety
/// The thread must be attached. Where [`creates_one_at_a_time`], no other thread may create one.
pub(crate) unsafe fn new_interpreter(
    settings: &Settings,
) -> Result<*mut ffi::PyThreadState, String> {
    // SAFETY: attached; CPython changes the current thread state to the new one, or leaves the old.
    unsafe {
        let previous = current_thread_state();
        let (fresh, refusal) = new_raw(settings);
        if fresh.is_null() {
            if current_thread_state() != previous {
                ffi::PyThreadState_Swap(previous);
            }
            return Err(refusal.unwrap_or_else(|| "Python ran out of memory".into()));
        }
        Ok(fresh)
    }
}

/// # Safety
/// The contract of [`new_interpreter`].
unsafe fn new_raw(settings: &Settings) -> (*mut ffi::PyThreadState, Option<String>) {
    if !has_settings() {
        // SAFETY: attached (upheld by the caller).
        return (unsafe { ffi::Py_NewInterpreter() }, None);
    }
    let config = ffi::PyInterpreterConfig {
        use_main_obmalloc: settings.use_main_obmalloc.into(),
        allow_fork: settings.allow_fork.into(),
        allow_exec: settings.allow_exec.into(),
        allow_threads: settings.allow_threads.into(),
        allow_daemon_threads: settings.allow_daemon_threads.into(),
        check_multi_interp_extensions: settings.check_multi_interp_extensions.into(),
        gil: match settings.own_gil {
            true => ffi::PyInterpreterConfig_OWN_GIL,
            false => ffi::PyInterpreterConfig_SHARED_GIL,
        },
    };
    let mut fresh = null_mut();
    // SAFETY: attached (upheld by the caller); the message of an error is a static string.
    unsafe {
        let status = ffi::Py_NewInterpreterFromConfig(&raw mut fresh, &raw const config);
        let refused = ffi::PyStatus_Exception(status) != 0;
        let refusal = (refused && !status.err_msg.is_null()).then(|| {
            std::ffi::CStr::from_ptr(status.err_msg)
                .to_string_lossy()
                .into_owned()
        });
        (if refused { null_mut() } else { fresh }, refusal)
    }
}
