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

use std::marker::PhantomData;

use super::entry;
use super::local::LocalInternals;

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
