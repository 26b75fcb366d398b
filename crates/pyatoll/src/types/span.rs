//! [`Span`]: the indices that an iterator over a list or tuple has yet to visit.

/// The indices `front..back`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    front: usize,
    back: usize,
}

impl Span {
    #[inline]
    pub(super) fn new(len: usize) -> Self {
        Self {
            front: 0,
            back: len,
        }
    }

    /// Drops the indices at and past `len`, after the container has shrunk.
    #[inline]
    pub(super) fn shrink(&mut self, len: usize) {
        self.back = self.back.min(len);
    }

    /// Drops the remaining indices.
    #[inline]
    pub(super) fn exhaust(&mut self) {
        // Not the back, so that loops need not store it.
        self.front = self.back;
    }

    /// Returns the number of indices below `len`, which a container may have shrunk to.
    #[inline]
    pub(super) fn len_within(mut self, len: usize) -> usize {
        self.shrink(len);
        self.len()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.back.saturating_sub(self.front)
    }

    /// Takes the first index. Exhausts the span if it is not below `len`, the container's length.
    #[inline]
    pub(super) fn next(&mut self, len: usize) -> Option<usize> {
        let index = self.front;
        if index < self.back.min(len) {
            self.front = index + 1;
            Some(index)
        } else {
            self.exhaust();
            None
        }
    }

    /// Takes the `n`th index from the front, discarding those before it.
    #[inline]
    pub(super) fn nth(&mut self, n: usize) -> Option<usize> {
        if n < self.len() {
            let index = self.front + n;
            self.front = index + 1;
            Some(index)
        } else {
            self.exhaust();
            None
        }
    }

    /// Takes the `n`th index from the back, discarding those after it.
    #[inline]
    pub(super) fn nth_back(&mut self, n: usize) -> Option<usize> {
        if n < self.len() {
            self.back -= n + 1;
            Some(self.back)
        } else {
            self.back = self.front;
            None
        }
    }
}

/// Implements the iterator traits for a struct with a field `span: Span`. `$limit` returns the
/// container's current length, and `$get` the item at one of the span's indices, or `None` if the
/// item no longer exists, which ends the iteration.
macro_rules! span_iterator {
    ([$($generics:tt)*] $name:ty, $item:ty, $limit:expr, $get:expr $(,)?) => {
        impl<$($generics)*> Iterator for $name {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                let limit = $limit(self);
                let index = self.span.next(limit)?;
                let item = $get(self, index);
                if item.is_none() {
                    self.span.exhaust();
                }
                item
            }

            #[inline]
            fn nth(&mut self, n: usize) -> Option<Self::Item> {
                let limit = $limit(self);
                self.span.shrink(limit);
                let index = self.span.nth(n)?;
                let item = $get(self, index);
                if item.is_none() {
                    self.span.exhaust();
                }
                item
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                let len = self.len();
                (len, Some(len))
            }

            #[inline]
            fn count(self) -> usize {
                self.len()
            }

            #[inline]
            fn last(mut self) -> Option<Self::Item> {
                self.next_back()
            }
        }

        impl<$($generics)*> DoubleEndedIterator for $name {
            #[inline]
            fn next_back(&mut self) -> Option<Self::Item> {
                self.nth_back(0)
            }

            #[inline]
            fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
                let limit = $limit(self);
                self.span.shrink(limit);
                let index = self.span.nth_back(n)?;
                let item = $get(self, index);
                if item.is_none() {
                    self.span.exhaust();
                }
                item
            }
        }

        impl<$($generics)*> ExactSizeIterator for $name {
            #[inline]
            fn len(&self) -> usize {
                self.span.len_within($limit(self))
            }
        }

        impl<$($generics)*> std::iter::FusedIterator for $name {}
    };
}

#[cfg(test)]
mod tests {
    use super::Span;

    /// An iterator over indices whose container shrinks while the item at `shrinks_at` is read.
    struct Shrinking {
        span: Span,
        shrinks_at: usize,
    }

    impl Shrinking {
        fn new(shrinks_at: usize) -> Self {
            Self {
                span: Span::new(5),
                shrinks_at,
            }
        }

        fn get(&mut self, index: usize) -> Option<usize> {
            (index != self.shrinks_at).then_some(index)
        }
    }

    span_iterator!([] Shrinking, usize, |_: &Shrinking| 5, Shrinking::get);

    #[test]
    fn an_iterator_stays_at_its_end_after_an_item_has_vanished() {
        let mut items = Shrinking::new(1);
        assert_eq!(
            (items.next(), items.next(), items.next()),
            (Some(0), None, None)
        );
        assert_eq!((items.len(), items.next_back()), (0, None));
        let mut items = Shrinking::new(2);
        assert_eq!((items.nth(2), items.next()), (None, None));
        let mut items = Shrinking::new(4);
        assert_eq!(
            (items.next_back(), items.next(), items.len()),
            (None, None, 0)
        );
    }

    #[test]
    fn both_ends_meet_once() {
        let mut span = Span::new(5);
        assert_eq!(
            (span.nth(0), span.nth_back(1), span.len()),
            (Some(0), Some(3), 2)
        );
        assert_eq!((span.nth(1), span.nth_back(0)), (Some(2), None));
        assert_eq!(span.len(), 0);
    }

    #[test]
    fn an_index_past_the_end_exhausts_the_span() {
        let mut span = Span::new(3);
        assert_eq!((span.nth(3), span.nth(0)), (None, None));
        let mut span = Span::new(3);
        assert_eq!((span.nth_back(usize::MAX), span.nth_back(0)), (None, None));
    }

    #[test]
    fn a_length_below_the_front_ends_the_iteration() {
        let mut span = Span::new(5);
        assert_eq!((span.next(9), span.next(2)), (Some(0), Some(1)));
        assert_eq!((span.next(2), span.next(9), span.len()), (None, None, 0));
    }

    #[test]
    fn shrinking_below_the_front_exhausts_the_span() {
        let mut span = Span::new(5);
        span.nth(3);
        span.shrink(2);
        assert_eq!((span.len(), span.nth(0), span.nth_back(0)), (0, None, None));
        span.shrink(9);
        assert_eq!(span.len(), 0);
    }
}
