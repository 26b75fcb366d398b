//! Differences between CPython versions that the handles depend on.

use crate::capi::{self as ffi, at_least};

/// Whether `typing` has the names that are new in Python 3.15.
#[cfg(feature = "experimental-inspect")]
pub(super) const IS_3_15: bool = cfg!(Py_3_15);

/// Returns a new reference to one of CPython's constants: `None`, `True`, `False`,
/// `NotImplemented`, `...`. They are immortal from 3.12 on, so that nothing is counted there.
///
/// # Safety
/// Attached; `object` must be one of CPython's constants.
#[inline(always)]
pub(crate) unsafe fn constant(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    if !at_least(12) {
        // SAFETY: attached; the constants are always alive.
        unsafe { ffi::Py_INCREF(object) };
    }
    object
}
