//! `CStr` and `CString`: a `str` without null characters.

use std::borrow::Cow;
use std::ffi::{CStr, CString};

use pyo3_ffi as ffi;

use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyString};

macro_rules! lends_c_str {
    ($($type:ty),*) => {$(
        impl<'py> IntoPyObject<'py> for $type {
            type Target = PyString;
            type Output = Bound<'py, PyString>;
            type Error = PyErr;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyString>() }

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                let text: &CStr = self.as_ref();
                new(py, text)
            }
        }
    )*};
}

lends_c_str!(&CStr, CString, &CString, Cow<'_, CStr>, &Cow<'_, CStr>);

/// Creates a `str`. Text that is not UTF-8 is a `UnicodeDecodeError`.
fn new<'py>(py: Python<'py>, text: &CStr) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: attached; a null-terminated string; the call returns a new reference to a `str`, or
    // null with an exception set.
    unsafe {
        let object = ffi::PyUnicode_FromString(text.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked())
    }
}

impl<'a, 'py: 'a> FromPyObject<'a, 'py> for &'a CStr {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let bytes = super::string::text_and_null(object)?;
        CStr::from_bytes_with_nul(bytes).map_err(|error| PyValueError::new_err(error.to_string()))
    }
}

impl<'a, 'py: 'a> FromPyObject<'a, 'py> for Cow<'a, CStr> {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract().map(Cow::Borrowed)
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for CString {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        object.extract::<&CStr>().map(CStr::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::ffi::{CStr, CString};

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;

    #[test]
    fn text_without_nulls_survives() {
        Python::attach(|py| {
            let value = c"na\xc3\xafve";
            for object in [
                value.into_bound_py_any(py)?,
                value.to_owned().into_bound_py_any(py)?,
                (&value.to_owned()).into_bound_py_any(py)?,
                Cow::Borrowed(value).into_bound_py_any(py)?,
                (&Cow::Borrowed(value)).into_bound_py_any(py)?,
            ] {
                let object = object.as_borrowed();
                assert_eq!(object.extract::<&CStr>()?, value);
                assert_eq!(object.extract::<CString>()?.as_c_str(), value);
                assert_eq!(object.extract::<Cow<'_, CStr>>()?, value);
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn nulls_and_invalid_utf_8_are_refused() {
        Python::attach(|py| {
            let object = "a\0b".into_bound_py_any(py)?;
            let error = object.as_borrowed().extract::<&CStr>().unwrap_err();
            assert!(error.to_string().starts_with("ValueError: "));
            let error = c"\xff".into_bound_py_any(py).unwrap_err();
            assert!(error.to_string().starts_with("UnicodeDecodeError: "));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
