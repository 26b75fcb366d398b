//! `str`.

use std::borrow::Cow;

use pyo3_ffi as ffi;

use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyAny;

/// Python's `str`.
#[repr(transparent)]
pub struct PyString(PyAny);

native_type!(PyString, "str", PyUnicode_Type, PyUnicode_Check);

impl PyString {
    /// A `str` of the text.
    ///
    /// # Panics
    /// If Python has no memory for it.
    pub fn new<'py>(py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        // SAFETY: attached; valid UTF-8 of the given length; a new reference or null comes back.
        unsafe {
            let object = ffi::PyUnicode_FromStringAndSize(
                text.as_ptr().cast(),
                text.len() as ffi::Py_ssize_t,
            );
            Bound::from_owned_ptr(py, object).cast_into_unchecked()
        }
    }

    /// As [`new`](PyString::new), interned: every interned `str` of the same text in an
    /// interpreter is the same object. Use [`intern!`](crate::intern) for literals.
    ///
    /// # Panics
    /// If Python has no memory for it.
    ///
    /// Source: `PyUnicode_InternInPlace`.
    pub fn intern<'py>(py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        let mut object = Self::new(py, text).into_ptr();
        // SAFETY: attached; the reference is exchanged for one to the interned object.
        unsafe {
            ffi::PyUnicode_InternInPlace(&raw mut object);
            Bound::from_owned_ptr(py, object).cast_into_unchecked()
        }
    }
}

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
