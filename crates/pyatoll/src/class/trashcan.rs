//! Deallocating a long chain of instances, each of which holds the last reference to the next,
//! without a recursion as long as the chain.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::interpreter::LocalInternals;

/// Whether CPython itself puts off the deallocation of objects that its collector knows. Before, it
/// puts the parts of Python subclasses off: 3.13 when it is 10,000 levels deep, for which not every
/// thread's stack has room.
const CPYTHON_CARES: bool = cfg!(Py_3_14);

/// A deallocation that has begun.
pub(super) struct TrashcanGuard<'a> {
    owner: &'a LocalInternals,
    level: u32,
}

impl<'a> TrashcanGuard<'a> {
    /// Begins the deallocation of `object`, which belongs to `owner`. `None`: not now. `again`, which
    /// is the caller, will be called with this object.
    ///
    /// It may be an instance of a Python subclass. CPython's part of that is gone by then, and does
    /// not look at the object again; the reference to the type is the caller's to give up
    /// (`subtype_dealloc`).
    ///
    /// # Safety
    /// The thread must be attached to `owner`'s interpreter; `object` must be dead, and not tracked
    /// by the collector. The caller has changed nothing yet. `is_collected` must say whether the
    /// collector knows the type.
    #[inline]
    pub(super) unsafe fn new(
        owner: &'a LocalInternals,
        object: NonNull<ffi::PyObject>,
        is_collected: bool,
        again: ffi::destructor,
    ) -> Option<Self> {
        if CPYTHON_CARES && is_collected {
            return Some(Self { owner, level: 1 });
        }
        // SAFETY: passed on to the caller.
        match unsafe { owner.trashcan().enter(object, again) } {
            Some(level) => Some(Self { owner, level }),
            None => {
                owner.look_at_next_entry();
                None
            }
        }
    }

    /// The object is gone.
    ///
    /// # Safety
    /// As for [`TrashcanGuard::new`], on the same thread.
    #[inline]
    pub(super) unsafe fn finish(self) {
        // SAFETY: passed on to the caller.
        unsafe { self.owner.trashcan().leave(self.level) };
    }
}
