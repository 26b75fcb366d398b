//! `str`: the type, its constructors, and its comparison with Rust strings.

// | file | concern |
// |---|---|
// | `methods.rs` | the trait `PyStringMethods` |
// | `imp.rs` | access to the text |
// | `data.rs` | `PyStringData`, the storage of a `str` |

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

/// Python's `str`. Its handles compare with Rust's `str`. Comparison considers only the text and
/// ignores the `__eq__` of a subclass.
///
/// A `str` may hold surrogates, which Rust strings cannot: methods that return a Rust string
/// document how they treat them.
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
///
/// C API: `PyUnicode_Type`.
#[repr(transparent)]
pub struct PyString(PyAny);

native_type!(PyString: ("builtins", "str"), PyUnicode_Type, PyUnicode_Check);

impl PyString {
    /// Creates a `str` from the text.
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
    #[inline]
    #[track_caller]
    pub fn new<'py>(py: Python<'py>, s: &str) -> Bound<'py, PyString> {
        // SAFETY: attached; `s` is valid UTF-8 of this length; returns a new `str` or null.
        unsafe {
            let len = s.len() as ffi::Py_ssize_t;
            let object = ffi::PyUnicode_FromStringAndSize(s.as_ptr().cast(), len);
            new_reference_or_panic(py, object)
        }
    }

    /// Creates a `str` from UTF-8.
    ///
    /// # Errors
    /// `UnicodeDecodeError` if the bytes are not UTF-8; if Python runs out of memory.
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
        // SAFETY: attached; `s` is valid for reads of its length; returns a new `str` or null.
        unsafe {
            let len = s.len() as ffi::Py_ssize_t;
            let object = ffi::PyUnicode_FromStringAndSize(s.as_ptr().cast(), len);
            new_reference(py, object)
        }
    }

    /// Creates an interned `str`: within an interpreter, all interned `str`s of the same text are
    /// the same object. Use [`intern!`](crate::intern) for literals.
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
    #[track_caller]
    pub fn intern<'py>(py: Python<'py>, s: &str) -> Bound<'py, PyString> {
        let mut object = Self::new(py, s).into_ptr();
        // SAFETY: attached; the call replaces the owned reference with one to the interned `str`.
        unsafe {
            ffi::PyUnicode_InternInPlace(&raw mut object);
            new_reference_or_panic(py, object)
        }
    }

    /// Decodes an object with the buffer protocol: Python's `str(src, encoding, errors)`. `None`
    /// stands for `"utf-8"` and `"strict"`.
    ///
    /// # Errors
    /// `UnicodeDecodeError` if the bytes cannot be decoded; `LookupError` if the encoding is
    /// unknown; `TypeError` if the object has no buffer.
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
        // SAFETY: attached; `src` is a valid object; the others are C strings or null; returns a
        // `str` or null.
        unsafe {
            let object = ffi::PyUnicode_FromEncodedObject(src.as_ptr(), encoding, errors);
            new_reference(src.py(), object)
        }
    }

    /// Creates a `str` from formatted text: `PyString::from_fmt(py, format_args!("…"))`.
    ///
    /// # Errors
    /// If Python runs out of memory.
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
    ///
    /// C API: `PyUnicode_FromStringAndSize`.
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

/// Like [`format!`], but creates a Python `str`. A format string without arguments is created and
/// interned once per interpreter.
///
/// # Errors
/// If Python runs out of memory.
///
/// # Panics
/// If Python runs out of memory for a format string without arguments.
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
///
/// C API: `PyUnicode_FromStringAndSize`.
#[macro_export]
macro_rules! py_format {
    // The arguments are outside of the block with the static, whose name they may use.
    ($py:expr, $($format:tt)+) => {
        match ($py, ::core::format_args!($($format)+)) {
            (py, arguments) => {
                static CONSTANT: $crate::sync::InternedFormat = $crate::sync::InternedFormat::new();
                CONSTANT.format(py, arguments)
            }
        }
    };
}

value_eq!(PyString, str, compat::str_equals);
