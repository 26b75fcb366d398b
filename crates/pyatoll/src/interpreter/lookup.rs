//! From a running interpreter to its [`LocalInternals`]: the fallback path, for code that CPython
//! calls with nothing of ours in hand.
//!
//! - One interpreter ever seen by this binary: a plain static.
//! - More: a lock-free open-addressing table keyed by the interpreter's address.
//!
//! Invariants: entries are written under the registry's lock and read without; a key is never
//! removed from a table, its value is replaced when the address is used again; values are never
//! freed. A table that was outgrown stays in memory, since a reader may be in it: all of them
//! together are smaller than the current one.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard};

use pyo3_ffi as ffi;

use super::compat;
use super::internals::Internals;
use super::local::{self, LocalInternals, Phase};

/// The only interpreter this binary has ever seen; null before the first and after the second.
static ONLY: AtomicPtr<LocalInternals> = AtomicPtr::new(null_mut());

/// The current table; null before the first interpreter.
static TABLE: AtomicPtr<Table> = AtomicPtr::new(null_mut());

/// What is changed when interpreters come and go.
static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    live: Vec::new(),
    keys: 0,
});

struct Registry {
    /// Those not yet torn down, in order of creation.
    live: Vec<&'static LocalInternals>,
    /// Keys in the current table.
    keys: usize,
}

struct Entry {
    interpreter: AtomicPtr<ffi::PyInterpreterState>,
    local: AtomicPtr<LocalInternals>,
}

struct Table {
    /// A power of two, at least twice the keys.
    entries: Box<[Entry]>,
}

impl Table {
    fn new(len: usize) -> Self {
        let entry = || Entry {
            interpreter: AtomicPtr::new(null_mut()),
            local: AtomicPtr::new(null_mut()),
        };
        Self {
            entries: (0..len).map(|_| entry()).collect(),
        }
    }

    /// The entry of `interpreter`, or the empty one where it would go.
    #[inline]
    fn entry(&self, interpreter: *mut ffi::PyInterpreterState) -> &Entry {
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
}

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The state of the running interpreter, for code that runs because a function or an object of
/// this binary was called: then the binary has been initialised in that interpreter.
///
/// # Safety
/// The thread must be attached to an interpreter in which this binary has been initialised.
#[inline]
pub(crate) unsafe fn called<'a>() -> &'a LocalInternals {
    let only = ONLY.load(Ordering::Acquire);
    if !only.is_null() {
        // SAFETY: never freed.
        return unsafe { &*only };
    }
    // SAFETY: attached, as the caller promises.
    current(unsafe { compat::attached_interpreter() })
}

/// The state of `interpreter`, to which this thread is attached, made at first use.
#[inline]
pub(crate) fn current(interpreter: *mut ffi::PyInterpreterState) -> &'static LocalInternals {
    match find(interpreter) {
        Some(local) if local.is_life_of_current() => local,
        _ => create(interpreter),
    }
}

/// What the table has for this address: perhaps of an earlier interpreter.
#[inline]
fn find(interpreter: *mut ffi::PyInterpreterState) -> Option<&'static LocalInternals> {
    let table = TABLE.load(Ordering::Acquire);
    if table.is_null() {
        return None;
    }
    // SAFETY: tables are never freed.
    let entry = unsafe { &*table }.entry(interpreter);
    if entry.interpreter.load(Ordering::Acquire) != interpreter {
        // Empty; another thread may be about to fill it, for another interpreter.
        return None;
    }
    // SAFETY: null, or a state that is never freed.
    unsafe { entry.local.load(Ordering::Acquire).as_ref() }
}

/// The live state of `interpreter`, if this binary knows it. The thread need not be attached.
pub(crate) fn find_live(
    interpreter: *mut ffi::PyInterpreterState,
) -> Option<&'static LocalInternals> {
    find(interpreter).filter(|local| local.phase() == Phase::Live)
}

/// All live interpreters this binary knows, oldest first.
pub(crate) fn live() -> Vec<&'static LocalInternals> {
    let mut registry = registry();
    registry.live.retain(|local| local.phase() == Phase::Live);
    registry.live.clone()
}

/// Makes and publishes the state of the interpreter this thread is attached to.
#[cold]
fn create(interpreter: *mut ffi::PyInterpreterState) -> &'static LocalInternals {
    assert!(
        !interpreter.is_null(),
        "this thread is not attached to a Python interpreter: call `Python::attach` first"
    );
    // SAFETY: attached to `interpreter`, as every caller promises. The exception that may be set
    // is put back: this can run in the middle of anything. No lock is held while Python runs.
    unsafe {
        local::watch_runtime();
        let raised = compat::take_raised();
        let made = LocalInternals::create(interpreter);
        let Some(internals) = Internals::of(made) else {
            ffi::PyErr_PrintEx(0);
            panic!("Python has no memory for the state of a new interpreter");
        };
        let local = Internals::register(internals, made);
        if std::ptr::eq(local, made) {
            publish(local);
            super::teardown::register_atexit(local);
        } else {
            // The other thread may not have got that far.
            publish(local);
        }
        compat::restore_raised(raised);
        local
    }
}

/// Makes `local` what [`find`] gives for its interpreter. Doing it twice does nothing.
fn publish(local: &'static LocalInternals) {
    /// Whether a second interpreter was ever seen.
    static MANY: AtomicBool = AtomicBool::new(false);

    let mut registry = registry();
    if find(local.interpreter()).is_some_and(|known| std::ptr::eq(known, local)) {
        return;
    }
    registry.live.retain(|local| local.phase() == Phase::Live);
    registry.live.push(local);

    let pointer = std::ptr::from_ref(local).cast_mut();
    let mut table = TABLE.load(Ordering::Acquire);
    // SAFETY: null or never freed.
    let len = unsafe { table.as_ref() }.map_or(0, |table| table.entries.len());
    if (registry.keys + 1) * 2 > len {
        let grown = Table::new((len * 2).max(16));
        let mut keys = 0;
        // SAFETY: as above.
        if let Some(old) = unsafe { table.as_ref() } {
            for entry in &old.entries {
                let known = entry.local.load(Ordering::Acquire);
                // SAFETY: null, or never freed. An emptied one is still found by its last objects
                // while its interpreter lives, so those stay as well.
                if let Some(known) = unsafe { known.as_ref() } {
                    let place = grown.entry(known.interpreter());
                    place
                        .local
                        .store(std::ptr::from_ref(known).cast_mut(), Ordering::Release);
                    place
                        .interpreter
                        .store(known.interpreter(), Ordering::Release);
                    keys += 1;
                }
            }
        }
        registry.keys = keys;
        table = Box::into_raw(Box::new(grown));
        TABLE.store(table, Ordering::Release);
    }
    // SAFETY: just seen or made, never freed.
    let entry = unsafe { &*table }.entry(local.interpreter());
    let is_new = entry.interpreter.load(Ordering::Acquire).is_null();
    entry.local.store(pointer, Ordering::Release);
    if is_new {
        entry
            .interpreter
            .store(local.interpreter(), Ordering::Release);
        registry.keys += 1;
    }

    // Before any function of ours can run in the second interpreter.
    if ONLY.load(Ordering::Acquire).is_null() && !MANY.load(Ordering::Relaxed) {
        ONLY.store(pointer, Ordering::Release);
    } else {
        MANY.store(true, Ordering::Relaxed);
        ONLY.store(null_mut(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_finds_each_interpreter_and_nothing_else() {
        let table = Table::new(64);
        let address =
            |number: usize| std::ptr::without_provenance_mut(0x7f00_0000_0000 + number * 4096);
        for number in 0..32 {
            let entry = table.entry(address(number));
            assert!(entry.interpreter.load(Ordering::Relaxed).is_null());
            entry.interpreter.store(address(number), Ordering::Relaxed);
        }
        for number in 0..32 {
            assert_eq!(
                table
                    .entry(address(number))
                    .interpreter
                    .load(Ordering::Relaxed),
                address(number)
            );
        }
        assert!(
            table
                .entry(address(32))
                .interpreter
                .load(Ordering::Relaxed)
                .is_null()
        );
    }
}
