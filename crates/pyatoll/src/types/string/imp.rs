//! Access to the text of a `str`: the implementation of [`PyStringMethods`], and the functions of
//! the same names for the other handles.

use std::borrow::Cow;

use super::{PyString, PyStringData, PyStringMethods};
use crate::capi as ffi;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyNotImplementedError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py, WrongInterpreter};
use crate::types::returned::{new_reference, size};
use crate::types::{PyAny, PyBytes, compat};

impl<'py> PyStringMethods<'py> for Bound<'py, PyString> {
    fn code_point_len(&self) -> PyResult<usize> {
        // SAFETY: attached; `self` is a `str`.
        size(self.py(), unsafe {
            ffi::PyUnicode_GetLength(self.as_ptr())
        })
    }

    #[inline]
    fn to_str(&self) -> PyResult<&str> {
        self.as_borrowed().to_str()
    }

    #[inline]
    fn to_cow(&self) -> PyResult<Cow<'_, str>> {
        self.as_borrowed().to_str().map(Cow::Borrowed)
    }

    fn to_string_lossy(&self) -> Cow<'_, str> {
        to_string_lossy(self)
    }

    fn encode_utf8(&self) -> PyResult<Bound<'py, PyBytes>> {
        // SAFETY: attached; `self` is a `str`; returns a new `bytes` or null.
        unsafe { new_reference(self.py(), ffi::PyUnicode_AsUTF8String(self.as_ptr())) }
    }

    unsafe fn data(&self) -> PyResult<PyStringData<'_>> {
        compat::make_ready(self)?;
        let len = self.code_point_len()?;
        let object = self.as_ptr();
        // SAFETY: attached; `self` is a `str` in canonical form: there are `len` items of its width
        // at the address, which do not change while it lives. The caller guarantees that the bit
        // fields have the expected layout.
        unsafe {
            let (kind, data) = ffi::text_data(object).ok_or_else(|| {
                PyNotImplementedError::new_err("the memory of a `str` is unknown in this Python")
            })?;
            Ok(match kind {
                ffi::PyUnicode_1BYTE_KIND => {
                    PyStringData::Ucs1(std::slice::from_raw_parts(data.cast(), len))
                }
                ffi::PyUnicode_2BYTE_KIND => {
                    PyStringData::Ucs2(std::slice::from_raw_parts(data.cast(), len))
                }
                ffi::PyUnicode_4BYTE_KIND => {
                    PyStringData::Ucs4(std::slice::from_raw_parts(data.cast(), len))
                }
                kind => unreachable!("a `str` of kind {kind}"),
            })
        }
    }
}

impl<'a, 'py: 'a> Borrowed<'a, 'py, PyString> {
    #[inline]
    pub(crate) fn to_str(self) -> PyResult<&'a str> {
        let mut len = 0;
        // SAFETY: attached; `self` is a `str`, which lives for `'a` and caches the returned UTF-8.
        unsafe {
            let data = ffi::PyUnicode_AsUTF8AndSize(self.as_ptr(), &raw mut len);
            if data.is_null() {
                return Err(PyErr::fetch(self.py()));
            }
            let bytes = std::slice::from_raw_parts(data.cast::<u8>(), len as usize);
            Ok(std::str::from_utf8_unchecked(bytes))
        }
    }
}

/// Access to the text of a `str`, borrowed from both the reference and the token.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyString;
///
/// let kept: Py<PyString> = Python::attach(|py| PyString::new(py, "kept").unbind());
/// Python::attach(|py| {
///     assert_eq!(kept.to_str(py)?, "kept");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
impl Py<PyString> {
    /// Implements [`PyStringMethods::to_str`].
    ///
    /// # Errors
    /// `UnicodeEncodeError` if the text contains a surrogate; `RuntimeError` if the token belongs
    /// to another interpreter.
    ///
    /// C API: `PyUnicode_AsUTF8AndSize`.
    pub fn to_str<'a>(&'a self, py: Python<'a>) -> PyResult<&'a str> {
        self.try_bind_borrowed(py)?.to_str()
    }

    /// Implements [`PyStringMethods::to_cow`].
    ///
    /// # Errors
    /// `UnicodeEncodeError` if the text contains a surrogate; `RuntimeError` if the token belongs
    /// to another interpreter.
    ///
    /// C API: `PyUnicode_AsUTF8AndSize`.
    pub fn to_cow<'a>(&'a self, py: Python<'a>) -> PyResult<Cow<'a, str>> {
        self.to_str(py).map(Cow::Borrowed)
    }

    /// Implements [`PyStringMethods::to_string_lossy`].
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    ///
    /// C API: `PyUnicode_AsUTF8AndSize`, `PyUnicode_AsEncodedString`.
    #[track_caller]
    pub fn to_string_lossy<'a>(&'a self, py: Python<'a>) -> Cow<'a, str> {
        match self.bind_borrowed(py).to_str() {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(to_string_lossy(self.bind(py)).into_owned()),
        }
    }

    /// Returns the text as [`PyStringMethods::to_string_lossy`] does, unless the token belongs to
    /// another interpreter.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::types::PyString;
    ///
    /// let text = Python::attach(|py| PyString::new(py, "tide").unbind());
    /// Python::attach(|py| assert_eq!(text.try_to_string_lossy(py).unwrap(), "tide"));
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| text.try_to_string_lossy(py).is_err())?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `PyUnicode_AsUTF8AndSize`, `PyUnicode_AsEncodedString`.
    pub fn try_to_string_lossy<'a>(
        &'a self,
        py: Python<'a>,
    ) -> Result<Cow<'a, str>, WrongInterpreter> {
        self.try_bind(py)?;
        Ok(self.to_string_lossy(py))
    }
}

/// Returns the text of a `str`, with lone surrogates replaced, or the name of the type of any other
/// object.
pub(crate) fn to_string_lossy<'a>(object: &'a Bound<'_, PyAny>) -> Cow<'a, str> {
    let mut len = 0;
    // SAFETY: attached; the object lives for `'a` and caches the returned UTF-8; `bytes` owns the
    // encoded text, which is copied before it is dropped.
    unsafe {
        let data = ffi::PyUnicode_AsUTF8AndSize(object.as_ptr(), &raw mut len);
        if !data.is_null() {
            let bytes = std::slice::from_raw_parts(data.cast::<u8>(), len as usize);
            return Cow::Borrowed(std::str::from_utf8_unchecked(bytes));
        }
        ffi::PyErr_Clear();
        let bytes = ffi::PyUnicode_AsEncodedString(
            object.as_ptr(),
            c"utf-8".as_ptr(),
            c"surrogatepass".as_ptr(),
        );
        let Some(bytes) = Bound::from_owned_ptr_or_opt(object.py(), bytes) else {
            ffi::PyErr_Clear();
            return Cow::Owned(format!(
                "<{}>",
                crate::types::typeobject::name_of_type(object)
            ));
        };
        let data = ffi::PyBytes_AsString(bytes.as_ptr()).cast::<u8>();
        let len = ffi::PyBytes_Size(bytes.as_ptr()) as usize;
        Cow::Owned(String::from_utf8_lossy(std::slice::from_raw_parts(data, len)).into_owned())
    }
}
