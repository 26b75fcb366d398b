//! `Counter`: an atomic integer.

use std::sync::atomic::{AtomicI64, Ordering};

use pyatoll::exceptions::PyOverflowError;
use pyatoll::prelude::*;

/// An integer of 64 bits that all interpreters share. Each method is atomic.
///
/// A result that has no room raises `OverflowError`, and changes nothing.
#[pyclass(frozen, shareable, weakref)]
pub(crate) struct Counter(AtomicI64);

impl Counter {
    fn change(&self, change: impl Fn(i64) -> Option<i64>) -> PyResult<i64> {
        let updated = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, &change);
        let old = updated.map_err(|_| {
            PyOverflowError::new_err("the counter would leave the range of 64-bit integers")
        })?;
        Ok(change(old).unwrap_or(old))
    }
}

#[pymethods]
impl Counter {
    /// Creates a counter with a value.
    #[new]
    #[pyo3(signature = (value = 0))]
    fn new(value: i64) -> Self {
        Self(AtomicI64::new(value))
    }

    /// Adds a number. Returns the new value.
    #[pyo3(signature = (n = 1))]
    fn add(&self, n: i64) -> PyResult<i64> {
        self.change(|value| value.checked_add(n))
    }

    /// Subtracts a number. Returns the new value.
    #[pyo3(signature = (n = 1))]
    fn sub(&self, n: i64) -> PyResult<i64> {
        self.change(|value| value.checked_sub(n))
    }

    /// Adds 1. Returns the new value.
    fn increment(&self) -> PyResult<i64> {
        self.add(1)
    }

    /// Subtracts 1. Returns the new value.
    fn decrement(&self) -> PyResult<i64> {
        self.sub(1)
    }

    /// Sets the value. Returns the one before.
    fn exchange(&self, value: i64) -> i64 {
        self.0.swap(value, Ordering::SeqCst)
    }

    /// Sets the value to `new` if it is `old`. Returns whether it was.
    fn compare_and_set(&self, old: i64, new: i64) -> bool {
        let order = Ordering::SeqCst;
        self.0.compare_exchange(old, new, order, order).is_ok()
    }

    /// The value.
    #[getter]
    fn value(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn __int__(&self) -> i64 {
        self.value()
    }

    fn __repr__(&self) -> String {
        format!("<interpshare.Counter, {}>", self.value())
    }
}
