//! [`DetachGuard`]: this thread is detached from the interpreter it was attached to. Also what
//! [`Python::detach`](super::Python::detach) does when the thread is attached again.

use std::marker::PhantomData;

use super::entry::{self, Detached};
use super::local::LocalInternals;

/// Keeps this thread detached. Dropping it attaches the thread again, on the same thread.
pub(crate) struct DetachGuard {
    local: &'static LocalInternals,
    detached: Detached,
    not_send: PhantomData<*const ()>,
}

impl DetachGuard {
    /// Detaches this thread.
    ///
    /// # Safety
    /// The thread must be attached to `local`'s interpreter, and nothing that needs the attachment
    /// may be used until the result is dropped.
    pub(crate) unsafe fn new(local: &LocalInternals) -> Self {
        // SAFETY: a `LocalInternals` is never freed.
        let local: &'static LocalInternals = unsafe { &*std::ptr::from_ref(local) };
        local.mark_leaving();
        // SAFETY: attached (upheld by the caller).
        let detached = unsafe { entry::detach(local) };
        Self {
            local,
            detached,
            not_send: PhantomData,
        }
    }
}

impl Drop for DetachGuard {
    fn drop(&mut self) {
        // SAFETY: detached in `new`, on this thread; this runs once.
        unsafe { entry::reattach(self.local, &self.detached) };
        self.local.mark_return();
    }
}

/// Detaches this thread while `f` runs.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, and `f` must not use anything that needs
/// the attachment.
pub(crate) unsafe fn detached<R>(local: &LocalInternals, f: impl FnOnce() -> R) -> R {
    // SAFETY: attached, and `f` uses nothing that needs it (upheld by the caller). The guard is
    // dropped even if `f` panics.
    let _detached = unsafe { DetachGuard::new(local) };
    f()
}

/// Runs `f` detached, then drains the drop queue, even if `f` panics. For closures of users, which
/// may drop handles. Draining may run arbitrary code, as an entry does.
///
/// # Safety
/// As for [`detached`].
pub(crate) unsafe fn detached_then_drained<R>(local: &LocalInternals, f: impl FnOnce() -> R) -> R {
    // SAFETY: attached whenever it is dropped: `detached` attaches the thread again before it
    // returns or unwinds.
    let _drain = unsafe { DrainGuard::new(local) };
    // SAFETY: upheld by the caller.
    unsafe { detached(local, f) }
}

/// A guard that drains the drop queue when it is dropped.
struct DrainGuard<'a>(&'a LocalInternals);

impl<'a> DrainGuard<'a> {
    /// Creates a guard that drains `local`'s queue when it is dropped.
    ///
    /// # Safety
    /// The thread must be attached to `local`'s interpreter when the result is dropped.
    unsafe fn new(local: &'a LocalInternals) -> Self {
        Self(local)
    }
}

impl Drop for DrainGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        // In a `__traverse__`, no reference count may change: the next entry drains the queue.
        if !self.0.is_in_traverse() {
            // SAFETY: attached (upheld by the caller of `new`). Does not unwind.
            unsafe { self.0.drain() };
        }
    }
}
