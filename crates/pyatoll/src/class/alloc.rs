//! `tp_alloc` and `tp_free` of classes with a [`Freelist`](super::freelist::Freelist).

use std::ffi::c_void;
use std::ptr::NonNull;

use super::pyclass::PyClass;
use super::{layout, type_lookup};
use crate::capi::{self as ffi, type_fields};
use crate::interpreter::Python;

/// Returns CPython's function that frees an instance of the class.
///
/// # Safety
/// `class` must be a live type object.
unsafe fn release_of(class: *mut ffi::PyTypeObject) -> unsafe extern "C" fn(*mut c_void) {
    // SAFETY: upheld by the caller: a live type object.
    if unsafe { ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HAVE_GC) } != 0 {
        ffi::PyObject_GC_Del
    } else {
        ffi::PyObject_Free
    }
}

/// Implements `tp_alloc`: reuses a block for an instance of exactly `T`.
///
/// # Safety
/// Called by CPython, attached, with `T`'s type or one that derives from it.
pub(super) unsafe extern "C" fn allocate<T: PyClass>(
    subtype: *mut ffi::PyTypeObject,
    items: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: attached to an interpreter in which this binary is initialized, since the class
    // exists there. A block has the size of an instance of `T`; all but the object head is zeroed,
    // as in new memory.
    unsafe {
        let py = Python::assume_called();
        if let Some(cell) = type_lookup::existing::<T>(py)
            && cell.ready() == subtype
            && let Some(block) = cell.freelist.take()
        {
            let object = block.as_ptr();
            let head = type_fields::head_size();
            let size = T::statics().tables().basicsize;
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

/// Implements `tp_free`: keeps the block of an instance of exactly `T`.
///
/// # Safety
/// Called by CPython, attached, with a dead instance of `T` whose memory is intact.
pub(super) unsafe extern "C" fn free<T: PyClass>(block: *mut c_void) {
    // SAFETY: the head and the owner of a dead instance can still be read; its type is alive.
    unsafe {
        let object = block.cast::<ffi::PyObject>();
        let class = ffi::Py_TYPE(object);
        let release = release_of(class);
        if let Some(owner) = layout::owner::<T>(object).as_ref()
            && let Some(cell) = type_lookup::existing::<T>(Python::new(owner))
            && cell.ready() == class
            // The collector records in the block that a finalizer has run.
            && type_fields::tp_finalize(class).is_none()
            && let Some(block) = NonNull::new(object)
            && cell.freelist.keep(block, release)
        {
            return;
        }
        release(block);
    }
}
