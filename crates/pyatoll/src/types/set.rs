//! `set`.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

pub use super::set_iter::BoundSetIterator;

use super::returned::{new_reference, status, truth};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, BoundObject};
use crate::types::PyAny;

/// Python's `set`. Its methods are in [`PySetMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PySet;
///
/// Python::attach(|py| {
///     let set = PySet::new(py, ["a", "b", "a"])?;
///     assert_eq!(set.len(), 2);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PySet_Type`.
#[repr(transparent)]
pub struct PySet(PyAny);

native_type!(PySet: ("builtins", "set"), PySet_Type, PySet_Check);

impl PySet {
    /// Creates a set from the values.
    ///
    /// # Errors
    /// If a value is not hashable, or a conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::new(py, "hello".chars())?;
    ///     assert_eq!(set.len(), 4);
    ///     assert!(PySet::new(py, [PyList::empty(py)]).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_New`, `PySet_Add`.
    pub fn new<'py, T>(
        py: Python<'py>,
        elements: impl IntoIterator<Item = T>,
    ) -> PyResult<Bound<'py, PySet>>
    where
        T: IntoPyObject<'py>,
    {
        let set = Self::empty(py)?;
        for element in elements {
            set.add(element)?;
        }
        Ok(set)
    }

    /// Creates an empty set.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     assert!(PySet::empty(py)?.is_empty());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_New`.
    #[inline]
    pub fn empty(py: Python<'_>) -> PyResult<Bound<'_, PySet>> {
        // SAFETY: attached; returns a new set or null.
        unsafe { new_reference(py, ffi::PySet_New(null_mut())) }
    }
}

/// The methods of [`PySet`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PySet;
///
/// Python::attach(|py| {
///     let set = PySet::new(py, ["a"])?;
///     set.add("b")?;
///     assert!(set.contains("b")?);
///     assert!(set.discard("b")?);
///     assert!(!set.discard("b")?);
///     assert_eq!(set.iter().map(|item| item.to_string()).collect::<String>(), "a");
///     assert_eq!(set.pop().unwrap().to_string(), "a");
///     assert!(set.pop().is_none() && set.is_empty());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PySet")]
pub trait PySetMethods<'py>: crate::types::sealed::Sealed {
    /// Removes all items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::new(py, ["a", "b"])?;
    ///     set.clear();
    ///     assert_eq!(set.to_string(), "set()");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_Clear`.
    fn clear(&self);

    /// Returns the number of items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::new(py, ["a"])?;
    ///     set.add("a")?;
    ///     assert_eq!(set.len(), 1);
    ///     set.add("b")?;
    ///     assert_eq!(set.len(), 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_Size`.
    fn len(&self) -> usize;

    /// Returns whether there are no items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::empty(py)?;
    ///     assert!(set.is_empty());
    ///     set.add("a")?;
    ///     assert!(!set.is_empty());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_Size`.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `key in set`.
    ///
    /// # Errors
    /// If the key is not hashable, or the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::new(py, [1, 2])?;
    ///     assert!(set.contains(2)?);
    ///     assert!(!set.contains("2")?);
    ///     assert!(set.contains(PyList::empty(py)).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_Contains`.
    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>;

    /// Removes an item. Returns whether it was present.
    ///
    /// # Errors
    /// If the key is not hashable, or the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::new(py, ["a", "b"])?;
    ///     assert!(set.discard("b")?);
    ///     assert!(!set.discard("b")?);
    ///     assert_eq!(set.to_string(), "{'a'}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_Discard`.
    fn discard<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>;

    /// Adds an item.
    ///
    /// # Errors
    /// If the key is not hashable, or the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::empty(py)?;
    ///     set.add("a")?;
    ///     set.add("a")?;
    ///     assert_eq!(set.to_string(), "{'a'}");
    ///     assert!(set.add(PyList::empty(py)).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_Add`.
    fn add<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>;

    /// Removes an arbitrary item and returns it, or `None` if the set is empty.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::new(py, ["a"])?;
    ///     assert_eq!(set.pop().unwrap().to_string(), "a");
    ///     assert!(set.pop().is_none());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_Pop`.
    fn pop(&self) -> Option<Bound<'py, PyAny>>;

    /// Returns an iterator over the items, in no particular order.
    ///
    /// # Panics
    /// The iterator panics if the set has changed since it was created.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySet;
    ///
    /// Python::attach(|py| {
    ///     let set = PySet::new(py, ["b", "a"])?;
    ///     let mut items: Vec<String> = set.iter().map(|item| item.to_string()).collect();
    ///     items.sort();
    ///     assert_eq!(items, ["a", "b"]);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetIter`.
    #[track_caller]
    fn iter(&self) -> BoundSetIterator<'py>;
}

impl<'py> PySetMethods<'py> for Bound<'py, PySet> {
    fn clear(&self) {
        // SAFETY: attached; `self` is a set, so the call cannot fail.
        unsafe { ffi::PySet_Clear(self.as_ptr()) };
    }

    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; `self` is a set.
        unsafe { ffi::PySet_Size(self.as_ptr()) as usize }
    }

    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` is a set, `key` a valid object.
        let result = unsafe { ffi::PySet_Contains(self.as_ptr(), key.as_ptr()) };
        truth(self.py(), result)
    }

    fn discard<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` is a set, `key` a valid object.
        let result = unsafe { ffi::PySet_Discard(self.as_ptr(), key.as_ptr()) };
        truth(self.py(), result)
    }

    fn add<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` is a set, `key` a valid object.
        let result = unsafe { ffi::PySet_Add(self.as_ptr(), key.as_ptr()) };
        status(self.py(), result)
    }

    fn pop(&self) -> Option<Bound<'py, PyAny>> {
        // SAFETY: attached; `self` is a set; returns a new reference, or null with a `KeyError`.
        unsafe { new_reference(self.py(), ffi::PySet_Pop(self.as_ptr())).ok() }
    }

    fn iter(&self) -> BoundSetIterator<'py> {
        self.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{PySet, PySetMethods};
    use crate::interpreter::Python;
    use crate::types::{PyDict, PyFrozenSet, PyList};

    #[test]
    fn a_key_without_a_hash_is_an_error_everywhere() {
        Python::attach(|py| {
            let set = PySet::empty(py).unwrap();
            let key = PyList::empty(py);
            assert!(set.add(&key).is_err());
            assert!(set.contains(&key).is_err());
            assert!(set.discard(&key).is_err());
            assert!(PySet::new(py, [key]).is_err());
        });
    }

    #[test]
    fn an_iterator_knows_the_number_of_remaining_items() {
        Python::attach(|py| {
            let set = PySet::new(py, ["a", "b", "c"]).unwrap();
            let mut items = set.iter();
            assert_eq!(items.len(), 3);
            items.next();
            assert_eq!((items.size_hint(), items.count()), ((2, Some(2)), 2));
            set.clear();
            assert_eq!((set.len(), set.iter().next().is_none()), (0, true));
        });
    }

    #[test]
    fn an_iterator_over_a_changed_set_has_no_items_left() {
        Python::attach(|py| {
            let set = PySet::new(py, ["a", "b", "c"]).unwrap();
            let items = set.iter();
            set.clear();
            assert_eq!(items.len(), 0);
            assert_eq!(items.size_hint(), (0, Some(0)));
        });
    }

    #[test]
    fn the_items_of_a_subclass_are_those_in_the_set() {
        Python::attach(|py| {
            let names = PyDict::new(py);
            let code = c"
class Odd(set):
    def __iter__(self): return iter('xyz')
class OddFrozen(frozenset):
    def __iter__(self): return iter('xyz')
";
            py.run(code, Some(&names), None).unwrap();
            let odd = py.eval(c"Odd([1, 2])", Some(&names), None).unwrap();
            let items = odd.cast::<PySet>().unwrap().iter();
            assert_eq!((items.len(), items.count()), (2, 2));
            let odd = py.eval(c"OddFrozen([1, 2])", Some(&names), None);
            let items = odd.unwrap().cast_into::<PyFrozenSet>().unwrap().into_iter();
            assert_eq!((items.len(), items.count()), (2, 2));
        });
    }

    #[test]
    #[should_panic(expected = "set iteration should be infallible")]
    fn changing_the_set_during_iteration_panics() {
        Python::attach(|py| {
            let set = PySet::new(py, ["a", "b"]).unwrap();
            for item in &set {
                set.add(format!("{item}{item}")).unwrap();
            }
        });
    }
}
