//! `Lock`: a lock that knows its holder.

use std::sync::Mutex;

use pyatoll::exceptions::PyRuntimeError;
use pyatoll::prelude::*;

use crate::errors::{DeadlockError, OwnerDied};
use crate::gate::{Gate, lock};
use crate::life::Owner;
use crate::waiters::Waiters;
use crate::waiting::{Deadline, wait};

/// A lock that all interpreters share. It is held by a thread in an interpreter.
///
/// If the holder ends without releasing it, the next `acquire` gets the lock and raises
/// `OwnerDied`: repair what the lock protects, then release it. Until then, `with` raises
/// `OwnerDied` without getting the lock.
#[pyclass(frozen, shareable, weakref)]
pub(crate) struct Lock {
    holder: Mutex<Option<Owner>>,
    waiters: Waiters,
}

/// How a lock was acquired.
enum Acquired {
    Free,
    /// From a holder that had ended.
    OfDead,
}

impl Lock {
    /// Acquires the lock; `None` if the deadline has passed. `takes_over`: also from a holder that
    /// has ended.
    fn take(
        &self,
        py: Python<'_>,
        deadline: Deadline,
        takes_over: bool,
    ) -> PyResult<Option<Acquired>> {
        let own = Owner::current(py)?;
        wait(py, &self.waiters, deadline, None, || {
            let _gate = Gate::enter();
            let mut holder = lock(&self.holder);
            let acquired = match &*holder {
                None => Acquired::Free,
                Some(other) if other.is(&own) => return Err(would_wait_for_itself()),
                Some(other) if !other.is_dead() => return Ok(None),
                Some(_) if takes_over => Acquired::OfDead,
                Some(_) => return Err(owner_died("acquire() takes it over")),
            };
            *holder = Some(own.clone());
            Ok(Some(acquired))
        })
    }
}

#[cold]
fn would_wait_for_itself() -> PyErr {
    DeadlockError::new_err("this thread holds the lock already")
}

#[cold]
pub(crate) fn owner_died(what_then: &str) -> PyErr {
    OwnerDied::new_err(format!(
        "the holder of the lock ended without releasing it; {what_then}"
    ))
}

/// Returns the error of a thread that releases what it does not hold.
#[cold]
pub(crate) fn not_held(is_held: bool) -> PyErr {
    PyRuntimeError::new_err(if is_held {
        "cannot release a lock that another thread or interpreter holds"
    } else {
        "cannot release a lock that is not held"
    })
}

#[pymethods]
impl Lock {
    /// Creates a lock that nobody holds.
    #[new]
    fn new() -> Self {
        Self {
            holder: Mutex::new(None),
            waiters: Waiters::new(),
        }
    }

    /// Acquires the lock, and returns whether it did. Waits while it is held: not at all without
    /// `blocking`, else for `timeout` seconds, or without a limit if that is -1.
    ///
    /// Raises `DeadlockError` if this thread holds it, and `OwnerDied` if its holder has ended:
    /// then this thread has it now.
    #[pyo3(signature = (blocking = true, timeout = -1.0))]
    fn acquire(&self, py: Python<'_>, blocking: bool, timeout: f64) -> PyResult<bool> {
        let deadline = Deadline::of_lock(blocking, timeout)?;
        match self.take(py, deadline, true)? {
            Some(Acquired::Free) => Ok(true),
            Some(Acquired::OfDead) => Err(owner_died("this thread holds it now")),
            None => Ok(false),
        }
    }

    /// Releases the lock.
    ///
    /// Raises `RuntimeError` if this thread does not hold it.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        let own = Owner::current(py)?;
        {
            let _gate = Gate::enter();
            let mut holder = lock(&self.holder);
            match &*holder {
                Some(other) if other.is(&own) => *holder = None,
                other => return Err(not_held(other.is_some())),
            }
        }
        self.waiters.wake_one();
        Ok(())
    }

    /// Returns whether a thread holds the lock.
    fn locked(&self) -> bool {
        let _gate = Gate::enter();
        lock(&self.holder).is_some()
    }

    fn __enter__(&self, py: Python<'_>) -> PyResult<bool> {
        self.take(py, Deadline::Never, false).map(|_| true)
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        self.release(py)
    }

    fn __repr__(&self) -> &'static str {
        if self.locked() {
            "<interpshare.Lock, held>"
        } else {
            "<interpshare.Lock, free>"
        }
    }
}
