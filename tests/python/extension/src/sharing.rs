//! Classes whose values all interpreters share.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use pyatoll::ffi;
use pyatoll::prelude::*;

use crate::protocols::fill_view;

/// The number of tallies that have not been dropped.
static LIVE: AtomicI64 = AtomicI64::new(0);

/// A number that all interpreters add to.
#[pyclass(frozen, shareable, weakref)]
pub struct Tally(AtomicI64);

impl Drop for Tally {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

#[pymethods]
impl Tally {
    #[new]
    #[pyo3(signature = (start = 0))]
    fn new(start: i64) -> Self {
        LIVE.fetch_add(1, Ordering::SeqCst);
        Self(AtomicI64::new(start))
    }

    fn add(&self, by: i64) -> i64 {
        self.0.fetch_add(by, Ordering::SeqCst) + by
    }

    #[staticmethod]
    fn live() -> i64 {
        LIVE.load(Ordering::SeqCst)
    }
}

/// Memory that all interpreters read and write.
#[pyclass(frozen, shareable, atomic_buffer)]
pub struct Block(Box<[AtomicU8]>);

#[pymethods]
impl Block {
    #[new]
    fn new(len: usize) -> Self {
        Self((0..len).map(|_| AtomicU8::new(0)).collect())
    }

    fn address(&self) -> usize {
        self.0.as_ptr().addr()
    }

    unsafe fn __getbuffer__(
        this: Bound<'_, Self>,
        view: *mut ffi::Py_buffer,
        flags: c_int,
    ) -> PyResult<()> {
        let cells = &this.get().0;
        let memory = (cells.as_ptr().cast(), cells.len());
        // SAFETY: `view` is the caller's to fill in, and keeps `this` alive. The bytes are atomics,
        // which do not move.
        unsafe { fill_view(this.as_any(), view, memory, false, flags) }
    }
}
