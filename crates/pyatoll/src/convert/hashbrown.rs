//! `HashMap` and `HashSet` of `hashbrown`: as those of the standard library.

use std::hash::{BuildHasher, Hash};

use hashbrown::{HashMap, HashSet};

use super::map::hash_map;
use super::set::hash_set;
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyDict, PySet};

hash_map!(HashMap, &'a K);
hash_set!(HashSet, &'a T);

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
