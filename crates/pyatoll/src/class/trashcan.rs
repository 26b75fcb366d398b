//! [`TrashcanGuard`]: deallocates long chains of instances, each of which holds the last reference
//! to the next, with bounded recursion.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::compat;
use crate::interpreter::LocalInternals;

/// A deallocation in progress.
pub(super) struct TrashcanGuard<'a> {
    owner: &'a LocalInternals,
    level: u32,
}

impl<'a> TrashcanGuard<'a> {
    /// Begins the deallocation of `object`, which belongs to `owner`. Returns `None` if it is
    /// deferred: then `retry`, the calling function, will be called with `object` later.
    ///
    /// The object may be an instance of a Python subclass. CPython's `subtype_dealloc` is then done
    /// with it and does not access it again; it leaves the reference to the type to the caller.
    ///
    /// # Safety
    /// The thread must be attached to `owner`'s interpreter. `object` must be dead, untracked, and
    /// not yet changed by the caller. `is_collected` must say whether its type has
    /// `Py_TPFLAGS_HAVE_GC`.
    #[inline]
    pub(super) unsafe fn new(
        owner: &'a LocalInternals,
        object: NonNull<ffi::PyObject>,
        is_collected: bool,
        retry: ffi::destructor,
    ) -> Option<Self> {
        if compat::has_general_trashcan() && is_collected {
            return Some(Self { owner, level: 1 });
        }
        // SAFETY: upheld by the caller: attached to `owner`'s interpreter; a dead, untracked
        // object, for which `retry` may be called later.
        match unsafe { owner.trashcan().enter(object, retry) } {
            Some(level) => Some(Self { owner, level }),
            None => {
                owner.look_at_next_entry();
                None
            }
        }
    }

    /// Ends the deallocation: the object is freed.
    ///
    /// # Safety
    /// The thread must be the one that called [`TrashcanGuard::new`], and still be attached.
    #[inline]
    pub(super) unsafe fn finish(self) {
        // SAFETY: upheld by the caller: attached, on the thread that called `new`.
        unsafe { self.owner.trashcan().leave(self.level) };
    }
}
