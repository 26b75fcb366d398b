//! [`PyDictMethods`]: what can be done with a dict.

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
    /// `dict.copy()`.
    ///
    /// # Errors
    /// If Python has no memory for it.
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

    /// The number of entries.
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

    /// Whether it has no entries.
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
    fn is_empty(&self) -> bool;

    /// `key in dict`.
    ///
    /// # Errors
    /// If the key is not hashable; what the conversion or a comparison raises.
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

    /// The value of a key; `None` if there is none.
    ///
    /// # Errors
    /// If the key is not hashable; what the conversion or a comparison raises.
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

    /// `dict[key] = value`.
    ///
    /// # Errors
    /// If the key is not hashable; what a conversion or a comparison raises.
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

    /// `del dict[key]`.
    ///
    /// # Errors
    /// `KeyError`, if there is none; else as for [`get_item`](PyDictMethods::get_item).
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

    /// A list of the keys.
    ///
    /// # Panics
    /// If Python has no memory for it.
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
    fn keys(&self) -> Bound<'py, PyList>;

    /// A list of the values.
    ///
    /// # Panics
    /// If Python has no memory for it.
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
    fn values(&self) -> Bound<'py, PyList>;

    /// A list of the entries as pairs.
    ///
    /// # Panics
    /// If Python has no memory for it.
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
    fn items(&self) -> Bound<'py, PyList>;

    /// An iterator over the entries, in insertion order.
    ///
    /// Values may be replaced meanwhile.
    ///
    /// # Panics
    /// The iterator panics if keys were added or removed since it was made.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", "1"), ("b", "2")].into_py_dict(py)?;
    ///     let texts: Vec<String> = dict.iter().map(|(key, value)| format!("{key}{value}")).collect();
    ///     assert_eq!(texts, ["a1", "b2"]);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Next`.
    fn iter(&self) -> BoundDictIterator<'py>;

    /// Calls `closure` with each entry, with the dict locked on free-threaded builds. Python code
    /// that `closure` runs may let go of the lock.
    ///
    /// # Errors
    /// The first of `closure`, which ends the iteration.
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
    fn locked_for_each<F>(&self, closure: F) -> PyResult<()>
    where
        F: Fn(Bound<'py, PyAny>, Bound<'py, PyAny>) -> PyResult<()>;

    /// The same object as a mapping.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1)].into_py_dict(py)?;
    ///     // A mapping raises `KeyError` where a dict gives `None`.
    ///     assert!(dict.get_item("z")?.is_none());
    ///     assert!(dict.as_mapping().get_item("z").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn as_mapping(&self) -> &Bound<'py, PyMapping>;

    /// The same object as a mapping.
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

    /// `dict.update(other)`.
    ///
    /// # Errors
    /// What `other` raises.
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

    /// Adds the entries of `other` whose keys are not there yet.
    ///
    /// # Errors
    /// What `other` raises.
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

    /// Adds an entry if the key is not there yet, in one step. Whether it did.
    ///
    /// # Errors
    /// As for [`set_item`](PyDictMethods::set_item).
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

    /// As [`set_default`](PyDictMethods::set_default), with the value that is there afterwards.
    ///
    /// # Errors
    /// As for [`set_item`](PyDictMethods::set_item).
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
