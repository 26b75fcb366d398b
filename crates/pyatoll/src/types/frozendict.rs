//! `frozendict`, since 3.15.

use std::ptr::null_mut;

use super::dict::imp;
use super::returned::{new_reference, new_reference_or_panic};
use crate::capi as ffi;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, BoundObject};
use crate::types::{PyAny, PyDict, PyDictMethods, PyList, PyMapping};

/// Python's `frozendict`, since 3.15. Its methods are in [`PyFrozenDictMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyFrozenDict;
///
/// Python::attach(|py| {
///     let dict = PyFrozenDict::new(py, [("a", 1), ("b", 2)])?;
///     assert_eq!(dict.to_string(), "frozendict({'a': 1, 'b': 2})");
///     assert!(dict.set_item("a", 3).is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyFrozenDict_Type`.
#[repr(transparent)]
pub struct PyFrozenDict(PyAny);

native_type!(
    PyFrozenDict: ("builtins", "frozendict"), { ffi::frozendict_type() }, PyFrozenDict_Check
);

impl PyFrozenDict {
    /// Creates a frozen dict from keys and values. Of equal keys, the last value is kept.
    ///
    /// # Errors
    /// If a key is not hashable, or a conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyFrozenDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let dict = PyFrozenDict::new(py, [("a", 1), ("a", 2)])?;
    ///     assert_eq!(dict.to_string(), "frozendict({'a': 2})");
    ///     assert!(PyFrozenDict::new(py, [(PyList::empty(py), 1)]).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_SetItem`, `PyFrozenDict_New`.
    pub fn new<'py, K, V, I>(py: Python<'py>, iterable: I) -> PyResult<Bound<'py, PyFrozenDict>>
    where
        I: IntoIterator<Item = (K, V)>,
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let dict = PyDict::new(py);
        for (key, value) in iterable {
            dict.set_item(key, value)?;
        }
        create(py, dict.as_ptr())
    }

    /// Creates a frozen dict from a mapping, or from an iterable of pairs, like `frozendict(seq)`.
    ///
    /// # Errors
    /// If the items are not pairs, a key is not hashable, or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let pairs = py.eval(c"[('a', 1), ('b', 2)]", None, None)?;
    ///     assert_eq!(PyFrozenDict::from_sequence(&pairs)?.len(), 2);
    ///     let numbers = py.eval(c"[1, 2]", None, None)?;
    ///     assert!(PyFrozenDict::from_sequence(&numbers).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrozenDict_New`.
    pub fn from_sequence<'py>(seq: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyFrozenDict>> {
        create(seq.py(), seq.as_ptr())
    }

    /// Creates an empty frozen dict.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| assert!(PyFrozenDict::empty(py).unwrap().is_empty()));
    /// ```
    ///
    /// C API: `PyFrozenDict_New`.
    pub fn empty(py: Python<'_>) -> PyResult<Bound<'_, PyFrozenDict>> {
        create(py, null_mut())
    }
}

fn create(py: Python<'_>, items: *mut ffi::PyObject) -> PyResult<Bound<'_, PyFrozenDict>> {
    // SAFETY: attached; `items` is null or a valid object; returns a new frozen dict or null.
    unsafe { new_reference(py, ffi::PyFrozenDict_New(items)) }
}

/// The methods of [`PyFrozenDict`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyFrozenDict;
///
/// Python::attach(|py| {
///     let dict = PyFrozenDict::new(py, [("a", 1)])?;
///     assert!(dict.contains("a")?);
///     for (key, value) in &dict {
///         assert_eq!(format!("{key}: {value}"), "a: 1");
///     }
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyFrozenDict")]
pub trait PyFrozenDictMethods<'py>: crate::types::sealed::Sealed {
    /// Returns the number of entries.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| assert_eq!(PyFrozenDict::new(py, [("a", 1)]).unwrap().len(), 1));
    /// ```
    ///
    /// C API: `PyDict_Size`.
    fn len(&self) -> usize;

    /// Returns whether there are no entries.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| assert!(!PyFrozenDict::new(py, [("a", 1)]).unwrap().is_empty()));
    /// ```
    ///
    /// C API: `PyDict_Size`.
    fn is_empty(&self) -> bool;

    /// Returns whether the key is in the frozen dict: `key in self`.
    ///
    /// # Errors
    /// If the key is not hashable, or the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyFrozenDict::new(py, [("a", 1)])?;
    ///     assert!(dict.contains("a")? && !dict.contains("b")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_Contains`.
    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>;

    /// Returns the value of a key, or `None` if there is none.
    ///
    /// # Errors
    /// If the key is not hashable, or the conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyFrozenDict::new(py, [("a", 1)])?;
    ///     assert_eq!(dict.get_item("a")?.unwrap().extract::<i32>()?, 1);
    ///     assert!(dict.get_item("b")?.is_none());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_GetItemRef`.
    fn get_item<K>(&self, key: K) -> PyResult<Option<Bound<'py, PyAny>>>
    where
        K: IntoPyObject<'py>;

    /// Returns a list of the keys.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyFrozenDict::new(py, [("a", 1), ("b", 2)]).unwrap();
    ///     assert_eq!(dict.keys().to_string(), "['a', 'b']");
    /// });
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
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyFrozenDict::new(py, [("a", 1), ("b", 2)]).unwrap();
    ///     assert_eq!(dict.values().to_string(), "[1, 2]");
    /// });
    /// ```
    ///
    /// C API: `PyDict_Values`.
    #[track_caller]
    fn values(&self) -> Bound<'py, PyList>;

    /// Returns a list of the keys and values, in tuples.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyFrozenDict::new(py, [("a", 1), ("b", 2)]).unwrap();
    ///     assert_eq!(dict.items().to_string(), "[('a', 1), ('b', 2)]");
    /// });
    /// ```
    ///
    /// C API: `PyDict_Items`.
    #[track_caller]
    fn items(&self) -> Bound<'py, PyList>;

    /// Returns an iterator over the keys and values. It yields what is in the frozen dict: the
    /// methods of a subclass are not called.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyFrozenDict::new(py, [("a", 1), ("b", 2)]).unwrap();
    ///     let values: Vec<_> = dict.iter().map(|(_, value)| value.to_string()).collect();
    ///     assert_eq!(values, ["1", "2"]);
    /// });
    /// ```
    ///
    /// C API: `PyDict_Next`.
    fn iter(&self) -> BoundFrozenDictIterator<'py>;

    /// Returns this frozen dict as a mapping.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyFrozenDict::new(py, [("a", 1)]).unwrap();
    ///     assert!(dict.as_mapping().contains("a").unwrap());
    /// });
    /// ```
    fn as_mapping(&self) -> &Bound<'py, PyMapping>;

    /// Turns the handle into one to a mapping.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyFrozenDict;
    ///
    /// Python::attach(|py| {
    ///     let mapping = PyFrozenDict::new(py, [("a", 1)]).unwrap().into_mapping();
    ///     assert_eq!(mapping.len().unwrap(), 1);
    /// });
    /// ```
    fn into_mapping(self) -> Bound<'py, PyMapping>;
}

impl<'py> PyFrozenDictMethods<'py> for Bound<'py, PyFrozenDict> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; `self` is a frozen dict, whose size is never negative.
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
        // SAFETY: `self` is a frozen dict.
        unsafe { imp::contains(self.as_any(), key.as_borrowed()) }
    }

    fn get_item<K>(&self, key: K) -> PyResult<Option<Bound<'py, PyAny>>>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?.into_any();
        // SAFETY: `self` is a frozen dict.
        unsafe { imp::get_item(self.as_any(), key.as_borrowed()) }
    }

    #[track_caller]
    fn keys(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; `self` is a frozen dict; returns a new list or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Keys(self.as_ptr())) }
    }

    #[track_caller]
    fn values(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; `self` is a frozen dict; returns a new list or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Values(self.as_ptr())) }
    }

    #[track_caller]
    fn items(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; `self` is a frozen dict; returns a new list or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PyDict_Items(self.as_ptr())) }
    }

    fn iter(&self) -> BoundFrozenDictIterator<'py> {
        BoundFrozenDictIterator::new(self.clone())
    }

    #[inline]
    fn as_mapping(&self) -> &Bound<'py, PyMapping> {
        // SAFETY: a frozen dict is a mapping.
        unsafe { self.cast_unchecked() }
    }

    #[inline]
    fn into_mapping(self) -> Bound<'py, PyMapping> {
        // SAFETY: a frozen dict is a mapping.
        unsafe { self.cast_into_unchecked() }
    }
}

/// An iterator over the entries of a frozen dict: see [`PyFrozenDictMethods::iter`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyFrozenDict;
/// use pyatoll::types::iter::BoundFrozenDictIterator;
///
/// Python::attach(|py| {
///     let dict = PyFrozenDict::new(py, [("a", 1), ("b", 2)])?;
///     let mut entries: BoundFrozenDictIterator<'_> = dict.iter();
///     let (key, value) = entries.next().unwrap();
///     assert_eq!(format!("{key}{value}"), "a1");
///     assert_eq!(entries.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDict_Next`.
pub struct BoundFrozenDictIterator<'py> {
    dict: Bound<'py, PyFrozenDict>,
    /// The position that `PyDict_Next` maintains.
    position: ffi::Py_ssize_t,
    remaining: usize,
}

impl<'py> BoundFrozenDictIterator<'py> {
    fn new(dict: Bound<'py, PyFrozenDict>) -> Self {
        let remaining = dict.len();
        Self {
            dict,
            position: 0,
            remaining,
        }
    }
}

impl<'py> Iterator for BoundFrozenDictIterator<'py> {
    type Item = (Bound<'py, PyAny>, Bound<'py, PyAny>);

    fn next(&mut self) -> Option<Self::Item> {
        let (mut key, mut value) = (null_mut(), null_mut());
        // SAFETY: attached; `self.dict` is a frozen dict, which never changes and refers to the
        // entry, also while other threads are attached.
        unsafe {
            if ffi::PyDict_Next(
                self.dict.as_ptr(),
                &raw mut self.position,
                &raw mut key,
                &raw mut value,
            ) == 0
            {
                self.remaining = 0;
                return None;
            }
            self.remaining = self.remaining.saturating_sub(1);
            let py = self.dict.py();
            Some((
                Bound::from_borrowed_ptr(py, key),
                Bound::from_borrowed_ptr(py, value),
            ))
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }

    #[inline]
    fn count(self) -> usize {
        self.remaining
    }
}

impl ExactSizeIterator for BoundFrozenDictIterator<'_> {
    #[inline]
    fn len(&self) -> usize {
        self.remaining
    }
}

into_iterator!(
    PyFrozenDict,
    BoundFrozenDictIterator,
    (Bound<'py, PyAny>, Bound<'py, PyAny>)
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::interpreter::SubInterpreter;
    use crate::object::PyTypeInfo;
    use crate::types::{PyAnyMethods, PyListMethods, PyMappingMethods};

    type Pairs = Vec<(String, i64)>;

    fn pairs(dict: &Bound<'_, PyFrozenDict>) -> Pairs {
        dict.iter()
            .map(|(key, value)| (key.extract().unwrap(), value.extract().unwrap()))
            .collect()
    }

    proptest! {
        #[test]
        fn every_map_survives(map: BTreeMap<String, i64>, other: String) {
            Python::attach(|py| {
                let dict = PyFrozenDict::new(py, &map)?;
                let expected: Pairs = map.clone().into_iter().collect();
                prop_assert_eq!(&pairs(&dict), &expected);
                prop_assert_eq!(dict.len(), map.len());
                prop_assert_eq!(dict.is_empty(), map.is_empty());
                let items = dict.items();
                let again = PyFrozenDict::from_sequence(&items)?;
                prop_assert!(again.eq(&dict)? && again.hash()? == dict.hash()?);
                prop_assert_eq!(dict.keys().len() + dict.values().len(), 2 * map.len());
                for (key, value) in &map {
                    let found = dict.get_item(key)?.unwrap().extract::<i64>()?;
                    prop_assert_eq!(found, *value);
                }
                prop_assert_eq!(dict.contains(&other)?, map.contains_key(&other));
                prop_assert_eq!(dict.get_item(&other)?.is_some(), map.contains_key(&other));
                Ok(())
            })?;
        }

        #[test]
        fn the_last_of_equal_keys_is_kept(list: Vec<(u8, i64)>) {
            Python::attach(|py| {
                let dict = PyFrozenDict::new(py, list.iter().copied())?;
                let map: BTreeMap<u8, i64> = list.into_iter().collect();
                prop_assert_eq!(dict.len(), map.len());
                for (key, value) in map {
                    let found = dict.get_item(key)?.unwrap().extract::<i64>()?;
                    prop_assert_eq!(found, value);
                }
                Ok(())
            })?;
        }
    }

    #[test]
    fn an_iterator_counts_what_is_left() {
        Python::attach(|py| {
            let dict = PyFrozenDict::new(py, [("a", 1), ("b", 2), ("c", 3)]).unwrap();
            let mut entries = dict.iter();
            for left in (0..3).rev() {
                assert_eq!((entries.len() - 1, entries.next().is_some()), (left, true));
            }
            assert!(entries.next().is_none() && entries.next().is_none());
            assert_eq!(entries.size_hint(), (0, Some(0)));
            let mut entries = dict.into_iter();
            entries.next();
            assert_eq!(entries.count(), 2);
        });
    }

    #[test]
    fn a_frozen_dict_is_a_mapping_and_not_a_dict() {
        Python::attach(|py| {
            let dict = PyFrozenDict::new(py, [("a", 1)]).unwrap();
            assert!(dict.cast::<PyMapping>().is_ok());
            assert_eq!(dict.as_mapping().len().unwrap(), 1);
            assert_eq!(dict.clone().into_mapping().len().unwrap(), 1);
            let error = dict.cast::<PyDict>().unwrap_err().to_string();
            assert_eq!(error, "'frozendict' object is not an instance of 'dict'");
            let dict = PyDict::new(py);
            let error = dict.cast::<PyFrozenDict>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "'dict' object is not an instance of 'frozendict'"
            );
            assert!(PyFrozenDict::type_object(py).is(py.eval(c"frozendict", None, None).unwrap()));
        });
    }

    #[test]
    fn errors_are_pythons() {
        Python::attach(|py| {
            let unhashable = PyFrozenDict::new(py, [(PyList::empty(py), 1)]).unwrap_err();
            assert!(unhashable.to_string().contains("unhashable type: 'list'"));
            let numbers = PyList::new(py, [1, 2]).unwrap();
            assert!(PyFrozenDict::from_sequence(&numbers).is_err());
            let dict = PyFrozenDict::empty(py).unwrap();
            assert!(dict.get_item(PyList::empty(py)).is_err());
            assert!(dict.contains(PyList::empty(py)).is_err());
        });
    }

    #[test]
    fn a_subclass_is_read_without_its_methods() {
        Python::attach(|py| {
            let code = c"type('F', (frozendict,), {'__iter__': 1, '__len__': 1, 'items': 1})(a=1)";
            let object = py.eval(code, None, None).unwrap();
            let dict = object.cast::<PyFrozenDict>().unwrap();
            assert_eq!(pairs(dict), [("a".to_owned(), 1)]);
            assert_eq!((dict.len(), dict.items().len()), (1, 1));
        });
    }

    #[test]
    fn each_interpreter_has_its_own() {
        let sub = SubInterpreter::builder().build().unwrap();
        let dict = sub
            .attach(|py| PyFrozenDict::new(py, [("a", 1)]).unwrap().unbind())
            .unwrap();
        assert!(Python::attach(|py| dict.try_bind(py).is_err()));
        assert_eq!(sub.attach(|py| dict.bind(py).len()).unwrap(), 1);
        drop(dict);
        sub.close().unwrap();
    }
}
