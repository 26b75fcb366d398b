//! References to CPython's constants: `None`, `True`, `False`, `NotImplemented`, `...`.

use pyo3_ffi as ffi;

/// A new reference to a constant. From 3.12 the constants are immortal: there is nothing to count.
///
/// # Safety
/// Attached; the object must be one of CPython's constants.
#[inline(always)]
pub(crate) unsafe fn constant(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    #[cfg(not(all(Py_3_12, not(Py_LIMITED_API))))]
    // SAFETY: passed on to the caller.
    unsafe {
        ffi::Py_INCREF(object);
    }
    object
}
