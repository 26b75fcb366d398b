//! The offset of the Rust parts in instances of a class that extends a built-in type other than
//! `object`, in builds for the stable ABI, which hides the types' sizes.
//!
//! Invariant: the offset is determined when the first class that extends the base is created, as in
//! PEP 697. It is the same in all interpreters, because built-in types are static.

#![allow(dead_code, reason = "of no use in a build for one version")]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::native_place::{ALIGNMENT, Place};
use super::parts::Header;
use crate::capi::{self as ffi, type_fields};
use crate::error::PyResult;
use crate::exceptions::PySystemError;
use crate::interpreter::Python;

/// Behind instances of the base, whose size is known at run time only.
pub struct BehindUnsized<L>(PhantomData<L>);

/// The memory of an instance whose size is known at run time only: the Rust parts follow it.
#[repr(C)]
pub struct Unsized([Header; 0]);

/// A built-in type, or several whose instances have the same size.
pub trait SizeOfBase {
    /// Returns where the offset of the Rust parts is stored: zero until it was determined.
    fn offset() -> &'static AtomicUsize;
}

impl<L: SizeOfBase> Place for BehindUnsized<L> {
    type Layout = Unsized;
    const FIXED: bool = false;
    const VARIES: bool = false;

    fn check(_py: Python<'_>, class: *mut ffi::PyTypeObject) -> PyResult<()> {
        // SAFETY: attached (`py`); a static type object, initialized with the runtime.
        let items = unsafe { type_fields::tp_itemsize(class) };
        let offset = Self::size_before(class);
        if items != 0 || offset != L::offset().load(Ordering::Relaxed) {
            return Err(PySystemError::new_err(
                "instances of the base class are laid out in an unknown way in this Python",
            ));
        }
        Ok(())
    }

    /// Determines the offset as PEP 697 does (`PyObject_GetTypeData`).
    fn size_before(class: *mut ffi::PyTypeObject) -> usize {
        // SAFETY: attached, since a class is created; a static type object.
        let size = unsafe { type_fields::tp_basicsize(class) } as usize;
        let offset = size.next_multiple_of(ALIGNMENT);
        // Two types with the same offset have the same marker; `check` verifies that.
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = L::offset().compare_exchange(0, offset, success, failure);
        offset
    }

    fn known_size_before() -> usize {
        L::offset().load(Ordering::Relaxed)
    }

    #[inline(always)]
    unsafe fn start(object: *mut ffi::PyObject) -> *mut u8 {
        // SAFETY: an instance of a checked class (upheld by the caller), for which the offset was
        // determined.
        unsafe { object.cast::<u8>().add(L::offset().load(Ordering::Relaxed)) }
    }
}
