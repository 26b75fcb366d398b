//! Reference counts. In a build for the stable ABI, `pyo3-ffi` calls functions to change them; the
//! functions here change them inline where memory is read.

#[cfg(Py_LIMITED_API)]
pub(crate) use running::*;

#[cfg(Py_LIMITED_API)]
mod running {
    use pyo3_ffi::{Py_DecRef, Py_IncRef, PyObject};

    use crate::capi::memory::reads_memory_from;

    /// Returns the address of the count, from 3.12 on: the lower half of the first word. As a
    /// signed number it is negative for immortal objects.
    ///
    /// # Safety
    /// `object` must be alive.
    #[inline(always)]
    unsafe fn count(object: *mut PyObject) -> *mut i32 {
        object.cast()
    }

    /// # Safety
    /// As for CPython's function.
    #[inline(always)]
    pub(crate) unsafe fn Py_INCREF(object: *mut PyObject) {
        // SAFETY: attached, and the object is alive (upheld by the caller), so the GIL guards its
        // count, which is where it was found.
        unsafe {
            if !reads_memory_from(12) {
                return Py_IncRef(object);
            }
            let count = count(object);
            if *count >= 0 {
                *count += 1;
            }
        }
    }

    /// # Safety
    /// As for CPython's function.
    #[inline(always)]
    pub(crate) unsafe fn Py_DECREF(object: *mut PyObject) {
        // SAFETY: as in `Py_INCREF`; the last reference is released by the function.
        unsafe {
            if !reads_memory_from(12) {
                return Py_DecRef(object);
            }
            let count = count(object);
            if *count > 1 {
                *count -= 1;
            } else if *count == 1 {
                Py_DecRef(object);
            }
        }
    }

    /// # Safety
    /// As for CPython's function.
    #[inline]
    pub(crate) unsafe fn Py_XINCREF(object: *mut PyObject) {
        if !object.is_null() {
            // SAFETY: attached; a live object (upheld by the caller).
            unsafe { Py_INCREF(object) };
        }
    }

    /// # Safety
    /// As for CPython's function.
    #[inline]
    pub(crate) unsafe fn Py_XDECREF(object: *mut PyObject) {
        if !object.is_null() {
            // SAFETY: attached; a live object, whose reference the caller gives up.
            unsafe { Py_DECREF(object) };
        }
    }

    /// # Safety
    /// As for CPython's function.
    #[inline(always)]
    pub(crate) unsafe fn Py_NewRef(object: *mut PyObject) -> *mut PyObject {
        // SAFETY: attached; a live object (upheld by the caller).
        unsafe { Py_INCREF(object) };
        object
    }

    /// Returns whether the running Python, 3.12 or later, counts references as this file assumes.
    ///
    /// # Safety
    /// Attached; `object` must be a new object with one reference.
    pub(crate) unsafe fn counts_are_as_expected(object: *mut PyObject) -> bool {
        // SAFETY: attached; a new object, and a constant (upheld by the caller).
        unsafe {
            let is_new = *count(object) == 1;
            Py_IncRef(object);
            let is_counted = *count(object) == 2;
            Py_DecRef(object);
            is_new && is_counted && *count(object) == 1 && *count(pyo3_ffi::Py_None()) < 0
        }
    }
}
