//! The thread states that this thread was detached from: this library's one thread-local.
//!
//! It is used when a thread detaches, and when a thread that is not attached attaches; no path on
//! which Python calls Rust comes here. Its functions are never inlined, so that
//! `cargo xtask check-tls` can tell them from the rest.
//!
//! Invariant: a thread state in it belongs to a frame further up this thread's stack, or to the
//! thread that started the runtime. It is idle and valid while its interpreter lives.

use std::cell::RefCell;

use pyo3_ffi as ffi;

use super::local::{LocalInternals, Phase};

/// A thread state at rest, and what it belongs to.
#[derive(Clone, Copy)]
struct Resting {
    thread_state: *mut ffi::PyThreadState,
    local: &'static LocalInternals,
}

thread_local! {
    /// Innermost last.
    static RESTING: RefCell<Vec<Resting>> = const { RefCell::new(Vec::new()) };
}

/// Notes that this thread left `thread_state`.
#[inline(never)]
pub(super) fn push(thread_state: *mut ffi::PyThreadState, local: &'static LocalInternals) {
    RESTING.with_borrow_mut(|resting| {
        resting.push(Resting {
            thread_state,
            local,
        })
    });
}

/// Takes back the innermost [`push`].
#[inline(never)]
pub(super) fn pop() -> Option<*mut ffi::PyThreadState> {
    RESTING.with_borrow_mut(|resting| resting.pop().map(|top| top.thread_state))
}

/// Forgets the thread states of interpreters that have ended: those of an earlier run of the
/// runtime, on the thread that starts the next one.
#[inline(never)]
pub(super) fn forget_ended() {
    RESTING.with_borrow_mut(|resting| resting.retain(|left| left.local.phase() == Phase::Live));
}

/// The innermost thread state of `local`'s interpreter that this thread has left.
#[inline(never)]
pub(super) fn find(local: &'static LocalInternals) -> Option<*mut ffi::PyThreadState> {
    RESTING.with_borrow(|resting| {
        let left = resting
            .iter()
            .rev()
            .find(|left| std::ptr::eq(left.local, local));
        left.map(|left| left.thread_state)
    })
}
