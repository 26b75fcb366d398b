//! `dict`.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

pub use super::dict_iter::BoundDictIterator;

use super::returned::{new_reference, new_reference_or_panic, status, truth};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject};
use crate::sync::critical_section::with_critical_section;
use crate::types::{PyAny, PyList, PyMapping};

/// Python's `dict`. Its methods are in [`PyDictMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{IntoPyDict, PyDict};
///
/// Python::attach(|py| {
///     let dict = PyDict::new(py);
///     dict.set_item("a", 1)?;
///     let other = [("b", 2), ("c", 3)].into_py_dict(py)?;
///     dict.update(other.as_mapping())?;
///     assert_eq!(dict.to_string(), "{'a': 1, 'b': 2, 'c': 3}");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyDict(PyAny);

native_type!(PyDict, PyDict_Type, PyDict_Check);

impl PyDict {
    /// An empty dict.
    ///
    /// # Panics
    /// If Python has no memory for it.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyDict::new(py);
    ///     assert!(dict.is_empty());
    ///     dict.set_item("a", 1)?;
    ///     assert_eq!(dict.to_string(), "{'a': 1}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyDict_New`.
    pub fn new(py: Python<'_>) -> Bound<'_, PyDict> {
        // SAFETY: attached; a new dict or null comes back.
        unsafe { new_reference_or_panic(py, ffi::PyDict_New()) }
    }

    /// A dict from an iterable of pairs, as `dict(pairs)`. The last of equal keys counts.
    ///
    /// # Errors
    /// If the items are not pairs, or a key is not hashable.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDict;
    ///
    /// Python::attach(|py| {
    ///     let pairs = py.eval(c"[('a', 1), ('b', 2)]", None, None)?;
    ///     assert_eq!(PyDict::from_sequence(&pairs)?.len(), 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// Source: `PyDict_MergeFromSeq2`.
    pub fn from_sequence<'py>(seq: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let dict = Self::new(seq.py());
        // SAFETY: attached; a dict and an object.
        let result = unsafe { ffi::PyDict_MergeFromSeq2(dict.as_ptr(), seq.as_ptr(), 1) };
        status(seq.py(), result)?;
        Ok(dict)
    }
}

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
    /// Source: `PyDict_Copy`.
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
    /// Source: `PyDict_Clear`.
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
    /// Source: `PyDict_Size`.
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
    /// Source: `PyDict_Contains`.
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
    /// Source: `PyDict_GetItemRef`.
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
    /// Source: `PyDict_SetItem`.
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
    /// Source: `PyDict_DelItem`.
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
    /// Source: `PyDict_Keys`.
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
    /// Source: `PyDict_Values`.
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
    /// Source: `PyDict_Items`.
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
    /// Source: `PyDict_Next`.
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
    /// Source: `PyDict_Update`.
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
    /// Source: `PyDict_Merge`.
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
    /// Source: `PyDict_SetDefaultRef`.
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
    /// Source: `PyDict_SetDefaultRef`.
    fn set_default_with_result<K, V>(
        &self,
        key: K,
        default_value: V,
    ) -> PyResult<(bool, Bound<'py, PyAny>)>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>;
}

impl<'py> PyDictMethods<'py> for Bound<'py, PyDict> {
    fn copy(&self) -> PyResult<Bound<'py, PyDict>> {
        // SAFETY: attached; a dict; a new one or null comes back.
        unsafe { new_reference(self.py(), ffi::PyDict_Copy(self.as_ptr())) }
    }

    fn clear(&self) {
        // SAFETY: attached; a dict.
        unsafe { ffi::PyDict_Clear(self.as_ptr()) };
    }

    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; a dict.
        unsafe { ffi::PyDict_Size(self.as_ptr()) as usize }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        contains(self, key.as_borrowed())
    }

    fn get_item<K>(&self, key: K) -> PyResult<Option<Bound<'py, PyAny>>>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        get_item(self, key.as_borrowed())
    }

    fn set_item<K, V>(&self, key: K, value: V) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        let value = value.into_pyobject_or_pyerr(self.py())?.into_any();
        set_item(self, key.as_borrowed(), value.as_borrowed())
    }

    fn del_item<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        // SAFETY: attached; a dict and an object.
        let result = unsafe { ffi::PyDict_DelItem(self.as_ptr(), key.as_ptr()) };
        status(self.py(), result)
    }

    fn keys(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; a dict; a new list or null comes back.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Keys(self.as_ptr())) }
    }

    fn values(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; a dict; a new list or null comes back.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Values(self.as_ptr())) }
    }

    fn items(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; a dict; a new list or null comes back.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Items(self.as_ptr())) }
    }

    fn iter(&self) -> BoundDictIterator<'py> {
        BoundDictIterator::new(self.clone())
    }

    fn locked_for_each<F>(&self, closure: F) -> PyResult<()>
    where
        F: Fn(Bound<'py, PyAny>, Bound<'py, PyAny>) -> PyResult<()>,
    {
        with_critical_section(self, || {
            self.iter().try_for_each(|(key, value)| closure(key, value))
        })
    }

    #[inline]
    fn as_mapping(&self) -> &Bound<'py, PyMapping> {
        // SAFETY: a dict is a mapping.
        unsafe { self.cast_unchecked() }
    }

    #[inline]
    fn into_mapping(self) -> Bound<'py, PyMapping> {
        // SAFETY: a dict is a mapping.
        unsafe { self.cast_into_unchecked() }
    }

    fn update(&self, other: &Bound<'_, PyMapping>) -> PyResult<()> {
        // SAFETY: attached; a dict and an object.
        let result = unsafe { ffi::PyDict_Update(self.as_ptr(), other.as_ptr()) };
        status(self.py(), result)
    }

    fn update_if_missing(&self, other: &Bound<'_, PyMapping>) -> PyResult<()> {
        // SAFETY: attached; a dict and an object.
        let result = unsafe { ffi::PyDict_Merge(self.as_ptr(), other.as_ptr(), 0) };
        status(self.py(), result)
    }

    fn set_default<K, V>(&self, key: K, default_value: V) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let (added, _) = self.set_default_with_result(key, default_value)?;
        Ok(added)
    }

    fn set_default_with_result<K, V>(
        &self,
        key: K,
        default_value: V,
    ) -> PyResult<(bool, Bound<'py, PyAny>)>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        let value = default_value.into_pyobject_or_pyerr(self.py())?.into_any();
        let mut result = null_mut();
        // SAFETY: attached; a dict and two objects. Unless it fails, `result` is a new reference.
        unsafe {
            let present = truth(
                self.py(),
                ffi::compat::PyDict_SetDefaultRef(
                    self.as_ptr(),
                    key.as_ptr(),
                    value.as_ptr(),
                    &raw mut result,
                ),
            )?;
            Ok((!present, Bound::from_owned_ptr(self.py(), result)))
        }
    }
}

fn contains(dict: &Bound<'_, PyDict>, key: Borrowed<'_, '_, PyAny>) -> PyResult<bool> {
    // SAFETY: attached; a dict and an object.
    truth(dict.py(), unsafe {
        ffi::PyDict_Contains(dict.as_ptr(), key.as_ptr())
    })
}

fn get_item<'py>(
    dict: &Bound<'py, PyDict>,
    key: Borrowed<'_, '_, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut value = null_mut();
    // SAFETY: attached; a dict and an object. `value` is a new reference or null.
    unsafe {
        let found = ffi::compat::PyDict_GetItemRef(dict.as_ptr(), key.as_ptr(), &raw mut value);
        status(dict.py(), found)?;
        Ok(Bound::from_owned_ptr_or_opt(dict.py(), value))
    }
}

fn set_item(
    dict: &Bound<'_, PyDict>,
    key: Borrowed<'_, '_, PyAny>,
    value: Borrowed<'_, '_, PyAny>,
) -> PyResult<()> {
    // SAFETY: attached; a dict and two objects.
    status(dict.py(), unsafe {
        ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr())
    })
}

/// Pairs that make a dict: for keyword arguments, and the like.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::IntoPyDict;
///
/// Python::attach(|py| {
///     let dict = vec![("a", 1), ("b", 2)].into_py_dict(py)?;
///     assert_eq!(dict.to_string(), "{'a': 1, 'b': 2}");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait IntoPyDict<'py>: Sized {
    /// Makes the dict. The last of equal keys counts.
    ///
    /// # Errors
    /// What a conversion raises; if a key is not hashable.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2), ("a", 3)].into_py_dict(py)?;
    ///     assert_eq!(dict.to_string(), "{'a': 3, 'b': 2}");
    ///     assert!([(PyList::empty(py), 1)].into_py_dict(py).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn into_py_dict(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>>;
}

impl<'py, T, I> IntoPyDict<'py> for I
where
    T: PyDictItem<'py>,
    I: IntoIterator<Item = T>,
{
    fn into_py_dict(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for item in self {
            item.set_in(&dict)?;
        }
        Ok(dict)
    }
}

/// A pair, or a reference to one. Private, so that nothing else implements it.
trait PyDictItem<'py> {
    fn set_in(self, dict: &Bound<'py, PyDict>) -> PyResult<()>;
}

impl<'py, K, V> PyDictItem<'py> for (K, V)
where
    K: IntoPyObject<'py>,
    V: IntoPyObject<'py>,
{
    fn set_in(self, dict: &Bound<'py, PyDict>) -> PyResult<()> {
        dict.set_item(self.0, self.1)
    }
}

impl<'a, 'py, K, V> PyDictItem<'py> for &'a (K, V)
where
    &'a K: IntoPyObject<'py>,
    &'a V: IntoPyObject<'py>,
{
    fn set_in(self, dict: &Bound<'py, PyDict>) -> PyResult<()> {
        dict.set_item(&self.0, &self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::{IntoPyDict, PyDict, PyDictMethods};
    use crate::interpreter::Python;
    use crate::types::PyList;

    #[test]
    fn a_key_without_a_hash_is_an_error_everywhere() {
        Python::attach(|py| {
            let dict = PyDict::new(py);
            let key = PyList::empty(py);
            assert!(dict.get_item(&key).is_err());
            assert!(dict.contains(&key).is_err());
            assert!(dict.set_item(&key, "x").is_err());
            assert!(dict.del_item(&key).is_err());
            assert!(dict.set_default(&key, "x").is_err());
            assert!([(key, "x")].into_py_dict(py).is_err());
        });
    }

    #[test]
    fn defaults_do_not_replace() {
        Python::attach(|py| {
            let dict = PyDict::new(py);
            let (added, value) = dict.set_default_with_result("k", "first").unwrap();
            assert!(added && value.to_string() == "first");
            let (added, value) = dict.set_default_with_result("k", "second").unwrap();
            assert!(!added && value.to_string() == "first");
        });
    }

    #[test]
    fn what_are_not_pairs_make_no_dict() {
        Python::attach(|py| {
            let items = py.eval(c"[(1, 2), (3,)]", None, None).unwrap();
            let error = PyDict::from_sequence(&items).unwrap_err();
            assert!(error.to_string().starts_with("ValueError"), "{error}");
        });
    }

    #[test]
    fn any_mapping_can_be_merged() {
        Python::attach(|py| {
            let code = c"__import__('types').MappingProxyType({'a': 'new', 'b': 'new'})";
            let mapping = py.eval(code, None, None).unwrap();
            let mapping = mapping.cast::<crate::types::PyMapping>().unwrap();
            let dict = [("a", "old")].into_py_dict(py).unwrap();
            dict.update_if_missing(mapping).unwrap();
            assert_eq!(dict.to_string(), "{'a': 'old', 'b': 'new'}");
            dict.update(mapping).unwrap();
            assert_eq!(dict.to_string(), "{'a': 'new', 'b': 'new'}");
        });
    }
}
