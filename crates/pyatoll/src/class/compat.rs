//! Differences between versions of CPython, as constants with one meaning.

use std::sync::atomic::Ordering;

use pyo3_ffi as ffi;

/// Whether several threads can be attached to an interpreter at once.
pub(super) const FREE_THREADED: bool = cfg!(Py_GIL_DISABLED);

/// The ordering of a load that acquires another attached thread's release store. With a GIL, its
/// transfer already orders them.
pub(super) const ACQUIRE_UNLESS_GIL: Ordering = if FREE_THREADED {
    Ordering::Acquire
} else {
    Ordering::Relaxed
};

/// Whether CPython itself defers deeply nested deallocations of all objects that its collector
/// tracks. Earlier versions do it only for the Python part of a subclass, and 3.13 only after
/// 10,000 levels, for which not every thread's stack has room.
pub(super) const HAS_GENERAL_TRASHCAN: bool = cfg!(Py_3_14);

/// Returns the number of digits of an `int` for which there is space. Zero has one as well.
///
/// # Safety
/// The object must be a live instance of `int`.
#[inline]
pub(super) unsafe fn digits_of_int(object: *mut ffi::PyObject) -> usize {
    // SAFETY: a live `int` (upheld by the caller), whose size follows the object head:
    // `ob_size`, negative for a negative number, and from 3.12 on `lv_tag`.
    let word = unsafe { object.add(1).cast::<isize>().read() };
    let digits = if cfg!(Py_3_12) {
        word as usize >> 3
    } else {
        word.unsigned_abs()
    };
    digits.max(1)
}

/// The memory of an instance of `BaseExceptionGroup`.
#[repr(C)]
pub struct BaseExceptionGroupObject {
    base: ffi::PyBaseExceptionObject,
    message: *mut ffi::PyObject,
    exceptions: *mut ffi::PyObject,
    #[cfg(Py_3_13)]
    text: *mut ffi::PyObject,
}
