//! `str`.
//!
//! | file | concern |
//! |---|---|
//! | `mod.rs` | the type, its constructors and its comparison with `str` |
//! | `methods.rs` | the trait [`PyStringMethods`] |
//! | `imp.rs` | access to the text |
//! | `data.rs` | [`PyStringData`], the storage of a `str` |
//! | `tests.rs` | unit tests |

mod data;
mod imp;
mod methods;
#[cfg(test)]
mod tests;

use std::ffi::CStr;
use std::fmt;

use pyo3_ffi as ffi;

pub use data::PyStringData;
pub(crate) use imp::to_string_lossy;
pub use methods::PyStringMethods;

use super::compat;
use super::returned::{new_reference, new_reference_or_panic};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

/// Python's `str`. Its handles compare with a Rust `str`; that looks at the text only, where a
/// subclass may have its own `__eq__`.
///
/// A `str` may hold surrogates, which Rust's strings cannot: methods that give a Rust string say
/// what becomes of them.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyString;
///
/// Python::attach(|py| {
///     let text = PyString::new(py, "atoll");
///     assert_eq!(text, "atoll");
///     assert_eq!(text.call_method0("upper")?.extract::<String>()?, "ATOLL");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyString(PyAny);

native_type!(PyString, PyUnicode_Type, PyUnicode_Check);

impl PyString {
    /// A `str` of the text.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::new(py, "né");
    ///     assert_eq!(text, "né");
    ///     assert_eq!(text.len()?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_FromStringAndSize`.
    pub fn new<'py>(py: Python<'py>, s: &str) -> Bound<'py, PyString> {
        // SAFETY: attached; valid UTF-8 of the given length; returns a new reference or null.
        unsafe {
            let len = s.len() as ffi::Py_ssize_t;
            let object = ffi::PyUnicode_FromStringAndSize(s.as_ptr().cast(), len);
            Bound::from_owned_ptr(py, object).cast_into_unchecked()
        }
    }

    /// A `str` from UTF-8.
    ///
    /// # Errors
    /// A `UnicodeDecodeError` if it is not UTF-8; a `MemoryError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyString::from_bytes(py, "né".as_bytes())?, "né");
    ///     assert!(PyString::from_bytes(py, b"\xff").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_FromStringAndSize`.
    pub fn from_bytes<'py>(py: Python<'py>, s: &[u8]) -> PyResult<Bound<'py, PyString>> {
        // SAFETY: attached; the data is valid for its length; returns a new reference or null.
        unsafe {
            let len = s.len() as ffi::Py_ssize_t;
            let object = ffi::PyUnicode_FromStringAndSize(s.as_ptr().cast(), len);
            Ok(Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked())
        }
    }

    /// Like [`new`](PyString::new), interned: every interned `str` of the same text in an
    /// interpreter is the same object. Use [`intern!`](crate::intern) for literals.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     assert!(PyString::intern(py, "name").is(PyString::intern(py, "name")));
    /// });
    /// ```
    ///
    /// C API: `PyUnicode_InternInPlace`.
    pub fn intern<'py>(py: Python<'py>, s: &str) -> Bound<'py, PyString> {
        let mut object = Self::new(py, s).into_ptr();
        // SAFETY: attached; the reference is exchanged for one to the interned object.
        unsafe {
            ffi::PyUnicode_InternInPlace(&raw mut object);
            Bound::from_owned_ptr(py, object).cast_into_unchecked()
        }
    }

    /// Decodes an object that has the buffer protocol: Python's `str(src, encoding, errors)`.
    /// `None` means UTF-8, and `"strict"`.
    ///
    /// # Errors
    /// A `UnicodeDecodeError` if the bytes are not in the encoding; a `LookupError` if there is no
    /// such encoding; a `TypeError` if the object has no buffer.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyBytes, PyString};
    ///
    /// Python::attach(|py| {
    ///     let bytes = PyBytes::new(py, b"n\xe9");
    ///     let text = PyString::from_encoded_object(&bytes, Some(c"latin-1"), None)?;
    ///     assert_eq!(text, "né");
    ///     let text = PyString::from_encoded_object(&bytes, None, Some(c"ignore"))?;
    ///     assert_eq!(text, "n");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_FromEncodedObject`.
    pub fn from_encoded_object<'py>(
        src: &Bound<'py, PyAny>,
        encoding: Option<&CStr>,
        errors: Option<&CStr>,
    ) -> PyResult<Bound<'py, PyString>> {
        let encoding = encoding.map_or(std::ptr::null(), CStr::as_ptr);
        let errors = errors.map_or(std::ptr::null(), CStr::as_ptr);
        // SAFETY: attached; the object is valid; C strings, or null for the default; a `str` or null
        // comes back.
        unsafe {
            let object = ffi::PyUnicode_FromEncodedObject(src.as_ptr(), encoding, errors);
            Ok(Bound::from_owned_ptr_or_err(src.py(), object)?.cast_into_unchecked())
        }
    }

    /// A `str` of formatted text: `PyString::from_fmt(py, format_args!("…"))`.
    ///
    /// # Errors
    /// A `MemoryError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::from_fmt(py, format_args!("{:02}:{:02}", 9, 5))?;
    ///     assert_eq!(text, "09:05");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn from_fmt<'py>(
        py: Python<'py>,
        args: fmt::Arguments<'_>,
    ) -> PyResult<Bound<'py, PyString>> {
        match args.as_str() {
            Some(text) => Self::from_bytes(py, text.as_bytes()),
            None => Self::from_bytes(py, fmt::format(args).as_bytes()),
        }
    }
}

/// Like [`format!`], giving a Python `str`.
///
/// # Errors
/// A `MemoryError`.
///
/// ```
/// use pyatoll::{prelude::*, py_format};
///
/// Python::attach(|py| {
///     let name = "atoll";
///     assert_eq!(py_format!(py, "{name} {:>3}", 7)?, "atoll   7");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[macro_export]
macro_rules! py_format {
    ($py:expr, $($format:tt)+) => {
        $crate::types::PyString::from_fmt($py, ::core::format_args!($($format)+))
    };
}

value_eq!(PyString, str, compat::str_equals);
