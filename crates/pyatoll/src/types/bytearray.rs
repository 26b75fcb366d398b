//! `bytearray`.

use pyo3_ffi as ffi;

use super::returned::to_ssize;
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::interpreter::Python;
use crate::object::Bound;
use crate::sync::critical_section::with_critical_section;
use crate::types::PyAny;
use crate::types::sealed::Sealed;

/// Python's `bytearray`. It may change and move whenever Python code runs and, on free-threaded
/// builds, at any time: copy its bytes with [`PyByteArrayMethods::to_vec`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyByteArray;
///
/// Python::attach(|py| {
///     let array = PyByteArray::new(py, b"atoll");
///     array.call_method1("extend", (b"s".as_slice(),))?;
///     assert_eq!(array.to_vec(), b"atolls");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyByteArray_Type`.
#[repr(transparent)]
pub struct PyByteArray(PyAny);

native_type!(PyByteArray: ("builtins", "bytearray"), PyByteArray_Type, PyByteArray_Check);

impl PyByteArray {
    /// Creates a `bytearray` with a copy of the data.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// C API: `PyByteArray_FromStringAndSize`.
    #[track_caller]
    pub fn new<'py>(py: Python<'py>, src: &[u8]) -> Bound<'py, PyByteArray> {
        // SAFETY: attached; the data is valid for its length; returns a new reference or null.
        unsafe {
            let array =
                ffi::PyByteArray_FromStringAndSize(src.as_ptr().cast(), to_ssize(src.len()));
            Bound::from_owned_ptr(py, array).cast_into_unchecked()
        }
    }

    /// Creates a `bytearray` of the given length, zeroed and then initialized by `init`.
    ///
    /// # Errors
    /// The error of `init`; if Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyByteArray;
    ///
    /// Python::attach(|py| {
    ///     let array = PyByteArray::new_with(py, 3, |data| {
    ///         data.fill(b'x');
    ///         Ok(())
    ///     })?;
    ///     assert_eq!(array.to_vec(), b"xxx");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyByteArray_FromStringAndSize`.
    pub fn new_with<F>(py: Python<'_>, len: usize, init: F) -> PyResult<Bound<'_, PyByteArray>>
    where
        F: FnOnce(&mut [u8]) -> PyResult<()>,
    {
        // SAFETY: attached; no other code can reach the new object before this returns; it has room
        // for `len` bytes, which are written before a reference to them is created.
        unsafe {
            let array = ffi::PyByteArray_FromStringAndSize(std::ptr::null(), to_ssize(len));
            let array: Bound<'_, Self> =
                Bound::from_owned_ptr_or_err(py, array)?.cast_into_unchecked();
            let data = array.data();
            data.write_bytes(0, len);
            init(std::slice::from_raw_parts_mut(data, len))?;
            Ok(array)
        }
    }

    /// Creates Python's `bytearray(src)` from an object with the buffer protocol.
    ///
    /// # Errors
    /// `TypeError` if the object has no buffer; any error of its buffer protocol.
    ///
    /// C API: `PyByteArray_FromObject`.
    pub fn from<'py>(src: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyByteArray>> {
        // SAFETY: attached; the object is valid; returns a `bytearray` or null.
        unsafe {
            let array = ffi::PyByteArray_FromObject(src.as_ptr());
            Ok(Bound::from_owned_ptr_or_err(src.py(), array)?.cast_into_unchecked())
        }
    }
}

/// The methods of `bytearray`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyByteArray;
///
/// Python::attach(|py| {
///     let array = PyByteArray::new(py, b"atoll");
///     array.resize(2)?;
///     assert_eq!((array.len(), array.is_empty()), (2, false));
///     // SAFETY: no Python code runs, and no other thread has a reference to the array.
///     unsafe { array.as_bytes_mut()[0] = b'A' };
///     assert_eq!(array.to_vec(), b"At");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyByteArrayMethods<'py>: Sealed {
    /// Returns the number of bytes.
    ///
    /// C API: `PyByteArray_Size`.
    fn len(&self) -> usize;

    /// Returns whether there are no bytes.
    ///
    /// C API: `PyByteArray_Size`.
    fn is_empty(&self) -> bool;

    /// Returns the address of the bytes, which is valid until the array is resized.
    ///
    /// C API: `PyByteArray_AsString`.
    fn data(&self) -> *mut u8;

    /// Returns the bytes without a copy.
    ///
    /// # Safety
    /// While the slice is in use, the array must be neither modified nor resized. Any Python code
    /// may do so, and dropping a reference, calling a method or detaching the thread may run Python
    /// code. On free-threaded builds another thread may do so at any time: hold a critical section.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyByteArray;
    ///
    /// Python::attach(|py| {
    ///     let array = PyByteArray::new(py, b"atoll");
    ///     // SAFETY: no Python code runs, and no other thread has a reference to the array.
    ///     let sum: u32 = unsafe { array.as_bytes() }.iter().map(|byte| u32::from(*byte)).sum();
    ///     assert_eq!(sum, 540);
    /// });
    /// ```
    ///
    /// C API: `PyByteArray_AsString`, `PyByteArray_Size`.
    unsafe fn as_bytes(&self) -> &[u8];

    /// Returns the bytes without a copy, for modification.
    ///
    /// # Safety
    /// The requirements of [`as_bytes`](PyByteArrayMethods::as_bytes); also, no other slice of the
    /// same array may be in use.
    ///
    /// C API: `PyByteArray_AsString`, `PyByteArray_Size`.
    #[allow(clippy::mut_from_ref)]
    unsafe fn as_bytes_mut(&self) -> &mut [u8];

    /// Returns a copy of the bytes.
    ///
    /// C API: `PyByteArray_AsString`, `PyByteArray_Size`.
    fn to_vec(&self) -> Vec<u8>;

    /// Sets the length. Added bytes are 0.
    ///
    /// # Errors
    /// `BufferError` if the memory is exported, for example to a `memoryview`; if Python runs out
    /// of memory.
    ///
    /// C API: `PyByteArray_Resize`.
    fn resize(&self, len: usize) -> PyResult<()>;
}

impl<'py> PyByteArrayMethods<'py> for Bound<'py, PyByteArray> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; `self` is a `bytearray`, whose size is never negative.
        unsafe { ffi::PyByteArray_Size(self.as_ptr()) as usize }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn data(&self) -> *mut u8 {
        // SAFETY: attached; `self` is a `bytearray`, whose address is never null.
        unsafe { ffi::PyByteArray_AsString(self.as_ptr()).cast() }
    }

    unsafe fn as_bytes(&self) -> &[u8] {
        // SAFETY: there are this many bytes at the address; the caller guarantees that they neither
        // move nor change.
        unsafe { std::slice::from_raw_parts(self.data(), self.len()) }
    }

    unsafe fn as_bytes_mut(&self) -> &mut [u8] {
        // SAFETY: there are this many bytes at the address; the caller guarantees that they do not
        // move and that no other slice of them is in use.
        unsafe { std::slice::from_raw_parts_mut(self.data(), self.len()) }
    }

    fn to_vec(&self) -> Vec<u8> {
        // SAFETY: changing the array takes the GIL or its lock, both of which this thread holds.
        with_critical_section(self, || unsafe { self.as_bytes() }.to_vec())
    }

    fn resize(&self, len: usize) -> PyResult<()> {
        with_critical_section(self, || {
            let before = self.len();
            // SAFETY: attached; `self` is a `bytearray`. If it has grown, there are `len` bytes at
            // its address, which does not change here: changing the array requires the GIL or the
            // array's lock, which this thread holds.
            unsafe {
                let result = ffi::PyByteArray_Resize(self.as_ptr(), to_ssize(len));
                error_on_minusone(self.py(), result)?;
                if let Some(added) = len.checked_sub(before) {
                    self.data().add(before).write_bytes(0, added);
                }
            }
            Ok(())
        })
    }
}

/// Like [`PyByteArray::from`].
impl<'py> TryFrom<&Bound<'py, PyAny>> for Bound<'py, PyByteArray> {
    type Error = PyErr;

    fn try_from(value: &Bound<'py, PyAny>) -> Result<Self, Self::Error> {
        PyByteArray::from(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exceptions::{PyTypeError, PyValueError};
    use crate::types::{PyBytes, PyMemoryView};

    #[test]
    fn an_array_is_created_from_bytes_and_from_objects_with_a_buffer() {
        Python::attach(|py| {
            let array = PyByteArray::new(py, b"ab\0");
            assert_eq!(
                (array.to_vec().as_slice(), array.len()),
                (b"ab\0".as_slice(), 3)
            );
            let copy = PyByteArray::from(&PyBytes::new(py, b"xy")).unwrap();
            assert_eq!(copy.to_vec(), b"xy");
            assert!(PyByteArray::new(py, b"").is_empty());
            let error = Bound::<PyByteArray>::try_from(py.None().bind(py)).unwrap_err();
            assert!(error.is_instance_of::<PyTypeError>(py));
        });
    }

    #[test]
    fn new_with_starts_with_zeros_and_returns_the_error_of_init() {
        Python::attach(|py| {
            let array = PyByteArray::new_with(py, 3, |data| {
                assert_eq!(data, [0; 3]);
                data[2] = 9;
                Ok(())
            });
            assert_eq!(array.unwrap().to_vec(), [0, 0, 9]);
            let failed = PyByteArray::new_with(py, 4, |_| Err(PyValueError::new_err("no")));
            assert!(failed.unwrap_err().is_instance_of::<PyValueError>(py));
        });
    }

    #[test]
    fn the_slices_refer_to_the_memory_of_the_array() {
        Python::attach(|py| {
            let array = PyByteArray::new(py, b"abc");
            // SAFETY: no Python code runs while the slices are in use.
            unsafe {
                assert_eq!(array.as_bytes().as_ptr(), array.data().cast_const());
                array.as_bytes_mut()[1] = b'B';
            }
            assert_eq!(array.to_vec(), b"aBc");
        });
    }

    #[test]
    fn a_resized_array_has_zeros_at_its_end() {
        Python::attach(|py| {
            // The bytes that are cut off, then added again, were in use before.
            let array = PyByteArray::new(py, &[7; 100]);
            for (len, sevens) in [
                (90, 90),
                (95, 90),
                (5, 5),
                (100, 5),
                (5000, 5),
                (0, 0),
                (9, 0),
            ] {
                array.resize(len).unwrap();
                let bytes = array.to_vec();
                assert_eq!(bytes.len(), len);
                assert!(bytes[..sevens].iter().all(|byte| *byte == 7), "{bytes:?}");
                assert!(bytes[sevens..].iter().all(|byte| *byte == 0), "{bytes:?}");
            }
        });
    }

    #[test]
    fn an_array_in_use_is_not_resized() {
        Python::attach(|py| {
            let array = PyByteArray::new(py, b"abc");
            let view = PyMemoryView::from(&array).unwrap();
            assert!(array.resize(10).is_err());
            drop(view);
            array.resize(1).unwrap();
            assert_eq!(array.to_vec(), b"a");
        });
    }
}
