//! Deallocating a long chain of instances, each of which holds the last reference to the next,
//! without a recursion as long as the chain.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::interpreter::LocalInternals;

/// Whether CPython itself puts off the deallocation of objects that its collector knows.
const CPYTHON_CARES: bool = cfg!(Py_3_14);

/// A deallocation that has begun.
pub(super) struct Begun<'a>(Option<(&'a LocalInternals, u32)>);

impl<'a> Begun<'a> {
    /// Begins the deallocation of `object`, which belongs to `owner` (if it may be in a chain).
    /// `None`: not now. `again`, which is the caller, will be called with this object.
    ///
    /// # Safety
    /// The thread must be attached to `owner`'s interpreter; `object` must be dead, and not tracked
    /// by the collector. The caller has changed nothing yet. `is_collected` must say whether the
    /// collector knows the type.
    #[inline]
    pub(super) unsafe fn new(
        owner: Option<&'a LocalInternals>,
        object: NonNull<ffi::PyObject>,
        is_collected: bool,
        again: ffi::destructor,
    ) -> Option<Self> {
        match owner {
            Some(owner) if !(CPYTHON_CARES && is_collected) => {
                // SAFETY: passed on to the caller.
                let level = unsafe { owner.nesting().enter(object, again) }?;
                Some(Self(Some((owner, level))))
            }
            _ => Some(Self(None)),
        }
    }

    /// The object is gone.
    ///
    /// # Safety
    /// As for [`Begun::new`], on the same thread.
    #[inline]
    pub(super) unsafe fn finish(self) {
        if let Some((owner, level)) = self.0 {
            // SAFETY: passed on to the caller.
            unsafe { owner.nesting().leave(level) };
        }
    }
}
