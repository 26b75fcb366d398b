//! The iterators over a `set` and a `frozenset`.

use crate::object::Bound;
use crate::types::{PyAny, PyFrozenSet, PyIterator, PySet};

/// Defines an iterator over a set type that wraps Python's own iterator.
macro_rules! set_iterator {
    ($name:ident, $set:ty, $python:literal, $methods:ident) => {
        #[doc = concat!("An iterator over the items of a `", $python, "`: see")]
        #[doc = concat!("[`", stringify!($methods), "::iter`](crate::types::", stringify!($methods), "::iter).")]
        ///
        /// # Panics
        /// If the set has changed since the iterator was created, or the iterator of a subclass
        /// raises.
        ///
        /// ```
        /// use pyatoll::prelude::*;
        #[doc = concat!("use pyatoll::types::", stringify!($set), ";")]
        #[doc = concat!("use pyatoll::types::iter::", stringify!($name), ";")]
        ///
        /// Python::attach(|py| {
        #[doc = concat!("    let set = ", stringify!($set), "::new(py, [\"a\", \"b\"])?;")]
        #[doc = concat!("    let mut items: ", stringify!($name), "<'_> = set.iter();")]
        ///     assert!(set.contains(items.next().unwrap())?);
        ///     assert_eq!(items.len(), 1);
        ///     Ok::<_, PyErr>(())
        /// })?;
        /// # Ok::<_, PyErr>(())
        /// ```
        ///
        /// C API: `PyIter_NextItem`.
        pub struct $name<'py>(Bound<'py, PyIterator>);

        impl<'py> $name<'py> {
            fn new(set: Bound<'py, $set>) -> Self {
                let items = PyIterator::from_object(&set);
                Self(items.expect(concat!($python, " should always be iterable")))
            }
        }

        impl<'py> Iterator for $name<'py> {
            type Item = Bound<'py, PyAny>;

            #[inline]
            fn next(&mut self) -> Option<Self::Item> {
                let item = self.0.next()?;
                Some(item.expect(concat!($python, " iteration should be infallible")))
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                let len = self.0.size_hint().0;
                (len, Some(len))
            }

            fn count(self) -> usize {
                self.len()
            }
        }

        impl ExactSizeIterator for $name<'_> {}

        impl<'py> IntoIterator for Bound<'py, $set> {
            type Item = Bound<'py, PyAny>;
            type IntoIter = $name<'py>;

            fn into_iter(self) -> Self::IntoIter {
                $name::new(self)
            }
        }

        impl<'py> IntoIterator for &Bound<'py, $set> {
            type Item = Bound<'py, PyAny>;
            type IntoIter = $name<'py>;

            fn into_iter(self) -> Self::IntoIter {
                $name::new(self.clone())
            }
        }
    };
}

set_iterator!(BoundSetIterator, PySet, "set", PySetMethods);
set_iterator!(
    BoundFrozenSetIterator,
    PyFrozenSet,
    "frozenset",
    PyFrozenSetMethods
);
