//! `frozenset`.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

pub use super::set_iter::BoundFrozenSetIterator;

use super::returned::{new_reference, status, truth};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, BoundObject};
use crate::types::PyAny;

/// Python's `frozenset`. Its methods are in [`PyFrozenSetMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyFrozenSet;
///
/// Python::attach(|py| {
///     let set = PyFrozenSet::new(py, ["a", "b", "a"])?;
///     assert_eq!(set.len(), 2);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyFrozenSet_Type`.
#[repr(transparent)]
pub struct PyFrozenSet(PyAny);

native_type!(PyFrozenSet: ("builtins", "frozenset"), PyFrozenSet_Type, PyFrozenSet_Check);

impl PyFrozenSet {
    /// Creates a frozen set from the values.
    ///
    /// # Errors
    /// If a value is not hashable, or a conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenSet;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let set = PyFrozenSet::new(py, "hello".chars())?;
    ///     assert_eq!(set.len(), 4);
    ///     assert!(PyFrozenSet::new(py, [PyList::empty(py)]).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrozenSet_New`, `PySet_Add`.
    pub fn new<'py, T>(
        py: Python<'py>,
        elements: impl IntoIterator<Item = T>,
    ) -> PyResult<Bound<'py, PyFrozenSet>>
    where
        T: IntoPyObject<'py>,
    {
        let mut builder = PyFrozenSetBuilder::new(py)?;
        for element in elements {
            builder.add(element)?;
        }
        Ok(builder.finalize())
    }

    /// Creates an empty frozen set.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenSet;
    ///
    /// Python::attach(|py| {
    ///     let set = PyFrozenSet::empty(py)?;
    ///     assert_eq!(set.to_string(), "frozenset()");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrozenSet_New`.
    pub fn empty(py: Python<'_>) -> PyResult<Bound<'_, PyFrozenSet>> {
        // SAFETY: attached; returns a new frozen set or null.
        unsafe { new_reference(py, ffi::PyFrozenSet_New(null_mut())) }
    }
}

/// A frozen set under construction.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::frozenset::PyFrozenSetBuilder;
///
/// Python::attach(|py| {
///     let mut builder = PyFrozenSetBuilder::new(py)?;
///     builder.add("a")?;
///     builder.add("b")?;
///     assert_eq!(builder.finalize().len(), 2);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyFrozenSet_New`, `PySet_Add`.
pub struct PyFrozenSetBuilder<'py> {
    set: Bound<'py, PyFrozenSet>,
}

impl<'py> PyFrozenSetBuilder<'py> {
    /// Creates a builder without items.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::frozenset::PyFrozenSetBuilder;
    ///
    /// Python::attach(|py| {
    ///     let builder = PyFrozenSetBuilder::new(py)?;
    ///     assert!(builder.finalize().is_empty());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrozenSet_New`.
    pub fn new(py: Python<'py>) -> PyResult<Self> {
        let set = PyFrozenSet::empty(py)?;
        Ok(Self { set })
    }

    /// Adds an item.
    ///
    /// # Errors
    /// If the key is not hashable, or the conversion or a comparison fails; `SystemError` if Python
    /// code has obtained a reference to the set through the garbage collector.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    /// use pyatoll::types::frozenset::PyFrozenSetBuilder;
    ///
    /// Python::attach(|py| {
    ///     let mut builder = PyFrozenSetBuilder::new(py)?;
    ///     builder.add("a")?;
    ///     builder.add("a")?;
    ///     assert!(builder.add(PyList::empty(py)).is_err());
    ///     assert_eq!(builder.finalize().to_string(), "frozenset({'a'})");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySet_Add`, which accepts a frozen set with a single reference.
    pub fn add<K>(&mut self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
    {
        let py = self.set.py();
        let key = key.into_pyobject_or_pyerr(py)?;
        // SAFETY: attached; `self.set` is a frozen set, `key` a valid object; the call fails if
        // there are other references to the set.
        status(py, unsafe {
            ffi::PySet_Add(self.set.as_ptr(), key.as_ptr())
        })
    }

    /// Returns the frozen set.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenSet;
    /// use pyatoll::types::frozenset::PyFrozenSetBuilder;
    ///
    /// Python::attach(|py| {
    ///     let mut builder = PyFrozenSetBuilder::new(py)?;
    ///     builder.add("a")?;
    ///     let set: Bound<'_, PyFrozenSet> = builder.finalize();
    ///     assert!(set.contains("a")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn finalize(self) -> Bound<'py, PyFrozenSet> {
        self.set
    }
}

/// The methods of [`PyFrozenSet`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyFrozenSet;
///
/// Python::attach(|py| {
///     let set = PyFrozenSet::new(py, ["a"])?;
///     assert!(set.contains("a")? && !set.contains("z")?);
///     assert!(PyFrozenSet::empty(py)?.is_empty());
///     for item in &set {
///         assert_eq!(item.to_string(), "a");
///     }
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyFrozenSet")]
pub trait PyFrozenSetMethods<'py>: crate::types::sealed::Sealed {
    /// Returns the number of items.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenSet;
    ///
    /// Python::attach(|py| {
    ///     let set = PyFrozenSet::new(py, ["a", "b", "a"])?;
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
    /// use pyatoll::types::PyFrozenSet;
    ///
    /// Python::attach(|py| {
    ///     assert!(PyFrozenSet::empty(py)?.is_empty());
    ///     assert!(!PyFrozenSet::new(py, ["a"])?.is_empty());
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
    /// use pyatoll::types::PyFrozenSet;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let set = PyFrozenSet::new(py, [1, 2])?;
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

    /// Returns an iterator over the items, in no particular order.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenSet;
    ///
    /// Python::attach(|py| {
    ///     let set = PyFrozenSet::new(py, ["b", "a"])?;
    ///     let mut items: Vec<String> = set.iter().map(|item| item.to_string()).collect();
    ///     items.sort();
    ///     assert_eq!(items, ["a", "b"]);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetIter`.
    fn iter(&self) -> BoundFrozenSetIterator<'py>;
}

impl<'py> PyFrozenSetMethods<'py> for Bound<'py, PyFrozenSet> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; `self` is a frozen set.
        unsafe { ffi::PySet_Size(self.as_ptr()) as usize }
    }

    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` is a frozen set, `key` a valid object.
        let result = unsafe { ffi::PySet_Contains(self.as_ptr(), key.as_ptr()) };
        truth(self.py(), result)
    }

    fn iter(&self) -> BoundFrozenSetIterator<'py> {
        self.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{PyFrozenSet, PyFrozenSetBuilder, PyFrozenSetMethods};
    use crate::interpreter::Python;
    use crate::types::PyList;

    #[test]
    fn builders_do_not_share_the_empty_set() {
        Python::attach(|py| {
            let mut builder = PyFrozenSetBuilder::new(py).unwrap();
            builder.add("a").unwrap();
            assert!(PyFrozenSet::empty(py).unwrap().is_empty());
            let set = builder.finalize();
            assert_eq!((set.len(), set.iter().len()), (1, 1));
        });
    }

    #[test]
    fn a_key_without_a_hash_is_an_error_everywhere() {
        Python::attach(|py| {
            let key = PyList::empty(py);
            assert!(PyFrozenSet::new(py, [&key]).is_err());
            assert!(PyFrozenSet::empty(py).unwrap().contains(&key).is_err());
        });
    }
}
