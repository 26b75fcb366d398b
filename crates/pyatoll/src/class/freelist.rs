//! [`Freelist`]: memory of freed instances, kept for reuse (`#[pyclass(freelist = N)]`). One list
//! per class and interpreter.
//!
//! On free-threaded builds another thread may still try to take a reference to a dead object, as
//! with CPython's own freelists. It fails: the memory is only ever used for objects, so the
//! reference count is where it was, and `PyObject_Init` resets it as for any new object.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard};

use pyo3_ffi as ffi;

use crate::interpreter::sync::lock;

/// Memory of dead instances.
pub(super) struct Freelist {
    limit: usize,
    blocks: Mutex<Blocks>,
}

struct Blocks {
    /// Oldest first.
    free: VecDeque<NonNull<ffi::PyObject>>,
    /// CPython's function that frees a block.
    release: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: the list owns its blocks. They are released attached, when the interpreter's slot values
// are dropped.
unsafe impl Send for Blocks {}

impl Freelist {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            blocks: Mutex::new(Blocks {
                free: VecDeque::new(),
                release: ffi::PyObject_Free,
            }),
        }
    }

    fn blocks(&self) -> MutexGuard<'_, Blocks> {
        lock(&self.blocks)
    }

    /// Takes the oldest block.
    pub(super) fn take(&self) -> Option<NonNull<ffi::PyObject>> {
        self.blocks().free.pop_front()
    }

    /// Adds a block, unless the list is full. Returns whether it was added.
    pub(super) fn keep(
        &self,
        block: NonNull<ffi::PyObject>,
        release: unsafe extern "C" fn(*mut c_void),
    ) -> bool {
        let mut blocks = self.blocks();
        if blocks.free.len() >= self.limit {
            return false;
        }
        blocks.release = release;
        blocks.free.push_back(block);
        true
    }
}

impl Drop for Freelist {
    fn drop(&mut self) {
        let blocks = self.blocks();
        for block in &blocks.free {
            // SAFETY: the list owns this memory of a dead instance; slot values are dropped
            // attached.
            unsafe { (blocks.release)(block.as_ptr().cast()) };
        }
    }
}
