//! [`Life`]: what the driver believes about one interpreter, and the objects it counts there.
//!
//! Invariants:
//! - The stage only goes forward, and is [`Stage::Ending`] before anything that ends the interpreter
//!   is called, [`Stage::Ended`] after it has returned.
//! - Whatever makes or drops counted objects or handles of the interpreter has a [`Change`], so that
//!   an audit knows when nothing moves.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pyatoll::interpreter::{Interpreter, SubInterpreter};

use crate::failure;

/// Locks a mutex of the driver. A panic of an operation says nothing about what the lock guards.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who made the interpreter, and so who ends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Maker {
    /// It was there: the main interpreter.
    Runtime,
    /// `SubInterpreter`.
    Rust,
    /// Python's `_interpreters`.
    Python,
    /// `InterpreterPool`.
    Pool,
}

/// Where the interpreter is in its life, as far as the driver has brought it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    Open,
    Ending,
    Ended,
}

/// One interpreter.
pub struct Life {
    /// Counts up in the process: unlike CPython's id, it means one interpreter for ever.
    pub number: u64,
    pub maker: Maker,
    handle: OnceLock<Interpreter>,
    /// Taken out by whoever ends it.
    owned: Mutex<Option<SubInterpreter>>,
    stage: AtomicU8,
    changes_begun: AtomicU64,
    changes_done: AtomicU64,
    /// An audit waits for the changes in flight; nothing new is to begin.
    still: AtomicBool,
    /// Counted objects that were made and have not died.
    pub alive: AtomicI64,
    /// Objects that a handle or the interpreter's shelf refers to.
    held: AtomicI64,
    /// Objects that a handle refers to.
    handled: AtomicI64,
    /// Handles dropped since it began to end.
    late: AtomicI64,
    /// How often `atoll.count()` was called.
    pub calls: AtomicU64,
    /// The address of the object behind `atoll.once()`, or 0.
    pub once: AtomicU64,
    /// The value that belongs to the interpreter was dropped.
    pub values_dropped: AtomicBool,
    /// The next execution of the module `flaky` is to fail.
    pub fail_import: AtomicBool,
}

impl Life {
    pub fn new(number: u64, maker: Maker) -> Arc<Self> {
        Arc::new(Self {
            number,
            maker,
            handle: OnceLock::new(),
            owned: Mutex::new(None),
            stage: AtomicU8::new(0),
            changes_begun: AtomicU64::new(0),
            changes_done: AtomicU64::new(0),
            still: AtomicBool::new(false),
            alive: AtomicI64::new(0),
            held: AtomicI64::new(0),
            handled: AtomicI64::new(0),
            late: AtomicI64::new(0),
            calls: AtomicU64::new(0),
            once: AtomicU64::new(0),
            values_dropped: AtomicBool::new(false),
            fail_import: AtomicBool::new(false),
        })
    }

    /// Says which interpreter it is, once.
    pub fn is_of(&self, handle: Interpreter) {
        if *self.handle.get_or_init(|| handle) != handle {
            failure::note(format!("life {} is of two interpreters", self.number));
        }
    }

    pub fn own(&self, sub: SubInterpreter) {
        self.is_of(sub.interpreter());
        *lock(&self.owned) = Some(sub);
    }

    /// The interpreter, if nobody else ends it.
    pub fn take_owned(&self) -> Option<SubInterpreter> {
        lock(&self.owned).take()
    }

    pub fn handle(&self) -> Interpreter {
        *self.handle.get().expect("set before others see it")
    }

    pub fn id(&self) -> i64 {
        self.handle().id()
    }

    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::SeqCst) {
            0 => Stage::Open,
            1 => Stage::Ending,
            _ => Stage::Ended,
        }
    }

    /// Takes the right, and the duty, to end it. `false`: another thread has it.
    pub fn begin_end(&self) -> bool {
        self.stage
            .compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// It stays: the end that was begun was refused.
    pub fn cancel_end(&self) {
        self.stage.store(0, Ordering::SeqCst);
    }

    /// Nobody can get in any more.
    pub fn has_ended(&self) {
        self.stage.store(2, Ordering::SeqCst);
    }

    /// Announces a change of what is counted. `None`: an audit is at work.
    pub fn change(self: &Arc<Self>) -> Option<Change> {
        if self.still.load(Ordering::SeqCst) {
            return None;
        }
        let change = self.urgent_change();
        (!self.still.load(Ordering::SeqCst)).then_some(change)
    }

    /// As [`change`](Life::change), for what cannot wait: the audit in progress is void.
    pub fn urgent_change(self: &Arc<Self>) -> Change {
        self.changes_begun.fetch_add(1, Ordering::SeqCst);
        Change(self.clone())
    }

    /// Waits a while for the changes in flight, with new ones kept out. `None`: they did not end in
    /// time, or another audit is at work.
    pub fn hold_still(self: &Arc<Self>, patience: Duration) -> Option<Still> {
        if self.still.swap(true, Ordering::SeqCst) {
            return None;
        }
        let end = Instant::now() + patience;
        let mut still = Still {
            life: self.clone(),
            begun: 0,
        };
        loop {
            let begun = self.changes_begun.load(Ordering::SeqCst);
            if self.changes_done.load(Ordering::SeqCst) == begun {
                still.begun = begun;
                return Some(still);
            }
            if Instant::now() > end {
                return None;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Objects that must be alive.
    pub fn held(&self) -> i64 {
        self.held.load(Ordering::SeqCst)
    }

    /// The most objects that may be left after the interpreter has ended: those that handles keep
    /// from dying, and those whose handle was dropped too late.
    pub fn left_after_end(&self) -> i64 {
        // In this order: a drop counts as late before it stops to count as a handle.
        self.handled.load(Ordering::SeqCst) + self.late.load(Ordering::SeqCst)
    }
}

/// While this lives, what is counted in an interpreter may change.
pub struct Change(Arc<Life>);

impl Drop for Change {
    fn drop(&mut self) {
        self.0.changes_done.fetch_add(1, Ordering::SeqCst);
    }
}

/// While this lives, nothing new changes in an interpreter, urgent changes excepted.
pub struct Still {
    life: Arc<Life>,
    begun: u64,
}

impl Still {
    /// Whether nothing has changed since.
    pub fn held(&self) -> bool {
        self.life.changes_begun.load(Ordering::SeqCst) == self.begun
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.life.still.store(false, Ordering::SeqCst);
    }
}

/// What the driver believes about one counted object.
pub struct Model {
    pub life: Arc<Life>,
    pub value: u64,
    alive: AtomicBool,
    holders: Mutex<Holders>,
}

#[derive(Default)]
struct Holders {
    /// Handles of Rust's.
    handles: i64,
    /// References from the interpreter's shelf, which die with it.
    shelved: i64,
}

impl Model {
    /// A new object of the interpreter.
    pub fn born(life: &Arc<Life>, value: u64) -> Arc<Self> {
        life.alive.fetch_add(1, Ordering::SeqCst);
        Arc::new(Self {
            life: life.clone(),
            value,
            alive: AtomicBool::new(true),
            holders: Mutex::default(),
        })
    }

    /// The object dies: once, in its own interpreter, and without handles.
    pub fn dies(&self) {
        if !self.alive.swap(false, Ordering::SeqCst) {
            failure::note(format!("{self} died twice"));
        }
        self.life.alive.fetch_sub(1, Ordering::SeqCst);
        let holders = lock(&self.holders);
        if holders.handles != 0 {
            failure::note(format!("{self} died with {} handles", holders.handles));
        }
        if self.life.stage() == Stage::Open {
            if holders.shelved != 0 {
                failure::note(format!("{self} died on the shelf"));
            }
            drop(holders);
            if Interpreter::current() != Some(self.life.handle()) {
                failure::note(format!("{self} died in another interpreter"));
            }
        }
    }

    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }

    /// All references to the object that the driver knows of.
    pub fn references(&self) -> i64 {
        let holders = lock(&self.holders);
        holders.handles + holders.shelved
    }

    pub fn add_handle(&self) {
        let mut holders = lock(&self.holders);
        if holders.handles == 0 {
            self.life.handled.fetch_add(1, Ordering::SeqCst);
        }
        if holders.handles + holders.shelved == 0 {
            self.life.held.fetch_add(1, Ordering::SeqCst);
        }
        holders.handles += 1;
    }

    pub fn remove_handle(&self) {
        let mut holders = lock(&self.holders);
        if self.life.stage() != Stage::Open {
            self.life.late.fetch_add(1, Ordering::SeqCst);
        }
        holders.handles -= 1;
        if holders.handles == 0 {
            self.life.handled.fetch_sub(1, Ordering::SeqCst);
        }
        if holders.handles + holders.shelved == 0 {
            self.life.held.fetch_sub(1, Ordering::SeqCst);
        }
    }

    pub fn shelve(&self) {
        let mut holders = lock(&self.holders);
        if holders.handles + holders.shelved == 0 {
            self.life.held.fetch_add(1, Ordering::SeqCst);
        }
        holders.shelved += 1;
    }

    pub fn unshelve(&self) {
        let mut holders = lock(&self.holders);
        holders.shelved -= 1;
        if holders.handles + holders.shelved == 0 {
            self.life.held.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl std::fmt::Display for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Life { number, maker, .. } = &*self.life;
        write!(
            f,
            "object {:x} of life {number} ({maker:?}, {:?})",
            self.value,
            self.life.stage()
        )
    }
}
