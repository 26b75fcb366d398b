//! [`PyBuffer`]: a buffer whose elements have a Rust type.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use super::untyped::Order;
use super::{Element, PyUntypedBuffer, ReadOnlyCell};
use crate::convert::FromPyObject;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

/// The memory that an object exports, whose elements are `T`s. A parameter of this type takes any
/// object with such a buffer.
///
/// It derefs to [`PyUntypedBuffer`], which documents the interpreter that a buffer belongs to, and
/// who may change its elements.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::buffer::PyBuffer;
///
/// /// Doubles all elements.
/// #[pyfunction]
/// fn double(py: Python<'_>, numbers: PyBuffer<f64>) -> PyResult<()> {
///     let doubled = numbers.to_vec(py)?.into_iter().map(|number| number * 2.0);
///     numbers.copy_from_slice(py, &doubled.collect::<Vec<_>>())
/// }
///
/// Python::attach(|py| {
///     let array = py.import("array")?.call_method1("array", ("d", [1.0, 2.5]))?;
///     let double = wrap_pyfunction!(double, py)?;
///     double.call1((&array,))?;
///     assert_eq!(array.extract::<Vec<f64>>()?, [2.0, 5.0]);
///
///     let error = double.call1((b"bytes".as_slice(),)).unwrap_err();
///     let message = "BufferError: buffer contents are not compatible with f64";
///     assert_eq!(error.to_string(), message);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `Py_buffer`.
#[repr(transparent)]
pub struct PyBuffer<T>(pub(super) PyUntypedBuffer, pub(super) PhantomData<[T]>);

impl<T: Element> PyBuffer<T> {
    /// Acquires the buffer of an object.
    ///
    /// # Errors
    /// Those of [`PyUntypedBuffer::get`] and [`PyUntypedBuffer::into_typed`].
    ///
    /// C API: `PyObject_GetBuffer`.
    pub fn get(obj: &Bound<'_, PyAny>) -> PyResult<Self> {
        PyUntypedBuffer::get_typed(obj)
    }

    /// Returns the elements, if they follow each other as in C. If there are none, the slice is
    /// empty and its pointer is dangling. See [`PyUntypedBuffer`] for access to the elements.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::buffer::PyBuffer;
    /// use pyatoll::types::PyBytes;
    ///
    /// Python::attach(|py| {
    ///     let buffer = PyBuffer::<u8>::get(&PyBytes::new(py, b"atoll"))?;
    ///     let elements = buffer.as_slice_ptr().unwrap();
    ///     // SAFETY: a `bytes` does not change, and the buffer keeps it alive.
    ///     assert_eq!(unsafe { elements.as_ref() }, b"atoll");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn as_slice_ptr(&self) -> Option<NonNull<[T]>> {
        self.elements(Order::C)
    }

    /// Returns the elements, if they follow each other as in Fortran; see
    /// [`as_slice_ptr`](PyBuffer::as_slice_ptr).
    pub fn as_fortran_slice_ptr(&self) -> Option<NonNull<[T]>> {
        self.elements(Order::Fortran)
    }

    fn elements(&self, order: Order) -> Option<NonNull<[T]>> {
        let count = self.item_count();
        let first = match count {
            // The address may be null, and need not be aligned.
            0 => NonNull::dangling(),
            _ => NonNull::new(self.buf_ptr().cast())?,
        };
        self.is_contiguous(order)
            .then(|| NonNull::slice_from_raw_parts(first, count))
    }

    /// Returns the elements, if they follow each other as in C.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    #[cfg_attr(not(api_diff), doc(hidden))]
    #[deprecated(
        note = "unsound if another thread writes to the memory meanwhile; use `as_slice_ptr`"
    )]
    #[track_caller]
    pub fn as_slice<'a>(&'a self, py: Python<'a>) -> Option<&'a [ReadOnlyCell<T>]> {
        self.expect_owner(py);
        // SAFETY: there are this many elements, which stay while `self` does.
        self.as_slice_ptr()
            .map(|elements| unsafe { &*(elements.as_ptr() as *const [ReadOnlyCell<T>]) })
    }

    /// Returns the elements, for modification, if they follow each other as in C and may be
    /// modified.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    #[cfg_attr(not(api_diff), doc(hidden))]
    #[deprecated(
        note = "unsound if another thread accesses the memory meanwhile; use `as_slice_ptr`"
    )]
    #[track_caller]
    pub fn as_mut_slice<'a>(&'a self, py: Python<'a>) -> Option<&'a [Cell<T>]> {
        self.expect_owner(py);
        // SAFETY: there are this many elements, which stay while `self` does.
        self.writable(self.as_slice_ptr())
            .map(|elements| unsafe { &*(elements.as_ptr() as *const [Cell<T>]) })
    }

    /// Returns the elements, if they follow each other as in Fortran.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    #[cfg_attr(not(api_diff), doc(hidden))]
    #[deprecated(
        note = "unsound if another thread writes to the memory meanwhile; use `as_fortran_slice_ptr`"
    )]
    #[track_caller]
    pub fn as_fortran_slice<'a>(&'a self, py: Python<'a>) -> Option<&'a [ReadOnlyCell<T>]> {
        self.expect_owner(py);
        // SAFETY: there are this many elements, which stay while `self` does.
        self.as_fortran_slice_ptr()
            .map(|elements| unsafe { &*(elements.as_ptr() as *const [ReadOnlyCell<T>]) })
    }

    /// Returns the elements, for modification, if they follow each other as in Fortran and may be
    /// modified.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    #[cfg_attr(not(api_diff), doc(hidden))]
    #[deprecated(note = "unsound if another thread accesses the memory meanwhile; use \
                `as_fortran_slice_ptr`")]
    #[track_caller]
    pub fn as_fortran_mut_slice<'a>(&'a self, py: Python<'a>) -> Option<&'a [Cell<T>]> {
        self.expect_owner(py);
        // SAFETY: there are this many elements, which stay while `self` does.
        self.writable(self.as_fortran_slice_ptr())
            .map(|elements| unsafe { &*(elements.as_ptr() as *const [Cell<T>]) })
    }

    fn writable(&self, elements: Option<NonNull<[T]>>) -> Option<NonNull<[T]>> {
        elements.filter(|_| !self.readonly())
    }
}

impl<T> Deref for PyBuffer<T> {
    type Target = PyUntypedBuffer;

    fn deref(&self) -> &PyUntypedBuffer {
        &self.0
    }
}

impl<T: Element> FromPyObject<'_, '_> for PyBuffer<T> {
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE = type_hint_identifier!(crate::types::compat::BUFFER_MODULE, "Buffer")
    }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Self::get(&object)
    }
}

impl<T> fmt::Debug for PyBuffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("PyBuffer", f)
    }
}
