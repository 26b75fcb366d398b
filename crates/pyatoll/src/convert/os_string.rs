//! `OsStr` and `OsString`: a `str`, with undecodable bytes as lone surrogates (PEP 383).

use std::borrow::Cow;
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};

use pyo3_ffi as ffi;

use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyString};

impl<'py> IntoPyObject<'py> for &OsStr {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyString>() }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        if let Some(text) = self.to_str() {
            return Ok(PyString::new(py, text));
        }
        // SAFETY: attached; the call returns a new reference to a `str`, or null.
        Ok(unsafe { Bound::from_owned_ptr(py, system::decode(self)).cast_into_unchecked() })
    }
}

macro_rules! lends_os_str {
    ($($type:ty),*) => {$(
        impl<'py> IntoPyObject<'py> for $type {
            type Target = PyString;
            type Output = Bound<'py, PyString>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyString>() }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                let text: &OsStr = self.as_ref();
                text.into_pyobject(py)
            }
        }
    )*};
}

lends_os_str!(OsString, &OsString, Cow<'_, OsStr>, &Cow<'_, OsStr>);

impl<'a, 'py> FromPyObject<'a, 'py> for OsString {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        system::encode(object.cast::<PyString>()?)
    }
}

/// Borrows from a `str` without lone surrogates.
impl<'a, 'py: 'a> FromPyObject<'a, 'py> for Cow<'a, OsStr> {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<&str>() {
            Ok(text) => Ok(Cow::Borrowed(OsStr::new(text))),
            Err(_) => object.extract().map(Cow::Owned),
        }
    }
}

#[cfg(not(windows))]
mod system {
    //! OS strings are bytes in the file system encoding.

    #[cfg(unix)]
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    #[cfg(target_os = "wasi")]
    use std::os::wasi::ffi::{OsStrExt, OsStringExt};

    use super::*;

    /// Returns a new `str`, or null with an exception set.
    ///
    /// # Safety
    /// Attached.
    pub(super) unsafe fn decode(text: &OsStr) -> *mut ffi::PyObject {
        let bytes = text.as_bytes();
        let len = bytes.len() as ffi::Py_ssize_t;
        // SAFETY: attached; the pointer and the length are those of `bytes`.
        unsafe { ffi::PyUnicode_DecodeFSDefaultAndSize(bytes.as_ptr().cast(), len) }
    }

    pub(super) fn encode(text: Borrowed<'_, '_, PyString>) -> PyResult<OsString> {
        // SAFETY: attached; a `str`; the call returns a new reference to a `bytes`, or null with an
        // exception set.
        let bytes = unsafe {
            let bytes = ffi::PyUnicode_EncodeFSDefault(text.as_ptr());
            Bound::from_owned_ptr_or_err(text.py(), bytes)?
        };
        let bytes: &[u8] = bytes.as_borrowed().extract()?;
        Ok(OsString::from_vec(bytes.to_vec()))
    }
}

#[cfg(windows)]
mod system {
    //! OS strings are 16-bit units.

    use std::os::windows::ffi::{OsStrExt, OsStringExt};

    use super::*;

    /// Returns a new `str`, or null with an exception set.
    ///
    /// # Safety
    /// Attached.
    pub(super) unsafe fn decode(text: &OsStr) -> *mut ffi::PyObject {
        let units: Vec<u16> = text.encode_wide().collect();
        let len = units.len() as ffi::Py_ssize_t;
        // SAFETY: attached; the pointer and the length are those of `units`.
        unsafe { ffi::PyUnicode_FromWideChar(units.as_ptr().cast(), len) }
    }

    pub(super) fn encode(text: Borrowed<'_, '_, PyString>) -> PyResult<OsString> {
        // SAFETY: attached; a `str`. A null buffer queries the length including the final null.
        let len = unsafe { ffi::PyUnicode_AsWideChar(text.as_ptr(), std::ptr::null_mut(), 0) };
        let Ok(len) = usize::try_from(len) else {
            return Err(PyErr::fetch(text.py()));
        };
        let mut units = vec![0_u16; len];
        // SAFETY: attached; a `str`; the buffer has `len` units.
        let written = unsafe {
            let buffer = units.as_mut_ptr().cast();
            ffi::PyUnicode_AsWideChar(text.as_ptr(), buffer, len as ffi::Py_ssize_t)
        };
        let Ok(written) = usize::try_from(written) else {
            return Err(PyErr::fetch(text.py()));
        };
        Ok(OsString::from_wide(&units[..written]))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::ffi::{OsStr, OsString};

    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;

    fn round_trip(value: &OsStr) {
        Python::attach(|py| {
            for object in [
                value.into_bound_py_any(py)?,
                value.to_owned().into_bound_py_any(py)?,
                (&value.to_owned()).into_bound_py_any(py)?,
                Cow::Borrowed(value).into_bound_py_any(py)?,
                (&Cow::Borrowed(value)).into_bound_py_any(py)?,
            ] {
                let object = object.as_borrowed();
                assert_eq!(object.extract::<OsString>()?, value);
                assert_eq!(object.extract::<Cow<'_, OsStr>>()?, value);
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    proptest! {
        #[test]
        fn every_text_survives(value: String) {
            round_trip(OsStr::new(&value));
        }

        #[cfg(unix)]
        #[test]
        fn every_byte_string_survives(value: Vec<u8>) {
            use std::os::unix::ffi::OsStrExt;
            round_trip(OsStr::from_bytes(&value));
        }
    }

    #[test]
    fn a_number_is_refused() {
        Python::attach(|py| {
            let number = 1.into_bound_py_any(py)?;
            assert!(number.as_borrowed().extract::<OsString>().is_err());
            assert!(number.as_borrowed().extract::<Cow<'_, OsStr>>().is_err());
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
