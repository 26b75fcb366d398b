//! The iterator over a list.

use crate::object::Bound;
use crate::types::compat;
use crate::types::span::Span;
use crate::types::{PyAny, PyList, PyListMethods};

/// An iterator over the items of a list: see [`PyListMethods::iter`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
/// use pyatoll::types::iter::BoundListIterator;
///
/// Python::attach(|py| {
///     let mut items: BoundListIterator<'_> = PyList::new(py, ["a", "b", "c"])?.iter();
///     assert_eq!(items.next().unwrap().to_string(), "a");
///     assert_eq!(items.next_back().unwrap().to_string(), "c");
///     assert_eq!(items.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyList_GetItemRef`.
pub struct BoundListIterator<'py> {
    list: Bound<'py, PyList>,
    span: Span,
}

impl<'py> BoundListIterator<'py> {
    #[inline]
    pub(super) fn new(list: Bound<'py, PyList>) -> Self {
        let span = Span::new(list.len());
        Self { list, span }
    }

    /// Returns the item, unless another thread has removed it, which ends the iteration.
    #[inline]
    fn get(&self, index: usize) -> Option<Bound<'py, PyAny>> {
        if compat::FREE_THREADED {
            self.list.get_item(index).ok()
        } else {
            // SAFETY: `index` is in bounds: the span was just limited to the list's length, and
            // with the GIL held no other code has run since.
            Some(unsafe { self.list.get_item_unchecked(index) })
        }
    }
}

span_iterator!(
    ['py] BoundListIterator<'py>,
    Bound<'py, PyAny>,
    |this: &BoundListIterator<'py>| this.list.len(),
    |this: &BoundListIterator<'py>, index| this.get(index),
);

into_iterator!(PyList, BoundListIterator, Bound<'py, PyAny>);
