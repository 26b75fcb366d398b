//! The writer of `bytes`: CPython's `PyBytesWriter` (3.15), `pyo3-ffi`'s equivalent before, or, for
//! the stable ABI, which has none, one that keeps the bytes in a Rust allocation until they are
//! complete.

#[cfg(not(Py_LIMITED_API))]
pub(crate) use pyo3_ffi::compat::{
    PyBytesWriter, PyBytesWriter_Create, PyBytesWriter_Discard, PyBytesWriter_Finish,
    PyBytesWriter_GetData, PyBytesWriter_GetSize, PyBytesWriter_Resize,
};
#[cfg(Py_LIMITED_API)]
pub(crate) use running::*;

#[cfg(Py_LIMITED_API)]
mod running {
    use std::ffi::{c_int, c_void};
    use std::ptr::null_mut;

    use pyo3_ffi::*;

    pub(crate) struct PyBytesWriter(Vec<u8>);

    /// # Safety
    /// Attached.
    pub(crate) unsafe fn PyBytesWriter_Create(size: Py_ssize_t) -> *mut PyBytesWriter {
        let mut writer = Box::new(PyBytesWriter(Vec::new()));
        // SAFETY: attached (upheld by the caller); a valid writer.
        if unsafe { PyBytesWriter_Resize(&raw mut *writer, size) } != 0 {
            return null_mut();
        }
        Box::into_raw(writer)
    }

    /// # Safety
    /// Attached; a valid writer.
    pub(crate) unsafe fn PyBytesWriter_Resize(
        writer: *mut PyBytesWriter,
        size: Py_ssize_t,
    ) -> c_int {
        // SAFETY: a valid writer (upheld by the caller).
        let bytes = unsafe { &mut (*writer).0 };
        let size = size as usize;
        if bytes.try_reserve(size.saturating_sub(bytes.len())).is_err() {
            // SAFETY: attached (upheld by the caller).
            unsafe { PyErr_NoMemory() };
            return -1;
        }
        bytes.resize(size, 0);
        0
    }

    /// # Safety
    /// A valid writer.
    pub(crate) unsafe fn PyBytesWriter_GetSize(writer: *mut PyBytesWriter) -> Py_ssize_t {
        // SAFETY: a valid writer (upheld by the caller).
        unsafe { (*writer).0.len() as Py_ssize_t }
    }

    /// # Safety
    /// A valid writer. The address is valid until it is resized.
    pub(crate) unsafe fn PyBytesWriter_GetData(writer: *mut PyBytesWriter) -> *mut c_void {
        // SAFETY: a valid writer (upheld by the caller).
        unsafe { (*writer).0.as_mut_ptr().cast() }
    }

    /// # Safety
    /// Attached; a valid writer, which must not be used afterwards.
    pub(crate) unsafe fn PyBytesWriter_Finish(writer: *mut PyBytesWriter) -> *mut PyObject {
        // SAFETY: attached; from `Box::into_raw`, and not used afterwards (upheld by the caller).
        unsafe {
            let bytes = Box::from_raw(writer).0;
            PyBytes_FromStringAndSize(bytes.as_ptr().cast(), bytes.len() as Py_ssize_t)
        }
    }

    /// # Safety
    /// A valid writer, which must not be used afterwards.
    pub(crate) unsafe fn PyBytesWriter_Discard(writer: *mut PyBytesWriter) {
        // SAFETY: from `Box::into_raw`, and not used afterwards (upheld by the caller).
        drop(unsafe { Box::from_raw(writer) });
    }
}
