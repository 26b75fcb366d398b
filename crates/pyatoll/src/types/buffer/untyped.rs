//! [`PyUntypedBuffer`]: a buffer whose elements may have any type.

use std::ffi::{CStr, c_char, c_void};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;

use super::view::View;
use super::{Element, PyBuffer};
use crate::capi as ffi;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyBufferError;
use crate::interpreter::{Interpreter, Python};
use crate::object::{Bound, WrongInterpreter};
use crate::types::PyAny;

/// The memory that an object exports (`bytes`, `bytearray`, `array.array`, NumPy's arrays and any
/// other object with the buffer protocol), and its shape. [`PyBuffer`] adds the elements' type.
///
/// A buffer keeps its object alive and, as long as it exists, its memory in place: a `bytearray`
/// cannot be resized. It belongs to the interpreter that it was acquired in:
///
/// - Functions with a token check that it is that interpreter's.
/// - A buffer may be dropped anywhere. It is released at once if this thread is attached to its
///   interpreter, otherwise when that is next entered, returned to from [`Python::detach`], or
///   ends.
/// - After the interpreter's end, dropping a buffer releases nothing. The object and its memory
///   stay, as for a [`Py`](crate::Py#after-the-end); on free-threaded builds, not those of a
///   constant of Python code, which CPython frees.
///
/// Any number of buffers may refer to the same memory, and others may write to it at any time:
/// Python code in other threads, on free-threaded builds even while this thread is attached; C code
/// that has released the GIL. [`PyBuffer`]'s functions copy elements as C code does; for access
/// through pointers ([`buf_ptr`](PyUntypedBuffer::buf_ptr), [`PyBuffer::as_slice_ptr`]), the caller
/// has to rule out data races, or access elements atomically.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::buffer::PyUntypedBuffer;
///
/// Python::attach(|py| {
///     let view = py.eval(c"memoryview(bytes(24)).cast('i', (2, 3))", None, None)?;
///     let buffer = PyUntypedBuffer::get(&view)?;
///     assert_eq!((buffer.item_count(), buffer.len_bytes()), (6, 24));
///     assert_eq!((buffer.shape(), buffer.strides()), (&[2, 3][..], &[12, 4][..]));
///     assert_eq!(buffer.format(), c"i");
///     assert!(buffer.readonly() && buffer.as_typed::<i32>().is_ok());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `Py_buffer`. See: [PEP 3118](https://peps.python.org/pep-3118/).
#[repr(transparent)]
pub struct PyUntypedBuffer(NonNull<View>);

// SAFETY: the view does not change until it is released. It describes memory that is only accessed
// by functions with a token of the owner, or through pointers, in the caller's unsafe code.
// Releasing goes through the owner.
unsafe impl Send for PyUntypedBuffer {}
// SAFETY: no function changes the view through a shared reference; functions that access its memory
// take a token of the owner.
unsafe impl Sync for PyUntypedBuffer {}
// A panic cannot leave the view in an inconsistent state: it does not change.
impl UnwindSafe for PyUntypedBuffer {}
impl RefUnwindSafe for PyUntypedBuffer {}

impl PyUntypedBuffer {
    /// Acquires the buffer of an object.
    ///
    /// # Errors
    /// `TypeError` if the object has no buffer; any error of its buffer protocol; `BufferError` if
    /// the object does not tell the buffer's shape and strides (the types of `ctypes` do not: pass
    /// a `memoryview` of the object), or if its length in bytes is not that of a buffer of this
    /// shape (as after `ctypes.resize`).
    ///
    /// C API: `PyObject_GetBuffer` with `PyBUF_FULL_RO`.
    pub fn get(obj: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = Self::acquire(obj)?;
        check_len(buffer.raw())?;
        Ok(buffer)
    }

    /// Acquires the buffer of an object, as one whose elements are `T`s: that is checked before the
    /// length, as in PyO3.
    pub(super) fn get_typed<T: Element>(obj: &Bound<'_, PyAny>) -> PyResult<PyBuffer<T>> {
        let buffer = Self::acquire(obj)?;
        buffer.check_elements::<T>()?;
        check_len(buffer.raw())?;
        Ok(PyBuffer(buffer, PhantomData))
    }

    /// Acquires the buffer of an object. Its length is not checked.
    fn acquire(obj: &Bound<'_, PyAny>) -> PyResult<Self> {
        // Releases the buffer if it is refused.
        let buffer = Self(View::acquire(obj)?);
        let raw = buffer.raw();
        if raw.ndim > 0 && raw.shape.is_null() {
            Err(PyBufferError::new_err("shape is null"))
        } else if raw.ndim > 0 && raw.strides.is_null() {
            Err(PyBufferError::new_err("strides is null"))
        } else {
            Ok(buffer)
        }
    }

    /// Converts into a buffer whose elements are `T`s.
    ///
    /// # Errors
    /// `BufferError` if the elements have another type, size or byte order, or are not aligned.
    pub fn into_typed<T: Element>(self) -> PyResult<PyBuffer<T>> {
        self.check_elements::<T>()?;
        Ok(PyBuffer(self, PhantomData))
    }

    /// Returns the same buffer, as one whose elements are `T`s.
    ///
    /// # Errors
    /// Those of [`into_typed`](PyUntypedBuffer::into_typed).
    pub fn as_typed<T: Element>(&self) -> PyResult<&PyBuffer<T>> {
        self.check_elements::<T>()?;
        // SAFETY: `PyBuffer` is a transparent wrapper of `Self`, and its elements are `T`s.
        Ok(unsafe { &*std::ptr::from_ref(self).cast::<PyBuffer<T>>() })
    }

    fn check_elements<T: Element>(&self) -> PyResult<()> {
        let element = std::any::type_name::<T>();
        if size_of::<T>() != self.item_size() || !T::is_compatible_format(self.format()) {
            Err(incompatible(element))
        } else if self.len_bytes() > 0 && !self.raw().buf.cast::<T>().is_aligned() {
            // Without elements, the address is arbitrary, as in an empty `array.array`.
            Err(not_aligned(element))
        } else {
            Ok(())
        }
    }

    /// Releases the buffer, which is cheaper than dropping it.
    ///
    /// # Panics
    /// If the token belongs to another interpreter. The buffer's interpreter then releases it.
    ///
    /// C API: `PyBuffer_Release`.
    #[track_caller]
    pub fn release(self, py: Python<'_>) {
        self.expect_owner(py);
        let this = ManuallyDrop::new(self);
        // SAFETY: attached to the buffer's interpreter; the view is this buffer's own.
        unsafe { View::release_attached(this.0) };
    }

    /// Releases the buffer, unless the token belongs to another interpreter:
    /// [`release`](PyUntypedBuffer::release) without the panic.
    ///
    /// # Errors
    /// [`WrongInterpreter`]. The buffer's interpreter then releases it.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::buffer::PyUntypedBuffer;
    /// use pyatoll::types::PyBytes;
    ///
    /// fn get(py: Python<'_>) -> PyResult<PyUntypedBuffer> {
    ///     PyUntypedBuffer::get(&PyBytes::new(py, b"atoll"))
    /// }
    /// Python::attach(|py| get(py)?.try_release(py).map_err(PyErr::from))?;
    /// let buffer = Python::attach(get)?;
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| buffer.try_release(py).is_err())?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `PyBuffer_Release`.
    pub fn try_release(self, py: Python<'_>) -> Result<(), WrongInterpreter> {
        self.check_owner(py)?;
        self.release(py);
        Ok(())
    }

    /// Returns the start of the memory, or of the first element if a stride is negative. See
    /// [above](PyUntypedBuffer) for access to it.
    #[inline]
    pub fn buf_ptr(&self) -> *mut c_void {
        self.raw().buf
    }

    /// Returns the object that exports the memory. It is not always the one that was passed to
    /// [`get`](PyUntypedBuffer::get): an object may pass on another one's buffer.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::buffer::PyUntypedBuffer;
    /// use pyatoll::types::PyBytes;
    ///
    /// Python::attach(|py| {
    ///     let bytes = PyBytes::new(py, b"atoll");
    ///     let buffer = PyUntypedBuffer::get(&bytes)?;
    ///     assert!(buffer.obj(py).unwrap().is(&bytes));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn obj<'py>(&self, py: Python<'py>) -> Option<&Bound<'py, PyAny>> {
        let exporter = self.view().exporter.as_ref()?;
        Some(exporter.bind(py))
    }

    /// Returns the object that exports the memory, unless the token belongs to another interpreter:
    /// [`obj`](PyUntypedBuffer::obj) without the panic.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::buffer::PyUntypedBuffer;
    /// use pyatoll::types::PyBytes;
    ///
    /// let buffer = Python::attach(|py| PyUntypedBuffer::get(&PyBytes::new(py, b"atoll")))?;
    /// Python::attach(|py| assert!(buffer.try_obj(py).unwrap().is_some()));
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| buffer.try_obj(py).is_err())?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_obj<'py>(
        &self,
        py: Python<'py>,
    ) -> Result<Option<&Bound<'py, PyAny>>, WrongInterpreter> {
        self.check_owner(py)?;
        Ok(self.obj(py))
    }

    /// Returns the address of an element or, with fewer indices than dimensions, of the start of a
    /// part of the buffer.
    ///
    /// # Panics
    /// If there are more indices than dimensions, or one is out of range.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::buffer::PyUntypedBuffer;
    ///
    /// Python::attach(|py| {
    ///     let view = py.eval(c"memoryview(b'abcdef').cast('B', (2, 3))", None, None)?;
    ///     let buffer = PyUntypedBuffer::get(&view)?;
    ///     let at = |indices: &[usize]| {
    ///         // SAFETY: the address of an element, which is a byte and does not change.
    ///         unsafe { buffer.get_ptr(indices).cast::<u8>().read() }
    ///     };
    ///     assert_eq!((at(&[1, 2]), at(&[1])), (b'f', b'd'));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn get_ptr(&self, indices: &[usize]) -> *mut c_void {
        let (shape, strides) = (self.shape(), self.strides());
        let suboffsets = self.suboffsets();
        assert!(
            indices.len() <= shape.len(),
            "{} indices for a buffer of {} dimensions",
            indices.len(),
            shape.len()
        );
        let mut pointer = self.buf_ptr();
        for (dimension, &index) in indices.iter().enumerate() {
            assert!(
                index < shape[dimension],
                "index {index} is out of range for dimension {dimension} of length {}",
                shape[dimension]
            );
            // Within the memory, so neither the product nor the sum overflows.
            pointer = pointer.wrapping_byte_offset(strides[dimension].wrapping_mul(index as isize));
            if let Some(suboffset) = suboffsets.map(|suboffsets| suboffsets[dimension])
                && suboffset >= 0
            {
                // SAFETY: the index is in range, and there the exporter has a pointer, which does
                // not change while the memory is exported.
                let target = unsafe { pointer.cast::<*mut c_void>().read_unaligned() };
                pointer = target.wrapping_byte_offset(suboffset);
            }
        }
        pointer
    }

    /// Returns whether the memory must not be written to.
    #[inline]
    pub fn readonly(&self) -> bool {
        self.raw().readonly != 0
    }

    /// Returns the size of an element.
    #[inline]
    pub fn item_size(&self) -> usize {
        self.raw().itemsize as usize
    }

    /// Returns the number of elements: the product of the [`shape`](PyUntypedBuffer::shape).
    #[inline]
    pub fn item_count(&self) -> usize {
        match self.item_size() {
            // Structures without fields, as in `ctypes`. Next to a 0, the product of the other
            // lengths may overflow.
            0 => self.shape().iter().copied().fold(1, usize::wrapping_mul),
            size => self.len_bytes() / size,
        }
    }

    /// Returns the size of all elements together. If the buffer is not contiguous, it extends over
    /// more memory.
    #[inline]
    pub fn len_bytes(&self) -> usize {
        self.raw().len as usize
    }

    /// Returns the number of dimensions, which is 0 for a single value.
    #[inline]
    pub fn dimensions(&self) -> usize {
        self.raw().ndim as usize
    }

    /// Returns the length of each dimension, which may be 0.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        // SAFETY: lengths, which are not negative, and one for each dimension.
        unsafe { self.per_dimension(self.raw().shape.cast()) }
    }

    /// Returns, for each dimension, the distance of its elements in bytes, which may be negative or
    /// 0.
    #[inline]
    pub fn strides(&self) -> &[isize] {
        // SAFETY: there is one for each dimension.
        unsafe { self.per_dimension(self.raw().strides) }
    }

    /// Returns, for each dimension whose elements are pointers, the offset that is added after
    /// following them, and a negative number for the others; `None` if no dimension has pointers.
    #[inline]
    pub fn suboffsets(&self) -> Option<&[isize]> {
        let suboffsets = self.raw().suboffsets;
        // SAFETY: an array of the view that is not null has one for each dimension.
        (!suboffsets.is_null()).then(|| unsafe { self.per_dimension(suboffsets) })
    }

    /// Returns an array with an item for each dimension.
    ///
    /// # Safety
    /// `array` must be one of the view's arrays.
    #[inline]
    unsafe fn per_dimension<T>(&self, array: *const T) -> &[T] {
        match self.dimensions() {
            // The array may be null.
            0 => &[],
            // SAFETY: exporters have an item for each dimension (PEP 3118), which does not change
            // until the view is released; `get` has checked that there are arrays.
            dimensions => unsafe { std::slice::from_raw_parts(array, dimensions) },
        }
    }

    /// Returns the format of an element, in the syntax of Python's module `struct`.
    #[inline]
    pub fn format(&self) -> &CStr {
        let format = self.raw().format;
        if format.is_null() {
            c"B"
        } else {
            // SAFETY: a C string that stays until the view is released.
            unsafe { CStr::from_ptr(format) }
        }
    }

    /// Returns whether the elements follow each other without gaps, the last dimension varying
    /// fastest, as in C.
    ///
    /// C API: `PyBuffer_IsContiguous`.
    #[inline]
    pub fn is_c_contiguous(&self) -> bool {
        self.is_contiguous(Order::C)
    }

    /// Returns whether the elements follow each other without gaps, the first dimension varying
    /// fastest, as in Fortran.
    ///
    /// C API: `PyBuffer_IsContiguous`.
    #[inline]
    pub fn is_fortran_contiguous(&self) -> bool {
        self.is_contiguous(Order::Fortran)
    }

    pub(super) fn is_contiguous(&self, order: Order) -> bool {
        // SAFETY: a valid view, which is only read.
        unsafe { ffi::PyBuffer_IsContiguous(self.raw(), order as c_char) != 0 }
    }

    fn view(&self) -> &View {
        // SAFETY: alive until `self` is dropped, and not changed.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(super) fn raw(&self) -> &ffi::Py_buffer {
        &self.view().raw
    }

    /// Checks that the token is of the interpreter that the buffer was acquired in.
    pub(super) fn check_owner(&self, py: Python<'_>) -> Result<(), WrongInterpreter> {
        let owner = self.view().owner;
        if std::ptr::eq(owner, py.local()) {
            Ok(())
        } else {
            Err(WrongInterpreter::new(Interpreter::new(owner), py))
        }
    }

    /// Does what [`check_owner`](PyUntypedBuffer::check_owner) does, but panics: for functions that
    /// cannot return an error.
    #[track_caller]
    pub(super) fn expect_owner(&self, py: Python<'_>) {
        if let Err(error) = self.check_owner(py) {
            error.panic();
        }
    }

    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let raw = self.raw();
        f.debug_struct(name)
            .field("buf", &raw.buf)
            .field("obj", &raw.obj)
            .field("len", &raw.len)
            .field("itemsize", &raw.itemsize)
            .field("readonly", &raw.readonly)
            .field("ndim", &raw.ndim)
            .field("format", &self.format())
            .field("shape", &self.shape())
            .field("strides", &self.strides())
            .field("suboffsets", &self.suboffsets())
            .field("internal", &raw.internal)
            .finish()
    }
}

/// Checks that the length in bytes matches the shape: copies use the length, while counting and
/// indexing use the shape, and Python code can make the two differ.
#[inline]
fn check_len(raw: &ffi::Py_buffer) -> PyResult<()> {
    if raw.ndim == 1 && !raw.shape.is_null() {
        // SAFETY: exporters have an item for each dimension (PEP 3118).
        let length = unsafe { *raw.shape };
        if length >= 0 && raw.itemsize >= 0 && length.checked_mul(raw.itemsize) == Some(raw.len) {
            return Ok(());
        }
    }
    check_len_of_dimensions(raw)
}

/// Returns whether a buffer of one dimension has some of its elements, next to each other:
/// exporters that give the number of elements for the length in bytes work with PyO3.
fn has_fewer_elements(raw: &ffi::Py_buffer, size: usize) -> bool {
    // SAFETY: exporters have an item for each dimension (PEP 3118).
    let is_contiguous = || unsafe { *raw.strides } == raw.itemsize && raw.suboffsets.is_null();
    raw.ndim == 1
        && usize::try_from(raw.len).is_ok_and(|len| len < size)
        && raw.len % raw.itemsize == 0
        && !raw.strides.is_null()
        && is_contiguous()
}

/// Implements [`check_len`] for any number of dimensions.
#[inline(never)]
fn check_len_of_dimensions(raw: &ffi::Py_buffer) -> PyResult<()> {
    let shape: &[ffi::Py_ssize_t] = match usize::try_from(raw.ndim) {
        Ok(dimensions @ 1..) if !raw.shape.is_null() => {
            // SAFETY: exporters have an item for each dimension (PEP 3118), which does not change
            // until the view is released.
            unsafe { std::slice::from_raw_parts(raw.shape, dimensions) }
        }
        _ => &[],
    };
    // A dimension of length 0 means no elements, even if the product of the others overflows.
    let count = match shape.contains(&0) {
        true => Some(0),
        false => shape.iter().try_fold(1, |count: usize, length| {
            count.checked_mul(usize::try_from(*length).ok()?)
        }),
    };
    let size = || count?.checked_mul(usize::try_from(raw.itemsize).ok()?);
    let is_negative = raw.ndim < 0 || shape.iter().any(|length| *length < 0);
    let fits = |size| usize::try_from(raw.len) == Ok(size) || has_fewer_elements(raw, size);
    if !is_negative && size().is_some_and(fits) {
        Ok(())
    } else {
        Err(wrong_len(raw, shape))
    }
}

/// The order of the elements of several dimensions.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Order {
    C = b'C',
    Fortran = b'F',
}

#[cold]
fn wrong_len(raw: &ffi::Py_buffer, shape: &[ffi::Py_ssize_t]) -> PyErr {
    PyBufferError::new_err(format!(
        "buffer of {} bytes does not match shape {shape:?} with item size {}",
        raw.len, raw.itemsize
    ))
}

#[cold]
fn incompatible(element: &str) -> PyErr {
    PyBufferError::new_err(format!("buffer contents are not compatible with {element}"))
}

#[cold]
fn not_aligned(element: &str) -> PyErr {
    PyBufferError::new_err(format!(
        "buffer contents are insufficiently aligned for {element}"
    ))
}

impl Drop for PyUntypedBuffer {
    fn drop(&mut self) {
        // SAFETY: the view is this buffer's own.
        unsafe { View::release(self.0) };
    }
}

impl fmt::Debug for PyUntypedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("PyUntypedBuffer", f)
    }
}
