//! `str`.

mod data;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ffi::CStr;
use std::fmt;

use pyo3_ffi as ffi;

pub use data::PyStringData;

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};
use crate::types::sealed::Sealed;
use crate::types::{PyAny, PyBytes};

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
    /// If Python has no memory for it.
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
        // SAFETY: attached; valid UTF-8 of the given length; a new reference or null comes back.
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
        // SAFETY: attached; the data is valid for its length; a new reference or null comes back.
        unsafe {
            let len = s.len() as ffi::Py_ssize_t;
            let object = ffi::PyUnicode_FromStringAndSize(s.as_ptr().cast(), len);
            Ok(Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked())
        }
    }

    /// As [`new`](PyString::new), interned: every interned `str` of the same text in an
    /// interpreter is the same object. Use [`intern!`](crate::intern) for literals.
    ///
    /// # Panics
    /// If Python has no memory for it.
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
        // SAFETY: attached, a valid object; C strings, or null for the default; a `str` or null
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

/// As [`format!`], giving a Python `str`.
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

/// The methods of `str`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyString;
///
/// Python::attach(|py| {
///     let text = py.eval(c"'ab\\ud800'", None, None)?.cast_into::<PyString>()?;
///     assert_eq!(text.code_point_len()?, 3);
///     assert!(text.to_str().is_err());
///     assert!(text.to_string_lossy().starts_with("ab\u{fffd}"));
///
///     let text = PyString::new(py, "né");
///     assert_eq!(text.to_str()?, "né");
///     assert_eq!(text.encode_utf8()?, "né".as_bytes());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyStringMethods<'py>: Sealed {
    /// How many code points it has. A subclass's `__len__` is not called.
    ///
    /// # Errors
    /// A `MemoryError`, for a string that Python 3.11 stores in the legacy form.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::new(py, "né");
    ///     assert_eq!((text.code_point_len()?, text.to_str()?.len()), (2, 3));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_GetLength`.
    fn code_point_len(&self) -> PyResult<usize>;

    /// The text, without a copy: Python keeps the UTF-8 with the object.
    ///
    /// # Errors
    /// A `UnicodeEncodeError` if it has a surrogate.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyString::new(py, "né").to_str()?, "né");
    ///     assert!(py.eval(c"'\\ud800'", None, None)?.cast::<PyString>()?.to_str().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_AsUTF8AndSize`.
    fn to_str(&self) -> PyResult<&str>;

    /// As [`to_str`](PyStringMethods::to_str).
    ///
    /// # Errors
    /// A `UnicodeEncodeError` if it has a surrogate.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    /// use std::borrow::Cow;
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::new(py, "né");
    ///     assert!(matches!(text.to_cow()?, Cow::Borrowed("né")));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn to_cow(&self) -> PyResult<Cow<'_, str>>;

    /// The text, with each surrogate replaced by three `U+FFFD`; without a copy if it has none.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'a\\ud800'", None, None)?.cast_into::<PyString>()?;
    ///     assert_eq!(text.to_string_lossy(), "a\u{fffd}\u{fffd}\u{fffd}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn to_string_lossy(&self) -> Cow<'_, str>;

    /// Its UTF-8 as a `bytes`.
    ///
    /// # Errors
    /// A `UnicodeEncodeError` if it has a surrogate.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyString;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyString::new(py, "né").encode_utf8()?.as_bytes(), b"n\xc3\xa9");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_AsUTF8String`.
    fn encode_utf8(&self) -> PyResult<Bound<'py, PyBytes>>;

    /// Its code points as CPython stores them.
    ///
    /// # Safety
    /// Before Python 3.14, this reads C bit fields of the object, whose layout the C standard
    /// leaves to the compiler. It is right on the platforms this library is tested on; test it on
    /// others.
    ///
    /// # Errors
    /// A `MemoryError`, for a string that Python 3.11 stores in the legacy form.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyString, string::PyStringData};
    ///
    /// Python::attach(|py| {
    ///     let text = PyString::new(py, "né");
    ///     // SAFETY: this test runs on platforms where it works.
    ///     assert_eq!(unsafe { text.data()? }, PyStringData::Ucs1(b"n\xe9"));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnicode_KIND`, `PyUnicode_DATA`.
    unsafe fn data(&self) -> PyResult<PyStringData<'_>>;
}

impl<'py> PyStringMethods<'py> for Bound<'py, PyString> {
    fn code_point_len(&self) -> PyResult<usize> {
        // SAFETY: attached, a valid `str`.
        let len = unsafe { ffi::PyUnicode_GetLength(self.as_ptr()) };
        usize::try_from(len).map_err(|_| PyErr::fetch(self.py()))
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
        // SAFETY: attached, a valid `str`; a `bytes` or null comes back.
        unsafe {
            let bytes = ffi::PyUnicode_AsUTF8String(self.as_ptr());
            Ok(Bound::from_owned_ptr_or_err(self.py(), bytes)?.cast_into_unchecked())
        }
    }

    unsafe fn data(&self) -> PyResult<PyStringData<'_>> {
        make_ready(self)?;
        let len = self.code_point_len()?;
        let object = self.as_ptr();
        // SAFETY: attached, a valid `str`, ready: it has so many items of this width there, which
        // do not change while it lives. That the bit fields are as expected is passed on to the
        // caller.
        unsafe {
            let data = ffi::PyUnicode_DATA(object);
            Ok(match ffi::PyUnicode_KIND(object) {
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

/// Brings a `str` made through the legacy API, which Python 3.12 removed, into the usual form.
fn make_ready(text: &Bound<'_, PyString>) -> PyResult<()> {
    // SAFETY: attached, a valid `str`.
    #[cfg(not(Py_3_12))]
    crate::error::error_on_minusone(text.py(), unsafe { ffi::PyUnicode_READY(text.as_ptr()) })?;
    let _ = text;
    Ok(())
}

impl<'a> Borrowed<'a, '_, PyString> {
    #[inline]
    pub(crate) fn to_str(self) -> PyResult<&'a str> {
        let mut len = 0;
        // SAFETY: attached, a valid `str`; the UTF-8 that comes back is kept by the object, which
        // lives for `'a`.
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

/// The text of a kept `str`, which lives as long as the reference and the token both do.
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
    /// As [`PyStringMethods::to_str`].
    ///
    /// # Errors
    /// A `UnicodeEncodeError` if it has a surrogate; a `RuntimeError` if the token is of another
    /// interpreter.
    pub fn to_str<'a>(&'a self, py: Python<'a>) -> PyResult<&'a str> {
        self.try_bind_borrowed(py)?.to_str()
    }

    /// As [`PyStringMethods::to_cow`].
    ///
    /// # Errors
    /// As for [`to_str`](Py::to_str).
    pub fn to_cow<'a>(&'a self, py: Python<'a>) -> PyResult<Cow<'a, str>> {
        self.to_str(py).map(Cow::Borrowed)
    }

    /// As [`PyStringMethods::to_string_lossy`].
    ///
    /// # Panics
    /// If the token is of another interpreter.
    #[track_caller]
    pub fn to_string_lossy<'a>(&'a self, py: Python<'a>) -> Cow<'a, str> {
        match self.bind_borrowed(py).to_str() {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(to_string_lossy(self.bind(py)).into_owned()),
        }
    }
}

fn equal(object: Borrowed<'_, '_, PyString>, text: &str) -> bool {
    #[cfg(Py_3_13)]
    {
        let len = text.len() as ffi::Py_ssize_t;
        // SAFETY: attached, a valid `str`; valid UTF-8 of the given length. Never fails.
        unsafe {
            ffi::PyUnicode_EqualToUTF8AndSize(object.as_ptr(), text.as_ptr().cast(), len) == 1
        }
    }
    #[cfg(not(Py_3_13))]
    {
        object.to_str().is_ok_and(|own| own == text)
    }
}

value_eq!(PyString, str, equal);

/// The text of a `str` object, with lone surrogates replaced; of anything else, its type's name.
pub(crate) fn to_string_lossy<'a>(object: &'a Bound<'_, PyAny>) -> Cow<'a, str> {
    let mut len = 0;
    // SAFETY: attached; the UTF-8 that comes back is kept by the object while it lives.
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
