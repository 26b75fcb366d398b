//! [`ThreadStateKeeper`]: this thread keeps its thread state of an interpreter between attachments.
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
use std::marker::PhantomData;

use super::busy::CHANGING_THREAD_STATES;
use super::compat::{self, NoteKey};
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

thread_local! {
    /// Whether this thread deletes a thread state that another one kept.
    static DELETES: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this thread runs a finalizer of a value that another thread kept.
#[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
pub(super) fn is_deleting() -> bool {
    DELETES.get()
}

/// Deletes the thread states that their threads do not keep any more: those of threads that have
/// ended or dropped their keepers, and idle ones if the gate was closed.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
pub(super) unsafe fn delete_released(local: &LocalInternals) {
    while let Some(released) = local.gate().next_released() {
        let kept = released.thread_state();
        let thread_state: *mut ffi::PyThreadState = kept.thread_state.cast();
        let note = NoteKey::from_raw(kept.note);
        // SAFETY: attached (upheld by the caller).
        let exists =
            unsafe { compat::has_thread_state(local.interpreter(), thread_state, kept.id) };
        if !exists || thread_state == compat::current_thread_state() {
            // Other code has deleted all thread states that it found; or the runtime ends in the
            // child of a fork, and CPython has taken this one for that of the forking thread, which
            // was at its address.
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
