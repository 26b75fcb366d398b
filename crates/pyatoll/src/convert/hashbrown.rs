//! `HashMap` and `HashSet` of `hashbrown`: as those of the standard library.

use std::hash::{BuildHasher, Hash};

use hashbrown::{HashMap, HashSet};

use super::{map, set};
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyDict, PySet};

impl<'py, K, V, S> IntoPyObject<'py> for HashMap<K, V, S>
where
    K: IntoPyObject<'py> + Eq + Hash,
    V: IntoPyObject<'py>,
    S: BuildHasher,
{
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        map::new(py, self)
    }
}

impl<'a, 'py, K, V, S> IntoPyObject<'py> for &'a HashMap<K, V, S>
where
    &'a K: IntoPyObject<'py> + Eq + Hash,
    &'a V: IntoPyObject<'py>,
    S: BuildHasher,
{
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        map::new(py, self)
    }
}

impl<'a, 'py, K, V, S> FromPyObject<'a, 'py> for HashMap<K, V, S>
where
    K: FromPyObjectOwned<'py> + Eq + Hash,
    V: FromPyObjectOwned<'py>,
    S: BuildHasher + Default,
{
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let mut map = HashMap::with_capacity_and_hasher(map::len(object), S::default());
        map::read(object, |key, value| {
            map.insert(key, value);
        })?;
        Ok(map)
    }
}

impl<'py, T, S> IntoPyObject<'py> for HashSet<T, S>
where
    T: IntoPyObject<'py> + Eq + Hash,
    S: BuildHasher,
{
    type Target = PySet;
    type Output = Bound<'py, PySet>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        set::new(py, self)
    }
}

impl<'a, 'py, T, S> IntoPyObject<'py> for &'a HashSet<T, S>
where
    &'a T: IntoPyObject<'py> + Eq + Hash,
    S: BuildHasher,
{
    type Target = PySet;
    type Output = Bound<'py, PySet>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        set::new(py, self)
    }
}

impl<'a, 'py, T, S> FromPyObject<'a, 'py> for HashSet<T, S>
where
    T: FromPyObjectOwned<'py> + Eq + Hash,
    S: BuildHasher + Default,
{
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let mut set = HashSet::with_capacity_and_hasher(set::check(object)?, S::default());
        set::read(object, |value| {
            set.insert(value);
        })?;
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use std::collections;

    use hashbrown::{HashMap, HashSet};
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyDict, PySet};

    proptest! {
        #[test]
        fn every_map_survives(value: collections::HashMap<String, i64>) {
            Python::attach(|py| {
                let map: HashMap<_, _> = value.clone().into_iter().collect();
                for object in [(&map).into_bound_py_any(py)?, map.clone().into_bound_py_any(py)?] {
                    assert!(object.is_exact_instance_of::<PyDict>());
                    assert_eq!(object.extract::<HashMap<String, i64>>()?, map);
                    assert_eq!(object.extract::<collections::HashMap<String, i64>>()?, value);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }

        #[test]
        fn every_set_survives(value: collections::HashSet<String>) {
            Python::attach(|py| {
                let set: HashSet<_> = value.clone().into_iter().collect();
                for object in [(&set).into_bound_py_any(py)?, set.clone().into_bound_py_any(py)?] {
                    assert!(object.is_exact_instance_of::<PySet>());
                    assert_eq!(object.extract::<HashSet<String>>()?, set);
                }
                let frozen = py.import("builtins")?.getattr("frozenset")?.call1((&set,))?;
                assert_eq!(frozen.extract::<HashSet<String>>()?, set);
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn errors_are_those_of_the_standard_librarys_types() {
        Python::attach(|py| {
            for code in [c"[]", c"{1: 1}", c"{'1': None}", c"{'a', 1}", c"None"] {
                let object = py.eval(code, None, None)?;
                assert_eq!(
                    object
                        .extract::<HashMap<String, i32>>()
                        .map_err(|e| e.to_string())
                        .err(),
                    object
                        .extract::<collections::HashMap<String, i32>>()
                        .map_err(|e| e.to_string())
                        .err(),
                );
                assert_eq!(
                    object
                        .extract::<HashSet<String>>()
                        .map_err(|e| e.to_string())
                        .err(),
                    object
                        .extract::<collections::HashSet<String>>()
                        .map_err(|e| e.to_string())
                        .err(),
                );
            }
            let unhashable: HashSet<_> = [vec![1]].into();
            let error = unhashable.into_bound_py_any(py).unwrap_err().to_string();
            assert!(error.contains("unhashable"), "{error}");
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
