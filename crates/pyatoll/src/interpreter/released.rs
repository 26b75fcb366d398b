//! Thread states that their threads do not keep any more
//! ([`ThreadStateKeeper`](super::ThreadStateKeeper)), and that other threads delete.
//!
//! A thread state that is kept and not in use belongs to the thread's guard that is set aside. If
//! the gate is closed, it belongs to the thread that ends the interpreter instead, which deletes
//! it: the exchange that withdraws the guard decides. If the last keeper is dropped, or the thread
//! ends, it is left to the next thread that begins to keep one, or to the end: deleting it takes
//! the GIL, which the thread that waits for this one may hold.
//!
//! The end of the runtime deletes the thread states of sub-interpreters that are left, before it
//! calls their exit functions. So the threads of all interpreters give up theirs when it begins.

use std::cell::Cell;

use super::busy::CHANGING_THREAD_STATES;
use super::compat::{self, NoteKey};
use super::local::LocalInternals;
use crate::capi as ffi;

thread_local! {
    /// Whether this thread deletes a thread state that another one kept.
    static DELETES: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this thread runs a finalizer of a value that Python kept for another one.
#[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
pub(super) fn is_deleting() -> bool {
    DELETES.get()
}

/// Deletes the thread states that their threads do not keep any more: those of threads that have
/// ended or dropped their keepers, and idle ones if the gate was closed.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
pub(super) unsafe fn delete_all(local: &LocalInternals) {
    while let Some(released) = local.gate().next_released() {
        let kept = released.thread_state();
        let thread_state: *mut ffi::PyThreadState = kept.thread_state.cast();
        let note = NoteKey::from_raw(kept.note_key);
        // SAFETY: attached (upheld by the caller).
        let exists =
            unsafe { compat::has_thread_state(local.interpreter(), thread_state, kept.id) };
        if !exists || thread_state == compat::current_thread_state() {
            // CPython or other code has deleted it. Or this thread is attached with it: in the
            // child of a fork, CPython ends the runtime with the thread state at this address.
            continue;
        }
        // A finalizer may end another interpreter.
        let outer = DELETES.replace(true);
        // SAFETY: attached. The thread state is alive, idle, and nobody else's, since it was
        // released; it is not in the note of its thread. Deleting it clears this thread's note.
        unsafe {
            ffi::PyThreadState_Clear(thread_state);
            let noted = note.get();
            {
                let _changing = CHANGING_THREAD_STATES.begin();
                ffi::PyThreadState_Delete(thread_state);
            }
            note.set(noted);
        }
        DELETES.set(outer);
    }
}
