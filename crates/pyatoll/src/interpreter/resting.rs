//! The thread states that this thread was detached from, in a thread-local.
//!
//! It is used when a thread detaches, and when a thread that is not attached attaches; no path on
//! which Python calls Rust comes here. Its functions are never inlined, so that
//! `cargo xtask check-tls` can tell them from the rest.
//!
//! Invariants:
//! - The thread-local is the head of a list of [`Resting`]s that their makers own, in a box each,
//!   and take out again in reverse order. It needs no destructor, so it works until the very end of
//!   the thread.
//! - A thread state in the list belongs to a frame further up this thread's stack, or to the thread
//!   that started the runtime. It is idle and valid while its interpreter lives.

use std::cell::Cell;
use std::ptr::null;

use pyo3_ffi as ffi;

use super::local::LocalInternals;

/// A thread state at rest, and what it belongs to.
pub(super) struct Resting {
    thread_state: *mut ffi::PyThreadState,
    local: &'static LocalInternals,
    /// The one that was innermost before.
    outer: *const Resting,
}

thread_local! {
    /// The innermost one.
    static INNERMOST: Cell<*const Resting> = const { Cell::new(null()) };
}

impl Resting {
    /// Notes that this thread left `thread_state`. The result must be [taken back](Resting::take_back)
    /// before it is dropped, or stay for ever.
    #[inline(never)]
    pub(super) fn push(
        thread_state: *mut ffi::PyThreadState,
        local: &'static LocalInternals,
    ) -> Box<Self> {
        let resting = Box::new(Self {
            thread_state,
            local,
            outer: INNERMOST.get(),
        });
        INNERMOST.set(&raw const *resting);
        resting
    }

    /// Takes the innermost one out of the list.
    #[inline(never)]
    pub(super) fn take_back(&self) -> *mut ffi::PyThreadState {
        let innermost = INNERMOST.get();
        debug_assert_eq!(
            innermost,
            std::ptr::from_ref(self),
            "left and entered in another order"
        );
        INNERMOST.set(self.outer);
        self.thread_state
    }

    /// The innermost thread state of `local`'s interpreter that this thread has left.
    #[inline(never)]
    pub(super) fn find(local: &'static LocalInternals) -> Option<*mut ffi::PyThreadState> {
        let mut place = INNERMOST.get();
        // SAFETY: what is in the list is owned by a frame of this thread that has not returned, or
        // was left there for ever.
        while let Some(resting) = unsafe { place.as_ref() } {
            if std::ptr::eq(resting.local, local) {
                return Some(resting.thread_state);
            }
            place = resting.outer;
        }
        None
    }
}
