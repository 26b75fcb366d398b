//! Copying elements into and out of a buffer.

use std::ffi::{c_char, c_void};

use super::untyped::Order;
use super::{Element, PyBuffer, PyUntypedBuffer};
use crate::capi as ffi;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyBufferError;
use crate::interpreter::Python;
use crate::types::returned::status;

impl<T: Element> PyBuffer<T> {
    /// Copies the elements to a slice, in C's order if there are several dimensions.
    ///
    /// # Errors
    /// `BufferError` if the slice has another length; `RuntimeError` if the token belongs to
    /// another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::buffer::PyBuffer;
    ///
    /// Python::attach(|py| {
    ///     let every_second = py.eval(c"memoryview(b'atoll')[::2]", None, None)?;
    ///     let buffer: PyBuffer<u8> = every_second.extract()?;
    ///     let mut bytes = [0; 3];
    ///     buffer.copy_to_slice(py, &mut bytes)?;
    ///     assert_eq!(&bytes, b"aol");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyBuffer_ToContiguous`.
    pub fn copy_to_slice(&self, py: Python<'_>, target: &mut [T]) -> PyResult<()> {
        self.copy_to(py, target, Order::C)
    }

    /// Copies the elements to a slice, in Fortran's order; see
    /// [`copy_to_slice`](PyBuffer::copy_to_slice).
    ///
    /// # Errors
    /// Those of [`copy_to_slice`](PyBuffer::copy_to_slice).
    ///
    /// C API: `PyBuffer_ToContiguous`.
    pub fn copy_to_fortran_slice(&self, py: Python<'_>, target: &mut [T]) -> PyResult<()> {
        self.copy_to(py, target, Order::Fortran)
    }

    fn copy_to(&self, py: Python<'_>, target: &mut [T], order: Order) -> PyResult<()> {
        if size_of_val(target) != self.len_bytes() {
            return Err(wrong_length("to", target.len(), self.item_count()));
        }
        // SAFETY: the slice has room for all elements.
        unsafe { self.read(py, target.as_mut_ptr().cast(), order) }
    }

    /// Copies the elements to a new vector, in C's order if there are several dimensions.
    ///
    /// # Errors
    /// `RuntimeError` if the token belongs to another interpreter; `MemoryError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::buffer::PyBuffer;
    ///
    /// Python::attach(|py| {
    ///     let code = c"memoryview(bytes([1, 2, 3, 4, 5, 6])).cast('B', (2, 3))";
    ///     let buffer: PyBuffer<u8> = py.eval(code, None, None)?.extract()?;
    ///     assert_eq!(buffer.to_vec(py)?, [1, 2, 3, 4, 5, 6]);
    ///     assert_eq!(buffer.to_fortran_vec(py)?, [1, 4, 2, 5, 3, 6]);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyBuffer_ToContiguous`.
    pub fn to_vec(&self, py: Python<'_>) -> PyResult<Vec<T>> {
        self.to_new_vec(py, Order::C)
    }

    /// Copies the elements to a new vector, in Fortran's order; see [`to_vec`](PyBuffer::to_vec).
    ///
    /// # Errors
    /// Those of [`to_vec`](PyBuffer::to_vec).
    ///
    /// C API: `PyBuffer_ToContiguous`.
    pub fn to_fortran_vec(&self, py: Python<'_>) -> PyResult<Vec<T>> {
        self.to_new_vec(py, Order::Fortran)
    }

    fn to_new_vec(&self, py: Python<'_>, order: Order) -> PyResult<Vec<T>> {
        let count = self.item_count();
        let mut elements = Vec::<T>::with_capacity(count);
        // SAFETY: the vector has room for all elements, which the call initializes.
        unsafe {
            self.read(py, elements.as_mut_ptr().cast(), order)?;
            elements.set_len(count);
        }
        Ok(elements)
    }

    /// Copies a slice to the buffer, in C's order if there are several dimensions.
    ///
    /// # Errors
    /// `BufferError` if the buffer is read-only, or the slice has another length; `RuntimeError` if
    /// the token belongs to another interpreter; `MemoryError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::buffer::PyBuffer;
    /// use pyatoll::types::PyByteArray;
    ///
    /// Python::attach(|py| {
    ///     let array = PyByteArray::new(py, b"atoll");
    ///     PyBuffer::get(&array)?.copy_from_slice(py, b"ATOLL")?;
    ///     assert_eq!(array.to_vec(), b"ATOLL");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyBuffer_FromContiguous`.
    pub fn copy_from_slice(&self, py: Python<'_>, source: &[T]) -> PyResult<()> {
        self.copy_from(py, source, Order::C)
    }

    /// Copies a slice to the buffer, in Fortran's order; see
    /// [`copy_from_slice`](PyBuffer::copy_from_slice).
    ///
    /// # Errors
    /// Those of [`copy_from_slice`](PyBuffer::copy_from_slice).
    ///
    /// C API: `PyBuffer_FromContiguous`.
    pub fn copy_from_fortran_slice(&self, py: Python<'_>, source: &[T]) -> PyResult<()> {
        self.copy_from(py, source, Order::Fortran)
    }

    fn copy_from(&self, py: Python<'_>, source: &[T], order: Order) -> PyResult<()> {
        if self.readonly() {
            return Err(PyBufferError::new_err("cannot write to read-only buffer"));
        }
        if size_of_val(source) != self.len_bytes() {
            return Err(wrong_length("from", source.len(), self.item_count()));
        }
        // SAFETY: the slice has all elements, which are of the buffer's type; it is not read-only.
        unsafe { self.write(py, source.as_ptr().cast(), order) }
    }
}

impl PyUntypedBuffer {
    /// Copies all elements to `target`.
    ///
    /// # Safety
    /// `target` must be valid for writes of `len_bytes` bytes.
    unsafe fn read(&self, py: Python<'_>, target: *mut c_void, order: Order) -> PyResult<()> {
        self.check_owner(py)?;
        if self.len_bytes() == 0 {
            return Ok(());
        }
        let raw = self.raw();
        // SAFETY: attached to the buffer's interpreter; `target` has room (upheld by the caller).
        status(py, unsafe {
            ffi::PyBuffer_ToContiguous(target, raw, raw.len, order as c_char)
        })
    }

    /// Copies all elements from `source`.
    ///
    /// # Safety
    /// `source` must be valid for reads of `len_bytes` bytes, which are elements of the buffer's
    /// type; the buffer must not be read-only.
    unsafe fn write(&self, py: Python<'_>, source: *const c_void, order: Order) -> PyResult<()> {
        self.check_owner(py)?;
        // CPython divides by the size of an element.
        if self.len_bytes() == 0 {
            return Ok(());
        }
        let raw = self.raw();
        // SAFETY: attached to the buffer's interpreter; the memory may be written to, and `source`
        // is valid (upheld by the caller).
        status(py, unsafe {
            ffi::PyBuffer_FromContiguous(raw, source, raw.len, order as c_char)
        })
    }
}

#[cold]
fn wrong_length(direction: &str, slice: usize, buffer: usize) -> PyErr {
    PyBufferError::new_err(format!(
        "slice to copy {direction} (of length {slice}) does not match buffer length of {buffer}"
    ))
}
