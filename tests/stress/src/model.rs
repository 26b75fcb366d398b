//! The driver's model of interpreters ([`InterpreterModel`]) and counted objects ([`ObjectModel`]).
//!
//! Invariants:
//! - The stage becomes [`Stage::Ending`] before anything that ends the interpreter is called, and
//!   [`Stage::Ended`] after that has returned. It goes back only if the end was refused.
//! - Creating or dropping counted objects or handles requires a [`Change`] of their interpreter, so
//!   that an audit can wait until nothing changes.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pyatoll::interpreter::{Interpreter, SubInterpreter};

use crate::failure;

/// Locks a mutex, ignoring poison: a panic in an operation does not invalidate the driver's state.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The creator of an interpreter, which is also responsible for ending it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Maker {
    /// The runtime: this is the main interpreter.
    Runtime,
    /// `SubInterpreter`.
    Rust,
    /// Python's `_interpreters`.
    Python,
    /// `InterpreterPool`.
    Pool,
}

/// The stage of an interpreter's life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    Open,
    Ending,
    Ended,
}

/// The model of one interpreter.
pub struct InterpreterModel {
    /// Unique in the process, unlike CPython's id.
    pub number: u64,
    pub maker: Maker,
    handle: OnceLock<Interpreter>,
    /// Taken by the thread that ends it.
    owned: Mutex<Option<SubInterpreter>>,
    stage: AtomicU8,
    changes_begun: AtomicU64,
    changes_done: AtomicU64,
    /// Set while an audit keeps new changes out.
    frozen: AtomicBool,
    /// Number of counted objects that are alive.
    pub alive: AtomicI64,
    /// Number of objects referenced by a handle or the interpreter's shelf.
    referenced: AtomicI64,
    /// Number of objects referenced by a handle.
    with_handles: AtomicI64,
    /// Number of handles dropped since the end began.
    late_drops: AtomicI64,
    /// Number of calls of `atoll.count()`.
    pub calls: AtomicU64,
    /// The address of the object behind `atoll.once()`, or 0.
    pub once: AtomicU64,
    /// Number of successful exit functions.
    pub exits: AtomicU64,
    /// Whether the interpreter's per-interpreter value has been dropped.
    pub values_dropped: AtomicBool,
    /// Whether the next execution of the module `flaky` fails.
    pub fail_import: AtomicBool,
}

impl InterpreterModel {
    pub fn new(number: u64, maker: Maker) -> Arc<Self> {
        Arc::new(Self {
            number,
            maker,
            handle: OnceLock::new(),
            owned: Mutex::new(None),
            stage: AtomicU8::new(0),
            changes_begun: AtomicU64::new(0),
            changes_done: AtomicU64::new(0),
            frozen: AtomicBool::new(false),
            alive: AtomicI64::new(0),
            referenced: AtomicI64::new(0),
            with_handles: AtomicI64::new(0),
            late_drops: AtomicI64::new(0),
            calls: AtomicU64::new(0),
            once: AtomicU64::new(0),
            exits: AtomicU64::new(0),
            values_dropped: AtomicBool::new(false),
            fail_import: AtomicBool::new(false),
        })
    }

    /// Sets the interpreter that this is the model of.
    pub fn set_handle(&self, handle: Interpreter) {
        if *self.handle.get_or_init(|| handle) != handle {
            failure::record(format!("interpreter #{} has two identities", self.number));
        }
    }

    pub fn set_owned(&self, sub: SubInterpreter) {
        self.set_handle(sub.interpreter());
        *lock(&self.owned) = Some(sub);
    }

    /// Takes the interpreter in order to end it; `None` if it is already taken.
    pub fn take_owned(&self) -> Option<SubInterpreter> {
        lock(&self.owned).take()
    }

    pub fn handle(&self) -> Interpreter {
        *self
            .handle
            .get()
            .expect("the handle is set before the model is shared")
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

    /// Claims the right, and the duty, to end it. Returns `false` if another thread has done so.
    pub fn begin_end(&self) -> bool {
        self.stage
            .compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// Reopens it after its end was refused.
    pub fn cancel_end(&self) {
        self.stage.store(0, Ordering::SeqCst);
    }

    /// Records that it has ended and cannot be entered any more.
    pub fn mark_ended(&self) {
        self.stage.store(2, Ordering::SeqCst);
    }

    /// Announces a change to the counted objects. Returns `None` during an audit.
    pub fn change(self: &Arc<Self>) -> Option<Change> {
        if self.frozen.load(Ordering::SeqCst) {
            return None;
        }
        let change = self.urgent_change();
        (!self.frozen.load(Ordering::SeqCst)).then_some(change)
    }

    /// Announces a change that cannot wait, which invalidates an audit in progress.
    pub fn urgent_change(self: &Arc<Self>) -> Change {
        self.changes_begun.fetch_add(1, Ordering::SeqCst);
        Change(self.clone())
    }

    /// Keeps new changes out and waits for those in flight. Returns `None` if they do not end
    /// within `timeout`, or during another audit.
    pub fn freeze(self: &Arc<Self>, timeout: Duration) -> Option<Frozen> {
        if self.frozen.swap(true, Ordering::SeqCst) {
            return None;
        }
        let end = Instant::now() + timeout;
        let mut frozen = Frozen {
            interpreter: self.clone(),
            begun: 0,
        };
        loop {
            let begun = self.changes_begun.load(Ordering::SeqCst);
            if self.changes_done.load(Ordering::SeqCst) == begun {
                frozen.begun = begun;
                return Some(frozen);
            }
            if Instant::now() > end {
                return None;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Returns the number of objects that must be alive.
    pub fn referenced(&self) -> i64 {
        self.referenced.load(Ordering::SeqCst)
    }

    /// Returns the maximum number of objects that may leak at the interpreter's end: those
    /// referenced by handles, and those whose handle was dropped too late.
    pub fn left_after_end(&self) -> i64 {
        // The order matters: a drop is added to `late_drops` before its handle is subtracted.
        self.with_handles.load(Ordering::SeqCst) + self.late_drops.load(Ordering::SeqCst)
    }
}

/// Permission to change an interpreter's counted objects, until dropped.
pub struct Change(Arc<InterpreterModel>);

impl Drop for Change {
    fn drop(&mut self) {
        self.0.changes_done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Keeps all but urgent changes out of an interpreter, until dropped.
pub struct Frozen {
    interpreter: Arc<InterpreterModel>,
    begun: u64,
}

impl Frozen {
    /// Returns whether nothing has changed since.
    pub fn is_intact(&self) -> bool {
        self.interpreter.changes_begun.load(Ordering::SeqCst) == self.begun
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.interpreter.frozen.store(false, Ordering::SeqCst);
    }
}

/// The model of one counted object.
pub struct ObjectModel {
    pub interpreter: Arc<InterpreterModel>,
    pub value: u64,
    alive: AtomicBool,
    holders: Mutex<Holders>,
}

#[derive(Default)]
struct Holders {
    /// Rust handles.
    handles: i64,
    /// References from the interpreter's shelf, which are dropped at its end.
    shelved: i64,
}

impl ObjectModel {
    /// Records a new object of the interpreter.
    pub fn new(interpreter: &Arc<InterpreterModel>, value: u64) -> Arc<Self> {
        interpreter.alive.fetch_add(1, Ordering::SeqCst);
        Arc::new(Self {
            interpreter: interpreter.clone(),
            value,
            alive: AtomicBool::new(true),
            holders: Mutex::default(),
        })
    }

    /// Records the object's death, and checks that it is the first one, happens in its own
    /// interpreter, and that no handle is left.
    pub fn mark_dead(&self) {
        if !self.alive.swap(false, Ordering::SeqCst) {
            failure::record(format!("{self} died twice"));
        }
        self.interpreter.alive.fetch_sub(1, Ordering::SeqCst);
        let holders = lock(&self.holders);
        if holders.handles != 0 {
            failure::record(format!("{self} died with {} handles", holders.handles));
        }
        if self.interpreter.stage() == Stage::Open {
            if holders.shelved != 0 {
                failure::record(format!("{self} died on the shelf"));
            }
            drop(holders);
            if Interpreter::current() != Some(self.interpreter.handle()) {
                failure::record(format!("{self} died in another interpreter"));
            }
        }
    }

    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }

    /// Returns the number of references to the object that the driver knows of.
    pub fn references(&self) -> i64 {
        let holders = lock(&self.holders);
        holders.handles + holders.shelved
    }

    pub fn add_handle(&self) {
        let mut holders = lock(&self.holders);
        if holders.handles == 0 {
            self.interpreter.with_handles.fetch_add(1, Ordering::SeqCst);
        }
        if holders.handles + holders.shelved == 0 {
            self.interpreter.referenced.fetch_add(1, Ordering::SeqCst);
        }
        holders.handles += 1;
    }

    pub fn remove_handle(&self) {
        let mut holders = lock(&self.holders);
        if self.interpreter.stage() != Stage::Open {
            self.interpreter.late_drops.fetch_add(1, Ordering::SeqCst);
        }
        holders.handles -= 1;
        if holders.handles == 0 {
            self.interpreter.with_handles.fetch_sub(1, Ordering::SeqCst);
        }
        if holders.handles + holders.shelved == 0 {
            self.interpreter.referenced.fetch_sub(1, Ordering::SeqCst);
        }
    }

    pub fn shelve(&self) {
        let mut holders = lock(&self.holders);
        if holders.handles + holders.shelved == 0 {
            self.interpreter.referenced.fetch_add(1, Ordering::SeqCst);
        }
        holders.shelved += 1;
    }

    pub fn unshelve(&self) {
        let mut holders = lock(&self.holders);
        holders.shelved -= 1;
        if holders.handles + holders.shelved == 0 {
            self.interpreter.referenced.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl std::fmt::Display for ObjectModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let InterpreterModel { number, maker, .. } = &*self.interpreter;
        write!(
            f,
            "object {:x} of interpreter #{number} ({maker:?}, {:?})",
            self.value,
            self.interpreter.stage()
        )
    }
}
