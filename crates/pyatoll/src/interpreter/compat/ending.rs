//! Ending an interpreter: the attachment of the thread that ends it, `threading`, exit functions,
//! threads that are left.

use std::ffi::CStr;
use std::ptr::null_mut;

use super::other_threads::Stopped;
use super::thread_state::{AttachNote, current_thread_state, exchange_attach_note};
use crate::capi::{self as ffi, at_least};

/// This thread's attachment to an interpreter that it is about to end, with a thread state for
/// that. Must be consumed by [`finish`](Ending::finish) or [`call_off`](Ending::call_off).
pub(crate) struct Ending {
    thread_state: *mut ffi::PyThreadState,
    /// The thread state to restore, or null.
    previous: *mut ffi::PyThreadState,
    note: AttachNote,
}

impl Ending {
    /// Attaches this thread with `thread_state`.
    ///
    /// # Safety
    /// Its interpreter must be alive, this thread not attached to it, and `thread_state` otherwise
    /// unused. Where [`ends_under_anothers_gil`](super::ends_under_anothers_gil), the thread must
    /// be attached.
    pub(crate) unsafe fn begin(thread_state: *mut ffi::PyThreadState) -> Self {
        // SAFETY: the thread is detached when it takes the thread state, which is otherwise unused;
        // on 3.11, it is attached, under the one GIL.
        let previous = unsafe {
            if at_least(12) {
                let previous = match current_thread_state().is_null() {
                    true => null_mut(),
                    false => ffi::PyEval_SaveThread(),
                };
                ffi::PyEval_RestoreThread(thread_state);
                previous
            } else {
                super::legacy::set_thread(thread_state, true);
                ffi::PyThreadState_Swap(thread_state)
            }
        };
        Self {
            thread_state,
            previous,
            note: exchange_attach_note(thread_state),
        }
    }

    /// Returns the thread state to end the interpreter with.
    pub(crate) fn thread_state(&self) -> *mut ffi::PyThreadState {
        self.thread_state
    }

    /// Ends the interpreter. Afterwards this thread is attached as before.
    ///
    /// # Safety
    /// The thread must be attached with the thread state.
    pub(crate) unsafe fn finish(self) {
        // SAFETY: attached (upheld by the caller); CPython leaves the thread detached.
        unsafe {
            prepare_threading_for_end();
            ffi::Py_EndInterpreter(self.thread_state);
            debug_assert_eq!(current_thread_state(), null_mut());
            self.restore();
        }
    }

    /// Leaves the interpreter, which goes on. Afterwards this thread is attached as before. Deletes
    /// the thread state, unless it is kept for another time.
    ///
    /// # Safety
    /// The thread must be attached with the thread state.
    pub(crate) unsafe fn call_off(self, keep: bool) {
        // SAFETY: attached (upheld by the caller); the thread state is idle afterwards, or gone.
        unsafe {
            match keep {
                true => super::disown(self.thread_state),
                false => ffi::PyThreadState_Clear(self.thread_state),
            }
            if at_least(12) {
                match keep {
                    true => _ = ffi::PyEval_SaveThread(),
                    false => ffi::PyThreadState_DeleteCurrent(),
                }
            } else {
                // The one GIL stays taken.
                ffi::PyThreadState_Swap(null_mut());
                if !keep {
                    ffi::PyThreadState_Delete(self.thread_state);
                }
            }
            self.restore();
        }
    }

    /// Attaches this thread as it was before.
    ///
    /// # Safety
    /// The thread must be detached; on 3.11, it must hold the GIL.
    unsafe fn restore(self) {
        // SAFETY: `previous` is this thread's and idle. Detached (upheld by the caller).
        unsafe {
            self.note.restore();
            if !at_least(12) {
                ffi::PyThreadState_Swap(self.previous);
            } else if !self.previous.is_null() {
                ffi::PyEval_RestoreThread(self.previous);
            }
        }
    }
}

/// Does what `Py_EndInterpreter` does first: calls the functions that modules have registered with
/// `threading` for the end (thread pools wake and join their threads), and waits for the threads
/// that are not daemons. May be called again.
///
/// # Safety
/// The thread must be attached; no exception may be set.
pub(crate) unsafe fn shut_down_threading() {
    // SAFETY: attached; the new references are released. Errors are reported as CPython does.
    unsafe {
        prepare_threading_for_end();
        let name = ffi::PyUnicode_FromString(c"threading".as_ptr());
        if !name.is_null() {
            let module = ffi::PyImport_GetModule(name);
            if !module.is_null() {
                call(module, c"_shutdown");
                ffi::Py_DECREF(module);
            }
            ffi::Py_DECREF(name);
        }
        ffi::PyErr_Clear();
    }
}

/// Calls the exit functions of the interpreter that this thread is attached to, as its end does.
/// They are not called again at the end.
///
/// # Safety
/// The thread must be attached; no exception may be set.
pub(crate) unsafe fn call_exit_functions() {
    // SAFETY: attached; the new reference is released. CPython reports the exceptions of the
    // functions itself.
    unsafe {
        let module = ffi::PyImport_ImportModule(c"atexit".as_ptr());
        if !module.is_null() {
            call(module, c"_run_exitfuncs");
            ffi::Py_DECREF(module);
        }
        ffi::PyErr_Clear();
    }
}

/// Calls a function of a module without arguments, and reports an exception.
///
/// # Safety
/// The thread must be attached; `module` must be alive; no exception may be set.
unsafe fn call(module: *mut ffi::PyObject, name: &CStr) {
    // SAFETY: attached (upheld by the caller); the new references are released.
    unsafe {
        let function = ffi::PyObject_GetAttrString(module, name.as_ptr());
        let mut done = null_mut();
        if !function.is_null() {
            done = ffi::PyObject_CallNoArgs(function);
        }
        if done.is_null() {
            ffi::PyErr_WriteUnraisable(function);
        }
        ffi::Py_XDECREF(done);
        ffi::Py_XDECREF(function);
    }
}

/// Returns the number of thread states in the interpreter that this thread is attached to with
/// `own`, without that one. Zero where they could be deleted while they are counted.
///
/// # Safety
/// The thread must be attached to it.
pub(crate) unsafe fn other_thread_states(own: *mut ffi::PyThreadState) -> usize {
    // SAFETY: attached. A thread deletes its thread state while it is attached, which no other
    // thread is during the walk; new ones are inserted at the head, complete.
    unsafe {
        let interpreter = super::interpreter_of(own);
        let Some(_stopped) = Stopped::stop(interpreter) else {
            return 0;
        };
        let mut count = 0;
        let mut next = ffi::PyInterpreterState_ThreadHead(interpreter);
        while !next.is_null() {
            count += usize::from(next != own);
            next = ffi::PyThreadState_Next(next);
        }
        count
    }
}

/// Tells `threading`, before 3.13, that this is the main thread, with this thread state. It takes
/// the thread that imported it for the interpreter's main one: when the interpreter ends on that
/// thread it asserts that the thread state of the import still exists, and on another it waits
/// until that is gone. Neither holds here, since each attachment has its own thread state, and the
/// first one ends the interpreter on 3.11. The gate waits for other threads.
///
/// # Safety
/// The thread must be attached.
unsafe fn prepare_threading_for_end() {
    if at_least(13) {
        return;
    }
    // SAFETY: attached; the new references are released. An error is dropped: at worst, `threading`
    // prints a message.
    unsafe {
        const CODE: &CStr = c"
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
