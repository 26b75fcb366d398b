//! Differences between versions of CPython, as constants with one meaning.

use std::sync::atomic::Ordering;

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
