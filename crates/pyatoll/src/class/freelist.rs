//! `#[pyclass(freelist = N)]`: memory of freed instances, kept for the next ones. One list per
//! class and interpreter.
//!
//! On free-threaded builds another thread may still try to take a reference to a dead object, as
//! with CPython's own lists of this kind: it fails, since the reference count is where it was, in
//! memory that is only ever an object's, and is started anew by `PyObject_Init` as by CPython.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Mutex;

use pyo3_ffi as ffi;

use super::layout;
use super::{PyClass, type_object};
use crate::interpreter::Python;
use crate::interpreter::sync::lock;

/// Memory of dead instances.
pub(super) struct Freelist {
    limit: usize,
    blocks: Mutex<Blocks>,
}

struct Blocks {
    /// Oldest first.
    free: VecDeque<NonNull<ffi::PyObject>>,
    /// How CPython frees them.
    release: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: nobody else knows the blocks; they are released attached, with the interpreter's state.
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

    fn blocks(&self) -> std::sync::MutexGuard<'_, Blocks> {
        lock(&self.blocks)
    }

    fn take(&self) -> Option<NonNull<ffi::PyObject>> {
        self.blocks().free.pop_front()
    }

    /// Whether the block was kept.
    fn keep(
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
            // SAFETY: memory of a dead instance, ours alone; dropped attached, with the
            // interpreter's state.
            unsafe { (blocks.release)(block.as_ptr().cast()) };
        }
    }
}

/// How CPython frees an instance of the class.
unsafe fn release_of(class: *mut ffi::PyTypeObject) -> unsafe extern "C" fn(*mut c_void) {
    // SAFETY: a live type.
    if unsafe { ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) } != 0 {
        ffi::PyObject_GC_Del
    } else {
        ffi::PyObject_Free
    }
}

/// `tp_alloc`: reuses a block for an exact instance.
///
/// # Safety
/// Called by CPython, attached, with `T`'s type or one that derives from it.
pub(super) unsafe extern "C" fn allocate<T: PyClass>(
    subtype: *mut ffi::PyTypeObject,
    items: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: the class exists in this interpreter, so this binary is initialised in it. A block
    // is as large as an instance of `T`; it is zeroed behind the object's head, as fresh memory.
    unsafe {
        let py = Python::assume_called();
        if let Some(cell) = type_object::existing::<T>(py)
            && cell.ready() == subtype
            && let Some(block) = cell.freelist.take()
        {
            let object = block.as_ptr();
            let head = size_of::<ffi::PyObject>();
            let size = (*subtype).tp_basicsize as usize;
            object
                .cast::<u8>()
                .add(head)
                .write_bytes(0, size.saturating_sub(head));
            ffi::PyObject_Init(object, subtype);
            if ffi::PyType_HasFeature(subtype, ffi::Py_TPFLAGS_HAVE_GC) != 0 {
                ffi::PyObject_GC_Track(object.cast());
            }
            return object;
        }
        ffi::PyType_GenericAlloc(subtype, items)
    }
}

/// `tp_free`: keeps the block of an exact instance.
///
/// # Safety
/// Called by CPython, attached, with a dead instance of `T` whose memory is whole.
pub(super) unsafe extern "C" fn free<T: PyClass>(block: *mut c_void) {
    // SAFETY: the head and the owner of a dead instance can still be read; its type is alive.
    unsafe {
        let object = block.cast::<ffi::PyObject>();
        let class = ffi::Py_TYPE(object);
        let release = release_of(class);
        if let Some(owner) = layout::owner::<T>(object).as_ref()
            && let Some(cell) = type_object::existing::<T>(Python::new(owner))
            && cell.ready() == class
            // The collector notes in the block that the finaliser has run.
            && (*class).tp_finalize.is_none()
            && let Some(block) = NonNull::new(object)
            && cell.freelist.keep(block, release)
        {
            return;
        }
        release(block);
    }
}
