//! [`PyStringData`]: the storage of a `str`.

use std::borrow::Cow;

use crate::error::{PyErr, PyResult};
use crate::exceptions::PyUnicodeDecodeError;
use crate::interpreter::Python;

/// The code points of a `str` as CPython stores them, in the smallest width that fits the largest
/// code point: see [`PyStringMethods::data`](crate::types::PyStringMethods::data).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyString, string::PyStringData};
///
/// Python::attach(|py| {
///     let text = PyString::new(py, "5 €");
///     // SAFETY: this test runs only on platforms where the layout is known.
///     let data = unsafe { text.data()? };
///     assert_eq!(data, PyStringData::Ucs2(&[0x35, 0x20, 0x20ac]));
///     assert_eq!((data.value_width_bytes(), data.as_bytes().len()), (2, 6));
///     assert_eq!(data.to_string(py)?, "5 €");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyUnicode_KIND`, `PyUnicode_DATA`. See: PEP 393.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PyStringData<'a> {
    /// One byte per code point: ASCII and Latin-1.
    Ucs1(&'a [u8]),
    /// Two bytes per code point.
    Ucs2(&'a [u16]),
    /// Four bytes per code point.
    Ucs4(&'a [u32]),
}

impl<'a> PyStringData<'a> {
    /// Returns the underlying bytes, in the machine's byte order.
    pub fn as_bytes(&self) -> &[u8] {
        let (data, len): (*const u8, usize) = match self {
            Self::Ucs1(data) => return data,
            Self::Ucs2(data) => (data.as_ptr().cast(), size_of_val(*data)),
            Self::Ucs4(data) => (data.as_ptr().cast(), size_of_val(*data)),
        };
        // SAFETY: `data` and `len` cover the memory of the slice, which has no padding.
        unsafe { std::slice::from_raw_parts(data, len) }
    }

    /// Returns the number of bytes per code point: 1, 2 or 4.
    #[inline]
    pub fn value_width_bytes(&self) -> usize {
        match self {
            Self::Ucs1(_) => 1,
            Self::Ucs2(_) => 2,
            Self::Ucs4(_) => 4,
        }
    }

    /// Decodes the text; without a copy if it is ASCII.
    ///
    /// # Errors
    /// `UnicodeDecodeError` if the data contains a surrogate, or a number that is not a code point.
    #[allow(clippy::wrong_self_convention)]
    pub fn to_string(self, py: Python<'_>) -> PyResult<Cow<'a, str>> {
        let refused = |encoding, reason| {
            let bytes = self.as_bytes();
            match PyUnicodeDecodeError::new(py, encoding, bytes, 0..bytes.len(), reason) {
                Ok(error) => PyErr::from_value(error.into_any()),
                Err(error) => error,
            }
        };
        match self {
            Self::Ucs1(data) => Ok(latin1(data)),
            // Not UTF-16: a surrogate pair is two code points, neither of which is a character.
            Self::Ucs2(data) => match data
                .iter()
                .map(|&unit| char::from_u32(unit.into()))
                .collect()
            {
                Some(text) => Ok(Cow::Owned(text)),
                None => Err(refused(c"utf-16", c"invalid utf-16: lone surrogate found")),
            },
            Self::Ucs4(data) => match data.iter().map(|&point| char::from_u32(point)).collect() {
                Some(text) => Ok(Cow::Owned(text)),
                None => Err(refused(c"utf-32", c"error converting utf-32")),
            },
        }
    }

    /// Decodes the text, replacing each surrogate, or number that is not a code point, by `U+FFFD`;
    /// without a copy if it is ASCII.
    #[allow(clippy::wrong_self_convention)]
    pub fn to_string_lossy(self) -> Cow<'a, str> {
        let lossy = |point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
        match self {
            Self::Ucs1(data) => latin1(data),
            Self::Ucs2(data) => data.iter().map(|&point| lossy(point.into())).collect(),
            Self::Ucs4(data) => data.iter().map(|&point| lossy(point)).collect(),
        }
    }
}

/// Decodes Latin-1.
fn latin1(data: &[u8]) -> Cow<'_, str> {
    if data.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        return Cow::Borrowed(unsafe { std::str::from_utf8_unchecked(data) });
    }
    data.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capi::memory::reads_memory;
    use crate::exceptions::PyNotImplementedError;
    use crate::types::{PyString, PyStringMethods};

    fn with_data(text: &std::ffi::CStr, check: impl Fn(Python<'_>, PyStringData<'_>)) {
        Python::attach(|py| {
            let text = py.eval(text, None, None).unwrap();
            let text = text.cast::<PyString>().unwrap();
            // SAFETY: tests run only on platforms where the layout of the bit fields is known.
            match unsafe { text.data() } {
                Ok(data) => check(py, data),
                Err(error) => {
                    assert!(!reads_memory(), "{error}");
                    assert!(error.is_instance_of::<PyNotImplementedError>(py));
                }
            }
        });
    }

    #[test]
    fn every_width_is_exposed_and_decoded() {
        with_data(c"'hello'", |py, data| {
            assert_eq!(data, PyStringData::Ucs1(b"hello"));
            assert!(matches!(
                data.to_string(py).unwrap(),
                Cow::Borrowed("hello")
            ));
        });
        with_data(c"'f\\xfe'", |py, data| {
            assert_eq!(data, PyStringData::Ucs1(b"f\xfe"));
            assert_eq!(data.to_string(py).unwrap(), "f\u{fe}");
            assert_eq!(data.to_string_lossy(), "f\u{fe}");
        });
        with_data(c"'\\uff22x'", |py, data| {
            assert_eq!(data, PyStringData::Ucs2(&[0xff22, 0x78]));
            assert_eq!(data.to_string(py).unwrap(), "\u{ff22}x");
        });
        with_data(c"'\\U00020000x'", |py, data| {
            assert_eq!(data, PyStringData::Ucs4(&[0x20000, 0x78]));
            assert_eq!(data.to_string(py).unwrap(), "\u{20000}x");
            assert_eq!(data.as_bytes().len(), 8);
        });
    }

    #[test]
    fn surrogates_are_refused_or_replaced() {
        with_data(c"'\\uff22\\ud800'", |py, data| {
            let error = data.to_string(py).unwrap_err().to_string();
            assert!(
                error.contains("'utf-16' codec can't decode bytes in position 0-3"),
                "{error}"
            );
            assert_eq!(data.to_string_lossy(), "\u{ff22}\u{fffd}");
        });
        with_data(c"'\\ud83d\\ude00'", |py, data| {
            assert!(data.to_string(py).is_err());
            assert_eq!(data.to_string_lossy(), "\u{fffd}\u{fffd}");
        });
        with_data(c"'\\U00020000\\ud800'", |py, data| {
            let error = data.to_string(py).unwrap_err().to_string();
            assert!(
                error.contains("'utf-32' codec can't decode bytes in position 0-7"),
                "{error}"
            );
            assert_eq!(data.to_string_lossy(), "\u{20000}\u{fffd}");
        });
    }
}
