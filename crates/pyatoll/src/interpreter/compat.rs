//! What differs between CPython versions about thread states, dicts and exceptions, as functions with the
//! same meaning on every version. Of the other files of this layer only `life`, which makes and ends
//! interpreters, has a version `cfg` in its logic.

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
    /// or none. The thread may be attached with a second state of its own: our note knows, if this
    /// library attached or detached it. Else `PyGILState_Check` knows, as long as the process never
    /// had a sub-interpreter. Else it is so if CPython has noted a thread state at all (a thread that
    /// never ran Python has none), of another interpreter than the current one: somebody's code has
    /// swapped this thread to it (`_xxsubinterpreters.run_string`). What is left ambiguous is C code
    /// that released the GIL itself and calls back into Rust, in a process with sub-interpreters, in
    /// the moment that another thread is in another interpreter.
    #[cold]
    #[inline(never)]
    fn by_note(
        current: *mut ffi::PyThreadState,
        noted: *mut ffi::PyThreadState,
    ) -> *mut ffi::PyThreadState {
        let is_swapped = || {
            // SAFETY: the first may be called at any time. CPython has noted a thread state that
            // is this thread's and alive. The current one is, too, unless another thread deletes
            // it in this very moment, in the ambiguous case.
            !current.is_null()
                && !noted.is_null()
                && unsafe {
                    ffi::PyGILState_Check() != 0
                        && super::interpreter_of(current) != super::interpreter_of(noted)
                }
        };
        if NOTE.get().unwrap_or_else(is_swapped) {
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
    unsafe { super::layout::interpreter_of(thread_state) }
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

/// What a dict has under a key: a new reference, or null; then an exception may be set.
///
/// # Safety
/// The thread must be attached; `dict` must be a dict, both alive.
pub(super) unsafe fn item_of_dict(
    dict: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut item = std::ptr::null_mut();
    // SAFETY: passed on to the caller. Below 3.13 there is a GIL, and nothing runs before the borrowed
    // item gets its reference.
    unsafe { ffi::compat::PyDict_GetItemRef(dict, key, &raw mut item) };
    item
}

/// What a dict has under a key after `value` was put there, unless there was something: a new
/// reference, or null with an exception set.
///
/// # Safety
/// The thread must be attached; `dict` must be a dict, all of them alive.
pub(super) unsafe fn item_or_insert(
    dict: *mut ffi::PyObject,
    key: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    #[cfg(Py_3_13)]
    {
        let mut item = std::ptr::null_mut();
        // SAFETY: passed on to the caller.
        unsafe { ffi::PyDict_SetDefaultRef(dict, key, value, &raw mut item) };
        item
    }
    #[cfg(not(Py_3_13))]
    // SAFETY: passed on to the caller. There is a GIL, as above.
    unsafe {
        let item = ffi::PyDict_SetDefault(dict, key, value);
        ffi::Py_XINCREF(item);
        item
    }
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

/// Whether CPython hangs a thread that wants to run Python in an interpreter that is gone. Before
/// 3.14 it ends the thread (`pthread_exit`), which Rust code on its stack does not survive: the
/// process aborts. And it aborts where another thread's thread state is left in a sub-interpreter
/// that ends (`Py_EndInterpreter`).
pub(super) const HANGS_LATE_THREADS: bool = cfg!(Py_3_14);

/// Whether the end of the runtime ends the sub-interpreters that are left while their threads can
/// still run (`Py_FinalizeEx`). Before 3.14 no other thread can run by then.
pub(super) const ENDS_SUBS_FIRST: bool = cfg!(Py_3_14);

/// This thread is in the main interpreter, entered by [`enter_main`].
pub(super) struct InMain {
    #[cfg(Py_3_15)]
    token: std::ptr::NonNull<pep788::Token>,
    #[cfg(not(Py_3_15))]
    thread_state: *mut ffi::PyThreadState,
    #[cfg(not(Py_3_15))]
    made: bool,
}

/// Attaches this thread to the main interpreter, whether this binary knows it or not. `None`: it is
/// ending, or Python has no memory.
///
/// # Safety
/// This thread must be detached. Before 3.15, the runtime must not be finalised meanwhile.
pub(super) unsafe fn enter_main() -> Option<InMain> {
    #[cfg(Py_3_15)]
    // SAFETY: these may be called at any time while the runtime is initialised; the view is closed.
    unsafe {
        let view = std::ptr::NonNull::new(pep788::PyInterpreterView_FromMain())?;
        let token = pep788::PyThreadState_EnsureFromView(view.as_ptr());
        pep788::PyInterpreterView_Close(view.as_ptr());
        std::ptr::NonNull::new(token).map(|token| InMain { token })
    }
    #[cfg(not(Py_3_15))]
    // SAFETY: the runtime runs, so its main interpreter is there. CPython's own slot holds a thread
    // state of this thread, or null.
    unsafe {
        let main = ffi::PyInterpreterState_Main();
        let noted = ffi::PyGILState_GetThisThreadState();
        let made = noted.is_null() || interpreter_of(noted) != main;
        let thread_state = if made {
            ffi::PyThreadState_New(main)
        } else {
            noted
        };
        if thread_state.is_null() {
            return None;
        }
        ffi::PyEval_RestoreThread(thread_state);
        Some(InMain { thread_state, made })
    }
}

impl InMain {
    /// Detaches this thread again.
    ///
    /// # Safety
    /// The thread must be attached as [`enter_main`] left it.
    pub(super) unsafe fn leave(self) {
        #[cfg(Py_3_15)]
        // SAFETY: passed on to the caller.
        unsafe {
            pep788::PyThreadState_Release(self.token.as_ptr());
        }
        #[cfg(not(Py_3_15))]
        // SAFETY: passed on to the caller; a thread state that was made here is nobody else's.
        unsafe {
            if self.made {
                ffi::PyThreadState_Clear(self.thread_state);
                ffi::PyThreadState_DeleteCurrent();
            } else {
                ffi::PyEval_SaveThread();
            }
        }
    }
}

/// PEP 788, from 3.15 on: what `pyo3-ffi` does not declare yet.
#[cfg(Py_3_15)]
mod pep788 {
    use std::ffi::c_void;

    /// `PyThreadStateToken`, which is `void`.
    pub(super) type Token = c_void;

    #[repr(C)]
    pub(super) struct View {
        opaque: [u8; 0],
    }

    unsafe extern "C" {
        pub(super) fn PyInterpreterView_FromMain() -> *mut View;
        pub(super) fn PyInterpreterView_Close(view: *mut View);
        pub(super) fn PyThreadState_EnsureFromView(view: *mut View) -> *mut Token;
        pub(super) fn PyThreadState_Release(token: *mut Token);
    }
}

/// Whether the interpreter with this id is there, and at this address.
///
/// # Safety
/// The thread must be attached; no exception may be set.
pub(super) unsafe fn interpreter_exists(
    interpreter: *mut ffi::PyInterpreterState,
    id: i64,
) -> bool {
    unsafe extern "C" {
        // What `_interpreters` itself is built on. Under CPython's lock on the list of interpreters.
        fn _PyInterpreterState_LookUpID(id: i64) -> *mut ffi::PyInterpreterState;
    }
    // SAFETY: attached.
    unsafe {
        let found = _PyInterpreterState_LookUpID(id);
        if found.is_null() {
            ffi::PyErr_Clear();
        }
        found == interpreter
    }
}

/// Has `function` called with `data` when the interpreter this thread is attached to has cleared its
/// own dict, attached to it, whatever Python code did to the functions of `atexit`. CPython may forget
/// it where others ask for the same (it keeps the first and the last such function), and has it from
/// 3.13 on.
///
/// # Safety
/// The thread must be attached to `interpreter`; `function` must not unwind.
pub(super) unsafe fn at_interpreter_clear(
    interpreter: *mut ffi::PyInterpreterState,
    function: unsafe extern "C" fn(*mut std::ffi::c_void),
    data: *mut std::ffi::c_void,
) {
    #[cfg(Py_3_13)]
    {
        unsafe extern "C" {
            fn PyUnstable_AtExit(
                interpreter: *mut ffi::PyInterpreterState,
                function: unsafe extern "C" fn(*mut std::ffi::c_void),
                data: *mut std::ffi::c_void,
            ) -> std::ffi::c_int;
        }
        // SAFETY: passed on to the caller.
        unsafe {
            if PyUnstable_AtExit(interpreter, function, data) != 0 {
                ffi::PyErr_Clear();
            }
        }
    }
    #[cfg(not(Py_3_13))]
    let _ = (interpreter, function, data);
}

/// Whether this thread, which must be attached, is in Python code.
pub(super) fn is_in_python() -> bool {
    // SAFETY: attached; a new reference or null comes back.
    unsafe {
        let frame = ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get());
        if frame.is_null() {
            return false;
        }
        ffi::Py_DECREF(frame.cast());
    }
    true
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
