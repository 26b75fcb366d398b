//! [`Registry`]: what is pending in an interpreter, and is ended with it.
//!
//! Each interpreter has one. It also has the jobs for the interpreter that a thread must not do by
//! itself: a thread of a runtime would wait for the GIL, perhaps with a lock that the thread with
//! the GIL waits for.
//!
//! Invariant: its locks are not held while Python code runs or a value of the user is dropped.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use pyatoll::interpreter::Interpreter;
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;

/// How long the end of an interpreter waits until the runtime has dropped the interpreter's
/// futures.
const PATIENCE: Duration = Duration::from_secs(1);

/// A conversion between a future and an awaitable that is not complete.
pub(crate) trait Pending: Send + Sync {
    /// Ends it, on the thread that ends the interpreter. Returns whether a thread of the runtime
    /// still has to drop something of the interpreter.
    fn end(&self, py: Python<'_>) -> bool;

    /// Drops on this thread what the runtime has not dropped.
    fn give_up(&self, py: Python<'_>);
}

type Job = Box<dyn FnOnce(Python<'_>) + Send>;

/// The state of one interpreter.
pub(crate) struct Registry {
    interpreter: Interpreter,
    entries: Mutex<Entries>,
    /// Notified when an entry is removed.
    removed: Condvar,
    jobs: Mutex<Jobs>,
}

#[derive(Default)]
struct Entries {
    next: u64,
    /// With the process in which each was added: a fork copies no thread of the runtime, so a
    /// child must not end what its parent has begun.
    by_id: HashMap<u64, (u32, Weak<dyn Pending>)>,
}

#[derive(Default)]
struct Jobs {
    waiting: Vec<Job>,
    /// The process in which a helper thread runs. A fork does not copy it.
    helper: Option<u32>,
}

/// An entry of a registry. It is removed when this is dropped.
pub(crate) struct Registered {
    registry: Arc<Registry>,
    id: u64,
}

/// The value of an interpreter, which ends what is left when that drops its values.
struct Local(Arc<Registry>);

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `f`. If it panics, which has been reported then, leaks the payload: its drop could panic.
pub(crate) fn call_without_unwinding(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        std::mem::forget(payload);
    }
}

impl Registry {
    /// Returns the registry of the token's interpreter.
    fn of(py: Python<'_>) -> Arc<Self> {
        static REGISTRY: InterpreterLocal<Local> = InterpreterLocal::new();
        if let Some(local) = REGISTRY.get(py) {
            return Arc::clone(&local.0);
        }
        let new = Arc::new(Self {
            interpreter: py.interpreter(),
            entries: Mutex::default(),
            removed: Condvar::new(),
            jobs: Mutex::default(),
        });
        if REGISTRY.set(py, Local(Arc::clone(&new))).is_err() {
            // Another thread was faster.
            return Self::of(py);
        }
        let at_end = Arc::clone(&new);
        // It is too late in an exit function that runs after this library's. Then the drop of the
        // value ends what is pending.
        _ = py.interpreter().at_end(move |py| {
            let left = at_end.end(py);
            at_end.wait_for(py, &left);
        });
        new
    }

    /// Ends everything that is pending. Returns that of which the runtime still has to drop
    /// something.
    fn end(&self, py: Python<'_>) -> Vec<Weak<dyn Pending>> {
        let of_this_process = |(process, entry): &(u32, Weak<dyn Pending>)| {
            (*process == process::id()).then(|| entry.clone())
        };
        let all: Vec<_> = {
            let entries = lock(&self.entries);
            entries.by_id.values().filter_map(of_this_process).collect()
        };
        let end = |weak: &Weak<dyn Pending>| weak.upgrade().is_some_and(|entry| entry.end(py));
        all.into_iter().filter(end).collect()
    }

    /// Waits until the runtime has dropped what is left, or drops it after some time.
    fn wait_for(&self, py: Python<'_>, left: &[Weak<dyn Pending>]) {
        if left.is_empty() {
            return;
        }
        py.detach(|| {
            let is_one_left = |_: &mut Entries| left.iter().any(|weak| weak.strong_count() > 0);
            let entries = lock(&self.entries);
            let waited = self
                .removed
                .wait_timeout_while(entries, PATIENCE, is_one_left);
            drop(waited);
        });
        for entry in left.iter().filter_map(Weak::upgrade) {
            entry.give_up(py);
        }
    }

    /// Has a helper thread run a job, attached to the interpreter. The job is dropped if that has
    /// ended.
    fn run_later(self: &Arc<Self>, job: Job) {
        {
            let mut jobs = lock(&self.jobs);
            jobs.waiting.push(job);
            if jobs.helper == Some(process::id()) {
                return;
            }
            jobs.helper = Some(process::id());
        }
        let this = Arc::clone(self);
        let started = thread::Builder::new()
            .name("pyatoll-async".to_owned())
            .spawn(move || this.work());
        if started.is_err() {
            // The next job tries again.
            lock(&self.jobs).helper = None;
        }
    }

    /// Runs jobs until there are none.
    fn work(&self) {
        loop {
            let jobs = {
                let mut jobs = lock(&self.jobs);
                if jobs.waiting.is_empty() {
                    jobs.helper = None;
                    return;
                }
                std::mem::take(&mut jobs.waiting)
            };
            let run = |py: Python<'_>| {
                for job in jobs {
                    // A panic must not keep the others from running.
                    call_without_unwinding(|| job(py));
                }
            };
            // Python may have no memory for a thread state. After the interpreter's end, the jobs
            // are dropped.
            call_without_unwinding(|| _ = self.interpreter.attach(run));
        }
    }
}

impl Registered {
    /// Adds an entry to the registry of the token's interpreter.
    pub(crate) fn new(py: Python<'_>, entry: Weak<dyn Pending>) -> Self {
        let registry = Registry::of(py);
        let mut entries = lock(&registry.entries);
        let id = entries.next;
        entries.next += 1;
        entries.by_id.insert(id, (process::id(), entry));
        drop(entries);
        Self { registry, id }
    }

    /// Has a helper thread run a job, attached to the interpreter of the entry.
    pub(crate) fn run_later(&self, job: impl FnOnce(Python<'_>) + Send + 'static) {
        self.registry.run_later(Box::new(job));
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let removed = lock(&self.registry.entries).by_id.remove(&self.id);
        self.registry.removed.notify_all();
        drop(removed);
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // No thread can enter any more, so there is nothing to wait for; nor may this one detach
        // where the interpreter is torn down.
        Python::try_attach(|py| drop(self.0.end(py)));
    }
}
