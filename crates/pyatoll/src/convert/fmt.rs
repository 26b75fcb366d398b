//! `Debug` and `Display` of handles: Python's `repr` and `str`.

use std::fmt;

use pyo3_ffi as ffi;

use crate::error::PyResult;
use crate::object::{Borrowed, Bound, Py};
use crate::types::PyAny;

impl<T> fmt::Debug for Bound<'_, T> {
    /// Writes Python's `repr`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: attached; the call returns a new reference, or null with an exception set.
        let text = unsafe {
            let repr = ffi::PyObject_Repr(self.as_ptr());
            Bound::from_owned_ptr_or_err(self.py(), repr)
        };
        write_text(f, self.as_any(), text)
    }
}

impl<T> fmt::Display for Bound<'_, T> {
    /// Writes Python's `str`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: attached; the call returns a new reference, or null with an exception set.
        let text = unsafe {
            let str = ffi::PyObject_Str(self.as_ptr());
            Bound::from_owned_ptr_or_err(self.py(), str)
        };
        write_text(f, self.as_any(), text)
    }
}

/// Writes the result of `str` or `repr`. If that raised, writes the name of the object's type and
/// reports the exception through `sys.unraisablehook`.
fn write_text(
    f: &mut fmt::Formatter<'_>,
    object: &Bound<'_, PyAny>,
    text: PyResult<Bound<'_, PyAny>>,
) -> fmt::Result {
    let error = match text {
        Ok(text) => return f.write_str(&crate::types::string::to_string_lossy(&text)),
        Err(error) => error,
    };
    error.write_unraisable(object.py(), Some(object));
    let name = crate::types::typeobject::name_of_type(object);
    write!(f, "<unprintable {name} object>")
}

impl<T> fmt::Debug for Borrowed<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T> fmt::Display for Borrowed<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T> fmt::Display for Py<T> {
    /// Writes Python's `str`, or the object's address if its interpreter cannot be entered.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attach(|_py, object| fmt::Display::fmt(object, f)) {
            Ok(result) => result,
            Err(_) => fmt::Debug::fmt(self, f),
        }
    }
}
