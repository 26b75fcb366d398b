//! [`CoroutineToken`]: proof that a future is polled or dropped by its coroutine.

use crate::interpreter::{Interpreter, Python};

/// A token that the future of a coroutine may keep while it is suspended: it is polled and dropped
/// only while the thread is attached to the coroutine's interpreter.
#[derive(Clone, Copy)]
pub struct CoroutineToken(Interpreter);

impl CoroutineToken {
    /// Creates the token of a future.
    ///
    /// # Safety
    /// It must be used only by a future that is passed to
    /// [`new_coroutine`](super::future::new_coroutine) with `py`, while that is polled.
    #[inline]
    pub unsafe fn new(py: Python<'_>) -> Self {
        Self(py.interpreter())
    }

    /// Returns a token for the current poll. Its lifetime, which the caller chooses, must not get
    /// into anything that the future keeps.
    #[inline]
    pub(super) fn py<'py>(self) -> Python<'py> {
        Python::new(self.0.local())
    }
}
