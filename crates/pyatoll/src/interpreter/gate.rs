//! Lets threads from outside into an interpreter, until it ends.
//!
//! A thread that takes a thread state for an interpreter holds a [`InterpreterGuard`] meanwhile.
//! The interpreter's `atexit` callback closes the gate and waits for the passes that are out, so
//! that no thread is inside, or about to wait for its GIL, when CPython takes the interpreter down.
//!
//! Where it must not wait for ever (the process ends), it leaves behind the threads that are away:
//! detached, in code that is not Python's. Such a thread may never come back. Both sides change the
//! pass's state by compare-and-exchange, so a thread is either back inside or left behind, never
//! both.
//!
//! Asking std which thread this is reads a thread-local of std's. So what asks is never inlined,
//! for `cargo xtask check-tls` to tell it from the paths on which Python calls Rust.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - Once closing and waiting are through, no other thread has a pass, save those left behind, and
//!   none gets one.
//! - Who waits for passes sees what their holders did before they gave them back or went away.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use super::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use super::sync::thread::{self, ThreadId};
use super::sync::{Arc, Condvar, Mutex, MutexGuard, lock, process};

/// Attached, waiting to be, or running code that releases the GIL by itself.
const INSIDE: u8 = 0;
/// Detached in a call of ours.
const AWAY: u8 = 1;
/// Left behind by the interpreter's end while it was away.
const LEFT_BEHIND: u8 = 2;

/// How often the end of an interpreter looks whether the others have left, besides being told.
const LOOK: Duration = Duration::from_millis(5);

/// The holder of one pass.
struct Holder {
    state: AtomicU8,
    thread: ThreadId,
    /// The process it entered in: after a fork, the parent's other threads do not exist.
    process: u32,
    /// Whether the end must wait for it however long it takes.
    must_finish: bool,
}

struct State {
    open: bool,
    /// How many threads wait for passes.
    waiting: u32,
    /// Passes handed out and not yet given back.
    inside: Vec<Arc<Holder>>,
}

impl State {
    /// What is kept for every interpreter there ever was is to be small.
    fn free_if_through(&mut self) {
        if !self.open && self.inside.is_empty() {
            self.inside = Vec::new();
        }
    }
}

/// How long the end waits for other threads before it goes on without them. `None`: until they have
/// left.
#[derive(Clone, Copy, Default)]
pub(crate) struct Timeouts {
    /// For those that are away.
    pub(crate) away: Option<Duration>,
    /// For those that are inside.
    pub(crate) inside: Option<Duration>,
}

/// One interpreter's gate.
pub(crate) struct Gate {
    state: Mutex<State>,
    left: Condvar,
    /// `!state.open`, to be read without the lock.
    closed: AtomicBool,
    /// Whether nobody may be left behind.
    patient: AtomicBool,
}

/// The gate's lock, held across a fork.
pub(crate) struct ForkLock<'a> {
    gate: &'a Gate,
    state: MutexGuard<'a, State>,
}

impl ForkLock<'_> {
    /// As [`Gate::close`].
    pub(crate) fn close(&mut self) {
        self.state.open = false;
        self.state.free_if_through();
        self.gate.closed.store(true, Ordering::Release);
    }
}

/// This thread's leave to be inside; gives itself back when dropped.
pub(crate) struct InterpreterGuard<'a> {
    gate: &'a Gate,
    holder: Arc<Holder>,
    not_send: PhantomData<*const ()>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                open: true,
                waiting: 0,
                inside: Vec::new(),
            }),
            left: Condvar::new(),
            closed: AtomicBool::new(false),
            patient: AtomicBool::new(false),
        }
    }

    /// A pass, unless the gate is closed.
    pub(crate) fn enter(&self) -> Option<InterpreterGuard<'_>> {
        self.pass(false)
    }

    /// A pass, unless the gate is closed, whose holder is never left behind.
    pub(crate) fn enter_to_finish(&self) -> Option<InterpreterGuard<'_>> {
        self.pass(true)
    }

    #[inline(never)]
    fn pass(&self, must_finish: bool) -> Option<InterpreterGuard<'_>> {
        let holder = Arc::new(Holder {
            state: AtomicU8::new(INSIDE),
            thread: thread::current().id(),
            process: process(),
            must_finish,
        });
        let mut state = self.state();
        if !state.open {
            return None;
        }
        state.inside.push(Arc::clone(&holder));
        Some(InterpreterGuard {
            gate: self,
            holder,
            not_send: PhantomData,
        })
    }

    /// Whether a pass could be had now.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }

    /// Refuses new passes from now on; those that are out stay valid.
    pub(crate) fn close(&self) {
        self.lock_for_fork().close();
    }

    /// Takes the gate's lock.
    pub(crate) fn lock_for_fork(&self) -> ForkLock<'_> {
        ForkLock {
            gate: self,
            state: self.state(),
        }
    }

    /// Whoever ends the interpreter wants to wait for all threads, however long it takes.
    pub(crate) fn wait_without_limit(&self) {
        self.patient.store(true, Ordering::Relaxed);
    }

    /// Whether it was told so.
    pub(crate) fn is_patient(&self) -> bool {
        self.patient.load(Ordering::Relaxed)
    }

    /// Waits until no other thread has a pass, or those that have one are left behind as `patience`
    /// allows. It is asked again and again, and counts from when it first has a limit.
    #[inline(never)]
    pub(crate) fn wait_for_others(&self, patience: impl Fn() -> Timeouts) {
        let this = thread::current().id();
        let process = process();
        let mut limited_since: Option<Instant> = None;
        let mut is_waiting = |state: &State| {
            let patience = patience();
            if patience.away.is_some() || patience.inside.is_some() {
                limited_since.get_or_insert_with(Instant::now);
            }
            let passed = limited_since.map_or(Duration::ZERO, |since| since.elapsed());
            let waits_for = |holder: &&Arc<Holder>| {
                holder.thread != this
                    && holder.process == process
                    && !holder.is_left_behind(passed, patience)
            };
            // Each is asked, so that all who are away are left behind at once.
            state.inside.iter().filter(waits_for).count() > 0
        };
        let mut state = self.state();
        state.waiting += 1;
        while is_waiting(&state) {
            (state, _) = self
                .left
                .wait_timeout(state, LOOK)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        state.waiting -= 1;
    }

    /// Whether no other thread has a pass.
    #[inline(never)]
    pub(crate) fn is_empty_but_for_this_thread(&self) -> bool {
        let this = thread::current().id();
        let process = process();
        let state = self.state();
        let mut inside = state.inside.iter();
        inside.all(|holder| holder.thread == this || holder.process != process)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Holder {
    /// Whether the end goes on without this holder, after it has waited for `passed`.
    fn is_left_behind(&self, passed: Duration, patience: Timeouts) -> bool {
        let is_over = |limit: Option<Duration>| limit.is_some_and(|limit| passed >= limit);
        if self.must_finish {
            return false;
        }
        match self.state.load(Ordering::Acquire) {
            LEFT_BEHIND => true,
            AWAY if is_over(patience.away) => self.exchange(AWAY, LEFT_BEHIND),
            INSIDE => is_over(patience.inside),
            _ => false,
        }
    }

    fn exchange(&self, from: u8, to: u8) -> bool {
        let state = &self.state;
        state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

impl InterpreterGuard<'_> {
    /// Whether its holder is detached in a call of ours.
    pub(crate) fn is_away(&self) -> bool {
        self.holder.state.load(Ordering::Relaxed) != INSIDE
    }

    /// Notes that this thread has just detached.
    pub(crate) fn go_away(&self) {
        self.holder.exchange(INSIDE, AWAY);
    }

    /// Notes that this thread is about to attach again. `false`: it must not, ever; the end of the
    /// interpreter has gone on without it.
    #[must_use]
    pub(crate) fn come_back(&self) -> bool {
        self.holder.exchange(AWAY, INSIDE)
    }
}

impl Drop for InterpreterGuard<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        let mut state = self.gate.state();
        let is_own = |holder: &Arc<Holder>| Arc::ptr_eq(holder, &self.holder);
        if let Some(place) = state.inside.iter().position(is_own) {
            state.inside.swap_remove(place);
        }
        state.free_if_through();
        if state.waiting > 0 {
            self.gate.left.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Timeouts = Timeouts {
        away: Some(Duration::ZERO),
        inside: Some(Duration::ZERO),
    };

    #[test]
    fn a_closed_gate_refuses_and_waits_for_those_inside() {
        let gate = Gate::new();
        let pass = gate.enter().unwrap();
        gate.close();
        assert!(!gate.is_open());
        assert!(gate.enter().is_none());
        assert!(gate.is_empty_but_for_this_thread());
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                assert!(!gate.is_empty_but_for_this_thread());
                gate.wait_for_others(Timeouts::default);
            });
            // Long enough for the waiter to wait, most times; right at any time.
            thread::sleep(Duration::from_millis(20));
            assert!(!waiter.is_finished());
            drop(pass);
            waiter.join().unwrap();
        });
        assert!(gate.is_empty_but_for_this_thread());
    }

    #[test]
    fn a_thread_that_is_away_is_left_behind_and_may_not_come_back() {
        let gate = Gate::new();
        let pass = gate.enter().unwrap();
        pass.go_away();
        assert!(pass.come_back(), "nobody is waiting");
        pass.go_away();
        thread::scope(|scope| {
            scope.spawn(|| gate.wait_for_others(|| AT_ONCE));
        });
        assert!(!pass.come_back());
        assert!(!pass.come_back());
    }

    #[test]
    fn a_thread_that_must_finish_is_waited_for_without_limit() {
        let gate = Gate::new();
        let pass = gate.enter_to_finish().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| gate.wait_for_others(|| AT_ONCE));
            thread::sleep(Duration::from_millis(20));
            assert!(!waiter.is_finished());
            drop(pass);
            waiter.join().unwrap();
        });
    }
}
