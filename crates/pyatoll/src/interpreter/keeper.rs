//! [`ThreadStateKeeper`]: this thread keeps its thread state of an interpreter between attachments.
//!
//! A thread state that is kept and not in use belongs to the thread's guard that is set aside. If
//! the gate is closed, it belongs to the thread that ends the interpreter instead, which deletes
//! it. The exchange that withdraws the guard decides.

use std::marker::PhantomData;

use super::busy::CHANGING_THREAD_STATES;
use super::compat::NoteKey;
use super::entry;
use super::local::LocalInternals;
use crate::capi as ffi;

/// Has this thread keep its thread state of an interpreter: see
/// [`Interpreter::thread_state_keeper`](crate::Interpreter::thread_state_keeper).
///
/// ```
/// use pyatoll::interpreter::{Interpreter, ThreadStateKeeper};
///
/// fn on_thread_start(interpreters: &[Interpreter]) -> Vec<ThreadStateKeeper> {
///     interpreters.iter().map(Interpreter::thread_state_keeper).collect()
/// }
/// # pyatoll::Python::initialize();
/// let keepers = on_thread_start(&Interpreter::all());
/// pyatoll::Python::attach(|_py| ());
/// drop(keepers);
/// ```
///
/// C API: `PyThreadState_New`, `PyThreadState_DeleteCurrent`.
#[must_use = "the thread state is kept until this is dropped"]
pub struct ThreadStateKeeper {
    local: &'static LocalInternals,
    not_send: PhantomData<*const ()>,
}

impl ThreadStateKeeper {
    pub(super) fn new(local: &'static LocalInternals) -> Self {
        entry::begin_to_keep(local);
        Self {
            local,
            not_send: PhantomData,
        }
    }
}

impl Drop for ThreadStateKeeper {
    fn drop(&mut self) {
        entry::stop_keeping(self.local);
    }
}

/// Deletes the thread states that other threads kept, and that the closed gate has taken from them.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, whose gate must be closed; no exception
/// may be set.
pub(super) unsafe fn delete_withdrawn(local: &LocalInternals) {
    for kept in local.gate().take_withdrawn() {
        let thread_state: *mut ffi::PyThreadState = kept.thread_state.cast();
        let note = NoteKey::from_raw(kept.note);
        // SAFETY: attached. The thread state is idle, and nobody else's, since its guard was
        // withdrawn; it is not in the note of its thread. Deleting it clears this thread's note.
        unsafe {
            ffi::PyThreadState_Clear(thread_state);
            let noted = note.get();
            {
                let _changing = CHANGING_THREAD_STATES.begin();
                ffi::PyThreadState_Delete(thread_state);
            }
            note.set(noted);
        }
    }
}
