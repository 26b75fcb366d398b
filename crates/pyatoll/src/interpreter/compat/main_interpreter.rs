//! Entering the main interpreter from a thread that is not attached.

use pyo3_ffi as ffi;

#[cfg(Py_3_15)]
use super::thread_state::current_thread_state;
#[cfg(not(Py_3_15))]
use super::thread_state::interpreter_of;

/// This thread is attached to the main interpreter, by [`enter_main`].
pub(crate) struct InMain {
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
/// This thread must be detached. Before 3.15, the runtime must not be finalized at the same time.
pub(crate) unsafe fn enter_main() -> Option<InMain> {
    #[cfg(Py_3_15)]
    // SAFETY: these may be called at any time while the runtime is initialized; the view is closed.
    unsafe {
        let view = std::ptr::NonNull::new(pep788::PyInterpreterView_FromMain())?;
        let token = pep788::PyThreadState_EnsureFromView(view.as_ptr());
        pep788::PyInterpreterView_Close(view.as_ptr());
        std::ptr::NonNull::new(token).map(|token| InMain { token })
    }
    #[cfg(not(Py_3_15))]
    // SAFETY: the runtime runs, so its main interpreter exists. CPython's own slot holds a thread
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
    /// Returns the thread state that this thread is attached with.
    pub(crate) fn thread_state(&self) -> *mut ffi::PyThreadState {
        #[cfg(Py_3_15)]
        {
            current_thread_state()
        }
        #[cfg(not(Py_3_15))]
        {
            self.thread_state
        }
    }

    /// Detaches this thread again.
    ///
    /// # Safety
    /// The thread must be attached as [`enter_main`] left it.
    pub(crate) unsafe fn leave(self) {
        #[cfg(Py_3_15)]
        // SAFETY: attached by `enter_main` (upheld by the caller).
        unsafe {
            pep788::PyThreadState_Release(self.token.as_ptr());
        }
        #[cfg(not(Py_3_15))]
        // SAFETY: attached by `enter_main` (upheld by the caller); a thread state that was created
        // there is otherwise unused.
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

/// PEP 788, from 3.15 on, which `pyo3-ffi` does not declare yet.
#[cfg(Py_3_15)]
mod pep788 {
    use std::ffi::c_void;

    /// `PyThreadStateToken`, which is `void`.
    pub(crate) type Token = c_void;

    #[repr(C)]
    pub(crate) struct View {
        opaque: [u8; 0],
    }

    unsafe extern "C" {
        pub(crate) fn PyInterpreterView_FromMain() -> *mut View;
        pub(crate) fn PyInterpreterView_Close(view: *mut View);
        pub(crate) fn PyThreadState_EnsureFromView(view: *mut View) -> *mut Token;
        pub(crate) fn PyThreadState_Release(token: *mut Token);
    }
}
