//! [`PyDictMethods`]: the methods of a dict.

use super::BoundDictIterator;
use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::object::Bound;
use crate::types::{PyAny, PyDict, PyList, PyMapping};

/// The methods of [`PyDict`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{IntoPyDict, PyDict};
///
/// Python::attach(|py| {
///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
///     assert!(dict.contains("a")?);
///     assert_eq!(dict.get_item("b")?.unwrap().to_string(), "2");
///     assert!(dict.get_item("z")?.is_none());
///
///     dict.del_item("a")?;
///     assert!(dict.del_item("a").is_err());
///     assert!(dict.set_default("c", 3)?);
///     assert!(!dict.set_default("c", 4)?);
///     assert_eq!(dict.keys().to_string(), "['b', 'c']");
///     assert_eq!(dict.values().to_string(), "[2, 3]");
///     assert_eq!(dict.items().len(), 2);
///
///     let copy = dict.copy()?;
///     dict.clear();
///     assert!(dict.is_empty() && copy.len() == 2);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyDict")]
pub trait PyDictMethods<'py>: crate::types::sealed::Sealed {
    /// Returns a shallow copy: `dict.copy()`.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     let copy = dict.copy()?;
    ///     copy.set_item("a", 2)?;
    ///     assert_eq!(dict.to_string(), "{'a': 1}");
    ///     assert_eq!(copy.to_string(), "{'a': 2}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Copy`.
    fn copy(&self) -> PyResult<Bound<'py, PyDict>>;

    /// Removes all entries.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     dict.clear();
    ///     assert_eq!(dict.to_string(), "{}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Clear`.
    fn clear(&self);

    /// Returns the number of entries.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2), ("a", 3)].into_py_dict(py)?;
    ///     assert_eq!(dict.len(), 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Size`.
    fn len(&self) -> usize;

    /// Returns whether there are no entries.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     assert!(!dict.is_empty());
    ///     dict.del_item("a")?;
    ///     assert!(dict.is_empty());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Size`.
    fn is_empty(&self) -> bool;

    /// Returns `key in dict`.
    ///
    /// # Errors
    /// If the key is not hashable, or the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     assert!(dict.contains("a")?);
    ///     assert!(!dict.contains(1)?);
    ///     assert!(dict.contains(PyList::empty(py)).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Contains`.
    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>;

    /// Returns the value of a key, or `None` if the key is missing.
    ///
    /// # Errors
    /// If the key is not hashable, or the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     let value = dict.get_item("a")?.unwrap();
    ///     assert_eq!(value.extract::<i32>()?, 1);
    ///     assert!(dict.get_item("z")?.is_none());
    ///     assert!(dict.get_item(PyList::empty(py)).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_GetItemRef`.
    fn get_item<K>(&self, key: K) -> PyResult<Option<Bound<'py, PyAny>>>
    where
        K: IntoPyObject<'py>;

    /// Sets the value of a key: `dict[key] = value`.
    ///
    /// # Errors
    /// If the key is not hashable, or a conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     dict.set_item("a", "one")?;
    ///     dict.set_item(2, "two")?;
    ///     assert_eq!(dict.to_string(), "{'a': 'one', 2: 'two'}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_SetItem`.
    fn set_item<K, V>(&self, key: K, value: V) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>;

    /// Deletes an entry: `del dict[key]`.
    ///
    /// # Errors
    /// `KeyError` if the key is missing; if the key is not hashable, or the conversion or a
    /// comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyKeyError;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     dict.del_item("a")?;
    ///     assert_eq!(dict.to_string(), "{'b': 2}");
    ///     assert!(dict.del_item("a").unwrap_err().is_instance_of::<PyKeyError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_DelItem`.
    fn del_item<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>;

    /// Returns a list of the keys.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("b", 1), ("a", 2)].into_py_dict(py)?;
    ///     let keys = dict.keys();
    ///     keys.sort()?;
    ///     assert_eq!(keys.to_string(), "['a', 'b']");
    ///     assert_eq!(dict.to_string(), "{'b': 1, 'a': 2}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Keys`.
    #[track_caller]
    fn keys(&self) -> Bound<'py, PyList>;

    /// Returns a list of the values.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 2), ("b", 1)].into_py_dict(py)?;
    ///     assert_eq!(dict.values().to_string(), "[2, 1]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Values`.
    #[track_caller]
    fn values(&self) -> Bound<'py, PyList>;

    /// Returns a list of the entries as pairs.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 2), ("b", 1)].into_py_dict(py)?;
    ///     assert_eq!(dict.items().to_string(), "[('a', 2), ('b', 1)]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Items`.
    #[track_caller]
    fn items(&self) -> Bound<'py, PyList>;

    /// Returns an iterator over the entries, in insertion order.
    ///
    /// Values may be replaced during iteration.
    ///
    /// # Panics
    /// The iterator panics if keys have been added or removed since it was created.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", "1"), ("b", "2")].into_py_dict(py)?;
    ///     let entries = dict.iter().map(|(key, value)| format!("{key}{value}"));
    ///     assert_eq!(entries.collect::<Vec<_>>(), ["a1", "b2"]);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Next`.
    #[track_caller]
    fn iter(&self) -> BoundDictIterator<'py>;

    /// Calls `closure` with each entry, holding the dict's lock on free-threaded builds. Python
    /// code that `closure` runs may release the lock temporarily.
    ///
    /// # Errors
    /// The first error of `closure`, which ends the iteration.
    ///
    /// # Panics
    /// If `closure` adds or removes keys.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use std::cell::Cell;
    ///
    /// Python::attach(|py| {
    ///     let sum = Cell::new(0);
    ///     [("a", 1), ("b", 2)].into_py_dict(py)?.locked_for_each(|_key, value| {
    ///         sum.set(sum.get() + value.extract::<i32>()?);
    ///         Ok(())
    ///     })?;
    ///     assert_eq!(sum.get(), 3);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Next`, `PyCriticalSection_Begin`.
    #[track_caller]
    fn locked_for_each<F>(&self, closure: F) -> PyResult<()>
    where
        F: Fn(Bound<'py, PyAny>, Bound<'py, PyAny>) -> PyResult<()>;

    /// Returns the same object as a mapping.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     // A mapping raises `KeyError` where a dict returns `None`.
    ///     assert!(dict.get_item("z")?.is_none());
    ///     assert!(dict.as_mapping().get_item("z").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn as_mapping(&self) -> &Bound<'py, PyMapping>;

    /// Returns the same object as a mapping.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping: Bound<'_, PyMapping> = [("a", 1)].into_py_dict(py)?.into_mapping();
    ///     assert_eq!(mapping.get_item("a")?.extract::<i32>()?, 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn into_mapping(self) -> Bound<'py, PyMapping>;

    /// Adds the entries of `other`, replacing existing values: `dict.update(other)`.
    ///
    /// # Errors
    /// If `other` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 1)].into_py_dict(py)?;
    ///     dict.update([("b", 7), ("c", 7)].into_py_dict(py)?.as_mapping())?;
    ///     assert_eq!(dict.to_string(), "{'a': 1, 'b': 7, 'c': 7}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Update`.
    fn update(&self, other: &Bound<'_, PyMapping>) -> PyResult<()>;

    /// Adds the entries of `other` whose keys are missing.
    ///
    /// # Errors
    /// If `other` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     dict.update_if_missing([("a", 7), ("b", 7)].into_py_dict(py)?.as_mapping())?;
    ///     assert_eq!(dict.to_string(), "{'a': 1, 'b': 7}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Merge`.
    fn update_if_missing(&self, other: &Bound<'_, PyMapping>) -> PyResult<()>;

    /// Adds an entry if the key is missing, in one step: a value that is there is never replaced.
    /// Returns whether the entry was added.
    ///
    /// Before Python 3.13, the returned flag may be wrong if hashing or comparing the keys runs
    /// Python code (`__hash__`, `__eq__`) that adds or removes the key during the call: `false` for
    /// an entry that this call added, or `true` for one that other code added with the same value
    /// object.
    ///
    /// # Errors
    /// If the key is not hashable, or a conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     assert!(!dict.set_default("a", 7)?);
    ///     assert!(dict.set_default("b", 7)?);
    ///     assert_eq!(dict.to_string(), "{'a': 1, 'b': 7}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_SetDefaultRef`.
    fn set_default<K, V>(&self, key: K, default_value: V) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>;

    /// Does what [`set_default`](PyDictMethods::set_default) does, and also returns the value of
    /// the key afterwards.
    ///
    /// # Errors
    /// If the key is not hashable, or a conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     let (added, value) = dict.set_default_with_result("a", 7)?;
    ///     assert!(!added && value.extract::<i32>()? == 1);
    ///     let (added, value) = dict.set_default_with_result("b", 7)?;
    ///     assert!(added && value.extract::<i32>()? == 7);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_SetDefaultRef`.
    fn set_default_with_result<K, V>(
        &self,
        key: K,
        default_value: V,
    ) -> PyResult<(bool, Bound<'py, PyAny>)>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>;
}
