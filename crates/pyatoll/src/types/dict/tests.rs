//! Tests of dicts.

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
fn a_default_does_not_replace_a_value() {
    Python::attach(|py| {
        let dict = PyDict::new(py);
        let (added, value) = dict.set_default_with_result("k", "first").unwrap();
        assert!(added && value.to_string() == "first");
        let (added, value) = dict.set_default_with_result("k", "second").unwrap();
        assert!(!added && value.to_string() == "first");
    });
}

#[test]
fn items_that_are_not_pairs_are_an_error() {
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
