//! Acquiring and releasing a `Py_buffer`.
//!
//! Invariants:
//! - A view does not move: exporters let fields of a `Py_buffer` point to its other fields.
//! - It is released once, in the interpreter that acquired it: at once by a thread that is attached
//!   there, otherwise through the drop queue. After that interpreter's end, only its own memory is
//!   freed.

use std::ffi::c_void;
use std::mem::{ManuallyDrop, offset_of};
use std::ptr::NonNull;

use crate::capi as ffi;
use crate::error::PyResult;
use crate::interpreter::local::{LocalInternals, Resource};
use crate::object::{Bound, Py};
use crate::types::PyAny;
use crate::types::returned::status;

/// A `Py_buffer` and its interpreter.
#[repr(C)]
pub(super) struct View {
    pub(super) raw: ffi::Py_buffer,
    pub(super) owner: &'static LocalInternals,
    /// The object in `raw`, which owns the reference.
    pub(super) exporter: ManuallyDrop<Option<Py<PyAny>>>,
}

const _: () = assert!(offset_of!(View, raw) == 0);

impl View {
    /// Acquires a buffer, read-only or not, with its format, shape, strides and suboffsets.
    pub(super) fn acquire(object: &Bound<'_, PyAny>) -> PyResult<NonNull<Self>> {
        let mut view = Box::<Self>::new_uninit();
        let this = view.as_mut_ptr();
        let owner = object.py().owner();
        // SAFETY: attached; the object is alive; the call initializes `raw`, or fails. It may run
        // any code, which cannot reach the view. The exporter is of the running interpreter.
        unsafe {
            let raw = &raw mut (*this).raw;
            let result = ffi::PyObject_GetBuffer(object.as_ptr(), raw, ffi::PyBUF_FULL_RO);
            status(object.py(), result)?;
            let exporter =
                NonNull::new((*raw).obj).map(|object| Py::from_owned_parts(object, owner));
            (&raw mut (*this).owner).write(owner);
            (&raw mut (*this).exporter).write(ManuallyDrop::new(exporter));
            Ok(NonNull::new_unchecked(Box::into_raw(view).cast()))
        }
    }

    /// Releases a view from any thread.
    ///
    /// # Safety
    /// `view` must come from [`acquire`](View::acquire) and not be used afterwards.
    #[inline]
    pub(super) unsafe fn release(view: NonNull<Self>) {
        // SAFETY: alive (upheld by the caller).
        let owner = unsafe { (*view.as_ptr()).owner };
        // SAFETY: `free` accepts a view, which is not used again (upheld by the caller).
        unsafe {
            owner.release_resource(Resource {
                data: view.cast(),
                release: free,
            });
        }
    }

    /// Releases a view.
    ///
    /// # Safety
    /// `view` must come from [`acquire`](View::acquire) and not be used afterwards; the thread must
    /// be attached to its interpreter.
    pub(super) unsafe fn release_attached(view: NonNull<Self>) {
        // SAFETY: attached to the view's interpreter; the view is not used again (upheld by the
        // caller).
        unsafe { free(view.cast(), true) };
    }
}

/// Releases the buffer, if this thread is attached to its interpreter, and frees the view.
///
/// # Safety
/// `view` must come from [`View::acquire`] and not be used afterwards.
unsafe fn free(view: NonNull<c_void>, is_attached: bool) {
    let view = view.cast::<View>().as_ptr();
    // SAFETY: `is_attached` says that the thread is attached to the buffer's interpreter; the view
    // came from a box and is not used again (upheld by the caller).
    unsafe {
        if is_attached {
            ffi::PyBuffer_Release(&raw mut (*view).raw);
        }
        drop(Box::from_raw(view));
    }
}
