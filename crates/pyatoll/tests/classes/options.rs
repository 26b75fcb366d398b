//! `eq`, `ord`, `hash`, `str`, `dict`, `weakref`, `unsendable`, `freelist`, `sequence`, `mapping`,
//! `generic`, `immutable_type`, `new`.

use std::fmt;

use pyatoll::prelude::*;
use pyatoll::types::PyList;

use crate::run;

#[pyclass(frozen, eq, ord, hash, str)]
#[derive(PartialEq, PartialOrd, Hash)]
struct Version(u32, u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[test]
fn comparison_hash_and_str_are_those_of_the_value() {
    Python::attach(|py| {
        let one = Bound::new(py, Version(1, 2)).unwrap();
        let same = Bound::new(py, Version(1, 2)).unwrap();
        let later = Bound::new(py, Version(1, 3)).unwrap();
        run(
            py,
            &[("one", &one), ("same", &same), ("later", &later)],
            c"
assert one == same and one != later and not one != same
assert one < later and later > one and one <= same and one >= same
assert not one == 5 and one != None
assert hash(one) == hash(same) != hash(later)
assert {one: 1}[same] == 1
assert str(one) == '1.2'
try:
    one < 5
except TypeError as error:
    assert \"'<' not supported between instances of\" in str(error), error
else:
    assert False
",
        );
    });
}

#[pyclass(eq)]
#[derive(PartialEq)]
struct OnlyEqual(u8);

#[test]
fn a_class_that_compares_but_does_not_hash_is_unhashable() {
    Python::attach(|py| {
        let object = Bound::new(py, OnlyEqual(1)).unwrap();
        assert!(object.hash().is_err());
        let other = Bound::new(py, OnlyEqual(1)).unwrap();
        assert!(object.eq(&other).unwrap());
        assert!(object.lt(&other).is_err());
    });
}

#[pyclass(str = "{x:03}-{r#type}/{{x}}")]
struct Formatted {
    x: i32,
    r#type: String,
}

#[pyclass(str = "<{0}|{1:?}>")]
struct FormattedTuple(u8, &'static str);

#[test]
fn a_format_string_names_fields() {
    Python::attach(|py| {
        let object = Bound::new(
            py,
            Formatted {
                x: 7,
                r#type: "t".into(),
            },
        )
        .unwrap();
        assert_eq!(object.to_string(), "007-t/{x}");
        let object = Bound::new(py, FormattedTuple(1, "a")).unwrap();
        assert_eq!(object.to_string(), "<1|\"a\">");
    });
}

#[pyclass(dict, weakref)]
struct Open {}

#[test]
fn instances_have_a_dict_and_weak_references_on_request() {
    Python::attach(|py| {
        let object = Bound::new(py, Open {}).unwrap();
        run(
            py,
            &[("object", &object)],
            c"
import weakref
assert object.__dict__ == {}
object.attribute = 5
assert object.__dict__ == {'attribute': 5} and object.attribute == 5
object.__dict__ = {'other': 6}
assert object.other == 6
reference = weakref.ref(object)
assert reference() is object
object.itself = object
del object
",
        );
        let weak = py
            .import("weakref")
            .unwrap()
            .call_method1("ref", (&object,))
            .unwrap();
        drop(object);
        crate::collector(py).call0().unwrap();
        assert!(
            weak.call0().unwrap().is_none(),
            "the cycle was not collected"
        );
    });
}

#[pyclass]
struct Closed {}

#[test]
fn instances_have_neither_by_default() {
    Python::attach(|py| {
        let object = Bound::new(py, Closed {}).unwrap();
        assert!(object.setattr("attribute", 1).is_err());
        assert!(
            py.import("weakref")
                .unwrap()
                .call_method1("ref", (&object,))
                .is_err()
        );
    });
}

#[pyclass(unsendable)]
struct UnsendableNumber {
    #[pyo3(get)]
    value: usize,
    _not_send: std::rc::Rc<u8>,
}

#[test]
fn an_unsendable_value_stays_with_its_thread() {
    Python::attach(|py| {
        let object = Py::new(
            py,
            UnsendableNumber {
                value: 5,
                _not_send: std::rc::Rc::new(1),
            },
        )
        .unwrap();
        assert_eq!(object.getattr(py, "value").unwrap().to_string(), "5");
        let object = py.detach(move || {
            std::thread::spawn(move || {
                Python::attach(|py| {
                    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        let _ = object.try_borrow(py);
                    }))
                    .unwrap_err();
                    let message = panic.downcast::<String>().unwrap();
                    assert!(message.ends_with("is unsendable, but sent to another thread"));
                });
                object
            })
            .join()
            .unwrap()
        });
        assert_eq!(object.borrow(py).value, 5);
    });
}

#[test]
#[cfg_attr(
    Py_GIL_DISABLED,
    ignore = "the interpreter leaves the last reference to the thread that created the object"
)]
fn an_unsendable_value_is_not_dropped_by_another_thread() {
    struct Flag(std::sync::Arc<std::sync::atomic::AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
    #[pyclass(unsendable)]
    struct Dropped {
        _flag: Flag,
        _not_send: std::rc::Rc<u8>,
    }
    let _hook = crate::unraisable_hook();
    let dropped = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    Python::attach(|py| {
        let hook = py
            .eval(
                c"(lambda seen: (seen, setattr(__import__('sys'), 'unraisablehook', \
                  lambda event: seen.append(str(event.exc_value)))))([])",
                None,
                None,
            )
            .unwrap();
        let object = Py::new(
            py,
            Dropped {
                _flag: Flag(dropped.clone()),
                _not_send: std::rc::Rc::new(1),
            },
        )
        .unwrap();
        py.detach(move || {
            std::thread::spawn(move || Python::attach(|_py| drop(object)))
                .join()
                .unwrap();
        });
        let seen = hook.get_item(0).unwrap().to_string();
        py.run(
            c"import sys; sys.unraisablehook = sys.__unraisablehook__",
            None,
            None,
        )
        .unwrap();
        assert!(
            seen.contains("is unsendable, but is being dropped on another thread"),
            "{seen}"
        );
        assert!(!dropped.load(std::sync::atomic::Ordering::Relaxed));
    });
}

#[pyclass(freelist = 2)]
struct Reused {
    #[pyo3(get)]
    number: usize,
}

#[test]
fn a_freelist_reuses_the_memory_of_dead_instances() {
    Python::attach(|py| {
        let first = Bound::new(py, Reused { number: 1 }).unwrap();
        let address = first.as_ptr();
        drop(first);
        let mut others = Vec::new();
        for number in 0..4 {
            others.push(Bound::new(py, Reused { number }).unwrap());
        }
        assert_eq!(others[0].as_ptr(), address);
        for (number, other) in others.iter().enumerate() {
            assert_eq!(other.borrow().number, number);
        }
        drop(others);
        assert_eq!(
            Bound::new(py, Reused { number: 9 })
                .unwrap()
                .borrow()
                .number,
            9
        );
    });
}

#[pyclass(freelist = 4)]
struct Passed {
    #[pyo3(get)]
    number: usize,
}

#[test]
fn a_freelist_reuses_memory_while_other_threads_read() {
    let list: Py<PyList> = Python::attach(|py| {
        let first = Py::new(py, Passed { number: 0 }).unwrap();
        PyList::new(py, [first]).unwrap().unbind()
    });
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let list = &list;
            scope.spawn(move || {
                Python::attach(|py| {
                    for number in 0..2000 {
                        let passed = Py::new(py, Passed { number }).unwrap();
                        list.bind(py).set_item(0, passed).unwrap();
                        if number % 100 == thread {
                            py.detach(std::thread::yield_now);
                        }
                    }
                });
            });
            scope.spawn(move || {
                Python::attach(|py| {
                    for round in 0..2000 {
                        let seen = list.bind(py).get_item(0).unwrap();
                        assert!(seen.cast::<Passed>().unwrap().borrow().number < 2000);
                        if round % 100 == thread {
                            py.detach(std::thread::yield_now);
                        }
                    }
                });
            });
        }
    });
}

#[pyclass(sequence)]
struct Row(Vec<u8>);

#[pymethods]
impl Row {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<u8> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.0.get(index).copied())
            .ok_or_else(|| pyatoll::exceptions::PyIndexError::new_err("no such item"))
    }
}

#[pyclass(mapping)]
struct Table;

#[pymethods]
impl Table {
    fn __len__(&self) -> usize {
        1
    }

    fn __getitem__(&self, key: String) -> String {
        key
    }

    #[pyo3(signature = (key, default=None))]
    fn get(&self, key: String, default: Option<Py<PyAny>>) -> String {
        drop(default);
        key
    }
}

#[test]
fn sequences_and_mappings_match_their_patterns() {
    Python::attach(|py| {
        let row = Bound::new(py, Row(vec![4, 5])).unwrap();
        let table = Bound::new(py, Table).unwrap();
        run(
            py,
            &[("row", &row), ("table", &table)],
            c"
match row:
    case [first, second]:
        assert (first, second) == (4, 5)
    case _:
        assert False
match table:
    case {'key': value}:
        assert value == 'key'
    case _:
        assert False
match table:
    case [*_]:
        assert False
    case _:
        pass
assert len(row) == 2 and list(row) == [4, 5] and 5 in row
assert len(table) == 1 and table['k'] == 'k'
import operator
assert operator.length_hint(row) == 2
",
        );
    });
}

#[pyclass(generic)]
struct Generic;

#[pyclass(immutable_type)]
struct Immutable;

#[pymethods]
impl Immutable {
    #[classattr]
    const VALUE: u8 = 1;
}

#[test]
fn generic_and_immutable_classes_behave_as_declared() {
    Python::attach(|py| {
        run(
            py,
            &[
                ("Generic", &py.get_type::<Generic>()),
                ("Immutable", &py.get_type::<Immutable>()),
            ],
            c"
import types
assert isinstance(Generic[int], types.GenericAlias)
assert Generic[int].__origin__ is Generic
assert Immutable.VALUE == 1
try:
    Immutable.VALUE = 2
except TypeError:
    pass
else:
    assert False
",
        );
    });
}

#[pyclass(new = "from_fields", get_all)]
struct FromFields {
    one: u8,
    two: String,
}

#[pyclass(new = "from_fields")]
struct FromTuple(#[pyo3(get, name = "zero")] u8);

#[test]
fn a_constructor_is_generated_from_the_fields() {
    Python::attach(|py| {
        run(
            py,
            &[
                ("FromFields", &py.get_type::<FromFields>()),
                ("FromTuple", &py.get_type::<FromTuple>()),
            ],
            c"
object = FromFields(1, two='b')
assert (object.one, object.two) == (1, 'b')
assert FromTuple(3).zero == 3
try:
    FromFields(1)
except TypeError as error:
    assert 'two' in str(error), error
else:
    assert False
",
        );
    });
}
