//! The exception that is set: one object from 3.12 on, three before.

use pyo3_ffi as ffi;

/// An exception taken out of the thread state.
pub(crate) struct Raised {
    #[cfg(Py_3_12)]
    value: *mut ffi::PyObject,
    #[cfg(not(Py_3_12))]
    parts: [*mut ffi::PyObject; 3],
}

/// Takes the exception that is set, if any, so that Python code can run in between.
///
/// # Safety
/// The thread must be attached.
pub(crate) unsafe fn take_raised() -> Raised {
    #[cfg(Py_3_12)]
    {
        // SAFETY: attached (upheld by the caller).
        let value = unsafe { ffi::PyErr_GetRaisedException() };
        Raised { value }
    }
    #[cfg(not(Py_3_12))]
    {
        let mut parts = [std::ptr::null_mut(); 3];
        let [kind, value, traceback] = &mut parts;
        // SAFETY: attached; the three pointers are valid for writes.
        unsafe { ffi::PyErr_Fetch(kind, value, traceback) };
        Raised { parts }
    }
}

/// Sets the exception that [`take_raised`] took, in place of any that is set now.
///
/// # Safety
/// The thread must be attached to the same interpreter.
pub(crate) unsafe fn restore_raised(raised: Raised) {
    #[cfg(Py_3_12)]
    // SAFETY: attached; the reference is given up.
    unsafe {
        ffi::PyErr_SetRaisedException(raised.value);
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: attached; the references are given up.
    unsafe {
        let [kind, value, traceback] = raised.parts;
        ffi::PyErr_Restore(kind, value, traceback);
    }
}

/// Takes the exception that is set as one normalized object, with its traceback: a new reference,
/// or null if none is set (`PyErr_GetRaisedException`).
///
/// # Safety
/// The thread must be attached.
pub(crate) unsafe fn take_raised_value() -> *mut ffi::PyObject {
    #[cfg(Py_3_12)]
    // SAFETY: attached (upheld by the caller).
    unsafe {
        ffi::PyErr_GetRaisedException()
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: attached. The three parts are owned: two are released or stored in the third.
    unsafe {
        let [mut kind, mut value, mut traceback] = [std::ptr::null_mut(); 3];
        ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback);
        if kind.is_null() {
            return std::ptr::null_mut();
        }
        ffi::PyErr_NormalizeException(&raw mut kind, &raw mut value, &raw mut traceback);
        if !traceback.is_null() {
            ffi::PyException_SetTraceback(value, traceback);
            ffi::Py_DECREF(traceback);
        }
        ffi::Py_XDECREF(kind);
        value
    }
}

/// Sets an exception (`PyErr_SetRaisedException`).
///
/// # Safety
/// The thread must be attached; `value` is a new reference to an exception.
pub(crate) unsafe fn set_raised_value(value: *mut ffi::PyObject) {
    #[cfg(Py_3_12)]
    // SAFETY: attached; the reference is given up.
    unsafe {
        ffi::PyErr_SetRaisedException(value);
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: attached; three new references are given up.
    unsafe {
        let kind = ffi::Py_NewRef(ffi::Py_TYPE(value).cast());
        let traceback = ffi::PyException_GetTraceback(value);
        ffi::PyErr_Restore(kind, value, traceback);
    }
}
