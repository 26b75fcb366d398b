//! `Event`: a flag that threads wait for.

use std::sync::atomic::{AtomicBool, Ordering};

use pyatoll::prelude::*;

use crate::waiters::Waiters;
use crate::waiting::{Deadline, wait};

/// A flag that all interpreters share, with the methods of `threading.Event`.
#[pyclass(frozen, shareable, weakref)]
pub(crate) struct Event {
    is_set: AtomicBool,
    waiters: Waiters,
}

#[pymethods]
impl Event {
    /// Creates an event that is not set.
    #[new]
    fn new() -> Self {
        Self {
            is_set: AtomicBool::new(false),
            waiters: Waiters::new(),
        }
    }

    /// Sets the event. All threads that wait go on.
    fn set(&self) {
        self.is_set.store(true, Ordering::SeqCst);
        self.waiters.wake_all();
    }

    /// Resets the event.
    fn clear(&self) {
        self.is_set.store(false, Ordering::SeqCst);
    }

    /// Returns whether the event is set.
    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }

    /// Waits until the event is set, for at most `timeout` seconds if there is one. Returns whether
    /// it is set.
    #[pyo3(signature = (timeout = None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let deadline = Deadline::after(timeout)?;
        let is_set = || self.is_set();
        let attempt = || Ok(self.is_set().then_some(()));
        Ok(wait(py, &self.waiters, deadline, Some(&is_set), attempt)?.is_some())
    }

    fn __repr__(&self) -> &'static str {
        if self.is_set() {
            "<interpshare.Event, set>"
        } else {
            "<interpshare.Event, not set>"
        }
    }
}
