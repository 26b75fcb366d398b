//! `str` and Rust's strings.
//!
//! A `str` with lone surrogates is not UTF-8: extracting it is a `UnicodeEncodeError`.

use std::borrow::Cow;
use std::convert::Infallible;

use super::by_reference::by_reference;
use super::traits::private::Token;
use crate::capi as ffi;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::{Python, layout};
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyString};

/// Implements the conversion of types that lend a `&str`.
macro_rules! lends_str {
    ($($type:ty),*) => {$(
        impl<'py> IntoPyObject<'py> for $type {
            type Target = PyString;
            type Output = Bound<'py, PyString>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyString>() }

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                Ok(PyString::new(py, self.as_ref()))
            }

            #[inline]
            fn into_return_value(
                self,
                _py: Python<'py>,
                _: Token,
            ) -> PyResult<*mut ffi::PyObject> {
                let text: &str = self.as_ref();
                let len = text.len() as ffi::Py_ssize_t;
                // SAFETY: attached; the pointer and the length are those of `text`, which is UTF-8.
                Ok(unsafe { ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), len) })
            }
        }
    )*};
}

lends_str!(&str, String, &String, Cow<'_, str>, &Cow<'_, str>);

impl<'py> IntoPyObject<'py> for char {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyString>() }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(PyString::new(py, self.encode_utf8(&mut [0; 4])))
    }
}

by_reference!(char => PyString, Bound<'py, PyString>, Infallible);

/// Returns the text of a `str` with the null that follows it, borrowed from the object.
pub(super) fn text_and_null<'a, 'py: 'a>(object: Borrowed<'a, 'py, PyAny>) -> PyResult<&'a [u8]> {
    let string = object.cast::<PyString>()?;
    let mut len = 0;
    // SAFETY: attached; a `str`. Its UTF-8 is cached in the object, which is alive for `'a`, and is
    // followed by a null that `len` does not include.
    unsafe {
        let data = ffi::PyUnicode_AsUTF8AndSize(string.as_ptr(), &raw mut len);
        if data.is_null() {
            return Err(PyErr::fetch(object.py()));
        }
        Ok(std::slice::from_raw_parts(data.cast(), len as usize + 1))
    }
}

#[inline]
fn text<'a, 'py: 'a>(object: Borrowed<'a, 'py, PyAny>) -> PyResult<&'a str> {
    match ascii(object) {
        Some(text) => Ok(text),
        None => any_text(object),
    }
}

/// Returns the text of a `str` that is all ASCII, which most are, without a call.
#[inline(always)]
fn ascii<'a, 'py: 'a>(object: Borrowed<'a, 'py, PyAny>) -> Option<&'a str> {
    // SAFETY: attached; a live object, whose type is checked before it is read as a `str`. Its text
    // is alive for `'a`, and ASCII is UTF-8.
    unsafe {
        if ffi::PyUnicode_CheckExact(object.as_ptr()) == 0 {
            return None;
        }
        layout::ascii_text(object.as_ptr()).map(|text| std::str::from_utf8_unchecked(text))
    }
}

#[inline(never)]
fn any_text<'a, 'py: 'a>(object: Borrowed<'a, 'py, PyAny>) -> PyResult<&'a str> {
    let bytes = text_and_null(object)?;
    // SAFETY: the bytes before the final null are UTF-8.
    Ok(unsafe { std::str::from_utf8_unchecked(&bytes[..bytes.len() - 1]) })
}

impl<'a, 'py: 'a> FromPyObject<'a, 'py> for &'a str {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        text(object)
    }
}

impl<'a, 'py: 'a> FromPyObject<'a, 'py> for Cow<'a, str> {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        text(object).map(Cow::Borrowed)
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for String {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        text(object).map(str::to_owned)
    }

    #[inline]
    fn extract_plain(object: Borrowed<'_, '_, PyAny>, _: Token) -> Option<Self> {
        ascii(object).map(str::to_owned)
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for char {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyString>() }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let mut chars = text(object)?.chars();
        match (chars.next(), chars.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(PyValueError::new_err("expected a string of length 1")),
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

    proptest! {
        #[test]
        fn every_string_survives(value: String) {
            Python::attach(|py| {
                for object in [
                    value.as_str().into_bound_py_any(py)?,
                    value.clone().into_bound_py_any(py)?,
                    (&value).into_bound_py_any(py)?,
                    Cow::Borrowed(value.as_str()).into_bound_py_any(py)?,
                    (&Cow::<str>::Owned(value.clone())).into_bound_py_any(py)?,
                ] {
                    let object = object.as_borrowed();
                    assert_eq!(object.extract::<&str>()?, value);
                    assert_eq!(object.extract::<String>()?, value);
                    assert_eq!(object.extract::<Cow<'_, str>>()?, value);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }

        #[test]
        fn every_char_survives(value: char) {
            Python::attach(|py| {
                let object = (&value).into_bound_py_any(py)?;
                assert_eq!(object.as_borrowed().extract::<char>()?, value);
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn an_object_that_is_no_text_is_refused() {
        Python::attach(|py| {
            let number = py.eval(c"1", None, None)?;
            let error = number.as_borrowed().extract::<&str>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "TypeError: 'int' object is not an instance of 'str'"
            );
            let surrogate = py.eval(c"'\\ud800'", None, None)?;
            let error = surrogate.as_borrowed().extract::<String>().unwrap_err();
            assert!(error.to_string().starts_with("UnicodeEncodeError: "));
            for code in [c"''", c"'ab'"] {
                let text = py.eval(code, None, None)?;
                let error = text.as_borrowed().extract::<char>().unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "ValueError: expected a string of length 1"
                );
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
