//! `RWLock`: a lock for one writer or several readers.

use std::sync::Mutex;

use pyatoll::Shared;
use pyatoll::prelude::*;

use crate::errors::DeadlockError;
use crate::gate::{Gate, lock};
use crate::life::Owner;
use crate::lock::{not_held, owner_died};
use crate::waiters::Waiters;
use crate::waiting::{Deadline, wait};

#[derive(Default)]
struct State {
    writer: Option<Owner>,
    /// The threads that read, once for each time that they have acquired it.
    readers: Vec<Owner>,
    /// The threads that wait to write. While there are any, no other thread begins to read.
    waiting: Vec<Owner>,
}

impl State {
    fn is_reader(&self, owner: &Owner) -> bool {
        self.readers.iter().any(|reader| reader.is(owner))
    }

    /// Removes one entry of an owner. Returns whether there was one.
    fn remove(owners: &mut Vec<Owner>, owner: &Owner) -> bool {
        let index = owners.iter().rposition(|other| other.is(owner));
        index.map(|index| owners.swap_remove(index)).is_some()
    }
}

/// A lock that all interpreters share, for one writer or any number of readers.
///
/// Writers go before new readers. A thread that reads may acquire it for reading again. If a writer
/// ends without releasing it, the next `acquire_write` gets the lock and raises `OwnerDied`: repair
/// what the lock protects, then release it. Until then, everything else raises `OwnerDied` without
/// getting the lock. A reader that ends leaves nothing behind.
#[pyclass(frozen, shareable, weakref)]
pub(crate) struct RWLock {
    state: Mutex<State>,
    waiters: Waiters,
}

impl RWLock {
    fn with<R>(&self, function: impl FnOnce(&mut State) -> R) -> R {
        let _gate = Gate::enter();
        function(&mut lock(&self.state))
    }

    fn take_read(&self, py: Python<'_>, deadline: Deadline) -> PyResult<bool> {
        let own = Owner::current(py)?;
        let taken = wait(py, &self.waiters, deadline, None, || {
            self.with(|state| {
                match &state.writer {
                    Some(writer) if writer.is(&own) => {
                        return Err(DeadlockError::new_err("this thread is writing already"));
                    }
                    Some(writer) if writer.is_dead() => {
                        return Err(owner_died("acquire_write() takes it over"));
                    }
                    Some(_) => return Ok(None),
                    None => {}
                }
                state.waiting.retain(|writer| !writer.is_dead());
                if !state.waiting.is_empty() && !state.is_reader(&own) {
                    return Ok(None);
                }
                state.readers.push(own.clone());
                Ok(Some(()))
            })
        })?;
        Ok(taken.is_some())
    }

    /// Acquires it for writing. `takes_over`: also from a writer that has ended, with an error.
    fn take_write(&self, py: Python<'_>, deadline: Deadline, takes_over: bool) -> PyResult<bool> {
        let own = Owner::current(py)?;
        let mut is_waiting = false;
        let taken = wait(py, &self.waiters, deadline, None, || {
            self.with(|state| {
                let was_held = match &state.writer {
                    Some(writer) if writer.is(&own) => {
                        return Err(DeadlockError::new_err("this thread is writing already"));
                    }
                    Some(writer) if !writer.is_dead() => return Ok(None),
                    Some(_) if !takes_over => {
                        return Err(owner_died("acquire_write() takes it over"));
                    }
                    other => other.is_some(),
                };
                state.readers.retain(|reader| !reader.is_dead());
                if state.is_reader(&own) {
                    return Err(DeadlockError::new_err(
                        "this thread is reading, and would wait for itself",
                    ));
                }
                if !state.readers.is_empty() {
                    if deadline != Deadline::Now && !is_waiting {
                        state.waiting.push(own.clone());
                        is_waiting = true;
                    }
                    return Ok(None);
                }
                state.writer = Some(own.clone());
                Ok(Some(was_held))
            })
        });
        if is_waiting {
            self.with(|state| State::remove(&mut state.waiting, &own));
        }
        match taken {
            Ok(Some(true)) => Err(owner_died("this thread is writing now")),
            Ok(Some(false)) => Ok(true),
            other => {
                if is_waiting {
                    // Readers have waited for this one.
                    self.waiters.wake_all();
                }
                other.map(|_| false)
            }
        }
    }
}

#[pymethods]
impl RWLock {
    /// Creates a lock that nobody holds.
    #[new]
    fn new() -> Self {
        Self {
            state: Mutex::default(),
            waiters: Waiters::new(),
        }
    }

    /// Acquires the lock for reading, and returns whether it did. The arguments are those of
    /// `Lock.acquire`.
    ///
    /// Raises `DeadlockError` if this thread writes, and `OwnerDied` if a writer has ended without
    /// releasing the lock.
    #[pyo3(signature = (blocking = true, timeout = -1.0))]
    fn acquire_read(&self, py: Python<'_>, blocking: bool, timeout: f64) -> PyResult<bool> {
        self.take_read(py, Deadline::of_lock(blocking, timeout)?)
    }

    /// Acquires the lock for writing, and returns whether it did. The arguments are those of
    /// `Lock.acquire`.
    ///
    /// Raises `DeadlockError` if this thread writes or reads, and `OwnerDied` if a writer has ended
    /// without releasing the lock: then this thread has it now.
    #[pyo3(signature = (blocking = true, timeout = -1.0))]
    fn acquire_write(&self, py: Python<'_>, blocking: bool, timeout: f64) -> PyResult<bool> {
        self.take_write(py, Deadline::of_lock(blocking, timeout)?, true)
    }

    /// Ends reading.
    ///
    /// Raises `RuntimeError` if this thread does not read.
    fn release_read(&self, py: Python<'_>) -> PyResult<()> {
        let own = Owner::current(py)?;
        self.with(|state| match State::remove(&mut state.readers, &own) {
            true => Ok(()),
            false => Err(not_held(!state.readers.is_empty())),
        })?;
        self.waiters.wake_all();
        Ok(())
    }

    /// Ends writing.
    ///
    /// Raises `RuntimeError` if this thread does not write.
    fn release_write(&self, py: Python<'_>) -> PyResult<()> {
        let own = Owner::current(py)?;
        self.with(|state| match &state.writer {
            Some(writer) if writer.is(&own) => {
                state.writer = None;
                Ok(())
            }
            other => Err(not_held(other.is_some())),
        })?;
        self.waiters.wake_all();
        Ok(())
    }

    /// Returns a context manager that reads.
    fn read(slf: &Bound<'_, Self>) -> ReadLock {
        ReadLock(slf.into())
    }

    /// Returns a context manager that writes.
    fn write(slf: &Bound<'_, Self>) -> WriteLock {
        WriteLock(slf.into())
    }

    fn __repr__(&self) -> String {
        let (is_written, readers) =
            self.with(|state| (state.writer.is_some(), state.readers.len()));
        match (is_written, readers) {
            (true, _) => "<interpshare.RWLock, writing>".into(),
            (false, 0) => "<interpshare.RWLock, free>".into(),
            (false, readers) => format!("<interpshare.RWLock, {readers} reading>"),
        }
    }
}

/// A context manager that acquires an `RWLock` for reading.
#[pyclass(frozen, shareable)]
pub(crate) struct ReadLock(Shared<RWLock>);

#[pymethods]
impl ReadLock {
    fn __enter__(&self, py: Python<'_>) -> PyResult<bool> {
        self.0.take_read(py, Deadline::Never)
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.release_read(py)
    }
}

/// A context manager that acquires an `RWLock` for writing.
#[pyclass(frozen, shareable)]
pub(crate) struct WriteLock(Shared<RWLock>);

#[pymethods]
impl WriteLock {
    fn __enter__(&self, py: Python<'_>) -> PyResult<bool> {
        self.0.take_write(py, Deadline::Never, false)
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.release_write(py)
    }
}
