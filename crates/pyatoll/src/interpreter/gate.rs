//! [`Gate`]: lets threads from outside into an interpreter until it ends, and its end wait for
//! them.
//!
//! A thread that attaches from outside holds an [`InterpreterGuard`]. The interpreter's `atexit`
//! callback closes the gate and waits for the guards, so that no thread is inside, or about to wait
//! for the GIL, when CPython takes the interpreter down.
//!
//! If it must not wait without limit (the process ends), it leaves behind threads that are
//! detached, in code that is not Python's, and that may never return. Both sides change a guard's
//! state by compare-and-exchange, so a thread is either back inside or left behind, never both.
//!
//! A thread that leaves may keep its guard for its next attachment
//! ([`InterpreterGuard::set_aside`]): that takes one exchange each time, instead of the gate's lock
//! and two allocations. Closing the gate withdraws the guards that are set aside and prevents the
//! others from being set aside, in the exchange that reads their state. The end of the runtime does
//! that, too, for gates that stay open.
//!
//! The same exchanges tell a thread that forks who creates or deletes a thread state at that moment
//! ([`CHANGE`]). So a thread sets its guard aside just before it deletes its thread state, and has
//! not left until that is done.
//!
//! Functions that ask std for the current thread read one of std's thread-locals. They are never
//! inlined, so that `cargo xtask check-tls` can tell them from the paths on which Python calls
//! Rust.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - After closing and waiting, no other thread holds a guard, except those left behind, and none
//!   gets one, or takes up one that it has set aside.
//! - A thread that waits for guards sees all writes of their holders from before they were released
//!   or went away.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use super::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, Ordering};
use super::sync::thread::{self, ThreadId};
use super::sync::{Arc, Condvar, Mutex, MutexGuard, lock};

/// Attached, waiting to be, or running code that releases the GIL by itself.
const INSIDE: u8 = 0;
/// Detached in a call of this library.
const AWAY: u8 = 1;
/// Left behind by the interpreter's end while it was away.
const LEFT_BEHIND: u8 = 2;
/// Not inside: the thread keeps the guard for its next attachment.
const SET_ASIDE: u8 = 3;
/// Withdrawn while it was set aside, so that it cannot be taken up again.
const WITHDRAWN: u8 = 4;
/// The same, and a thread deletes the thread state that the holder kept.
const DELETING: u8 = 5;
/// Added to one of the first three once the guard cannot be set aside: the gate is closed, or its
/// guards were withdrawn.
const LAST: u8 = 8;
/// Flipped when the thread begins to create or delete a thread state. It does so until
/// [`Holder::changed`] is the same; with [`SET_ASIDE`] or [`WITHDRAWN`], it has not left before.
const CHANGE: u8 = 16;

/// Polling interval while waiting for other threads to leave; a safety net for missed
/// notifications.
const POLL: Duration = Duration::from_millis(5);

/// The holder of one guard.
struct Holder {
    state: AtomicU8,
    /// [`CHANGE`] of the latest thread state that was created or deleted. Only the thread that
    /// holds the guard writes to it.
    changed: AtomicU8,
    /// The thread state of a [`KeptThreadState`], or null. Only the thread that holds the guard
    /// writes to it and to the next two, before it sets the guard aside.
    kept: AtomicPtr<c_void>,
    kept_id: AtomicU32,
    note_key: AtomicU32,
    thread: ThreadId,
    /// Whether the end must wait for it without limit.
    must_finish: bool,
}

/// A thread state that a thread keeps while its guard is set aside, as
/// [`released`](super::released) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptThreadState {
    pub(crate) thread_state: *mut c_void,
    /// Tells it from a later one at this address.
    pub(crate) id: u32,
    /// The key of CPython's note of it.
    pub(crate) note_key: u32,
}

/// A thread state that its thread does not keep any more. It counts as kept until this is dropped.
pub(crate) struct Released<'a> {
    gate: &'a Gate,
    holder: Arc<Holder>,
    thread_state: KeptThreadState,
}

struct State {
    open: bool,
    /// Threads that wait for guards to be released.
    waiting: u32,
    /// Guards not yet released, and holders whose thread states are to be deleted by a thread
    /// inside.
    inside: Vec<Arc<Holder>>,
}

impl State {
    /// Withdraws the guards that are set aside, and has the holders of the others give them up when
    /// they leave.
    fn withdraw(&mut self) {
        self.inside.retain(|holder| {
            let closed = |state| {
                if state & !CHANGE == SET_ASIDE {
                    WITHDRAWN | (state & CHANGE)
                } else {
                    state | LAST
                }
            };
            let before = holder.update(|state| Some(closed(state)));
            let stays = before
                .is_ok_and(|state| state & !CHANGE != SET_ASIDE || holder.is_changing_in(state));
            stays || holder.kept().is_some()
        });
    }

    fn remove(&mut self, holder: &Arc<Holder>) {
        let is_it = |other: &Arc<Holder>| Arc::ptr_eq(other, holder);
        if let Some(place) = self.inside.iter().position(is_it) {
            self.inside.swap_remove(place);
        }
        self.free_if_through();
    }

    /// Frees the list after the last use: the gates of all interpreters that ever existed stay.
    fn free_if_through(&mut self) {
        if !self.open && self.inside.is_empty() {
            self.inside = Vec::new();
        }
    }
}

/// Time limits of an interpreter's end for other threads, after which it proceeds without them.
/// `None`: no limit.
#[derive(Clone, Copy, Default)]
pub(crate) struct Timeouts {
    /// For threads that are away.
    pub(crate) away: Option<Duration>,
    /// For threads that are inside.
    pub(crate) inside: Option<Duration>,
}

/// Returns whether a guard in this state was set aside.
fn is_aside(state: u8) -> bool {
    matches!(state & !(LAST | CHANGE), SET_ASIDE | WITHDRAWN | DELETING)
}

/// The gate of one interpreter.
pub(crate) struct Gate {
    state: Mutex<State>,
    left: Condvar,
    /// `!state.open`, readable without the lock.
    closed: AtomicBool,
    /// Whether the end waits without limit for all threads.
    without_limit: AtomicBool,
}

/// The gate's lock, held across a fork.
pub(crate) struct ForkLock<'a> {
    gate: &'a Gate,
    state: MutexGuard<'a, State>,
}

impl ForkLock<'_> {
    /// Closes the gate, like [`Gate::close`].
    pub(crate) fn close(&mut self) {
        self.state.open = false;
        self.state.withdraw();
        self.state.free_if_through();
        self.gate.closed.store(true, Ordering::Release);
    }

    /// Drops the guards of other threads, which do not exist in the child of a fork, and releases
    /// the thread states that they kept. Returns whether one of them was inside.
    #[cfg_attr(any(loom, not(unix)), expect(dead_code, reason = "nothing forks"))]
    #[inline(never)]
    pub(crate) fn keep_own(&mut self) -> bool {
        let this = thread::current().id();
        let is_other = |holder: &Arc<Holder>| holder.thread != this;
        let inside = &mut self.state.inside;
        let was_inside = inside.iter().any(|holder| {
            let is_inside = holder.state() == INSIDE || holder.is_leaving();
            is_other(holder) && is_inside
        });
        inside.retain(|holder| !is_other(holder) || holder.release());
        self.state.free_if_through();
        self.state.waiting = 0;
        was_inside
    }

    /// Forgets the thread states that are to be deleted: CPython does that.
    #[cfg_attr(any(loom, not(unix)), expect(dead_code, reason = "nothing forks"))]
    pub(crate) fn forget_released(&mut self) {
        self.state.inside.retain(|holder| !holder.is_released());
        self.state.free_if_through();
    }
}

/// A guard that keeps the interpreter from ending while this thread may be inside.
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
            without_limit: AtomicBool::new(false),
        }
    }

    /// Returns a guard, unless the gate is closed.
    pub(crate) fn enter(&self) -> Option<InterpreterGuard<'_>> {
        self.guard(false)
    }

    /// Returns a guard whose holder is never left behind, unless the gate is closed.
    pub(crate) fn enter_to_finish(&self) -> Option<InterpreterGuard<'_>> {
        self.guard(true)
    }

    #[inline(never)]
    fn guard(&self, must_finish: bool) -> Option<InterpreterGuard<'_>> {
        let holder = Arc::new(Holder {
            state: AtomicU8::new(INSIDE),
            changed: AtomicU8::new(0),
            kept: AtomicPtr::new(null_mut()),
            kept_id: AtomicU32::new(0),
            note_key: AtomicU32::new(0),
            thread: thread::current().id(),
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

    /// Returns whether the gate is open at the time of the call.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }

    /// Refuses new guards from now on; those that exist stay valid.
    pub(crate) fn close(&self) {
        self.lock_for_fork().close();
    }

    /// Has threads give up the thread states that they keep, those inside when they leave.
    pub(crate) fn withdraw(&self) {
        self.state().withdraw();
    }

    /// Lets threads enter again: the end of the interpreter was called off.
    pub(crate) fn open_again(&self) {
        let mut state = self.state();
        state.open = true;
        for holder in &state.inside {
            let _ = holder.update(|state| Some(state & !LAST));
        }
        self.closed.store(false, Ordering::Release);
    }

    /// Refuses new guards, and leaves behind all other threads that are away: the interpreter ends
    /// without having waited for this gate. What becomes of threads that are inside is up to
    /// CPython.
    #[inline(never)]
    pub(crate) fn close_without_waiting(&self) {
        let this = thread::current().id();
        let mut locked = self.lock_for_fork();
        locked.close();
        let others = locked.state.inside.iter();
        for holder in others.filter(|holder| holder.thread != this) {
            holder.exchange(AWAY, LEFT_BEHIND);
        }
    }

    /// Takes the gate's lock.
    pub(crate) fn lock_for_fork(&self) -> ForkLock<'_> {
        ForkLock {
            gate: self,
            state: self.state(),
        }
    }

    /// Makes the end wait without limit for all threads.
    pub(crate) fn wait_without_limit(&self) {
        self.without_limit.store(true, Ordering::Relaxed);
    }

    /// Returns whether the end waits without limit.
    pub(crate) fn waits_without_limit(&self) -> bool {
        self.without_limit.load(Ordering::Relaxed)
    }

    /// Waits until no other thread holds a guard, leaving holders behind as `timeouts` allows.
    /// Returns `false` if the wait is called off first. Both functions are called repeatedly; the
    /// time counts from when `timeouts` first returns a limit.
    #[inline(never)]
    pub(crate) fn wait_for_others(
        &self,
        timeouts: impl Fn() -> Timeouts,
        is_called_off: impl Fn() -> bool,
    ) -> bool {
        let this = thread::current().id();
        let mut limited_since: Option<Instant> = None;
        let mut is_waiting = |state: &State| -> bool {
            let timeouts = timeouts();
            if timeouts.away.is_some() || timeouts.inside.is_some() {
                limited_since.get_or_insert_with(Instant::now);
            }
            let passed = limited_since.map_or(Duration::ZERO, |since| since.elapsed());
            let waits_for = |holder: &&Arc<Holder>| {
                // None is set aside while the gate is closed, but it may be open again.
                holder.thread != this
                    && !holder.has_left()
                    && !holder.is_left_behind(passed, timeouts)
            };
            // Each holder is asked, so that all that are away are left behind at once.
            state.inside.iter().filter(waits_for).count() > 0
        };
        let mut state = self.state();
        state.waiting += 1;
        let mut is_over = !is_waiting(&state);
        while !is_over && !is_called_off() {
            if state.inside.iter().any(|holder| holder.is_leaving()) {
                // It does not tell when it has left, which is in an instant.
                drop(state);
                thread::yield_now();
                state = self.state();
            } else {
                (state, _) = self
                    .left
                    .wait_timeout(state, POLL)
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
            }
            is_over = !is_waiting(&state);
        }
        state.waiting -= 1;
        is_over
    }

    /// Returns whether no other thread holds a guard.
    #[inline(never)]
    pub(crate) fn is_empty_but_for_this_thread(&self) -> bool {
        self.guards_of_others() == 0
    }

    /// Returns the number of guards of other threads.
    #[inline(never)]
    pub(crate) fn guards_of_others(&self) -> usize {
        let this = thread::current().id();
        let holders = self.holders().into_iter();
        holders.filter(|thread| *thread != this).count()
    }

    /// Returns the thread of each guard that is not set aside.
    pub(crate) fn holders(&self) -> Vec<ThreadId> {
        let state = self.state();
        let inside = state.inside.iter();
        let inside = inside.filter(|holder| !holder.has_left());
        inside.map(|holder| holder.thread).collect()
    }

    /// Returns whether the holder of a guard creates or deletes a thread state at this moment, as
    /// [`InterpreterGuard::begin_change`] announced.
    #[cfg_attr(any(loom, not(unix)), expect(dead_code, reason = "nothing forks"))]
    pub(crate) fn is_changing(&self) -> bool {
        let state = self.state();
        state.inside.iter().any(|holder| holder.is_changing())
    }

    /// Returns a thread state that its thread does not keep any more, for this thread to delete:
    /// that of a guard that was withdrawn, or of a thread that handed it over.
    pub(crate) fn next_released(&self) -> Option<Released<'_>> {
        let state = self.state();
        state.inside.iter().find_map(|holder| {
            let thread_state = holder.kept()?;
            holder.exchange(WITHDRAWN, DELETING).then(|| Released {
                gate: self,
                holder: Arc::clone(holder),
                thread_state,
            })
        })
    }

    /// Returns the number of thread states that are kept by threads which are not inside, or
    /// released.
    pub(crate) fn kept(&self) -> usize {
        let state = self.state();
        let is_kept = |holder: &&Arc<Holder>| holder.has_left() && holder.kept().is_some();
        state.inside.iter().filter(is_kept).count()
    }

    /// Returns the number of thread states that threads of this gate may have, except this thread's
    /// while it is inside.
    #[inline(never)]
    pub(crate) fn thread_states_of_others(&self) -> usize {
        let this = thread::current().id();
        let is_counted = |holder: &&Arc<Holder>| match holder.has_left() {
            true => holder.kept().is_some(),
            false => holder.thread != this,
        };
        self.state().inside.iter().filter(is_counted).count()
    }

    /// Returns the number of guards, including those that are set aside.
    #[cfg(test)]
    pub(crate) fn guards(&self) -> usize {
        self.state().inside.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Holder {
    /// Returns whether the end proceeds without this holder after waiting for `passed`.
    fn is_left_behind(&self, passed: Duration, timeouts: Timeouts) -> bool {
        let is_over = |limit: Option<Duration>| limit.is_some_and(|limit| passed >= limit);
        if self.must_finish {
            return false;
        }
        match self.state() {
            LEFT_BEHIND => true,
            AWAY if is_over(timeouts.away) => self.exchange(AWAY, LEFT_BEHIND),
            INSIDE | SET_ASIDE | WITHDRAWN => is_over(timeouts.inside),
            _ => false,
        }
    }

    /// Returns the thread state that the thread keeps.
    fn kept(&self) -> Option<KeptThreadState> {
        // Ordered by the exchange that set the guard aside.
        let thread_state = self.kept.load(Ordering::Relaxed);
        (!thread_state.is_null()).then(|| KeptThreadState {
            thread_state,
            id: self.kept_id.load(Ordering::Relaxed),
            note_key: self.note_key.load(Ordering::Relaxed),
        })
    }

    /// Releases the thread state that the thread kept and does not use. `false`: there is none, or
    /// another thread was deleting it.
    fn release(&self) -> bool {
        self.kept().is_some() && (self.exchange(SET_ASIDE, WITHDRAWN) || self.state() == WITHDRAWN)
    }

    /// Returns whether the thread state that the thread kept is to be deleted, or being deleted.
    fn is_released(&self) -> bool {
        self.kept().is_some() && matches!(self.state(), WITHDRAWN | DELETING)
    }

    /// Returns whether the thread creates or deletes a thread state. `SeqCst`: see
    /// [`InterpreterGuard::begin_change`].
    #[cfg_attr(any(loom, not(unix)), expect(dead_code, reason = "nothing forks"))]
    fn is_changing(&self) -> bool {
        self.is_changing_in(self.state.load(Ordering::SeqCst))
    }

    /// Returns whether the thread has not completed the change that began with this state.
    fn is_changing_in(&self, state: u8) -> bool {
        state & CHANGE != self.changed.load(Ordering::Acquire)
    }

    /// Returns whether the thread has set its guard aside, and is not outside yet.
    fn is_leaving(&self) -> bool {
        // Read once: the thread may stay.
        let state = self.state.load(Ordering::Acquire);
        is_aside(state) && self.is_changing_in(state)
    }

    /// Returns whether the thread has set its guard aside, and is outside.
    fn has_left(&self) -> bool {
        let state = self.state.load(Ordering::Acquire);
        is_aside(state) && !self.is_changing_in(state)
    }

    /// Returns the state without [`LAST`] and [`CHANGE`].
    #[inline]
    fn state(&self) -> u8 {
        self.state.load(Ordering::Acquire) & !(LAST | CHANGE)
    }

    /// Changes the state from one to another, with or without [`LAST`].
    fn exchange(&self, from: u8, to: u8) -> bool {
        let flags = LAST | CHANGE;
        self.update(|state| (state & !flags == from).then_some(to | (state & flags)))
            .is_ok()
    }

    /// Changes the state as `new` says, and returns the one before.
    fn update(&self, new: impl FnMut(u8) -> Option<u8>) -> Result<u8, u8> {
        let state = &self.state;
        state.fetch_update(Ordering::AcqRel, Ordering::Acquire, new)
    }

    /// Changes the state from exactly `from`, without [`LAST`], in one step that also flips the
    /// flags in `flip`. One that fails is not repeated: only withdrawing the guard interferes.
    #[inline]
    fn exchange_exactly(&self, from: u8, to: u8, flip: u8) -> bool {
        let before = self.state.load(Ordering::Relaxed);
        let after = (to | (before & CHANGE)) ^ flip;
        before & !CHANGE == from
            && self
                .state
                .compare_exchange(before, after, Ordering::SeqCst, Ordering::Acquire)
                .is_ok()
    }
}

impl InterpreterGuard<'_> {
    /// Returns whether its holder is detached in a call of this library.
    pub(crate) fn is_away(&self) -> bool {
        self.holder.state() != INSIDE
    }

    /// Sets the guard aside for this thread's next attachment: it has left, and the interpreter's
    /// end does not wait for it. `false`: the guard is withdrawn, and must be dropped.
    #[inline]
    #[must_use]
    pub(crate) fn set_aside(&self) -> bool {
        self.holder.exchange_exactly(INSIDE, SET_ASIDE, 0)
    }

    /// Sets the thread state that this thread keeps while the guard is set aside. If the guard is
    /// withdrawn then, it belongs to the thread that ends the interpreter. This thread must be
    /// inside.
    pub(crate) fn keep(&self, kept: Option<KeptThreadState>) {
        let thread_state = kept.map_or(null_mut(), |kept| kept.thread_state);
        let (id, note_key) = kept.map_or((0, 0), |kept| (kept.id, kept.note_key));
        self.holder.kept_id.store(id, Ordering::Relaxed);
        self.holder.note_key.store(note_key, Ordering::Relaxed);
        self.holder.kept.store(thread_state, Ordering::Relaxed);
    }

    /// Drops a guard that is set aside, and leaves the thread state that this thread keeps to a
    /// thread inside.
    pub(crate) fn hand_over(self) {
        // Unless it was withdrawn: then the thread state is released already.
        self.holder.release();
    }

    /// Takes up a guard that was set aside. `false`: it was withdrawn since, and must be dropped.
    #[inline]
    #[must_use]
    pub(crate) fn take_up(&self) -> bool {
        self.holder.exchange_exactly(SET_ASIDE, INSIDE, 0)
    }

    /// Like [`take_up`](InterpreterGuard::take_up) and
    /// [`begin_change`](InterpreterGuard::begin_change), in one step.
    #[inline]
    #[must_use]
    pub(crate) fn take_up_to_change(&self) -> bool {
        self.holder.exchange_exactly(SET_ASIDE, INSIDE, CHANGE)
    }

    /// Like [`set_aside`](InterpreterGuard::set_aside) and
    /// [`begin_change`](InterpreterGuard::begin_change), in one step. The thread has left with
    /// [`end_change`](InterpreterGuard::end_change).
    #[inline]
    #[must_use]
    pub(crate) fn set_aside_to_change(&self) -> bool {
        self.holder.exchange_exactly(INSIDE, SET_ASIDE, CHANGE)
    }

    /// Undoes [`set_aside_to_change`](InterpreterGuard::set_aside_to_change): the thread has not
    /// left, and holds the guard as before.
    pub(crate) fn stay(&self) {
        // Closing the gate, maybe several times, withdraws it, and would have prevented it from
        // being set aside.
        let inside = |state: u8| {
            let is_withdrawn = state & !(LAST | CHANGE) == WITHDRAWN;
            let last = if is_withdrawn { LAST } else { state & LAST };
            (INSIDE | last | (state & CHANGE)) ^ CHANGE
        };
        let _ = self.holder.update(|state| Some(inside(state)));
    }

    /// Announces to a thread that forks that this one creates or deletes a thread state, until
    /// [`end_change`](InterpreterGuard::end_change). `SeqCst`: the caller reads afterwards whether
    /// another thread forks.
    #[inline]
    pub(crate) fn begin_change(&self) {
        self.holder.state.fetch_xor(CHANGE, Ordering::SeqCst);
    }

    /// Ends what [`begin_change`](InterpreterGuard::begin_change) announced.
    #[inline]
    pub(crate) fn end_change(&self) {
        let begun = self.holder.state.load(Ordering::Relaxed) & CHANGE;
        self.holder.changed.store(begun, Ordering::Release);
    }

    /// Marks this thread as detached, just after it detached.
    pub(crate) fn go_away(&self) {
        self.holder.exchange(INSIDE, AWAY);
    }

    /// Marks this thread as inside, if it was away. `false`: as for
    /// [`come_back`](InterpreterGuard::come_back).
    #[must_use]
    pub(crate) fn may_be_inside(&self) -> bool {
        !self.is_away() || self.come_back()
    }

    /// Like [`come_back`](InterpreterGuard::come_back), but only while the gate is open: one
    /// exchange, which is not retried. `false`: nothing has changed, and the slow path must decide.
    #[inline]
    #[must_use]
    pub(crate) fn come_back_if_open(&self) -> bool {
        self.holder.exchange_exactly(AWAY, INSIDE, 0)
    }

    /// Marks this thread as inside, before it attaches again. `false`: it must never attach, since
    /// the interpreter has ended without waiting for it.
    #[must_use]
    pub(crate) fn come_back(&self) -> bool {
        self.holder.exchange(AWAY, INSIDE)
    }
}

impl Drop for InterpreterGuard<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        let mut state = self.gate.state();
        if !self.holder.is_released() {
            state.remove(&self.holder);
        }
        if state.waiting > 0 {
            self.gate.left.notify_all();
        }
    }
}

impl Released<'_> {
    pub(crate) fn thread_state(&self) -> KeptThreadState {
        self.thread_state
    }
}

impl Drop for Released<'_> {
    fn drop(&mut self) {
        self.gate.state().remove(&self.holder);
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
        let guard = gate.enter().unwrap();
        gate.close();
        assert!(!gate.is_open());
        assert!(gate.enter().is_none());
        assert!(gate.is_empty_but_for_this_thread());
        let (waits, is_waiting) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                assert!(!gate.is_empty_but_for_this_thread());
                waits.send(()).unwrap();
                assert!(gate.wait_for_others(Timeouts::default, || false));
            });
            is_waiting.recv().unwrap();
            // Usually long enough for the waiter to wait; the test is right at any time.
            thread::sleep(Duration::from_millis(20));
            assert!(!waiter.is_finished());
            drop(guard);
            waiter.join().unwrap();
        });
        assert!(gate.is_empty_but_for_this_thread());
    }

    #[test]
    fn a_thread_that_is_away_is_left_behind_and_may_not_come_back() {
        let gate = Gate::new();
        let guard = gate.enter().unwrap();
        guard.go_away();
        assert!(guard.come_back(), "nobody is waiting");
        guard.go_away();
        thread::scope(|scope| {
            scope.spawn(|| gate.wait_for_others(|| AT_ONCE, || false));
        });
        assert!(!guard.come_back());
        assert!(!guard.come_back());
    }

    #[test]
    fn a_gate_may_be_opened_again_and_waiting_called_off() {
        let gate = Gate::new();
        let guard = gate.enter().unwrap();
        gate.close();
        thread::scope(|scope| {
            let waiter = || gate.wait_for_others(Timeouts::default, || true);
            assert!(!scope.spawn(waiter).join().unwrap());
            gate.open_again();
            assert!(gate.is_open());
            assert!(scope.spawn(|| gate.enter().is_some()).join().unwrap());
            drop(guard);
            assert!(scope.spawn(waiter).join().unwrap());
        });
    }

    #[test]
    fn a_thread_that_is_away_when_an_interpreter_is_gone_may_not_come_back() {
        let gate = Gate::new();
        let (away, inside) = (gate.enter().unwrap(), gate.enter().unwrap());
        away.go_away();
        thread::scope(|scope| {
            scope.spawn(|| gate.close_without_waiting());
        });
        assert!(gate.enter().is_none());
        assert!(!away.come_back());
        assert!(!inside.is_away());
    }

    #[test]
    fn a_guard_that_is_set_aside_is_taken_up_until_the_gate_closes() {
        let gate = Gate::new();
        let guard = gate.enter().unwrap();
        for _ in 0..2 {
            assert!(guard.set_aside());
            thread::scope(|scope| {
                scope.spawn(|| assert!(gate.is_empty_but_for_this_thread()));
            });
            assert!(guard.take_up());
            thread::scope(|scope| {
                scope.spawn(|| assert_eq!(gate.guards_of_others(), 1));
            });
        }
        assert!(guard.set_aside());
        gate.close();
        assert!(!guard.take_up());
        assert_eq!(gate.guards(), 0);
        drop(guard);
        gate.open_again();
        assert!(gate.enter().is_some());
    }

    #[test]
    fn a_guard_of_a_closed_gate_cannot_be_set_aside_but_may_go_away() {
        let gate = Gate::new();
        let guard = gate.enter().unwrap();
        gate.close();
        assert!(!guard.set_aside());
        guard.go_away();
        assert!(guard.is_away());
        assert!(guard.come_back());
        assert!(!guard.is_away() && !guard.set_aside());
        gate.open_again();
        assert!(guard.set_aside());
        assert!(guard.take_up());
    }

    #[test]
    fn a_change_of_thread_states_is_seen_whatever_becomes_of_the_guard() {
        let gate = Gate::new();
        let guard = gate.enter().unwrap();
        assert!(!gate.is_changing());
        for _ in 0..3 {
            guard.begin_change();
            assert!(gate.is_changing());
            assert!(!guard.is_away());
            guard.end_change();
            assert!(!gate.is_changing());
            assert!(guard.set_aside());
            assert!(!gate.is_changing());
            assert!(guard.take_up_to_change());
            assert!(gate.is_changing());
            assert!(!guard.is_away());
            guard.end_change();
            assert!(!gate.is_changing());
        }
        assert!(guard.set_aside_to_change());
        assert!(gate.is_changing());
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(gate.guards_of_others(), 1));
        });
        guard.stay();
        assert!(!gate.is_changing() && !guard.is_away());
        guard.begin_change();
        guard.go_away();
        assert!(gate.is_changing() && guard.is_away());
        assert!(guard.come_back());
        gate.close();
        assert!(gate.is_changing() && !guard.set_aside());
        guard.end_change();
        gate.open_again();
        assert!(!gate.is_changing() && guard.set_aside());
        gate.close();
        assert!(!guard.take_up_to_change());
        assert_eq!(gate.guards(), 0);
    }

    #[test]
    fn a_thread_has_left_once_it_has_deleted_its_thread_state() {
        for stays in [false, true] {
            let gate = Gate::new();
            let guard = gate.enter().unwrap();
            assert!(guard.set_aside_to_change());
            gate.close();
            thread::scope(|scope| {
                let waiter = scope.spawn(|| {
                    assert!(!gate.is_empty_but_for_this_thread());
                    assert!(gate.wait_for_others(Timeouts::default, || false));
                    assert!(gate.is_empty_but_for_this_thread());
                });
                // Usually long enough for the waiter to wait; the test is right at any time.
                thread::sleep(Duration::from_millis(20));
                assert!(!waiter.is_finished());
                if stays {
                    guard.stay();
                    assert!(!guard.set_aside() && !guard.set_aside_to_change());
                    thread::sleep(Duration::from_millis(20));
                    assert!(!waiter.is_finished());
                    drop(guard);
                } else {
                    guard.end_change();
                    assert!(!guard.take_up());
                }
                waiter.join().unwrap();
            });
        }
    }

    #[test]
    fn a_kept_thread_state_is_withdrawn_with_its_guard() {
        let kept = KeptThreadState {
            thread_state: std::ptr::dangling_mut(),
            id: 3,
            note_key: 5,
        };
        let gate = Gate::new();
        let [idle, inside, without] = [(); 3].map(|()| gate.enter().unwrap());
        idle.keep(Some(kept));
        inside.keep(Some(kept));
        without.keep(Some(kept));
        assert_eq!(gate.kept(), 0);
        assert!(idle.set_aside());
        assert_eq!(gate.kept(), 1);
        without.keep(None);
        assert!(without.set_aside());
        assert_eq!(gate.kept(), 1);
        gate.close();
        assert_eq!(gate.kept(), 1);
        let released = gate.next_released().unwrap();
        assert_eq!(released.thread_state(), kept);
        assert!(gate.next_released().is_none());
        assert_eq!((gate.kept(), gate.thread_states_of_others()), (1, 1));
        assert!(!idle.take_up() && !inside.set_aside());
        drop(idle);
        assert_eq!(gate.kept(), 1);
        drop(released);
        assert_eq!((gate.kept(), gate.guards()), (0, 1));
    }

    #[test]
    fn a_gate_that_stays_open_has_threads_give_up_their_thread_states() {
        let kept = KeptThreadState {
            thread_state: std::ptr::dangling_mut(),
            id: 3,
            note_key: 5,
        };
        let gate = Gate::new();
        let [idle, inside] = [(); 2].map(|()| gate.enter().unwrap());
        for guard in [&idle, &inside] {
            guard.keep(Some(kept));
        }
        assert!(idle.set_aside());
        gate.withdraw();
        assert!(gate.is_open() && gate.kept() == 1);
        assert!(!idle.take_up() && !inside.set_aside());
        drop((idle, inside));
        assert_eq!(gate.next_released().unwrap().thread_state(), kept);
        assert_eq!((gate.kept(), gate.guards()), (0, 0));
    }

    #[test]
    fn a_kept_thread_state_is_handed_over_once() {
        let kept = KeptThreadState {
            thread_state: std::ptr::dangling_mut(),
            id: 3,
            note_key: 5,
        };
        let gate = Gate::new();
        let guard = gate.enter().unwrap();
        guard.keep(Some(kept));
        assert!(guard.set_aside());
        guard.hand_over();
        assert_eq!((gate.guards(), gate.kept()), (1, 1));
        gate.close();
        assert_eq!(gate.next_released().unwrap().thread_state(), kept);
        assert!(gate.next_released().is_none());
        assert_eq!((gate.guards(), gate.kept()), (0, 0));
    }

    #[test]
    fn a_thread_that_must_finish_is_waited_for_without_limit() {
        let gate = Gate::new();
        let guard = gate.enter_to_finish().unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| gate.wait_for_others(|| AT_ONCE, || false));
            thread::sleep(Duration::from_millis(20));
            assert!(!waiter.is_finished());
            drop(guard);
            waiter.join().unwrap();
        });
    }
}
