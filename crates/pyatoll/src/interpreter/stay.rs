//! This thread's stays in interpreters that it came into from outside, each with its pass.
//!
//! As the list of [`Resting`](super::resting::Resting), this is a thread-local that is used when a
//! thread detaches and when a thread that is not attached attaches, and nowhere else; its functions
//! are never inlined, so that `cargo xtask check-tls` can tell.
//!
//! Invariants:
//! - The thread-local is the head of a list of [`Stay`]s that their makers own, in a box each, and
//!   that take themselves out when dropped, in any order. It needs no destructor.
//! - A thread has at most one stay in an interpreter; entering again while it is away in it is a
//!   [`Visit`] within that stay.

use std::cell::Cell;
use std::ptr::null;

use super::gate::InterpreterGuard;
use super::local::LocalInternals;

thread_local! {
    /// The newest one.
    static NEWEST: Cell<*const Stay> = const { Cell::new(null()) };
}

/// A stay of this thread in an interpreter.
pub(super) struct Stay {
    local: &'static LocalInternals,
    pass: InterpreterGuard<'static>,
    /// The next older one.
    older: Cell<*const Stay>,
}

impl Stay {
    fn new(local: &'static LocalInternals, pass: InterpreterGuard<'static>) -> Box<Self> {
        let stay = Box::new(Self {
            local,
            pass,
            older: Cell::new(NEWEST.get()),
        });
        NEWEST.set(&raw const *stay);
        stay
    }

    /// Begins one, unless the interpreter takes nobody in any more. The thread must not have one
    /// in it.
    #[inline(never)]
    pub(super) fn begin(local: &'static LocalInternals) -> Option<Box<Self>> {
        debug_assert!(Self::find(local).is_none());
        Some(Self::new(local, local.gate().enter()?))
    }

    /// As [`begin`](Stay::begin), and the interpreter's end waits for it however long it takes.
    #[inline(never)]
    pub(super) fn begin_to_finish(local: &'static LocalInternals) -> Option<Box<Self>> {
        debug_assert!(Self::find(local).is_none());
        Some(Self::new(local, local.gate().enter_to_finish()?))
    }

    /// This thread's stay in `local`'s interpreter.
    #[inline(never)]
    fn find(local: &LocalInternals) -> Option<*const Stay> {
        let mut place = NEWEST.get();
        // SAFETY: what is in the list has not been dropped.
        while let Some(stay) = unsafe { place.as_ref() } {
            if std::ptr::eq(stay.local, local) {
                return Some(place);
            }
            place = stay.older.get();
        }
        None
    }

    /// Whether this thread has one in `local`'s interpreter.
    pub(super) fn is_in(local: &LocalInternals) -> bool {
        Self::find(local).is_some()
    }
}

impl Drop for Stay {
    #[inline(never)]
    fn drop(&mut self) {
        let this: *const Stay = self;
        if NEWEST.get() == this {
            return NEWEST.set(self.older.get());
        }
        let mut place = NEWEST.get();
        // SAFETY: as in `find`.
        while let Some(stay) = unsafe { place.as_ref() } {
            if stay.older.get() == this {
                return stay.older.set(self.older.get());
            }
            place = stay.older.get();
        }
    }
}

/// This thread's leave to take up a thread state of an interpreter.
pub(super) enum Visit {
    /// The outermost: the stay begins and ends with it.
    Outer(#[expect(dead_code, reason = "held for its drop")] Box<Stay>),
    /// Within a stay of this thread, which outlives it. Whether the thread was away before, and is
    /// again afterwards.
    Inner { stay: *const Stay, was_away: bool },
}

impl Visit {
    /// `None`: the interpreter takes nobody in any more.
    pub(super) fn begin(local: &'static LocalInternals) -> Option<Self> {
        let Some(stay) = Stay::find(local) else {
            return Stay::begin(local).map(Self::Outer);
        };
        if !local.gate().is_open() {
            return None;
        }
        // SAFETY: in the list, so not dropped.
        let pass = unsafe { &(*stay).pass };
        let was_away = pass.is_away();
        (!was_away || pass.come_back()).then_some(Self::Inner { stay, was_away })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Self::Inner { stay, was_away } = *self
            && was_away
        {
            // SAFETY: the stay belongs to a frame further up this thread's stack.
            unsafe { (*stay).pass.go_away() };
        }
    }
}

/// This thread has detached from an interpreter; in one that it came into from outside, its pass
/// says so meanwhile.
pub(super) struct Absence(Option<*const Stay>);

impl Absence {
    /// Begins one: the thread has just detached from `local`'s interpreter.
    #[inline]
    pub(super) fn begin(local: &LocalInternals) -> Self {
        let stay = Stay::find(local);
        if let Some(stay) = stay {
            // SAFETY: in the list, so not dropped; its owner's frame is further up the stack.
            unsafe { (*stay).pass.go_away() };
        }
        Self(stay)
    }

    /// Ends it: the thread is about to attach again. Never returns if the interpreter's end has
    /// gone on without this thread, which cannot run Python any more, nor unwind through frames that
    /// hold its objects: CPython hangs its own threads then, too.
    pub(super) fn end(self) {
        if let Some(stay) = self.0
            // SAFETY: as in `begin`.
            && !unsafe { (*stay).pass.come_back() }
        {
            stay_out();
        }
    }
}

#[cold]
#[inline(never)]
fn stay_out() -> ! {
    loop {
        std::thread::park();
    }
}
