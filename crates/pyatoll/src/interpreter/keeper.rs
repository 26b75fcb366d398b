//! [`ThreadStateKeeper`]: this thread keeps its thread state of an interpreter between attachments.

use std::marker::PhantomData;

use super::entry;
use super::local::LocalInternals;

/// A request that this thread keep its thread state of an interpreter between attachments, in
/// effect until it is dropped: see
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
/// C API: `PyEval_RestoreThread`, `PyEval_SaveThread`, `PyThreadState_Delete`.
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
