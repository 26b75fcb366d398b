//! `list`: the type here, its methods in `methods`.

mod imp;
mod iter;
mod methods;
#[cfg(test)]
mod tests;

use pyo3_ffi as ffi;

pub use iter::BoundListIterator;
pub use methods::PyListMethods;

use super::returned::{new_reference, new_reference_or_panic, new_size};
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
#[repr(transparent)]
pub struct PyList(PyAny);

native_type!(PyList, PyList_Type, PyList_Check);

/// Fills an empty place of a new list (`PyList_SET_ITEM`).
///
/// # Safety
/// Attached; the list must have the place, and be seen by nobody else. The reference to `item` is
/// given up.
#[inline(always)]
unsafe fn set_first(list: *mut ffi::PyObject, place: ffi::Py_ssize_t, item: *mut ffi::PyObject) {
    // SAFETY: passed on to the caller.
    unsafe {
        #[cfg(not(Py_LIMITED_API))]
        ffi::PyList_SET_ITEM(list, place, item);
        #[cfg(Py_LIMITED_API)]
        ffi::PyList_SetItem(list, place, item);
    }
}

impl PyList {
    /// A list of the values.
    ///
    /// # Errors
    /// What a value's conversion raises.
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
        let list = Self::unfilled(py, len)?;
        let mut count = 0;
        for element in elements.by_ref().take(len) {
            let element = element.into_bound_py_any(py)?;
            // SAFETY: a new list with more than `count` places, seen by nobody else; this one is
            // empty, and takes over the reference.
            unsafe { set_first(list.as_ptr(), count, element.into_ptr()) };
            count += 1;
        }
        assert_eq!(
            len, count as usize,
            "Attempted to create PyList but `elements` was smaller than reported by its \
             `size_hint` implementation."
        );
        if len > 0 {
            // SAFETY: a complete list, untracked by `unfilled`.
            unsafe { ffi::PyObject_GC_Track(list.as_ptr().cast()) };
        }
        for element in elements {
            list.append(element)?;
        }
        Ok(list)
    }

    /// A list of `len` empty places, hidden from the garbage collector (through which Python code
    /// that runs in the meantime could see it) unless `len` is 0.
    fn unfilled(py: Python<'_>, len: usize) -> PyResult<Bound<'_, PyList>> {
        let size = new_size(len)?;
        // SAFETY: attached; a new list or null comes back. Untracking is also right when it dies
        // half-filled: its destructor does so itself.
        unsafe {
            let list = new_reference::<PyList>(py, ffi::PyList_New(size))?;
            if len > 0 {
                ffi::PyObject_GC_UnTrack(list.as_ptr().cast());
            }
            Ok(list)
        }
    }

    /// An empty list.
    ///
    /// # Panics
    /// If Python has no memory for it.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| assert!(PyList::empty(py).is_empty()));
    /// ```
    pub fn empty(py: Python<'_>) -> Bound<'_, PyList> {
        // SAFETY: attached; a new list or null comes back.
        unsafe { new_reference_or_panic(py, ffi::PyList_New(0)) }
    }
}
