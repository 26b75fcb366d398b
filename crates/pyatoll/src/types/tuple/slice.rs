//! [`TupleSlice`]: the items of a tuple as a slice.

use std::ops::Deref;

use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyTuple};

/// The items of a tuple: see [`PyTupleMethods::as_slice`](super::PyTupleMethods::as_slice).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
///
/// Python::attach(|py| {
///     let tuple = PyTuple::new(py, ["a", "b", "c"])?;
///     let items = tuple.as_slice();
///     assert!(items.first().unwrap().is(&tuple.get_item(0)?));
///     assert_eq!(items[1..].len(), 2);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyTuple_GET_ITEM`.
pub struct TupleSlice<'a, 'py>(Box<[Borrowed<'a, 'py, PyAny>]>);

impl<'a, 'py> TupleSlice<'a, 'py> {
    pub(super) fn new(tuple: Borrowed<'a, 'py, PyTuple>) -> Self {
        Self(tuple.iter_borrowed().collect())
    }
}

impl<'py> Deref for TupleSlice<'_, 'py> {
    type Target = [Bound<'py, PyAny>];

    #[inline]
    fn deref(&self) -> &[Bound<'py, PyAny>] {
        let items: &[Borrowed<'_, 'py, PyAny>] = &self.0;
        // SAFETY: `Borrowed` and `Bound` have the same layout, a shared reference to a `Bound`
        // neither drops nor moves it, and the tuple keeps the objects alive for `'a`.
        unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), items.len()) }
    }
}

impl<'a, 'py> IntoIterator for TupleSlice<'a, 'py> {
    type Item = Borrowed<'a, 'py, PyAny>;
    type IntoIter = std::vec::IntoIter<Borrowed<'a, 'py, PyAny>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

impl<'s, 'py> IntoIterator for &'s TupleSlice<'_, 'py> {
    type Item = &'s Bound<'py, PyAny>;
    type IntoIter = std::slice::Iter<'s, Bound<'py, PyAny>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::fmt::Debug for TupleSlice<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
