//! `UnicodeError` and its subclasses.

use std::ffi::CStr;
use std::ops::Range;
use std::str::Utf8Error;

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::Bound;

native_exceptions! {
    PyUnicodeError = "UnicodeError", PyExc_UnicodeError;
    PyUnicodeDecodeError = "UnicodeDecodeError", PyExc_UnicodeDecodeError, example "\
Python::attach(|py| {
    let error = py.eval(c\"b'\\\\xff'.decode()\", None, None).unwrap_err();
    assert!(error.is_instance_of::<PyUnicodeDecodeError>(py));
});";
    PyUnicodeEncodeError = "UnicodeEncodeError", PyExc_UnicodeEncodeError, example "\
Python::attach(|py| {
    let error = py.eval(c\"'\\\\ud800'.encode()\", None, None).unwrap_err();
    assert!(error.is_instance_of::<PyUnicodeEncodeError>(py));
});";
    PyUnicodeTranslateError = "UnicodeTranslateError", PyExc_UnicodeTranslateError, example "\
Python::attach(|py| {
    let error = PyUnicodeTranslateError::new_err((\"abc\", 0, 1, \"no such character\"));
    assert!(error.is_instance_of::<PyUnicodeTranslateError>(py));
});";
}

impl PyUnicodeDecodeError {
    /// Creates an exception object that records which bytes of `input` could not be decoded, and
    /// why.
    ///
    /// # Errors
    /// If Python runs out of memory, or `encoding` or `reason` is not UTF-8.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyUnicodeDecodeError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyUnicodeDecodeError::new(py, c"ascii", b"a\xff", 1..2, c"not ASCII")?;
    ///     assert_eq!(
    ///         error.to_string(),
    ///         "'ascii' codec can't decode byte 0xff in position 1: not ASCII"
    ///     );
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicodeDecodeError_Create`.
    pub fn new<'py>(
        py: Python<'py>,
        encoding: &CStr,
        input: &[u8],
        range: Range<usize>,
        reason: &CStr,
    ) -> PyResult<Bound<'py, PyUnicodeDecodeError>> {
        // SAFETY: attached; the input is copied; returns a new exception of this class or null.
        unsafe {
            let error = ffi::PyUnicodeDecodeError_Create(
                encoding.as_ptr(),
                input.as_ptr().cast(),
                input.len() as ffi::Py_ssize_t,
                range.start as ffi::Py_ssize_t,
                range.end as ffi::Py_ssize_t,
                reason.as_ptr(),
            );
            Ok(Bound::from_owned_ptr_or_err(py, error)?.cast_into_unchecked())
        }
    }

    /// Creates the exception object for a Rust [`Utf8Error`] and the bytes it refers to.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyUnicodeDecodeError;
    ///
    /// let input = b"a\xff".to_vec();
    /// let error = std::str::from_utf8(&input).unwrap_err();
    /// Python::attach(|py| {
    ///     let error = PyUnicodeDecodeError::new_utf8(py, &input, error)?;
    ///     assert_eq!(
    ///         error.to_string(),
    ///         "'utf-8' codec can't decode byte 0xff in position 1: invalid utf-8"
    ///     );
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicodeDecodeError_Create`.
    pub fn new_utf8<'py>(
        py: Python<'py>,
        input: &[u8],
        error: Utf8Error,
    ) -> PyResult<Bound<'py, PyUnicodeDecodeError>> {
        let range = undecoded(input.len(), error);
        Self::new(py, c"utf-8", input, range, c"invalid utf-8")
    }

    /// Creates the exception of [`new_utf8`](Self::new_utf8) as a [`PyErr`]. If that fails, returns
    /// the error of the failure.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyUnicodeDecodeError;
    ///
    /// fn decode<'a>(py: Python<'_>, bytes: &'a [u8]) -> PyResult<&'a str> {
    ///     std::str::from_utf8(bytes)
    ///         .map_err(|error| PyUnicodeDecodeError::new_err_from_utf8(py, bytes, error))
    /// }
    /// Python::attach(|py| {
    ///     assert_eq!(decode(py, b"ok").unwrap(), "ok");
    ///     assert!(decode(py, b"\xff").unwrap_err().is_instance_of::<PyUnicodeDecodeError>(py));
    /// });
    /// ```
    ///
    /// C API: `PyUnicodeDecodeError_Create`.
    pub fn new_err_from_utf8(py: Python<'_>, bytes: &[u8], error: Utf8Error) -> PyErr {
        match Self::new_utf8(py, bytes, error) {
            Ok(exception) => PyErr::from_value(exception.into_any()),
            Err(error) => error,
        }
    }
}

/// Returns the range of bytes that could not be decoded.
pub(crate) fn undecoded(len: usize, error: Utf8Error) -> Range<usize> {
    let start = error.valid_up_to();
    start..error.error_len().map_or(len, |bad| start + bad)
}
