//! `tuple`: the type and its constructors.

// | file | concern |
// |---|---|
// | `methods.rs` | the trait `PyTupleMethods` |
// | `imp.rs` | its implementation |
// | `iter.rs` | the iterators |
// | `slice.rs` | `TupleSlice`, the items as a slice |

mod imp;
mod iter;
mod methods;
mod slice;
#[cfg(test)]
mod tests;

use crate::capi as ffi;

pub(crate) use imp::item_unchecked;
pub use iter::{BorrowedTupleIterator, BoundTupleIterator};
pub use methods::PyTupleMethods;
pub use slice::TupleSlice;

use super::fill::{track, unfilled};
use super::returned::new_reference_or_panic;
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
///
/// C API: `PyTuple_Type`.
#[repr(transparent)]
pub struct PyTuple(PyAny);

native_type!(PyTuple: ("builtins", "tuple"), PyTuple_Type, PyTuple_Check);

impl PyTuple {
    /// Creates a tuple from the values.
    ///
    /// # Errors
    /// If the conversion of a value fails.
    ///
    /// # Panics
    /// If the iterator yields more or fewer items than its length reports.
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
        // SAFETY: attached; `PyTuple_New` returns a new tuple or null (the shared one if `len` is
        // 0).
        let tuple: Bound<'_, Self> = unsafe { unfilled(py, len, |size| ffi::PyTuple_New(size))? };
        let mut count = 0;
        for element in elements.by_ref().take(len) {
            let element = element.into_bound_py_any(py)?;
            // SAFETY: `count` is in bounds of the tuple, which has one reference and which no other
            // code can reach; the slot is empty and takes the reference.
            unsafe { ffi::PyTuple_SET_ITEM(tuple.as_ptr(), count, element.into_ptr()) };
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
        // SAFETY: created by `unfilled`; all slots are filled.
        unsafe { track(&tuple, len) };
        Ok(tuple)
    }

    /// Returns the empty tuple.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| assert!(PyTuple::empty(py).is_empty()));
    /// ```
    ///
    /// C API: `PyTuple_New`.
    #[inline]
    pub fn empty(py: Python<'_>) -> Bound<'_, PyTuple> {
        // SAFETY: attached; returns a new reference.
        unsafe { new_reference_or_panic(py, ffi::PyTuple_New(0)) }
    }
}
