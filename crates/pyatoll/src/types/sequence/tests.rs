//! Tests of the sequence protocol.

use super::{PySequence, PySequenceMethods};
use crate::interpreter::Python;
use crate::types::{PyList, PyListMethods};

#[test]
fn only_instances_of_the_abstract_class_are_sequences() {
    Python::attach(|py| {
        for code in [c"[]", c"()", c"''", c"b''", c"range(1)", c"memoryview(b'')"] {
            let object = py.eval(code, None, None).unwrap();
            assert!(object.cast::<PySequence>().is_ok(), "{object:?}");
        }
        for code in [c"{}", c"{1}", c"1", c"iter([])", c"None"] {
            let object = py.eval(code, None, None).unwrap();
            let error = object.cast::<PySequence>().unwrap_err().to_string();
            assert!(
                error.ends_with("is not an instance of 'Sequence'"),
                "{error}"
            );
        }
    });
}

#[test]
fn each_interpreter_has_its_own_class() {
    use crate::PyTypeInfo;
    let main = Python::attach(|py| PySequence::type_object_raw(py) as usize);
    let sub = crate::SubInterpreter::builder().build().unwrap();
    let other = sub.attach(|py| PySequence::type_object_raw(py) as usize);
    assert_ne!(main, other.unwrap());
}

#[test]
fn in_place_operations_on_a_list_return_the_same_object() {
    Python::attach(|py| {
        let list = PyList::new(py, ["a"]).unwrap().into_sequence();
        let other = PyList::new(py, ["b"]).unwrap().into_sequence();
        let same = list.in_place_concat(&other).unwrap();
        assert!(same.as_unbound().is(list.as_unbound()));
        let same = list.in_place_repeat(2).unwrap();
        assert!(same.as_unbound().is(list.as_unbound()));
        assert_eq!(list.to_string(), "['a', 'b', 'a', 'b']");
    });
}

#[test]
fn an_immutable_sequence_refuses_changes() {
    Python::attach(|py| {
        let text = py.eval(c"'abc'", None, None).unwrap();
        let text = text.cast::<PySequence>().unwrap();
        assert!(text.set_item(0, "x").is_err());
        assert!(text.del_item(0).is_err());
        assert!(text.set_slice(0, 1, text.as_any()).is_err());
        assert!(text.del_slice(0, 1).is_err());
        assert!(text.get_item(usize::MAX).is_err());
        assert!(text.index("z").is_err());
    });
}
