//! Entering the main interpreter from a thread that is not attached.

use std::ffi::c_void;
use std::ptr::NonNull;

use super::thread_state::{current_thread_state, interpreter_of};
use crate::capi as ffi;

/// This thread is attached to the main interpreter, by [`enter_main`].
pub(crate) struct InMain {
    thread_state: *mut ffi::PyThreadState,
    with: With,
}

/// What the thread attached with.
enum With {
    /// A `PyThreadStateToken` (PEP 788, from 3.15 on).
    Token(NonNull<c_void>),
    /// The thread state that CPython has noted for the thread.
    Noted,
    /// A new thread state.
    New,
}

/// Attaches this thread to the main interpreter, whether this binary knows it or not. `None`: it is
/// ending, or Python has no memory.
///
/// # Safety
/// This thread must be detached. Before 3.15, the runtime must not be finalized at the same time.
pub(crate) unsafe fn enter_main() -> Option<InMain> {
    if ffi::has::interpreter_views() {
        // SAFETY: these may be called at any time while the runtime is initialized; the view is
        // closed.
        return unsafe {
            let view = NonNull::new(ffi::PyInterpreterView_FromMain())?;
            let token = ffi::PyThreadState_EnsureFromView(view.as_ptr());
            ffi::PyInterpreterView_Close(view.as_ptr());
            NonNull::new(token).map(|token| InMain {
                thread_state: current_thread_state(),
                with: With::Token(token),
            })
        };
    }
    // SAFETY: the runtime runs, so its main interpreter exists. CPython's own slot holds a thread
    // state of this thread, or null.
    unsafe {
        let main = ffi::PyInterpreterState_Main();
        let noted = ffi::PyGILState_GetThisThreadState();
        let (thread_state, with) = if noted.is_null() || interpreter_of(noted) != main {
            (ffi::PyThreadState_New(main), With::New)
        } else {
            (noted, With::Noted)
        };
        if thread_state.is_null() {
            return None;
        }
        ffi::PyEval_RestoreThread(thread_state);
        Some(InMain { thread_state, with })
    }
}

impl InMain {
    /// Returns the thread state that this thread is attached with.
    pub(crate) fn thread_state(&self) -> *mut ffi::PyThreadState {
        self.thread_state
    }

    /// Detaches this thread again.
    ///
    /// # Safety
    /// The thread must be attached as [`enter_main`] left it.
    pub(crate) unsafe fn leave(self) {
        // SAFETY: attached by `enter_main` (upheld by the caller); a thread state that was created
        // there is otherwise unused.
        unsafe {
            match self.with {
                With::Token(token) => ffi::PyThreadState_Release(token.as_ptr()),
                With::Noted => _ = ffi::PyEval_SaveThread(),
                With::New => {
                    ffi::PyThreadState_Clear(self.thread_state);
                    ffi::PyThreadState_DeleteCurrent();
                }
            }
        }
    }
}
