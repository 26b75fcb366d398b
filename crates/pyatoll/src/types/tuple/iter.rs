//! The iterators over a tuple.

use super::{PyTupleMethods, item_unchecked};
use crate::object::{Borrowed, Bound};
use crate::types::span::Span;
use crate::types::{PyAny, PyTuple};

/// An iterator over the items of a tuple: see [`PyTupleMethods::iter`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
/// use pyatoll::types::iter::BoundTupleIterator;
///
/// Python::attach(|py| {
///     let mut items: BoundTupleIterator<'_> = PyTuple::new(py, ["a", "b", "c"])?.into_iter();
///     assert_eq!(items.next().unwrap().to_string(), "a");
///     assert_eq!(items.next_back().unwrap().to_string(), "c");
///     assert_eq!(items.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyTuple_GET_ITEM`.
pub struct BoundTupleIterator<'py> {
    tuple: Bound<'py, PyTuple>,
    span: Span,
}

impl<'py> BoundTupleIterator<'py> {
    #[inline]
    pub(super) fn new(tuple: Bound<'py, PyTuple>) -> Self {
        let span = Span::new(tuple.len());
        Self { tuple, span }
    }
}

span_iterator!(
    ['py] BoundTupleIterator<'py>,
    Bound<'py, PyAny>,
    |_: &BoundTupleIterator<'py>| usize::MAX,
    |this: &BoundTupleIterator<'py>, index| {
    // SAFETY: the indices of the span stay in bounds, since tuples do not shrink.
    Some(unsafe { this.tuple.get_item_unchecked(index) })
    },
);

/// An iterator over the items of a tuple: see [`PyTupleMethods::iter_borrowed`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyTuple;
/// use pyatoll::types::iter::BorrowedTupleIterator;
///
/// Python::attach(|py| {
///     let tuple = PyTuple::new(py, ["a", "b", "c"])?;
///     let mut items: BorrowedTupleIterator<'_, '_> = tuple.iter_borrowed();
///     assert_eq!(items.nth(1).unwrap().to_string(), "b");
///     assert_eq!(items.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyTuple_GET_ITEM`.
pub struct BorrowedTupleIterator<'a, 'py> {
    tuple: Borrowed<'a, 'py, PyTuple>,
    span: Span,
}

span_iterator!(
    ['a, 'py] BorrowedTupleIterator<'a, 'py>,
    Borrowed<'a, 'py, PyAny>,
    |_: &BorrowedTupleIterator<'a, 'py>| usize::MAX,
    |this: &BorrowedTupleIterator<'a, 'py>, index| {
    // SAFETY: the indices of the span stay in bounds, since tuples do not shrink.
    Some(unsafe { item_unchecked(this.tuple, index) })
    },
);

into_iterator!(PyTuple, BoundTupleIterator, Bound<'py, PyAny>);

impl<'a, 'py> Borrowed<'a, 'py, PyTuple> {
    #[inline]
    pub(crate) fn iter_borrowed(self) -> BorrowedTupleIterator<'a, 'py> {
        BorrowedTupleIterator {
            tuple: self,
            span: Span::new(self.len()),
        }
    }
}
