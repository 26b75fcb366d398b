//! `IndexMap`: to and from a `dict`, in its order.

use std::hash::{BuildHasher, Hash};

use indexmap::IndexMap;

use super::map::hash_map;
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyDict};

hash_map!(IndexMap, &'a K);

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyDict};

    proptest! {
        #[test]
        fn every_map_survives_in_its_order(entries: Vec<(String, i64)>) {
            Python::attach(|py| {
                let map: IndexMap<_, _> = entries.into_iter().collect();
                for object in [(&map).into_bound_py_any(py)?, map.clone().into_bound_py_any(py)?] {
                    assert!(object.is_exact_instance_of::<PyDict>());
                    let keys: Vec<String> =
                        py.import("builtins")?.getattr("list")?.call1((&object,))?.extract()?;
                    assert!(keys.iter().eq(map.keys()));
                    let found = object.extract::<IndexMap<String, i64>>()?;
                    assert!(found.iter().eq(map.iter()));
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn values_that_run_code_keep_the_order_and_errors_are_those_of_a_map() {
        Python::attach(|py| {
            // The second value ends the fast path.
            let code = c"{'b': 1, 'a': type('I', (), {'__index__': lambda self: 2})(), 'c': 3}";
            let map = py
                .eval(code, None, None)?
                .extract::<IndexMap<String, i32>>()?;
            assert!(
                map.into_iter()
                    .eq([("b".into(), 1), ("a".into(), 2), ("c".into(), 3)])
            );
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
                let error = py
                    .eval(code, None, None)?
                    .extract::<IndexMap<String, i32>>();
                assert_eq!(error.unwrap_err().to_string(), expected);
            }
            let code = c"type('D', (dict,), {'items': None, '__iter__': None})({'a': 1})";
            let map = py
                .eval(code, None, None)?
                .extract::<IndexMap<String, i32>>()?;
            assert_eq!(map["a"], 1);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
