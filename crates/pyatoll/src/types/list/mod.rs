//! `list`: the type and its constructors.

// | file | concern |
// |---|---|
// | `methods.rs` | the trait `PyListMethods` |
// | `imp.rs` | its implementation |
// | `iter.rs` | the iterator |

mod imp;
mod iter;
mod methods;
#[cfg(test)]
mod tests;

use crate::capi as ffi;

pub use iter::BoundListIterator;
pub use methods::PyListMethods;

use super::fill::{track, unfilled};
use super::returned::new_reference_or_panic;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyAny;

/// Python's `list`. Its methods are in [`PyListMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let list = PyList::new(py, ["a", "b"])?;
///     list.append("c")?;
///     assert_eq!(list.to_string(), "['a', 'b', 'c']");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyList_Type`.
#[repr(transparent)]
pub struct PyList(PyAny);

native_type!(PyList: ("builtins", "list"), PyList_Type, PyList_Check);

impl PyList {
    /// Creates a list from the values.
    ///
    /// # Errors
    /// If the conversion of a value fails.
    ///
    /// # Panics
    /// If the iterator is shorter than its [`size_hint`](Iterator::size_hint) promises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let squares = PyList::new(py, (1..4).map(|n| n * n))?;
    ///     assert_eq!(squares.to_string(), "[1, 4, 9]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyList_New`.
    #[track_caller]
    pub fn new<'py, T>(
        py: Python<'py>,
        elements: impl IntoIterator<Item = T>,
    ) -> PyResult<Bound<'py, PyList>>
    where
        T: IntoPyObject<'py>,
    {
        let mut elements = elements.into_iter();
        let len = elements.size_hint().0;
        // SAFETY: attached; `PyList_New` returns a new list or null.
        let list: Bound<'_, Self> = unsafe { unfilled(py, len, |size| ffi::PyList_New(size))? };
        let mut count = 0;
        for element in elements.by_ref().take(len) {
            let element = element.into_bound_py_any(py)?;
            // SAFETY: `count` is in bounds of the list, which no other code can reach; the slot is
            // empty and takes the reference.
            unsafe { ffi::PyList_SET_ITEM(list.as_ptr(), count, element.into_ptr()) };
            count += 1;
        }
        assert_eq!(
            len, count as usize,
            "Attempted to create PyList but `elements` was smaller than reported by its \
             `size_hint` implementation."
        );
        // SAFETY: created by `unfilled`; all slots are filled.
        unsafe { track(&list, len) };
        // Not moved: copying fields just after narrower stores to them defeats store forwarding.
        for element in elements.by_ref() {
            list.append(element)?;
        }
        Ok(list)
    }

    /// Creates an empty list.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| assert!(PyList::empty(py).is_empty()));
    /// ```
    ///
    /// C API: `PyList_New`.
    #[inline]
    #[track_caller]
    pub fn empty(py: Python<'_>) -> Bound<'_, PyList> {
        // SAFETY: attached; returns a new list or null.
        unsafe { new_reference_or_panic(py, ffi::PyList_New(0)) }
    }
}
