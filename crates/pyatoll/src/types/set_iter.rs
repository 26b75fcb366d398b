//! The iterators over a `set` and a `frozenset`.

use crate::capi::{self as ffi, type_fields};
use crate::error::PyResult;
use crate::object::Bound;
use crate::types::{PyAny, PyFrozenSet, PyIterator, PySet};

/// Returns the iterator that `class`, the set's type or a base of it, has for its instances. Unlike
/// that of a subclass with an `__iter__`, it knows how many items are left.
///
/// # Safety
/// `set` must be an instance of `class`, a built-in type.
unsafe fn own_iterator<'py, T>(
    set: &Bound<'py, T>,
    class: *mut ffi::PyTypeObject,
) -> PyResult<Bound<'py, PyIterator>> {
    // SAFETY: attached; built-in types do not change. `tp_iter` returns a new reference to an
    // iterator, or null with an exception set.
    unsafe {
        let iterate = type_fields::tp_iter(class).expect("sets are iterable");
        let items = Bound::from_owned_ptr_or_err(set.py(), iterate(set.as_ptr()))?;
        Ok(items.cast_into_unchecked())
    }
}

/// Defines an iterator over a set type that wraps Python's own iterator.
macro_rules! set_iterator {
    ($name:ident, $set:ty, $class:ident, $python:literal, $methods:ident) => {
        #[doc = concat!("An iterator over the items of a `", $python, "`: see")]
        #[doc = concat!("[`", stringify!($methods), "::iter`](crate::types::", stringify!($methods), "::iter).")]
        ///
        /// It yields what is in the set, as for lists and dicts: the `__iter__` of a subclass is
        /// not called.
        ///
        /// # Panics
        /// If the set has changed since the iterator was created. No items are left then.
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
            #[track_caller]
            fn new(set: Bound<'py, $set>) -> Self {
                // SAFETY: an instance of the built-in type.
                let items = unsafe { own_iterator(&set, &raw mut ffi::$class) };
                Self(items.expect(concat!($python, " should always be iterable")))
            }
        }

        impl<'py> Iterator for $name<'py> {
            type Item = Bound<'py, PyAny>;

            #[inline]
            #[track_caller]
            fn next(&mut self) -> Option<Self::Item> {
                let item = self.0.next()?;
                Some(item.expect(concat!($python, " iteration should be infallible")))
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                let len = self.0.size_hint().0;
                (len, Some(len))
            }
        }

        impl ExactSizeIterator for $name<'_> {}

        impl<'py> IntoIterator for Bound<'py, $set> {
            type Item = Bound<'py, PyAny>;
            type IntoIter = $name<'py>;

            #[track_caller]
            fn into_iter(self) -> Self::IntoIter {
                $name::new(self)
            }
        }

        impl<'py> IntoIterator for &Bound<'py, $set> {
            type Item = Bound<'py, PyAny>;
            type IntoIter = $name<'py>;

            #[track_caller]
            fn into_iter(self) -> Self::IntoIter {
                $name::new(self.clone())
            }
        }
    };
}

set_iterator!(BoundSetIterator, PySet, PySet_Type, "set", PySetMethods);
set_iterator!(
    BoundFrozenSetIterator,
    PyFrozenSet,
    PyFrozenSet_Type,
    "frozenset",
    PyFrozenSetMethods
);
