//! `Once`: a value that is computed once.

use std::sync::{Mutex, OnceLock};

use pyatoll::prelude::*;

use crate::errors::DeadlockError;
use crate::gate::{Gate, lock};
use crate::life::Owner;
use crate::value::Held;
use crate::waiters::Waiters;
use crate::waiting::{Deadline, wait};

/// A value that the first thread of any interpreter to ask for it computes, for all of them.
///
/// The function runs in the interpreter of that thread. Other threads wait for its result. If it
/// raises, or its thread or interpreter ends, the next thread calls its own.
#[pyclass(frozen, shareable, generic, weakref)]
pub(crate) struct Once {
    value: OnceLock<Held>,
    runner: Mutex<Option<Owner>>,
    waiters: Waiters,
}

/// This thread computes the value. Dropping it lets the next one do so.
struct Running<'a>(&'a Once);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        {
            let _gate = Gate::enter();
            *lock(&self.0.runner) = None;
        }
        self.0.waiters.wake_all();
    }
}

impl Once {
    fn found<'py>(&self, py: Python<'py>) -> Option<PyResult<Bound<'py, PyAny>>> {
        Some(self.value.get()?.get().to_object(py))
    }
}

#[pymethods]
impl Once {
    /// Creates one without a value.
    #[new]
    fn new() -> Self {
        Self {
            value: OnceLock::new(),
            runner: Mutex::new(None),
            waiters: Waiters::new(),
        }
    }

    /// Returns the value. If there is none, calls `function` without arguments and stores its
    /// result; if another thread is doing so, waits for it.
    ///
    /// Raises what the function raises, and `DeadlockError` if the function of this thread asks for
    /// the value.
    fn get_or_init<'py>(
        &self,
        py: Python<'py>,
        function: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Some(found) = self.found(py) {
            return found;
        }
        let own = Owner::current(py)?;
        let running = wait(py, &self.waiters, Deadline::Never, None, || {
            let _gate = Gate::enter();
            let mut runner = lock(&self.runner);
            if self.value.get().is_some() {
                return Ok(Some(None));
            }
            match &*runner {
                Some(other) if other.is(&own) => Err(DeadlockError::new_err(
                    "the function that computes the value asks for the value",
                )),
                Some(other) if !other.is_dead() => Ok(None),
                _ => {
                    *runner = Some(own.clone());
                    Ok(Some(Some(Running(self))))
                }
            }
        })?;
        if let Some(Some(_running)) = running {
            let result = function.call0()?;
            let value = Held::from_object(&result)?;
            let _gate = Gate::enter();
            // Nobody else sets it: this thread is the runner.
            let _ = self.value.set(value);
        }
        self.found(py)
            .unwrap_or_else(|| Ok(py.None().into_bound(py)))
    }

    /// Returns the value, or `default` if there is none yet.
    #[pyo3(signature = (default = None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.found(py)
            .unwrap_or_else(|| Ok(default.unwrap_or_else(|| py.None().into_bound(py))))
    }

    /// Returns whether there is a value.
    fn is_set(&self) -> bool {
        self.value.get().is_some()
    }

    fn __repr__(&self) -> &'static str {
        if self.is_set() {
            "<interpshare.Once, set>"
        } else {
            "<interpshare.Once, not set>"
        }
    }
}
