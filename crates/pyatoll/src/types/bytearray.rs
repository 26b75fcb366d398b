//! `bytearray`.

use pyo3_ffi as ffi;

use super::bytes::c_length;
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::interpreter::Python;
use crate::object::Bound;
use crate::sync::critical_section::with_critical_section;
use crate::types::PyAny;
use crate::types::sealed::Sealed;

/// Python's `bytearray`, which may change and move whenever Python code runs, or on a free-threaded
/// build at any time: copy its bytes with [`PyByteArrayMethods::to_vec`].
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
#[repr(transparent)]
pub struct PyByteArray(PyAny);

native_type!(PyByteArray, PyByteArray_Type, PyByteArray_Check);

impl PyByteArray {
    /// A `bytearray` with a copy of the data.
    ///
    /// # Panics
    /// If Python has no memory for it.
    ///
    /// C API: `PyByteArray_FromStringAndSize`.
    pub fn new<'py>(py: Python<'py>, src: &[u8]) -> Bound<'py, PyByteArray> {
        // SAFETY: attached; the data is valid for its length; a new reference or null comes back.
        unsafe {
            let array =
                ffi::PyByteArray_FromStringAndSize(src.as_ptr().cast(), c_length(src.len()));
            Bound::from_owned_ptr(py, array).cast_into_unchecked()
        }
    }

    /// A `bytearray` of this length, which `init` writes. It is filled with zeros before.
    ///
    /// # Errors
    /// That of `init`, or a `MemoryError`.
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
    pub fn new_with<F>(py: Python<'_>, len: usize, init: F) -> PyResult<Bound<'_, PyByteArray>>
    where
        F: FnOnce(&mut [u8]) -> PyResult<()>,
    {
        // SAFETY: attached; a new object, which nobody else can see before this returns, with room
        // for `len` bytes, which are written before a reference to them is made.
        unsafe {
            let array = ffi::PyByteArray_FromStringAndSize(std::ptr::null(), c_length(len));
            let array: Bound<'_, Self> =
                Bound::from_owned_ptr_or_err(py, array)?.cast_into_unchecked();
            let data = array.data();
            data.write_bytes(0, len);
            init(std::slice::from_raw_parts_mut(data, len))?;
            Ok(array)
        }
    }

    /// Python's `bytearray(src)` for an object that has the buffer protocol.
    ///
    /// # Errors
    /// A `TypeError` if it has none, and what its buffer protocol raises.
    ///
    /// C API: `PyByteArray_FromObject`.
    pub fn from<'py>(src: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyByteArray>> {
        // SAFETY: attached, a valid object; a `bytearray` or null comes back.
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
///     // SAFETY: no Python code runs, and no other thread knows the array.
///     unsafe { array.as_bytes_mut()[0] = b'A' };
///     assert_eq!(array.to_vec(), b"At");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyByteArrayMethods<'py>: Sealed {
    /// How many bytes it has. Source: `PyByteArray_Size`.
    fn len(&self) -> usize;

    /// Whether it has no bytes.
    fn is_empty(&self) -> bool;

    /// The address of its bytes, which is valid until it is resized.
    ///
    /// C API: `PyByteArray_AsString`.
    fn data(&self) -> *mut u8;

    /// Its bytes, without a copy.
    ///
    /// # Safety
    /// While the slice is used, the array must be neither changed nor resized. Any Python code
    /// may do so: what drops a reference, calls a method, or detaches the thread lets some run. On
    /// a free-threaded build, so may another thread, at any time; hold a critical section.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyByteArray;
    ///
    /// Python::attach(|py| {
    ///     let array = PyByteArray::new(py, b"atoll");
    ///     // SAFETY: no Python code runs, and no other thread knows the array.
    ///     let sum: u32 = unsafe { array.as_bytes() }.iter().map(|byte| u32::from(*byte)).sum();
    ///     assert_eq!(sum, 540);
    /// });
    /// ```
    unsafe fn as_bytes(&self) -> &[u8];

    /// Its bytes, to be changed.
    ///
    /// # Safety
    /// As for [`as_bytes`](PyByteArrayMethods::as_bytes); also, no other slice of the same array
    /// may be in use.
    #[allow(clippy::mut_from_ref)]
    unsafe fn as_bytes_mut(&self) -> &mut [u8];

    /// A copy of its bytes.
    fn to_vec(&self) -> Vec<u8>;

    /// Sets its length. Bytes that are added have no particular value.
    ///
    /// # Errors
    /// A `BufferError` if something, such as a `memoryview`, uses its memory; a `MemoryError`.
    ///
    /// C API: `PyByteArray_Resize`.
    fn resize(&self, len: usize) -> PyResult<()>;
}

impl<'py> PyByteArrayMethods<'py> for Bound<'py, PyByteArray> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached, a valid `bytearray`, whose size is never negative.
        unsafe { ffi::PyByteArray_Size(self.as_ptr()) as usize }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn data(&self) -> *mut u8 {
        // SAFETY: attached, a valid `bytearray`; never null.
        unsafe { ffi::PyByteArray_AsString(self.as_ptr()).cast() }
    }

    unsafe fn as_bytes(&self) -> &[u8] {
        // SAFETY: it has this many bytes there; that they stay is passed on to the caller.
        unsafe { std::slice::from_raw_parts(self.data(), self.len()) }
    }

    unsafe fn as_bytes_mut(&self) -> &mut [u8] {
        // SAFETY: it has this many bytes there; that they stay, and that nobody else uses them, is
        // passed on to the caller.
        unsafe { std::slice::from_raw_parts_mut(self.data(), self.len()) }
    }

    fn to_vec(&self) -> Vec<u8> {
        // SAFETY: nobody changes the array meanwhile: they would need the GIL, or its lock.
        with_critical_section(self, || unsafe { self.as_bytes() }.to_vec())
    }

    fn resize(&self, len: usize) -> PyResult<()> {
        // SAFETY: attached, a valid `bytearray`.
        let result = unsafe { ffi::PyByteArray_Resize(self.as_ptr(), c_length(len)) };
        error_on_minusone(self.py(), result)
    }
}

/// As [`PyByteArray::from`].
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
    fn it_is_made_from_bytes_and_from_objects_with_a_buffer() {
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
    fn new_with_starts_with_zeros_and_gives_the_error_of_init() {
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
    fn the_bytes_are_the_arrays_own() {
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
