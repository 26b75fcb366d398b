//! `bytes`, `bytearray` and sequences of `u8`.

use std::borrow::Cow;

use pyo3_ffi as ffi;

use crate::convert::FromPyObject;
use crate::error::{CastError, PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyByteArray, PyByteArrayMethods, PyBytes};

/// Creates a `bytes` object.
pub(super) fn new<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; the pointer and the length are those of `bytes`; the call returns a new
    // reference, or null with an exception set.
    unsafe {
        let len = bytes.len() as ffi::Py_ssize_t;
        let object = ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), len);
        Bound::from_owned_ptr_or_err(py, object)
    }
}

/// Copies the contents of a `bytes` or `bytearray`; returns `None` for any other object.
pub(super) fn copy(object: Borrowed<'_, '_, PyAny>) -> Option<Vec<u8>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Some(bytes.as_bytes().to_vec());
    }
    let bytes = object.cast::<PyByteArray>().ok()?;
    Some(bytes.to_vec())
}

impl<'a, 'py: 'a> FromPyObject<'a, 'py> for &'a [u8] {
    type Error = CastError<'a, 'py>;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyBytes>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object.cast::<PyBytes>().map(Borrowed::<PyBytes>::as_bytes)
    }
}

/// Borrows from a `bytes`; copies a `bytearray` or another sequence of integers.
impl<'a, 'py: 'a> FromPyObject<'a, 'py> for Cow<'a, [u8]> {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = <Vec<u8> as FromPyObject>::INPUT_TYPE }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyBytes>() {
            Ok(bytes) => Ok(Cow::Borrowed(bytes.as_bytes())),
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
