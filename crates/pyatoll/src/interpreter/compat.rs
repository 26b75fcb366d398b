//! What differs between CPython versions about interpreters and thread states, as functions with
//! the same meaning on every version. No other file of this layer has a version `cfg` in its logic.

use pyo3_ffi as ffi;

/// The thread state this thread is attached with, or null.
///
/// From 3.12 CPython keeps it in a thread-local variable of its own, and this is one load of it.
/// On 3.11 CPython has one process-wide "current" thread state, which may be another thread's: see
/// [`legacy`].
#[inline]
pub(crate) fn current_thread_state() -> *mut ffi::PyThreadState {
    #[cfg(Py_3_12)]
    {
        // SAFETY: may be called at any time, attached or not, initialised or not.
        unsafe { ffi::compat::PyThreadState_GetUnchecked() }
    }
    #[cfg(not(Py_3_12))]
    {
        legacy::current_thread_state()
    }
}

/// Notes that this thread was attached (`true`) or detached (`false`) by this library, and returns
/// the note that was there before. Only 3.11 needs it.
#[inline]
pub(crate) fn note_attached(attached: bool) -> AttachNote {
    #[cfg(Py_3_12)]
    {
        let _ = attached;
        AttachNote()
    }
    #[cfg(not(Py_3_12))]
    {
        AttachNote(legacy::exchange_note(Some(attached)))
    }
}

/// What [`note_attached`] replaced; give it back with [`AttachNote::restore`].
pub(crate) struct AttachNote(#[cfg(not(Py_3_12))] Option<bool>);

impl AttachNote {
    /// Puts the earlier note back.
    #[inline]
    pub(crate) fn restore(self) {
        #[cfg(not(Py_3_12))]
        legacy::exchange_note(self.0);
    }
}

/// CPython 3.11, whose current thread state is one variable for the whole process.
#[cfg(not(Py_3_12))]
mod legacy {
    use super::ffi;
    use std::cell::Cell;

    unsafe extern "C" {
        fn _PyThreadState_UncheckedGet() -> *mut ffi::PyThreadState;
    }

    thread_local! {
        /// `Some(true)`: this library attached this thread; `Some(false)`: it detached it; `None`:
        /// whoever runs this thread is not this library.
        static NOTE: Cell<Option<bool>> = const { Cell::new(None) };
    }

    /// Sets the note of this thread and returns what was there before.
    #[inline(never)]
    pub(super) fn exchange_note(note: Option<bool>) -> Option<bool> {
        NOTE.replace(note)
    }

    /// The current thread state, if it is this thread's.
    #[inline]
    pub(super) fn current_thread_state() -> *mut ffi::PyThreadState {
        // SAFETY: a read of an atomic variable of the runtime; may be called at any time.
        let current = unsafe { _PyThreadState_UncheckedGet() };
        // SAFETY: reads the calling thread's own slot of CPython; may be called at any time.
        let noted = unsafe { ffi::PyGILState_GetThisThreadState() };
        // The state CPython has noted for this thread is current: then this thread is attached.
        if current == noted {
            current
        } else {
            by_note(current, noted)
        }
    }

    /// The same where CPython has noted another thread state for this thread than the current one,
    /// or none. The thread may be attached with a second state of its own: our note knows, or, if
    /// this library neither attached nor detached it, it is so exactly when CPython has noted one
    /// at all (`_xxsubinterpreters.run_string` swaps the thread to another state; a thread that
    /// never ran Python has none). What is left ambiguous is C code that released the GIL itself
    /// and then calls back into Rust, in a process with sub-interpreters, on 3.11.
    #[cold]
    #[inline(never)]
    fn by_note(
        current: *mut ffi::PyThreadState,
        noted: *mut ffi::PyThreadState,
    ) -> *mut ffi::PyThreadState {
        let attached = NOTE.get().unwrap_or(!noted.is_null());
        if attached {
            current
        } else {
            std::ptr::null_mut()
        }
    }
}

/// The interpreter a thread state belongs to.
///
/// # Safety
/// `thread_state` must be valid: attached to this thread, or kept alive by the caller.
#[inline]
pub(crate) unsafe fn interpreter_of(
    thread_state: *mut ffi::PyThreadState,
) -> *mut ffi::PyInterpreterState {
    // SAFETY: passed on to the caller.
    unsafe { ffi::PyThreadState_GetInterpreter(thread_state) }
}

/// The interpreter this thread is attached to, or null.
#[inline]
pub(crate) fn current_interpreter() -> *mut ffi::PyInterpreterState {
    let thread_state = current_thread_state();
    if thread_state.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the thread is attached with it.
    unsafe { interpreter_of(thread_state) }
}

/// The interpreter this thread is attached to, where it is known to be attached.
///
/// # Safety
/// The thread must be attached.
#[inline]
pub(crate) unsafe fn attached_interpreter() -> *mut ffi::PyInterpreterState {
    // SAFETY: passed on to the caller.
    unsafe { ffi::PyInterpreterState_Get() }
}

/// Whether the runtime is initialised and not yet being finalised.
pub(crate) fn is_running() -> bool {
    // SAFETY: may be called at any time.
    unsafe { ffi::Py_IsInitialized() != 0 && !is_finalizing() }
}

/// Whether the runtime is being finalised.
pub(crate) fn is_finalizing() -> bool {
    #[cfg(Py_3_13)]
    // SAFETY: may be called at any time.
    unsafe {
        ffi::Py_IsFinalizing() != 0
    }
    #[cfg(not(Py_3_13))]
    {
        unsafe extern "C" {
            fn _Py_IsFinalizing() -> std::ffi::c_int;
        }
        // SAFETY: may be called at any time.
        unsafe { _Py_IsFinalizing() != 0 }
    }
}

/// An exception that was set, taken out of the thread state: one object from 3.12, three before.
pub(crate) struct Raised {
    #[cfg(Py_3_12)]
    value: *mut ffi::PyObject,
    #[cfg(not(Py_3_12))]
    parts: [*mut ffi::PyObject; 3],
}

/// Takes the exception that is set, if any, so that Python code can run in between.
///
/// # Safety
/// The thread must be attached.
pub(crate) unsafe fn take_raised() -> Raised {
    #[cfg(Py_3_12)]
    {
        // SAFETY: attached.
        let value = unsafe { ffi::PyErr_GetRaisedException() };
        Raised { value }
    }
    #[cfg(not(Py_3_12))]
    {
        let mut parts = [std::ptr::null_mut(); 3];
        let [kind, value, traceback] = &mut parts;
        // SAFETY: attached; three valid places to write to.
        unsafe { ffi::PyErr_Fetch(kind, value, traceback) };
        Raised { parts }
    }
}

/// Puts back what [`take_raised`] took, in place of whatever is set now.
///
/// # Safety
/// The thread must be attached to the same interpreter.
pub(crate) unsafe fn restore_raised(raised: Raised) {
    #[cfg(Py_3_12)]
    // SAFETY: attached; the reference is given back.
    unsafe {
        ffi::PyErr_SetRaisedException(raised.value);
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: attached; the references are given back.
    unsafe {
        let [kind, value, traceback] = raised.parts;
        ffi::PyErr_Restore(kind, value, traceback);
    }
}

use super::local::LocalInternals;
use super::sub::{SubInterpreter, SubInterpreterBuilder};

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
        let lock = || LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // SAFETY: attached to it, as the caller is; taking a lock uses nothing of Python.
        CreationLock(unsafe { super::attach::detached(attached, lock) })
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
pub(super) unsafe fn new_interpreter(
    builder: &SubInterpreterBuilder,
) -> Result<&'static LocalInternals, String> {
    // SAFETY: attached; CPython changes the current thread state to the new one, or leaves the old.
    unsafe {
        let previous = current_thread_state();
        #[cfg(Py_3_12)]
        let (fresh, refusal) = {
            let mut fresh = std::ptr::null_mut();
            let config = builder.config();
            let status = ffi::Py_NewInterpreterFromConfig(&raw mut fresh, &raw const config);
            let refused = ffi::PyStatus_Exception(status) != 0;
            let refusal = (refused && !status.err_msg.is_null()).then(|| {
                std::ffi::CStr::from_ptr(status.err_msg)
                    .to_string_lossy()
                    .into_owned()
            });
            (if refused { std::ptr::null_mut() } else { fresh }, refusal)
        };
        #[cfg(not(Py_3_12))]
        let (fresh, refusal) = {
            let _ = builder;
            (ffi::Py_NewInterpreter(), None::<String>)
        };
        if fresh.is_null() {
            if current_thread_state() != previous {
                ffi::PyThreadState_Swap(previous);
            }
            return Err(refusal.unwrap_or_else(|| "Python ran out of memory".into()));
        }
        Ok(SubInterpreter::adopt(fresh, previous))
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
pub(super) unsafe fn leave_first_thread_state(
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

/// Ends an interpreter. The thread may be attached to another one, and is again afterwards.
///
/// # Safety
/// The interpreter must be alive, made by [`new_interpreter`], and the thread not attached to it.
pub(super) unsafe fn end_interpreter(local: &'static LocalInternals) {
    let kept = local.take_first_thread_state();
    // SAFETY: the interpreter is alive.
    let thread_state =
        kept.unwrap_or_else(|| unsafe { ffi::PyThreadState_New(local.interpreter()) });
    #[cfg(Py_3_12)]
    // SAFETY: the thread is detached when it takes the thread state, which nobody else uses, and
    // CPython leaves it detached.
    unsafe {
        let attached = !current_thread_state().is_null();
        let previous = if attached {
            ffi::PyEval_SaveThread()
        } else {
            std::ptr::null_mut()
        };
        ffi::PyEval_RestoreThread(thread_state);
        SubInterpreter::end_current(thread_state);
        if attached {
            ffi::PyEval_RestoreThread(previous);
        }
    }
    #[cfg(not(Py_3_12))]
    {
        // There is one GIL, and `Py_EndInterpreter` keeps it: it must be held by a thread state of
        // another interpreter before and after.
        let attached =
            super::attach::Attached::current().map_or_else(super::attach::default_interpreter, Ok);
        let Ok(_attached) = attached else { return };
        // SAFETY: attached with `previous`; nobody else uses `thread_state`.
        unsafe {
            let previous = ffi::PyThreadState_Swap(thread_state);
            let note = note_attached(true);
            SubInterpreter::end_current(thread_state);
            note.restore();
            ffi::PyThreadState_Swap(previous);
        }
    }
}

/// Before 3.13, `threading` takes the thread that imported it for the interpreter's main one: when
/// the interpreter ends on that thread it asserts that the thread state of the import still exists,
/// and on another it waits until that is gone. Neither holds here, since each attachment has its
/// own thread state, and the first one ends the interpreter on 3.11. So tell `threading` that this
/// is the main thread and what its thread state is. Other threads are waited for by the gate.
///
/// # Safety
/// The thread must be attached.
pub(super) unsafe fn prepare_threading_for_end() {
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

/// Takes the exception that is set as one normalised object, with its traceback on it: a new
/// reference, or null if none is set (`PyErr_GetRaisedException`).
///
/// # Safety
/// The thread must be attached.
pub(crate) unsafe fn take_raised_value() -> *mut ffi::PyObject {
    #[cfg(Py_3_12)]
    // SAFETY: attached.
    unsafe {
        ffi::PyErr_GetRaisedException()
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: attached. The three parts are ours: two are released or put on the third.
    unsafe {
        let [mut kind, mut value, mut traceback] = [std::ptr::null_mut(); 3];
        ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback);
        if kind.is_null() {
            return std::ptr::null_mut();
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
    #[cfg(Py_3_12)]
    // SAFETY: attached; the reference is given up.
    unsafe {
        ffi::PyErr_SetRaisedException(value);
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: attached; three new references are given up.
    unsafe {
        let kind = ffi::Py_NewRef(ffi::Py_TYPE(value).cast());
        let traceback = ffi::PyException_GetTraceback(value);
        ffi::PyErr_Restore(kind, value, traceback);
    }
}
