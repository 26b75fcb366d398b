//! [`Gate`]: the locks inside the package are held only within one, so that a fork finds them free.
//!
//! Invariants:
//! - Within a gate, a thread neither waits nor calls Python: the thread that forks waits for all
//!   gates, and may have the GIL.
//! - Each thread has one of several locks, which others rarely use: entering costs no contention.
//! - Values that may run foreign code when they are dropped are dropped after the gate is left.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::value::Value;

/// The number of locks.
const LOCKS: usize = 64;

/// A lock with a cache line of its own.
#[repr(align(128))]
struct Padded(Mutex<()>);

static GATES: [Padded; LOCKS] = [const { Padded(Mutex::new(())) }; LOCKS];

/// What a thread knows, at one place: finding it takes a call.
struct Local {
    /// The thread's lock, once it has one.
    gate: Cell<Option<&'static Mutex<()>>>,
    /// The number of gates that the thread is in.
    depth: Cell<usize>,
    /// Whether something is in `ASIDE`.
    has_aside: Cell<bool>,
    /// Whether the thread is dropping what it has set aside.
    is_dropping: Cell<bool>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            gate: Cell::new(None),
            depth: Cell::new(0),
            has_aside: Cell::new(false),
            is_dropping: Cell::new(false),
        }
    };
    /// What this thread drops once it has left its gates.
    static ASIDE: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
}

/// Takes a lock; nothing here panics while one is held.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Local {
    #[inline]
    fn gate(&self) -> &'static Mutex<()> {
        self.gate.get().unwrap_or_else(|| self.new_gate())
    }

    #[cold]
    fn new_gate(&self) -> &'static Mutex<()> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let gate = &GATES[NEXT.fetch_add(1, Ordering::Relaxed) % LOCKS].0;
        self.gate.set(Some(gate));
        gate
    }
}

/// While it exists, no fork happens. May be nested.
pub(crate) struct Gate {
    /// The thread's lock, for the outermost one.
    guard: ManuallyDrop<Option<MutexGuard<'static, ()>>>,
    /// The thread's own, which it keeps until it ends.
    local: NonNull<Local>,
}

impl Gate {
    #[inline]
    pub(crate) fn enter() -> Self {
        LOCAL.with(|local| {
            let depth = local.depth.get();
            let guard = (depth == 0).then(|| lock(local.gate()));
            local.depth.set(depth + 1);
            Self {
                guard: ManuallyDrop::new(guard),
                local: local.into(),
            }
        })
    }
}

impl Drop for Gate {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: a gate is dropped on the thread that has entered it, since it is not `Send`, and
        // the thread-local has no destructor, so it stays until the thread ends.
        let local = unsafe { self.local.as_ref() };
        let depth = local.depth.get() - 1;
        local.depth.set(depth);
        // SAFETY: taken once, here.
        drop(unsafe { ManuallyDrop::take(&mut self.guard) });
        if depth == 0 && local.has_aside.get() {
            drop_what_is_aside(local);
        }
    }
}

/// Waits until every other thread has left the gates that it is in now. Not called within one.
pub(crate) fn pass_all() {
    for gate in &GATES {
        drop(lock(&gate.0));
    }
}

/// Drops a value that may run foreign code: at once, or after the gates that this thread is in. A
/// chain of values takes no stack.
#[cold]
pub(crate) fn drop_outside(value: Value) {
    let mut value = Some(value);
    LOCAL.with(|local| {
        let _ = ASIDE.try_with(|aside| {
            aside.borrow_mut().extend(value.take());
            local.has_aside.set(true);
        });
        // An ending thread may have dropped the list. Within a gate, foreign code might wait for a
        // thread that waits for this one.
        match local.depth.get() {
            0 => drop(value),
            _ => std::mem::forget(value),
        }
        if local.depth.get() == 0 {
            drop_what_is_aside(local);
        }
    });
}

#[cold]
fn drop_what_is_aside(local: &Local) {
    if local.is_dropping.replace(true) {
        return;
    }
    let next = || ASIDE.try_with(|aside| aside.borrow_mut().pop()).ok()?;
    while let Some(value) = next() {
        drop(value);
    }
    local.has_aside.set(false);
    local.is_dropping.set(false);
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
    let own = LOCAL.with(|local| local.gate.get().filter(|_| local.depth.get() > 0));
    let is_own = |gate: &Mutex<()>| own.is_some_and(|own| std::ptr::eq(own, gate));
    let others = GATES.iter().filter(|gate| !is_own(&gate.0));
    let guards: Vec<_> = others.map(|gate| lock(&gate.0)).collect();
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
