//! `bytes`.

use std::ops::Index;
use std::slice::SliceIndex;

use pyo3_ffi as ffi;

pub use super::bytes_writer::PyBytesWriter;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py, WrongInterpreter};
use crate::types::PyAny;
use crate::types::compat::token_of_bytes;
use crate::types::returned::to_ssize;
use crate::types::sealed::Sealed;

/// Python's `bytes`. Its handles can be indexed like a `[u8]` and compared with one. Comparison
/// considers only the bytes and ignores the `__eq__` of a subclass.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyBytes;
///
/// Python::attach(|py| {
///     let bytes = PyBytes::new(py, b"atoll");
///     assert_eq!(bytes, b"atoll".as_slice());
///     assert_eq!((bytes[0], &bytes[1..3]), (b'a', b"to".as_slice()));
/// });
/// ```
///
/// C API: `PyBytes_Type`.
#[repr(transparent)]
pub struct PyBytes(PyAny);

native_type!(PyBytes: ("builtins", "bytes"), PyBytes_Type, PyBytes_Check);

impl PyBytes {
    /// Creates a `bytes` with a copy of the data.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// C API: `PyBytes_FromStringAndSize`.
    #[inline]
    #[track_caller]
    pub fn new<'py>(py: Python<'py>, s: &[u8]) -> Bound<'py, PyBytes> {
        // SAFETY: `s` is valid for reads of its length.
        unsafe { Self::from_ptr(py, s.as_ptr(), s.len()) }
    }

    /// Creates a `bytes` of the given length, zeroed and then initialized by `init`.
    ///
    /// # Errors
    /// The error of `init`; if Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyBytes;
    ///
    /// Python::attach(|py| {
    ///     let bytes = PyBytes::new_with(py, 5, |data| {
    ///         data[..3].copy_from_slice(b"abc");
    ///         Ok(())
    ///     })?;
    ///     assert_eq!(bytes, b"abc\0\0".as_slice());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyBytes_FromStringAndSize`.
    pub fn new_with<F>(py: Python<'_>, len: usize, init: F) -> PyResult<Bound<'_, PyBytes>>
    where
        F: FnOnce(&mut [u8]) -> PyResult<()>,
    {
        // SAFETY: attached; no other code can reach the new object before this returns; it has room
        // for `len` bytes, which are written before a reference to them is created.
        unsafe {
            let object = ffi::PyBytes_FromStringAndSize(std::ptr::null(), to_ssize(len));
            let bytes = Bound::from_owned_ptr_or_err(py, object)?.cast_into_unchecked();
            let data = ffi::PyBytes_AsString(object).cast::<u8>();
            data.write_bytes(0, len);
            init(std::slice::from_raw_parts_mut(data, len))?;
            Ok(bytes)
        }
    }

    /// Creates a `bytes` from what `write` writes to a writer, which has room for
    /// `reserved_capacity` bytes and grows as needed.
    ///
    /// # Errors
    /// The error of `write`; if Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyBytes;
    /// use std::io::Write;
    ///
    /// Python::attach(|py| {
    ///     let bytes = PyBytes::new_with_writer(py, 0, |writer| {
    ///         writer.write_bytes(b"atoll")?;
    ///         Ok(write!(writer, " {}", 7)?)
    ///     })?;
    ///     assert_eq!(bytes, b"atoll 7".as_slice());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyBytesWriter_Create`, `PyBytesWriter_Finish`.
    pub fn new_with_writer<'py, F>(
        py: Python<'py>,
        reserved_capacity: usize,
        write: F,
    ) -> PyResult<Bound<'py, PyBytes>>
    where
        F: FnOnce(&mut PyBytesWriter<'py>) -> PyResult<()>,
    {
        let mut writer = PyBytesWriter::with_capacity(py, reserved_capacity)?;
        write(&mut writer)?;
        writer.try_into()
    }

    /// Creates a `bytes` with a copy of the data.
    ///
    /// # Safety
    /// `ptr` must be valid for reads of `len` bytes.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// C API: `PyBytes_FromStringAndSize`.
    #[track_caller]
    pub unsafe fn from_ptr(py: Python<'_>, ptr: *const u8, len: usize) -> Bound<'_, PyBytes> {
        // SAFETY: attached; the caller guarantees that the data is valid; returns a new reference
        // or null.
        unsafe {
            let object = ffi::PyBytes_FromStringAndSize(ptr.cast(), to_ssize(len));
            Bound::from_owned_ptr(py, object).cast_into_unchecked()
        }
    }
}

/// The methods of `bytes`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyBytes;
///
/// Python::attach(|py| {
///     let bytes = py.eval(c"b'atoll'", None, None)?;
///     assert_eq!(bytes.cast::<PyBytes>()?.as_bytes(), b"atoll");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyBytesMethods<'py>: Sealed {
    /// Returns the bytes without a copy; they never change.
    ///
    /// C API: `PyBytes_AsString`, `PyBytes_Size`.
    fn as_bytes(&self) -> &[u8];
}

impl<'py> PyBytesMethods<'py> for Bound<'py, PyBytes> {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        self.as_borrowed().as_bytes()
    }
}

impl<'a, 'py: 'a> Borrowed<'a, 'py, PyBytes> {
    #[inline]
    pub(crate) fn as_bytes(self) -> &'a [u8] {
        // SAFETY: attached, and alive for `'a`.
        unsafe { contents(self) }
    }
}

/// Returns the bytes of a `bytes`.
///
/// # Safety
/// Their memory must be valid for `'b`.
#[inline]
unsafe fn contents<'b>(bytes: Borrowed<'_, '_, PyBytes>) -> &'b [u8] {
    // SAFETY: attached; a `bytes`, which never changes. Valid for `'b` (upheld by the caller).
    unsafe {
        let data = ffi::PyBytes_AsString(bytes.as_ptr()).cast::<u8>();
        let len = ffi::PyBytes_Size(bytes.as_ptr()) as usize;
        debug_assert!(!data.is_null());
        std::slice::from_raw_parts(data, len)
    }
}

impl Py<PyBytes> {
    /// Returns the bytes without a copy; they never change.
    ///
    /// On builds with a GIL, they are borrowed for as long as the handle is, even while the thread
    /// is detached and after the end of the interpreter. On free-threaded builds, they are borrowed
    /// for `'py` at most: CPython frees constants with their interpreter there, even if references
    /// to them remain.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyBytes;
    ///
    /// let bytes = Python::attach(|py| PyBytes::new(py, b"kept").unbind());
    /// Python::attach(|py| assert_eq!(bytes.as_bytes(py), b"kept"));
    /// ```
    ///
    /// C API: `PyBytes_AsString`, `PyBytes_Size`.
    #[track_caller]
    pub fn as_bytes<'a>(&'a self, py: token_of_bytes!('a)) -> &'a [u8] {
        // SAFETY: `self` keeps the object for `'a`, and its memory valid, after the end of the
        // interpreter as well, or `'py` includes `'a` (`token_of_bytes`).
        unsafe { contents(self.bind_borrowed(py)) }
    }

    /// Returns the bytes without a copy, unless the token belongs to another interpreter:
    /// [`as_bytes`](Py::as_bytes) without the panic.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::types::PyBytes;
    ///
    /// let bytes = Python::attach(|py| PyBytes::new(py, b"kept").unbind());
    /// Python::attach(|py| assert_eq!(bytes.try_as_bytes(py).unwrap(), b"kept"));
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| bytes.try_as_bytes(py).is_err())?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `PyBytes_AsString`, `PyBytes_Size`.
    pub fn try_as_bytes<'a>(
        &'a self,
        py: token_of_bytes!('a),
    ) -> Result<&'a [u8], WrongInterpreter> {
        let bytes = self.try_bind_borrowed(py)?;
        // SAFETY: as in `as_bytes`: `self` keeps the object for `'a`, and its memory valid, or
        // `'py` includes `'a` (`token_of_bytes`).
        Ok(unsafe { contents(bytes) })
    }
}

/// Indexes the bytes like a `[u8]`, by an index or a range. Panics if it is out of bounds.
impl<I: SliceIndex<[u8]>> Index<I> for Bound<'_, PyBytes> {
    type Output = I::Output;

    #[track_caller]
    fn index(&self, index: I) -> &Self::Output {
        &self.as_bytes()[index]
    }
}

impl AsRef<[u8]> for Borrowed<'_, '_, PyBytes> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for Bound<'_, PyBytes> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

value_eq!(PyBytes, [u8], |object: Borrowed<'_, '_, PyBytes>,
                          value: &[u8]| {
    object.as_bytes() == value
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exceptions::PyValueError;
    use crate::types::PyAnyMethods;

    #[test]
    fn new_with_starts_with_zeros_and_returns_the_error_of_init() {
        Python::attach(|py| {
            let bytes = PyBytes::new_with(py, 4, |data| {
                assert_eq!(data, [0; 4]);
                data[1] = 7;
                Ok(())
            });
            assert_eq!(bytes.unwrap(), [0, 7, 0, 0].as_slice());
            assert_eq!(
                PyBytes::new_with(py, 0, |_| Ok(())).unwrap().as_bytes(),
                b""
            );
            let failed = PyBytes::new_with(py, 4, |_| Err(PyValueError::new_err("no")));
            assert!(failed.unwrap_err().is_instance_of::<PyValueError>(py));
            assert!(PyBytes::new_with(py, usize::MAX, |_| Ok(())).is_err());
        });
    }

    #[test]
    #[allow(
        clippy::bool_comparison,
        clippy::nonminimal_bool,
        clippy::op_ref,
        reason = "the comparisons are what is tested"
    )]
    fn handles_compare_with_slices_from_both_sides() {
        Python::attach(|py| {
            let bytes = PyBytes::new(py, b"ab\0c");
            let (same, other) = (b"ab\0c".as_slice(), b"ab".as_slice());
            assert!(bytes == same && same == bytes && bytes == *same && *same == bytes);
            assert!(&bytes == *same && *same == &bytes);
            assert!(bytes.as_borrowed() == same && same == bytes.as_borrowed());
            assert!(bytes != other && *other != bytes && bytes.as_borrowed() != *other);
            assert!(bytes.as_any().eq(same).unwrap());
        });
    }

    #[test]
    #[should_panic(expected = "out of bounds")]
    fn an_index_out_of_bounds_panics() {
        Python::attach(|py| PyBytes::new(py, b"ab")[2]);
    }
}
