//! [`Gate`]: the locks inside the package are held only within one, so that a fork finds them free.
//!
//! Invariants:
//! - Within a gate, a thread neither waits nor calls Python: the thread that forks waits for all
//!   gates, and may have the GIL.
//! - Each thread has one of several locks, which others rarely use: entering costs no contention.
//! - Values that may run foreign code when they are dropped are dropped after the gate is left.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::value::Value;

/// The number of locks.
const LOCKS: usize = 64;

/// A lock with a cache line of its own.
#[repr(align(128))]
struct Padded(Mutex<()>);

static GATES: [Padded; LOCKS] = [const { Padded(Mutex::new(())) }; LOCKS];

thread_local! {
    /// The index of this thread's lock, once it has one.
    static INDEX: Cell<Option<usize>> = const { Cell::new(None) };
    /// The number of gates that this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Whether this thread is dropping what it has set aside.
    static IS_DROPPING: Cell<bool> = const { Cell::new(false) };
    /// What this thread drops once it has left its gates.
    static ASIDE: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// Takes a lock; nothing here panics while one is held.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn index() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    INDEX.get().unwrap_or_else(|| {
        let index = NEXT.fetch_add(1, Ordering::Relaxed) % LOCKS;
        INDEX.set(Some(index));
        index
    })
}

/// While it exists, no fork happens. May be nested.
pub(crate) struct Gate {
    /// The thread's lock, for the outermost one.
    guard: ManuallyDrop<Option<MutexGuard<'static, ()>>>,
}

impl Gate {
    #[inline]
    pub(crate) fn enter() -> Self {
        let depth = DEPTH.get();
        let guard = (depth == 0).then(|| lock(&GATES[index()].0));
        DEPTH.set(depth + 1);
        Self {
            guard: ManuallyDrop::new(guard),
        }
    }
}

impl Drop for Gate {
    #[inline]
    fn drop(&mut self) {
        let depth = DEPTH.get() - 1;
        DEPTH.set(depth);
        // SAFETY: taken once, here.
        drop(unsafe { ManuallyDrop::take(&mut self.guard) });
        if depth == 0 {
            drop_what_is_aside();
        }
    }
}

/// Drops a value that may run foreign code: at once, or after the gates that this thread is in. A
/// chain of values takes no stack.
#[cold]
pub(crate) fn drop_outside(value: Value) {
    let mut value = Some(value);
    // An ending thread may have dropped the list.
    let _ = ASIDE.try_with(|aside| aside.borrow_mut().extend(value.take()));
    drop(value);
    if DEPTH.get() == 0 {
        drop_what_is_aside();
    }
}

fn drop_what_is_aside() {
    let next = || {
        ASIDE
            .try_with(|aside| aside.borrow_mut().pop())
            .ok()
            .flatten()
    };
    if IS_DROPPING.get() {
        return;
    }
    let Some(first) = next() else { return };
    IS_DROPPING.set(true);
    drop(first);
    while let Some(value) = next() {
        drop(value);
    }
    IS_DROPPING.set(false);
}

/// Has forks wait for the gates. Called once.
#[cfg(unix)]
pub(crate) fn watch_forks() {
    use std::sync::Once;

    static START: Once = Once::new();
    START.call_once(|| {
        // SAFETY: the handlers may be called at any fork: they are functions of this library, which
        // is never unloaded.
        unsafe { libc::pthread_atfork(Some(close_gates), Some(open_gates), Some(begin_child)) };
    });
}

#[cfg(not(unix))]
pub(crate) fn watch_forks() {}

#[cfg(unix)]
thread_local! {
    /// The locks that this thread holds while it forks.
    static CLOSED: RefCell<Vec<MutexGuard<'static, ()>>> = const { RefCell::new(Vec::new()) };
}

#[cfg(unix)]
unsafe extern "C" fn close_gates() {
    let own = (DEPTH.get() > 0).then(index);
    let others = GATES.iter().enumerate();
    let others = others.filter(|(index, _)| Some(*index) != own);
    let guards: Vec<_> = others.map(|(_, gate)| lock(&gate.0)).collect();
    // An ending thread may have dropped the list: it forks without waiting.
    let _ = CLOSED.try_with(|closed| *closed.borrow_mut() = guards);
}

#[cfg(unix)]
unsafe extern "C" fn open_gates() {
    let guards = CLOSED.try_with(|closed| std::mem::take(&mut *closed.borrow_mut()));
    drop(guards);
}

#[cfg(unix)]
unsafe extern "C" fn begin_child() {
    crate::life::begin_child();
    // SAFETY: called in the child of a fork, on the thread that has closed the gates.
    unsafe { open_gates() };
}
