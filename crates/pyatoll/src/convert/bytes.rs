//! `bytes`, `bytearray` and sequences of `u8`.

use std::borrow::Cow;

use pyo3_ffi as ffi;

use crate::convert::FromPyObject;
use crate::error::{CastError, PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyBytes};

/// A `bytes` object.
pub(super) fn new<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; the bytes are as many as is said; a new reference or null comes back.
    unsafe {
        let len = bytes.len() as ffi::Py_ssize_t;
        let object = ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), len);
        Bound::from_owned_ptr_or_err(py, object)
    }
}

/// What a `bytes` object holds.
#[inline]
fn slice<'a>(bytes: Borrowed<'a, '_, PyBytes>) -> &'a [u8] {
    // SAFETY: attached; `bytes` cannot change, and lives for `'a`; its data is never null.
    unsafe {
        let data = ffi::PyBytes_AsString(bytes.as_ptr()).cast::<u8>();
        std::slice::from_raw_parts(data, ffi::PyBytes_Size(bytes.as_ptr()) as usize)
    }
}

/// A copy of what a `bytes` or `bytearray` holds; `None` for anything else.
pub(super) fn copy(object: Borrowed<'_, '_, PyAny>) -> Option<Vec<u8>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Some(slice(bytes).to_vec());
    }
    // SAFETY: attached, a valid object.
    if unsafe { ffi::PyByteArray_Check(object.as_ptr()) } == 0 {
        return None;
    }
    Some(copy_bytearray(object))
}

/// A copy of a `bytearray`, which no other thread changes meanwhile.
fn copy_bytearray(object: Borrowed<'_, '_, PyAny>) -> Vec<u8> {
    #[cfg(Py_GIL_DISABLED)]
    struct Section(ffi::PyCriticalSection);
    #[cfg(Py_GIL_DISABLED)]
    impl Drop for Section {
        fn drop(&mut self) {
            // SAFETY: begun below, on this thread, and not moved since.
            unsafe { ffi::PyCriticalSection_End(&raw mut self.0) };
        }
    }
    // SAFETY: a plain C struct, which `PyCriticalSection_Begin` fills in.
    #[cfg(Py_GIL_DISABLED)]
    let mut section = Section(unsafe { std::mem::zeroed() });
    // SAFETY: attached, a valid object; ended by the guard, which stays where it is.
    #[cfg(Py_GIL_DISABLED)]
    unsafe {
        ffi::PyCriticalSection_Begin(&raw mut section.0, object.as_ptr());
    }
    // SAFETY: attached, a `bytearray`; no Python code runs and nobody else changes it before the
    // slice is gone; its data is never null.
    unsafe {
        let data = ffi::PyByteArray_AsString(object.as_ptr()).cast::<u8>();
        let len = ffi::PyByteArray_Size(object.as_ptr()) as usize;
        std::slice::from_raw_parts(data, len).to_vec()
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for &'a [u8] {
    type Error = CastError<'a, 'py>;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object.cast::<PyBytes>().map(slice)
    }
}

/// `bytes` is borrowed; a `bytearray` or another sequence of integers is copied.
impl<'a, 'py> FromPyObject<'a, 'py> for Cow<'a, [u8]> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyBytes>() {
            Ok(bytes) => Ok(Cow::Borrowed(slice(bytes))),
            Err(_) => object.extract().map(Cow::Owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::PyBytes;

    proptest! {
        #[test]
        fn every_byte_string_survives(value: Vec<u8>) {
            Python::attach(|py| {
                for object in [
                    value.clone().into_bound_py_any(py)?,
                    (&value).into_bound_py_any(py)?,
                    value.as_slice().into_bound_py_any(py)?,
                    Cow::Borrowed(value.as_slice()).into_bound_py_any(py)?,
                ] {
                    assert!(object.cast::<PyBytes>().is_ok());
                    let object = object.as_borrowed();
                    assert_eq!(object.extract::<Vec<u8>>()?, value);
                    assert_eq!(object.extract::<&[u8]>()?, value);
                    let cow = object.extract::<Cow<'_, [u8]>>()?;
                    assert!(matches!(cow, Cow::Borrowed(bytes) if bytes == value));
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn a_bytearray_or_a_list_is_copied() {
        Python::attach(|py| {
            for code in [c"bytearray(b'ab')", c"[97, 98]"] {
                let object = py.eval(code, None, None)?;
                let object = object.as_borrowed();
                assert!(object.extract::<&[u8]>().is_err());
                let cow = object.extract::<Cow<'_, [u8]>>()?;
                assert!(matches!(cow, Cow::Owned(bytes) if bytes == b"ab"));
                assert_eq!(object.extract::<[u8; 2]>()?, *b"ab");
            }
            let list = py.eval(c"[1, 256]", None, None)?;
            let error = list.as_borrowed().extract::<Vec<u8>>().unwrap_err();
            assert!(error.to_string().starts_with("OverflowError: "));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
