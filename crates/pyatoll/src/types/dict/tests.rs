//! Tests of dicts.

use super::{IntoPyDict, PyDict, PyDictMethods};
use crate::interpreter::Python;
use crate::types::{PyAnyMethods, PyList};

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
fn a_default_does_not_replace_a_value_that_a_comparison_adds() {
    Python::attach(|py| {
        let code = c"
class Key:
    __hash__ = lambda self: 1
class Watched:
    __hash__ = lambda self: 1
    def __eq__(self, other):
        global left
        left -= 1
        if left == 0:
            entries[key] = 'theirs'
        return False
key, entries = Key(), {Watched(): 0}
";
        let mut triggered = 0;
        for comparison in 1..6 {
            let names = PyDict::new(py);
            names.set_item("left", comparison).unwrap();
            py.run(code, Some(&names), None).unwrap();
            let name = |name| names.get_item(name).unwrap().unwrap();
            let entries = name("entries").cast_into::<PyDict>().unwrap();
            let result = entries.set_default_with_result(name("key"), "ours");
            let (added, value) = result.unwrap();
            let was_triggered = name("left").extract::<i32>().unwrap() <= 0;
            let expected = if was_triggered { "theirs" } else { "ours" };
            names.set_item("left", 0).unwrap();
            let now = entries.get_item(name("key")).unwrap().unwrap();
            assert_eq!(
                (added, value.to_string().as_str(), now.to_string().as_str()),
                (!was_triggered, expected, expected),
                "at comparison {comparison}"
            );
            triggered += i32::from(was_triggered);
        }
        assert!(triggered > 0);
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
