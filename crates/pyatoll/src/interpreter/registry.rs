//! [`Registry`]: the interpreters that this binary has seen, and its state of each.
//!
//! - One interpreter ever seen: a plain pointer.
//! - More: a lock-free open-addressing table keyed by the interpreter's address.
//!
//! Entries are written under the registry's lock and read without it. A key is never removed from a
//! table; its state is replaced when the address is reused. States are never freed. An outgrown
//! table stays in memory, since a reader may be in it: all of them together are smaller than the
//! current one.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - A thread that enters an interpreter after its state was published finds that state, whatever
//!   other interpreters start and end, and sees all writes that its creator made to it before.
//! - A lookup never returns the state of another interpreter address.

use std::ptr::null_mut;

use super::sync::atomic::{AtomicPtr, Ordering};
use super::sync::{Mutex, MutexGuard, const_unless_loom, lock};

/// The state of one life of one interpreter. Never freed.
pub(super) trait Tracked: 'static {
    /// The type behind an interpreter's address.
    type Interpreter: 'static;

    /// Returns the interpreter's address, which is reused after the interpreter's end.
    fn interpreter(&self) -> *mut Self::Interpreter;

    /// Returns whether the interpreter has not ended.
    fn is_live(&self) -> bool;
}

/// All interpreters that this binary has seen.
pub(super) struct Registry<L: Tracked> {
    /// The only one ever seen; null before the first and after the second.
    only: AtomicPtr<L>,
    /// The current table; null before the first interpreter.
    table: AtomicPtr<Table<L>>,
    /// The data that changes when interpreters start and end.
    registry: Mutex<Members<L>>,
}

struct Members<L: 'static> {
    /// The states not yet torn down, in order of creation.
    live: Vec<&'static L>,
    /// Keys in the current table.
    keys: usize,
    /// Whether a second interpreter was ever seen.
    many: bool,
}

/// The registry's lock, held across a fork.
#[cfg(unix)]
pub(super) struct ForkLock<'a, L: Tracked>(MutexGuard<'a, Members<L>>);

#[cfg(unix)]
impl<L: Tracked> ForkLock<'_, L> {
    /// Returns all live states, oldest first.
    pub(super) fn live(&self) -> Vec<&'static L> {
        let live = self.0.live.iter().copied();
        live.filter(|state| state.is_live()).collect()
    }
}

struct Entry<L: Tracked> {
    interpreter: AtomicPtr<L::Interpreter>,
    state: AtomicPtr<L>,
}

struct Table<L: Tracked> {
    /// A power of two, at least twice the keys.
    entries: Box<[Entry<L>]>,
}

/// Entries of the first table.
const FEWEST: usize = if cfg!(loom) { 2 } else { 16 };

impl<L: Tracked> Table<L> {
    fn new(len: usize) -> Self {
        let entry = |_| Entry {
            interpreter: AtomicPtr::new(null_mut()),
            state: AtomicPtr::new(null_mut()),
        };
        Self {
            entries: (0..len).map(entry).collect(),
        }
    }

    /// Returns the entry of `interpreter`, or the empty one where it would be inserted.
    #[inline]
    fn entry(&self, interpreter: *mut L::Interpreter) -> &Entry<L> {
        let mask = self.entries.len() - 1;
        // Interpreters are hundreds of kilobytes and page-aligned at best: the low bits say little.
        let hash = (interpreter.addr() as u64 >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut place = (hash >> 32) as usize;
        loop {
            let entry = &self.entries[place & mask];
            let key = entry.interpreter.load(Ordering::Acquire);
            if key == interpreter || key.is_null() {
                return entry;
            }
            place += 1;
        }
    }

    /// Inserts a state, under the registry's lock and with room for it. Returns whether its key is
    /// new.
    fn enter(&self, state: &'static L) -> bool {
        let entry = self.entry(state.interpreter());
        let is_new = entry.interpreter.load(Ordering::Acquire).is_null();
        let pointer = std::ptr::from_ref(state).cast_mut();
        // The state first, so that a thread that finds the key finds a state.
        entry.state.store(pointer, Ordering::Release);
        if is_new {
            let interpreter = state.interpreter();
            entry.interpreter.store(interpreter, Ordering::Release);
        }
        is_new
    }
}

impl<L: Tracked> Registry<L> {
    const_unless_loom! {
        pub(super) fn new() -> Self {
            Self {
                only: AtomicPtr::new(null_mut()),
                table: AtomicPtr::new(null_mut()),
                registry: Mutex::new(Members {
                    live: Vec::new(),
                    keys: 0,
                    many: false,
                }),
            }
        }
    }

    fn registry(&self) -> MutexGuard<'_, Members<L>> {
        lock(&self.registry)
    }

    /// Returns the only state ever seen; `None` before the first and after the second.
    #[inline]
    pub(super) fn only(&self) -> Option<&'static L> {
        // SAFETY: null, or a state that is never freed.
        unsafe { self.only.load(Ordering::Acquire).as_ref() }
    }

    /// Returns the newest state for this address, perhaps that of an earlier interpreter.
    #[inline]
    pub(super) fn find(&self, interpreter: *mut L::Interpreter) -> Option<&'static L> {
        if let Some(only) = self.only()
            && only.interpreter() == interpreter
        {
            return Some(only);
        }
        // SAFETY: null, or a table that is never freed.
        let table = unsafe { self.table.load(Ordering::Acquire).as_ref() }?;
        let entry = table.entry(interpreter);
        if entry.interpreter.load(Ordering::Acquire) != interpreter {
            // Empty; another thread may be about to fill it, for another interpreter.
            return None;
        }
        // SAFETY: null, or a state that is never freed.
        unsafe { entry.state.load(Ordering::Acquire).as_ref() }
    }

    /// Returns all live states, oldest first.
    pub(super) fn live(&self) -> Vec<&'static L> {
        let mut registry = self.registry();
        registry.live.retain(|state| state.is_live());
        registry.live.clone()
    }

    /// Takes the registry's lock.
    #[cfg(unix)]
    pub(super) fn lock_for_fork(&self) -> ForkLock<'_, L> {
        ForkLock(self.registry())
    }

    /// Makes [`find`](Registry::find) return `state` for its interpreter. Idempotent.
    pub(super) fn publish(&self, state: &'static L) {
        let mut registry = self.registry();
        let known = self.find(state.interpreter());
        if known.is_some_and(|known| std::ptr::eq(known, state)) {
            return;
        }
        registry.live.retain(|state| state.is_live());
        registry.live.push(state);

        // Before the second interpreter can be found: from then on its functions may be called.
        let is_first = !registry.many && self.only().is_none();
        if !is_first {
            registry.many = true;
            self.only.store(null_mut(), Ordering::Release);
        }

        // SAFETY: null, or a published table, which is never freed.
        let mut table = unsafe { self.table.load(Ordering::Acquire).as_ref() };
        let len = table.map_or(0, |table| table.entries.len());
        if (registry.keys + 1) * 2 > len {
            let grown: &'static Table<L> = Box::leak(Box::new(Table::new((len * 2).max(FEWEST))));
            registry.keys = table.map_or(0, |table| copy(table, grown));
            let pointer = std::ptr::from_ref(grown).cast_mut();
            self.table.store(pointer, Ordering::Release);
            table = Some(grown);
        }
        if table.is_some_and(|table| table.enter(state)) {
            registry.keys += 1;
        }

        if is_first {
            let pointer = std::ptr::from_ref(state).cast_mut();
            self.only.store(pointer, Ordering::Release);
        }
    }
}

/// Copies the states of an outgrown table into the next, and returns how many. Emptied ones stay,
/// since the last objects of their interpreters still look them up.
fn copy<L: Tracked>(old: &Table<L>, grown: &Table<L>) -> usize {
    let mut keys = 0;
    for entry in &old.entries {
        // SAFETY: null, or a state that is never freed.
        if let Some(state) = unsafe { entry.state.load(Ordering::Acquire).as_ref() } {
            grown.enter(state);
            keys += 1;
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    struct State(usize);

    impl Tracked for State {
        type Interpreter = u64;

        fn interpreter(&self) -> *mut u64 {
            std::ptr::without_provenance_mut(0x7f00_0000 + self.0 * 4096)
        }

        fn is_live(&self) -> bool {
            !self.0.is_multiple_of(2)
        }
    }

    #[test]
    fn each_interpreter_is_found_and_nothing_else() {
        let known = Registry::new();
        let states: Vec<&'static State> = (0..100).map(|n| &*Box::leak(State(n).into())).collect();
        for (number, &state) in states.iter().enumerate() {
            assert!(known.find(state.interpreter()).is_none());
            known.publish(state);
            known.publish(state);
            assert!(std::ptr::eq(
                known.find(state.interpreter()).unwrap(),
                state
            ));
            assert_eq!(known.only().is_some(), number == 0);
        }
        for &state in &states {
            assert!(std::ptr::eq(
                known.find(state.interpreter()).unwrap(),
                state
            ));
        }
        let live: Vec<usize> = known.live().iter().map(|state| state.0).collect();
        assert!(live.into_iter().eq((0..100).filter(|n| n % 2 == 1)));
    }

    #[test]
    fn an_address_that_is_used_again_finds_the_later_state() {
        let known = Registry::new();
        let (first, second): (&'static _, &'static _) =
            (Box::leak(State(1).into()), Box::leak(State(1).into()));
        known.publish(first);
        assert!(known.only().is_some());
        known.publish(second);
        assert!(known.only().is_none());
        assert!(std::ptr::eq(
            known.find(first.interpreter()).unwrap(),
            second
        ));
    }
}
