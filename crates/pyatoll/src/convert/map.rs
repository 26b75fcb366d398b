//! `HashMap` and `BTreeMap`: to and from a `dict`.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use pyo3_ffi as ffi;

use super::compat;
use super::recursion::RecursionGuard;
use super::traits::private::Token;
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::interpreter::{Python, layout};
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyDict};

pub(super) fn new<'py, K, V>(
    py: Python<'py>,
    entries: impl IntoIterator<Item = (K, V)>,
) -> PyResult<Bound<'py, PyDict>>
where
    K: IntoPyObject<'py>,
    V: IntoPyObject<'py>,
{
    // SAFETY: attached; the call returns a new reference to a dict, or null with an exception.
    let dict = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyDict_New())? };
    for (key, value) in entries {
        let (key, value) = (key.into_bound_py_any(py)?, value.into_bound_py_any(py)?);
        // SAFETY: attached; all objects are alive; the dict takes its own references.
        error_on_minusone(py, unsafe {
            ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr())
        })?;
    }
    // SAFETY: created above as a dict.
    Ok(unsafe { dict.cast_into_unchecked() })
}

/// Passes the entries of a `dict` to `put`. Converting one may run arbitrary code, so a snapshot of
/// the entries is used where that can happen.
pub(super) fn read<'py, K, V>(
    object: Borrowed<'_, 'py, PyAny>,
    mut put: impl FnMut(K, V),
) -> PyResult<()>
where
    K: FromPyObjectOwned<'py>,
    V: FromPyObjectOwned<'py>,
{
    let py = object.py();
    let dict = object.cast::<PyDict>()?;
    let done = if compat::BORROWED_ITEMS_ARE_STABLE {
        read_plain(&dict, &mut put)
    } else {
        0
    };
    if done == len(object) {
        return Ok(());
    }
    let _guard = RecursionGuard::enter::<(K, V)>(py)?;
    // SAFETY: attached, a dict; `PyDict_Items` returns a new list of pairs, or null with an
    // exception. A pair is immutable and keeps its items alive; it is owned here, as code that a
    // conversion runs can find the list with `gc.get_objects` and change it.
    unsafe {
        let items = Bound::from_owned_ptr_or_err(py, ffi::PyDict_Items(dict.as_ptr()))?;
        for index in done as ffi::Py_ssize_t..ffi::PyList_Size(items.as_ptr()) {
            let pair = ffi::compat::PyList_GetItemRef(items.as_ptr(), index);
            let pair = Bound::from_owned_ptr_or_err(py, pair)?;
            let key = Borrowed::from_ptr(py, ffi::PyTuple_GetItem(pair.as_ptr(), 0));
            let value = Borrowed::from_ptr(py, ffi::PyTuple_GetItem(pair.as_ptr(), 1));
            let key = K::extract(key).map_err(Into::into)?;
            put(key, V::extract(value).map_err(Into::into)?);
        }
    }
    Ok(())
}

/// Passes entries to `put` until converting one would run code; returns their number. Requires
/// [`compat::BORROWED_ITEMS_ARE_STABLE`].
fn read_plain<'py, K, V>(dict: &Bound<'py, PyDict>, put: &mut impl FnMut(K, V)) -> usize
where
    K: FromPyObjectOwned<'py>,
    V: FromPyObjectOwned<'py>,
{
    let py = dict.py();
    let (mut position, mut done) = (0, 0);
    let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: attached, a dict. The borrowed key and value are read before any other code runs;
    // only `put` may run code (a hasher that uses Python), and `PyDict_Next` tolerates a changed
    // dict.
    unsafe {
        while ffi::PyDict_Next(
            dict.as_ptr(),
            &raw mut position,
            &raw mut key,
            &raw mut value,
        ) != 0
        {
            let Some(key) = K::extract_plain(Borrowed::from_ptr(py, key), Token) else {
                break;
            };
            let Some(value) = V::extract_plain(Borrowed::from_ptr(py, value), Token) else {
                break;
            };
            put(key, value);
            done += 1;
        }
    }
    done
}

/// Returns the number of entries, or 0 if the object is not a `dict`.
pub(super) fn len(object: Borrowed<'_, '_, PyAny>) -> usize {
    object.cast::<PyDict>().map_or(0, |dict| {
        // SAFETY: attached; a live dict.
        unsafe { layout::size_of_dict(dict.as_ptr()) }
    })
}

/// Implements the conversions of a hash map, to and from a `dict`. `$key` is the type that has to
/// be hashable in the conversion of a borrowed map with keys of type `K`.
macro_rules! hash_map {
    ($map:ident, $key:ty) => {
        impl<'py, K, V, S> IntoPyObject<'py> for $map<K, V, S>
        where
            K: IntoPyObject<'py> + Eq + Hash,
            V: IntoPyObject<'py>,
            S: BuildHasher,
        {
            type Target = PyDict;
            type Output = Bound<'py, PyDict>;
            type Error = PyErr;

            crate::object::hint! {
                OUTPUT_TYPE =
                    type_hint_subscript!(of::<crate::types::PyDict>(), K::OUTPUT_TYPE, V::OUTPUT_TYPE)
            }

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                $crate::convert::map::new(py, self)
            }
        }

        impl<'a, 'py, K, V, S> IntoPyObject<'py> for &'a $map<K, V, S>
        where
            &'a K: IntoPyObject<'py>,
            &'a V: IntoPyObject<'py>,
            $key: Eq + Hash,
            S: BuildHasher,
        {
            type Target = PyDict;
            type Output = Bound<'py, PyDict>;
            type Error = PyErr;

            crate::object::hint! {
                OUTPUT_TYPE =
                    type_hint_subscript!(of::<crate::types::PyDict>(), <&'a K>::OUTPUT_TYPE, <&'a V>::OUTPUT_TYPE)
            }

            fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
                $crate::convert::map::new(py, self)
            }
        }

        impl<'a, 'py, K, V, S> FromPyObject<'a, 'py> for $map<K, V, S>
        where
            K: FromPyObjectOwned<'py> + Eq + Hash,
            V: FromPyObjectOwned<'py>,
            S: BuildHasher + Default,
        {
            type Error = PyErr;

            crate::object::hint! {
                INPUT_TYPE =
                    type_hint_subscript!(of::<crate::types::PyDict>(), K::INPUT_TYPE, V::INPUT_TYPE)
            }

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                let len = $crate::convert::map::len(object);
                let mut map = $map::with_capacity_and_hasher(len, S::default());
                $crate::convert::map::read(object, |key, value| {
                    map.insert(key, value);
                })?;
                Ok(map)
            }
        }
    };
}
#[cfg(any(feature = "hashbrown", feature = "indexmap"))]
pub(super) use hash_map;

hash_map!(HashMap, K);

impl<'py, K, V> IntoPyObject<'py> for BTreeMap<K, V>
where
    K: IntoPyObject<'py>,
    V: IntoPyObject<'py>,
{
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    crate::object::hint! {
        OUTPUT_TYPE =
            type_hint_subscript!(of::<crate::types::PyDict>(), K::OUTPUT_TYPE, V::OUTPUT_TYPE)
    }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        new(py, self)
    }
}

impl<'a, 'py, K, V> IntoPyObject<'py> for &'a BTreeMap<K, V>
where
    &'a K: IntoPyObject<'py>,
    &'a V: IntoPyObject<'py>,
{
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    crate::object::hint! {
        OUTPUT_TYPE =
            type_hint_subscript!(of::<crate::types::PyDict>(), <&'a K>::OUTPUT_TYPE, <&'a V>::OUTPUT_TYPE)
    }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        new(py, self)
    }
}

impl<'a, 'py, K, V> FromPyObject<'a, 'py> for BTreeMap<K, V>
where
    K: FromPyObjectOwned<'py> + Ord,
    V: FromPyObjectOwned<'py>,
{
    type Error = PyErr;

    crate::object::hint! {
        INPUT_TYPE =
            type_hint_subscript!(of::<crate::types::PyDict>(), K::INPUT_TYPE, V::INPUT_TYPE)
    }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let mut map = BTreeMap::new();
        read(object, |key, value| {
            map.insert(key, value);
        })?;
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::PyDict;

    proptest! {
        #[test]
        fn every_map_survives(value: BTreeMap<String, i64>) {
            Python::attach(|py| {
                let hashed: HashMap<_, _> = value.clone().into_iter().collect();
                for object in [
                    (&value).into_bound_py_any(py)?,
                    value.clone().into_bound_py_any(py)?,
                    (&hashed).into_bound_py_any(py)?,
                    hashed.clone().into_bound_py_any(py)?,
                ] {
                    assert!(object.cast::<PyDict>().is_ok());
                    let object = object.as_borrowed();
                    assert_eq!(object.extract::<BTreeMap<String, i64>>()?, value);
                    assert_eq!(object.extract::<HashMap<String, i64>>()?, hashed);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn keys_and_values_of_other_types_are_refused() {
        Python::attach(|py| {
            for (code, expected) in [
                (
                    c"[]",
                    "TypeError: 'list' object is not an instance of 'dict'",
                ),
                (
                    c"{1: 1}",
                    "TypeError: 'int' object is not an instance of 'str'",
                ),
                (
                    c"{'1': None}",
                    "TypeError: 'NoneType' object cannot be interpreted as an integer",
                ),
            ] {
                let object = py.eval(code, None, None)?;
                let object = object.as_borrowed();
                let error = object.extract::<HashMap<String, i32>>().unwrap_err();
                assert_eq!(error.to_string(), expected);
                let error = object.extract::<BTreeMap<String, i32>>().unwrap_err();
                assert_eq!(error.to_string(), expected);
            }
            let unhashable = BTreeMap::from([(vec![1], 1)]).into_bound_py_any(py);
            assert!(unhashable.unwrap_err().to_string().contains("unhashable"));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn a_dict_that_is_cleared_during_the_conversion_is_read_completely() {
        Python::attach(|py| {
            let code = c"(lambda d: (d.update({i: type('I', (), \
                {'__index__': lambda s: d.clear() or 7})() for i in range(3)}), d)[1])({})";
            let object = py.eval(code, None, None)?;
            let map = object.as_borrowed().extract::<BTreeMap<i32, i32>>()?;
            assert_eq!(map, BTreeMap::from([(0, 7), (1, 7), (2, 7)]));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
