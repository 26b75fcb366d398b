//! [`WakerSlot`]: the waker of the task that awaits something of a pool.
//!
//! Invariants:
//! - A waker is cloned, called and dropped without a lock, and called while this thread is
//!   detached: it is foreign code, which may wait for a thread that waits for a GIL.
//! - A waker that panics is discarded like one that does not.

use std::sync::{Mutex, PoisonError};
use std::task::Waker;

use crate::interpreter::attach;
use crate::interpreter::sync::lock;
use crate::panic::discarding;

/// The waker of the latest poll, until it is called.
#[derive(Default)]
pub(super) struct WakerSlot(Mutex<Option<Waker>>);

impl Drop for WakerSlot {
    fn drop(&mut self) {
        // Without the lock: a thread of the parent may have had it when this process was forked.
        let waker = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let waker = waker.take();
        discarding(|| drop(waker));
    }
}

impl WakerSlot {
    /// Sets the waker. Call it before checking the condition that [`WakerSlot::wake`] reports.
    pub(super) fn set(&self, waker: &Waker) {
        let is_set = |set: &Waker| set.will_wake(waker);
        if lock(&self.0).as_ref().is_some_and(is_set) {
            return;
        }
        let waker = waker.clone();
        let replaced = lock(&self.0).replace(waker);
        discarding(|| drop(replaced));
    }

    /// Removes the waker without calling it.
    pub(super) fn clear(&self) {
        let waker = lock(&self.0).take();
        discarding(|| drop(waker));
    }

    /// Calls the waker, if there is one, and removes it. Call it after the condition was set.
    pub(super) fn wake(&self) {
        let Some(waker) = lock(&self.0).take() else {
            return;
        };
        let wake = || discarding(|| waker.wake());
        if attach::is_in_traverse() {
            // A thread cannot detach while the garbage collector runs.
            return wake();
        }
        attach::waiting(wake);
    }
}
