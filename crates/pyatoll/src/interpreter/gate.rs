//! Lets threads from outside into an interpreter, until it ends.
//!
//! A thread that takes a thread state for an interpreter holds a [`Pass`] meanwhile. The
//! interpreter's `atexit` callback closes the gate and waits for the passes that are out, so that
//! no thread is inside, or about to wait for its GIL, when CPython takes the interpreter down.
//!
//! Asking std which thread this is reads a thread-local of std's. So what asks is never inlined, for
//! `cargo xtask check-tls` to tell it from the paths on which Python calls Rust.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - Once closing and waiting are through, no other thread has a pass, and none gets one.
//! - Who waits for passes sees what their holders did before they gave them back.

use std::marker::PhantomData;

use super::sync::thread::{self, ThreadId};
use super::sync::{Condvar, Mutex, MutexGuard};

struct State {
    open: bool,
    /// The holders of passes handed out and not yet given back; a thread may be there twice.
    inside: Vec<Holder>,
}

struct Holder {
    thread: ThreadId,
    /// The process it entered in: after a fork, the parent's other threads do not exist.
    process: u32,
}

impl State {
    fn others_inside(&self) -> bool {
        let this = thread::current().id();
        let process = std::process::id();
        self.inside
            .iter()
            .any(|holder| holder.thread != this && holder.process == process)
    }

    fn place_of_this_thread(&self) -> Option<usize> {
        let this = thread::current().id();
        self.inside.iter().rposition(|holder| holder.thread == this)
    }
}

/// One interpreter's gate.
pub(crate) struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

/// This thread's leave to be inside; gives itself back when dropped.
pub(crate) struct Pass<'a>(&'a Gate, PhantomData<*const ()>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                open: true,
                inside: Vec::new(),
            }),
            left: Condvar::new(),
        }
    }

    /// A pass, unless the gate is closed.
    #[inline(never)]
    pub(crate) fn enter(&self) -> Option<Pass<'_>> {
        let mut state = self.state();
        if !state.open {
            return None;
        }
        state.inside.push(Holder {
            thread: thread::current().id(),
            process: std::process::id(),
        });
        Some(Pass(self, PhantomData))
    }

    /// Whether a pass could be had now.
    pub(crate) fn is_open(&self) -> bool {
        self.state().open
    }

    /// Refuses new passes from now on; those that are out stay valid.
    pub(crate) fn close(&self) {
        self.state().open = false;
    }

    /// Waits until no other thread has a pass.
    #[inline(never)]
    pub(crate) fn wait_until_empty_but_for_this_thread(&self) {
        let mut state = self.state();
        while state.others_inside() {
            state = self
                .left
                .wait(state)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// Whether this thread has a pass.
    #[inline(never)]
    pub(crate) fn this_thread_is_inside(&self) -> bool {
        self.state().place_of_this_thread().is_some()
    }

    /// Whether no other thread has a pass.
    #[inline(never)]
    pub(crate) fn is_empty_but_for_this_thread(&self) -> bool {
        !self.state().others_inside()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Pass<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Some(place) = state.place_of_this_thread() {
            state.inside.swap_remove(place);
        }
        if state.inside.is_empty() {
            // Without the memory: a state is kept for every interpreter there ever was.
            state.inside = Vec::new();
        }
        self.0.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_gate_refuses_and_waits_for_those_inside() {
        let gate = Gate::new();
        let pass = gate.enter().unwrap();
        gate.close();
        assert!(!gate.is_open());
        assert!(gate.enter().is_none());
        assert!(gate.is_empty_but_for_this_thread());
        assert!(gate.this_thread_is_inside());
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                assert!(!gate.is_empty_but_for_this_thread());
                gate.wait_until_empty_but_for_this_thread();
            });
            // Long enough for the waiter to wait, most times; right at any time.
            thread::sleep(std::time::Duration::from_millis(20));
            assert!(!waiter.is_finished());
            drop(pass);
            waiter.join().unwrap();
        });
        assert!(gate.is_empty_but_for_this_thread());
    }
}
