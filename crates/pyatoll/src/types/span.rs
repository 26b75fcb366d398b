//! The places that an iterator over a list or tuple has still to visit.

/// The places `front..back`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    front: usize,
    back: usize,
}

impl Span {
    pub(super) fn new(len: usize) -> Self {
        Self {
            front: 0,
            back: len,
        }
    }

    /// Forgets what is beyond the end of something that has shrunk.
    #[inline]
    pub(super) fn shrink(&mut self, len: usize) {
        self.back = self.back.min(len);
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.back.saturating_sub(self.front)
    }

    /// Takes the `n`th place from the front, and those before it.
    #[inline]
    pub(super) fn nth(&mut self, n: usize) -> Option<usize> {
        if n < self.len() {
            let place = self.front + n;
            self.front = place + 1;
            Some(place)
        } else {
            self.front = self.back;
            None
        }
    }

    /// Takes the `n`th place from the back, and those after it.
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

/// Implements the iterator traits for a struct with a `span: Span`, given how to bring the span up
/// to date and how to get the item at one of its places (`None`: it is gone, iteration ends).
macro_rules! span_iterator {
    ([$($generics:tt)*] $name:ty, $item:ty, $refresh:expr, $get:expr $(,)?) => {
        impl<$($generics)*> Iterator for $name {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                self.nth(0)
            }

            #[inline]
            fn nth(&mut self, n: usize) -> Option<Self::Item> {
                $refresh(self);
                let place = self.span.nth(n)?;
                $get(self, place)
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
                $refresh(self);
                let place = self.span.nth_back(n)?;
                $get(self, place)
            }
        }

        impl<$($generics)*> ExactSizeIterator for $name {
            #[inline]
            fn len(&self) -> usize {
                self.span.len()
            }
        }

        impl<$($generics)*> std::iter::FusedIterator for $name {}
    };
}

#[cfg(test)]
mod tests {
    use super::Span;

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
    fn going_too_far_uses_it_up() {
        let mut span = Span::new(3);
        assert_eq!((span.nth(3), span.nth(0)), (None, None));
        let mut span = Span::new(3);
        assert_eq!((span.nth_back(usize::MAX), span.nth_back(0)), (None, None));
    }

    #[test]
    fn what_has_shrunk_behind_the_front_is_used_up() {
        let mut span = Span::new(5);
        span.nth(3);
        span.shrink(2);
        assert_eq!((span.len(), span.nth(0), span.nth_back(0)), (0, None, None));
        span.shrink(9);
        assert_eq!(span.len(), 0);
    }
}
