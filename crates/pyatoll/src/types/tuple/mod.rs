//! `tuple`: the type here, its methods in `methods`.

mod imp;
mod iter;
mod methods;
mod slice;
#[cfg(test)]
mod tests;

use pyo3_ffi as ffi;

pub(crate) use imp::item_unchecked;
pub use iter::{BorrowedTupleIterator, BoundTupleIterator};
pub use methods::PyTupleMethods;
pub use slice::TupleSlice;

use super::returned::{new_reference, new_reference_or_panic, new_size};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyAny;

/// Python's `tuple`. Its methods are in [`PyTupleMethods`].
///
/// Rust tuples of up to 12 values convert to and from it.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
///
/// Python::attach(|py| {
///     let same = PyTuple::new(py, ["a", "b"])?;
///     let mixed: Bound<'_, PyTuple> = ("a", 1, true).into_pyobject(py)?;
///     assert_eq!(same.to_string(), "('a', 'b')");
///     assert_eq!(mixed.to_string(), "('a', 1, True)");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyTuple(PyAny);

native_type!(PyTuple, PyTuple_Type, PyTuple_Check);

impl PyTuple {
    /// A tuple of the values.
    ///
    /// # Errors
    /// What a value's conversion raises.
    ///
    /// # Panics
    /// If the iterator's length is not what it said.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, [1, 2, 3].map(|n| n * n))?;
    ///     assert_eq!(tuple.to_string(), "(1, 4, 9)");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTuple_New`.
    #[track_caller]
    pub fn new<'py, T, U>(
        py: Python<'py>,
        elements: impl IntoIterator<Item = T, IntoIter = U>,
    ) -> PyResult<Bound<'py, PyTuple>>
    where
        T: IntoPyObject<'py>,
        U: ExactSizeIterator<Item = T>,
    {
        let mut elements = elements.into_iter();
        let len = elements.len();
        let tuple = Self::unfilled(py, len)?;
        let mut count = 0;
        for element in elements.by_ref().take(len) {
            let element = element.into_bound_py_any(py)?;
            // SAFETY: a new tuple with more than `count` places and one reference, seen by nobody
            // else; this place is empty, and takes over the reference.
            unsafe { ffi::PyTuple_SetItem(tuple.as_ptr(), count, element.into_ptr()) };
            count += 1;
        }
        assert!(
            elements.next().is_none(),
            "Attempted to create PyTuple but `elements` was larger than reported by its \
             `ExactSizeIterator` implementation."
        );
        assert_eq!(
            len, count as usize,
            "Attempted to create PyTuple but `elements` was smaller than reported by its \
             `ExactSizeIterator` implementation."
        );
        if len > 0 {
            // SAFETY: a complete tuple, untracked by `unfilled`.
            unsafe { ffi::PyObject_GC_Track(tuple.as_ptr().cast()) };
        }
        Ok(tuple)
    }

    /// A tuple of `len` empty places, hidden from the garbage collector (through which Python code
    /// that runs in the meantime could see it) unless `len` is 0.
    fn unfilled(py: Python<'_>, len: usize) -> PyResult<Bound<'_, PyTuple>> {
        let size = new_size(len)?;
        // SAFETY: attached; a new tuple or null comes back (the shared one if `len` is 0).
        // Untracking is also right when it dies half-filled: its destructor does so itself.
        unsafe {
            let tuple = new_reference::<PyTuple>(py, ffi::PyTuple_New(size))?;
            if len > 0 {
                ffi::PyObject_GC_UnTrack(tuple.as_ptr().cast());
            }
            Ok(tuple)
        }
    }

    /// The empty tuple.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| assert!(PyTuple::empty(py).is_empty()));
    /// ```
    pub fn empty(py: Python<'_>) -> Bound<'_, PyTuple> {
        // SAFETY: attached; a new reference comes back.
        unsafe { new_reference_or_panic(py, ffi::PyTuple_New(0)) }
    }
}
