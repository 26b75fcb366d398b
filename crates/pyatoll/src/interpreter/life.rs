//! Making an interpreter and ending it, with the same meaning on every CPython version.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::compat::current_thread_state;
use super::local::{LocalInternals, Phase};
use super::lookup;
use super::stay::Stay;
use super::sync::lock;

/// The settings of a new interpreter.
#[cfg(Py_3_12)]
pub(super) type Config = ffi::PyInterpreterConfig;

/// The settings of a new interpreter: there is a choice from 3.12 on.
#[cfg(not(Py_3_12))]
pub(super) struct Config;

/// Held while an interpreter is made, on the versions that crash when two are made at once
/// (3.11 has one GIL; 3.12 initialises shared static types without a lock).
pub(super) struct CreationLock(
    #[cfg(all(Py_3_12, not(Py_3_13)))]
    #[expect(dead_code, reason = "held for its drop")]
    std::sync::MutexGuard<'static, ()>,
);

/// Takes the creation lock, detached meanwhile so that its holder can run.
pub(super) fn creation_lock(attached: &LocalInternals) -> CreationLock {
    #[cfg(all(Py_3_12, not(Py_3_13)))]
    {
        static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let take = || lock(&LOCK);
        // SAFETY: attached to it, as the caller is; taking a lock uses nothing of Python.
        CreationLock(unsafe { super::attach::detached(attached, take) })
    }
    #[cfg(not(all(Py_3_12, not(Py_3_13))))]
    {
        let _ = attached;
        CreationLock()
    }
}

/// Makes an interpreter and this binary's state in it. Comes back attached as before.
///
/// # Safety
/// The thread must be attached, and hold the creation lock.
pub(super) unsafe fn new_interpreter(config: &Config) -> Result<&'static LocalInternals, String> {
    // SAFETY: attached; CPython changes the current thread state to the new one, or leaves the old.
    unsafe {
        let previous = current_thread_state();
        #[cfg(Py_3_12)]
        let (fresh, refusal) = {
            let mut fresh = null_mut();
            let status =
                ffi::Py_NewInterpreterFromConfig(&raw mut fresh, std::ptr::from_ref(config));
            let refused = ffi::PyStatus_Exception(status) != 0;
            let refusal = (refused && !status.err_msg.is_null()).then(|| {
                std::ffi::CStr::from_ptr(status.err_msg)
                    .to_string_lossy()
                    .into_owned()
            });
            (if refused { null_mut() } else { fresh }, refusal)
        };
        #[cfg(not(Py_3_12))]
        let (fresh, refusal) = {
            let Config = config;
            (ffi::Py_NewInterpreter(), None::<String>)
        };
        if fresh.is_null() {
            if current_thread_state() != previous {
                ffi::PyThreadState_Swap(previous);
            }
            return Err(refusal.unwrap_or_else(|| "Python ran out of memory".into()));
        }
        // Attached with `fresh`.
        let local = lookup::current(ffi::PyInterpreterState_Get());
        local.mark_owned();
        leave_first_thread_state(local, fresh, previous);
        Ok(local)
    }
}

/// Goes from a new interpreter's first thread state back to `previous`.
///
/// The first one is deleted, so that no thread state of the interpreter outlives its use: every
/// attachment makes its own. Before 3.13 CPython cannot always make another one after that (the
/// first one's memory is part of the interpreter, and not cleared in time), so there it rests until
/// it ends the interpreter.
///
/// # Safety
/// The thread must be attached with `fresh`, the first thread state of `local`'s interpreter;
/// `previous` must be its own resting thread state.
unsafe fn leave_first_thread_state(
    local: &LocalInternals,
    fresh: *mut ffi::PyThreadState,
    previous: *mut ffi::PyThreadState,
) {
    // SAFETY: as the caller promises; `fresh` is not used after this, or only to end the
    // interpreter.
    unsafe {
        #[cfg(Py_3_13)]
        ffi::PyThreadState_Clear(fresh);
        ffi::PyThreadState_Swap(previous);
        #[cfg(Py_3_13)]
        ffi::PyThreadState_Delete(fresh);
    }
    if cfg!(not(Py_3_13)) {
        local.keep_first_thread_state(fresh);
    }
}

/// Deletes the thread state that was kept to end the interpreter with, if somebody else is ending it
/// with another one (`_interpreters.destroy`): CPython aborts if there are two.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, which is about to end.
pub(super) unsafe fn drop_first_thread_state(local: &LocalInternals) {
    if let Some(kept) = local.take_first_thread_state()
        && kept != current_thread_state()
    {
        // SAFETY: attached to its interpreter, with another one; it is at rest and nobody else's.
        // It is in no thread's `PyGILState` slot: the thread that made it put its own back there.
        unsafe {
            ffi::PyThreadState_Clear(kept);
            ffi::PyThreadState_Delete(kept);
        }
    }
}

/// The right to end an interpreter that this binary made, which nobody else is ending. Dropped without
/// an [`end`](EndClaim::end), it is given back.
pub(super) struct EndClaim {
    local: &'static LocalInternals,
    /// What was seen: another one means that somebody else has begun to end the interpreter.
    phase: Phase,
    /// They wait for this thread. `None`: nobody can be in the interpreter but this thread.
    _pass: Option<Box<Stay>>,
}

impl EndClaim {
    /// Of an interpreter whose end has not begun.
    pub(super) fn to_live(local: &'static LocalInternals) -> Option<Self> {
        Self::take(local, || false)
    }

    /// Also of one that takes nobody in any more since Python code has called its exit functions
    /// (`atexit._run_exitfuncs`).
    ///
    /// # Safety
    /// The thread must be attached to another interpreter while this runs; no exception may be set.
    pub(super) unsafe fn to_left(local: &'static LocalInternals) -> Option<Self> {
        // SAFETY: passed on to the caller.
        Self::take(local, || unsafe { is_idle(local) })
    }

    fn take(local: &'static LocalInternals, is_idle: impl FnOnce() -> bool) -> Option<Self> {
        if !local.claim_end() {
            return None;
        }
        let phase = local.phase();
        let is_in = Stay::is_in(local);
        let may_pass = phase == Phase::Live && !is_in;
        let claim = Self {
            local,
            phase,
            _pass: may_pass.then(|| Stay::begin_to_finish(local)).flatten(),
        };
        let is_ours = match phase {
            Phase::Live => is_in || claim._pass.is_some(),
            _ => is_idle(),
        };
        is_ours.then_some(claim)
    }

    /// Ends it, unless somebody else's end of it has begun. The thread may be attached to another
    /// one, and is again afterwards.
    ///
    /// # Safety
    /// The thread must not be attached to the interpreter.
    pub(super) unsafe fn end(self) {
        // SAFETY: the interpreter is alive: nobody else has begun to end it, or they wait for the pass.
        if unsafe { end_interpreter(self.local, self.phase) } {
            // It stays taken.
            let Self { _pass, .. } = &mut *std::mem::ManuallyDrop::new(self);
            *_pass = None;
        }
    }
}

impl Drop for EndClaim {
    fn drop(&mut self) {
        self.local.give_claim_back();
    }
}

/// Ends an interpreter, unless it is in another phase of its life. Whether it has.
///
/// # Safety
/// The interpreter must be alive and stay so, made by [`new_interpreter`], and the thread not attached
/// to it.
unsafe fn end_interpreter(local: &'static LocalInternals, phase: Phase) -> bool {
    let kept = local.take_first_thread_state();
    // SAFETY: the interpreter is alive.
    let thread_state = kept.unwrap_or_else(|| unsafe { super::attach::new_thread_state(local) });
    #[cfg(Py_3_12)]
    // SAFETY: the thread is detached when it takes the thread state, which nobody else uses, and
    // CPython leaves it detached.
    unsafe {
        let attached = !current_thread_state().is_null();
        let previous = if attached {
            ffi::PyEval_SaveThread()
        } else {
            null_mut()
        };
        ffi::PyEval_RestoreThread(thread_state);
        let is_ours = local.phase() == phase;
        if is_ours {
            end_current(thread_state);
            local.mark_gone();
        } else {
            ffi::PyThreadState_Clear(thread_state);
            ffi::PyThreadState_DeleteCurrent();
        }
        if attached {
            ffi::PyEval_RestoreThread(previous);
        }
        is_ours
    }
    #[cfg(not(Py_3_12))]
    {
        // There is one GIL, and `Py_EndInterpreter` keeps it: it must be held by a thread state of
        // another interpreter before and after.
        use super::attach::{AttachGuard, main_interpreter};

        let attached = AttachGuard::current().or_else(|| {
            main_interpreter()
                .ok()
                .and_then(|main| AttachGuard::to(main).ok())
        });
        let Some(_attached) = attached else {
            return false;
        };
        if local.phase() != phase {
            // SAFETY: attached; it is at rest and nobody else's.
            unsafe {
                ffi::PyThreadState_Clear(thread_state);
                ffi::PyThreadState_Delete(thread_state);
            }
            return false;
        }
        // SAFETY: attached with `previous`; nobody else uses `thread_state`.
        unsafe {
            let previous = ffi::PyThreadState_Swap(thread_state);
            let note = super::compat::note_attached(true);
            end_current(thread_state);
            note.restore();
            ffi::PyThreadState_Swap(previous);
        }
        local.mark_gone();
        true
    }
}

/// Whether `local`'s interpreter, which takes nobody in any more, is there and nobody is in it: Python
/// code has called its exit functions (`atexit._run_exitfuncs`). Whoever ends it has a thread state.
///
/// # Safety
/// The thread must be attached to another interpreter; no exception may be set.
unsafe fn is_idle(local: &LocalInternals) -> bool {
    // SAFETY: attached. Within one run of the runtime, an id is never used again.
    unsafe {
        if !local.is_usable() || !super::compat::interpreter_exists(local.interpreter(), local.id())
        {
            return false;
        }
        let first = ffi::PyInterpreterState_ThreadHead(local.interpreter());
        first.is_null() || (local.has_kept(first) && ffi::PyThreadState_Next(first).is_null())
    }
}

/// Ends the interpreter of the current thread state.
///
/// # Safety
/// The thread must be attached with `thread_state`, made for this.
unsafe fn end_current(thread_state: *mut ffi::PyThreadState) {
    // SAFETY: attached; from here on nobody else gets in, and `Py_EndInterpreter` runs the
    // `atexit` callback that waits for those inside.
    unsafe {
        prepare_threading_for_end();
        ffi::Py_EndInterpreter(thread_state);
    }
    debug_assert_eq!(current_thread_state(), null_mut());
}

/// Before 3.13, `threading` takes the thread that imported it for the interpreter's main one: when
/// the interpreter ends on that thread it asserts that the thread state of the import still exists,
/// and on another it waits until that is gone. Neither holds here, since each attachment has its
/// own thread state, and the first one ends the interpreter on 3.11. So tell `threading` that this
/// is the main thread and what its thread state is. Other threads are waited for by the gate.
///
/// # Safety
/// The thread must be attached.
unsafe fn prepare_threading_for_end() {
    #[cfg(not(Py_3_13))]
    // SAFETY: attached; the new references are released. An error is dropped: the worst that
    // follows is a message of `threading`'s.
    unsafe {
        const CODE: &std::ffi::CStr = c"
import sys
threading = sys.modules.get('threading')
if threading is not None:
    main = threading._main_thread
    main._set_ident()
    lock = main._tstate_lock
    if lock is None or not lock.locked():
        main._is_stopped = False
        main._set_tstate_lock()
";
        let globals = ffi::PyDict_New();
        if !globals.is_null() {
            let builtins = ffi::PyEval_GetBuiltins();
            ffi::PyDict_SetItemString(globals, c"__builtins__".as_ptr(), builtins);
            let done = ffi::PyRun_String(CODE.as_ptr(), ffi::Py_file_input, globals, globals);
            ffi::Py_XDECREF(done);
            ffi::Py_DECREF(globals);
        }
        ffi::PyErr_Clear();
    }
}
