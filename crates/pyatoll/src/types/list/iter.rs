//! Iterating over a list.

use crate::object::Bound;
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
pub struct BoundListIterator<'py> {
    list: Bound<'py, PyList>,
    span: Span,
}

impl<'py> BoundListIterator<'py> {
    pub(super) fn new(list: Bound<'py, PyList>) -> Self {
        let span = Span::new(list.len());
        Self { list, span }
    }

    /// The item, if there still is one.
    #[inline]
    fn get(&self, place: usize) -> Option<Bound<'py, PyAny>> {
        #[cfg(not(any(Py_GIL_DISABLED, Py_LIMITED_API)))]
        {
            // SAFETY: the span was just brought up to date, and nothing has run since.
            Some(unsafe { self.list.get_item_unchecked(place) })
        }
        #[cfg(any(Py_GIL_DISABLED, Py_LIMITED_API))]
        {
            // Another thread may have shortened the list: then iteration ends.
            self.list.get_item(place).ok()
        }
    }
}

span_iterator!(
    ['py] BoundListIterator<'py>,
    Bound<'py, PyAny>,
    |this: &mut BoundListIterator<'py>| this.span.shrink(this.list.len()),
    |this: &BoundListIterator<'py>, place| this.get(place),
);

impl<'py> IntoIterator for Bound<'py, PyList> {
    type Item = Bound<'py, PyAny>;
    type IntoIter = BoundListIterator<'py>;

    fn into_iter(self) -> Self::IntoIter {
        BoundListIterator::new(self)
    }
}

impl<'py> IntoIterator for &Bound<'py, PyList> {
    type Item = Bound<'py, PyAny>;
    type IntoIter = BoundListIterator<'py>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
