//! Instances, fields, borrows, docs, class attributes.

use pyatoll::prelude::*;
use pyatoll::pyclass::{PyClassGuard, PyClassGuardMut};

use crate::run;

/// A point.
///
/// In a plane.
#[pyclass(get_all, set_all)]
struct Point {
    x: i32,
    /// How high.
    y: String,
}

#[test]
fn fields_are_read_and_set() {
    Python::attach(|py| {
        let value = Point {
            x: 1,
            y: "a".into(),
        };
        let point = Bound::new(py, value).unwrap();
        assert_eq!(point.getattr("x").unwrap().extract::<i32>().unwrap(), 1);
        point.setattr("x", 5).unwrap();
        point.setattr("y", "high").unwrap();
        assert_eq!(point.borrow().x, 5);
        assert_eq!(point.borrow().y, "high");
        let error = point.setattr("x", "no").unwrap_err();
        assert!(error.to_string().starts_with("TypeError"), "{error}");
        let error = point.delattr("x").unwrap_err();
        assert_eq!(error.to_string(), "AttributeError: property has no deleter");
    });
}

#[test]
fn doc_comments_become_docs() {
    Python::attach(|py| {
        run(
            py,
            &[("Point", &py.get_type::<Point>())],
            c"
assert Point.__doc__ == 'A point.\\n\\nIn a plane.', Point.__doc__
assert Point.y.__doc__ == 'How high.'
assert Point.x.__doc__ is None
assert Point.__name__ == Point.__qualname__ == 'Point'
assert Point.__module__ == 'builtins'
",
        );
    });
}

#[pyclass]
struct Unit;

#[pyclass]
struct Pair(
    #[pyo3(get, name = "first")] u8,
    #[pyo3(get, set, name = "second")] u8,
);

#[test]
fn unit_and_tuple_structs_become_classes() {
    Python::attach(|py| {
        let unit = Bound::new(py, Unit).unwrap();
        assert!(unit.is_instance_of::<Unit>());
        let pair = Bound::new(py, Pair(1, 2)).unwrap();
        pair.setattr("second", 7).unwrap();
        assert_eq!(pair.borrow().1, 7);
        assert!(pair.setattr("first", 7).is_err());
        assert_eq!(pair.getattr("first").unwrap().to_string(), "1");
    });
}

#[pyclass]
struct Renamed {
    #[pyo3(set, name = "x")]
    foo: i32,
}

#[test]
fn the_error_of_setting_a_field_has_its_rust_name() {
    Python::attach(|py| {
        let renamed = Bound::new(py, Renamed { foo: 0 }).unwrap();
        renamed.setattr("x", 1).unwrap();
        assert_eq!(renamed.borrow().foo, 1);
        let notes = |error: PyErr| error.value(py).getattr("__notes__").unwrap().to_string();
        let error = renamed.setattr("x", "no").unwrap_err();
        assert_eq!(notes(error), "[\"while processing 'foo'\"]");
        let pair = Bound::new(py, Pair(1, 2)).unwrap();
        let error = pair.setattr("second", "no").unwrap_err();
        assert_eq!(notes(error), "[\"while processing ''\"]");
    });
}

#[test]
fn a_class_without_a_constructor_refuses_to_be_called() {
    Python::attach(|py| {
        let error = py.get_type::<Unit>().call0().unwrap_err();
        assert_eq!(
            error.to_string(),
            "TypeError: cannot create 'builtins.Unit' instances"
        );
    });
}

#[test]
fn borrows_are_counted() {
    Python::attach(|py| {
        let point = Bound::new(
            py,
            Point {
                x: 1,
                y: String::new(),
            },
        )
        .unwrap();
        {
            let one = point.borrow();
            let two = point.borrow();
            assert_eq!(one.x + two.x, 2);
            let error = PyErr::from(point.try_borrow_mut().err().unwrap());
            assert_eq!(error.to_string(), "RuntimeError: Already borrowed");
        }
        {
            let _one = point.borrow_mut();
            let error = PyErr::from(point.try_borrow().err().unwrap());
            assert_eq!(error.to_string(), "RuntimeError: Already mutably borrowed");
            // Python code gets the same error.
            let error = point.getattr("x").unwrap_err();
            assert_eq!(error.to_string(), "RuntimeError: Already mutably borrowed");
        }
        point.borrow_mut().x = 3;
        assert_eq!(point.borrow().x, 3);
    });
}

#[test]
fn guards_borrow_like_refs() {
    Python::attach(|py| {
        let pair = Bound::new(py, Pair(1, 2)).unwrap();
        {
            let first = PyClassGuard::try_from(&pair).unwrap().map(|pair| &pair.0);
            assert_eq!(*first, 1);
            assert!(pair.try_borrow_mut().is_err());
        }
        {
            let mut second = PyClassGuardMut::try_from(&pair)
                .unwrap()
                .map(|pair| &mut pair.1);
            *second = 9;
            assert!(pair.try_borrow().is_err());
        }
        assert_eq!(pair.borrow_mut().1, 9);
    });
}

#[test]
fn a_py_handle_borrows_with_a_token() {
    let point: Py<Pair> = Python::attach(|py| Py::new(py, Pair(1, 2)).unwrap());
    Python::attach(|py| {
        point.borrow_mut(py).0 = 4;
        assert_eq!(point.borrow(py).0, 4);
        assert!(point.try_borrow(py).is_ok());
        let _held = point.borrow(py);
        assert!(point.try_borrow_mut(py).is_err());
    });
}

#[pyclass(from_py_object)]
#[derive(Clone, PartialEq, Debug)]
struct Copied {
    text: String,
}

#[test]
fn values_are_extracted_by_clone_and_by_borrow() {
    Python::attach(|py| {
        let value = Copied { text: "t".into() };
        let object = value.clone().into_pyobject(py).unwrap().into_any();
        assert_eq!(object.extract::<Copied>().unwrap(), value);
        assert_eq!(*object.extract::<PyRef<'_, Copied>>().unwrap(), value);
        assert_eq!(object.extract::<PyRefMut<'_, Copied>>().unwrap().text, "t");
        let number = 1_i32.into_pyobject(py).unwrap().into_any();
        let error = number.extract::<Copied>().expect_err("1 is no Copied");
        assert_eq!(
            error.to_string(),
            "TypeError: 'int' object is not an instance of 'Copied'"
        );
        let bound = object.cast::<Copied>().unwrap();
        let _mutable = bound.borrow_mut();
        let error = object.extract::<Copied>().unwrap_err();
        assert_eq!(error.to_string(), "RuntimeError: Already mutably borrowed");
    });
}

#[pyclass(frozen)]
struct Frozen {
    #[pyo3(get)]
    held: Py<PyAny>,
    #[pyo3(get)]
    maybe: Option<Py<PyAny>>,
    number: u64,
}

#[test]
fn a_frozen_value_is_read_without_a_borrow() {
    Python::attach(|py| {
        let list = py.eval(c"[1]", None, None).unwrap();
        let frozen = Bound::new(
            py,
            Frozen {
                held: list.clone().unbind(),
                maybe: None,
                number: 6,
            },
        )
        .unwrap();
        assert_eq!(frozen.get().number, 6);
        assert_eq!(frozen.as_borrowed().get().number, 6);
        let unbound = frozen.clone().unbind();
        assert_eq!(unbound.get().number, 6);
        assert!(frozen.getattr("held").unwrap().is(&list));
        assert!(frozen.getattr("maybe").unwrap().is_none());
        assert!(frozen.setattr("held", 1).is_err());
        // CPython reads the field itself.
        let descriptor = py.get_type::<Frozen>().getattr("held").unwrap();
        assert_eq!(
            descriptor.get_type().name().unwrap().to_string(),
            "member_descriptor"
        );
    });
}

#[pyclass]
struct Owner {
    #[pyo3(get, set)]
    held: Py<PyAny>,
}

#[test]
fn setting_a_field_drops_the_old_value_after_the_borrow() {
    Python::attach(|py| {
        let owner = Bound::new(py, Owner { held: py.None() }).unwrap();
        run(
            py,
            &[("owner", &owner)],
            c"
seen = []
class Old:
    def __del__(self):
        seen.append(owner.held)
owner.held = Old()
owner.held = 5
assert seen == [5], seen
",
        );
    });
}

#[pyclass]
#[pyo3(name = "Named", module = "some.module", rename_all = "camelCase")]
struct RustName {
    #[pyo3(get)]
    long_field: u8,
    #[pyo3(get, name = "own")]
    other_field: u8,
}

#[test]
fn classes_and_fields_are_renamed() {
    Python::attach(|py| {
        let object = Bound::new(
            py,
            RustName {
                long_field: 1,
                other_field: 2,
            },
        )
        .unwrap();
        run(
            py,
            &[("object", &object)],
            c"
cls = type(object)
assert cls.__name__ == 'Named' and cls.__module__ == 'some.module', cls
assert object.longField == 1 and object.own == 2
assert not hasattr(object, 'long_field') and not hasattr(object, 'other_field')
",
        );
    });
}

#[pyclass]
struct WithAttributes;

#[pymethods]
impl WithAttributes {
    #[classattr]
    const NUMBER: i32 = 5;

    #[classattr]
    fn instance(py: Python<'_>) -> PyResult<Py<WithAttributes>> {
        Py::new(py, WithAttributes)
    }

    #[classattr]
    fn unit() -> Unit {
        Unit
    }
}

#[test]
fn a_class_attribute_may_be_an_instance_of_its_class() {
    Python::attach(|py| {
        run(
            py,
            &[("cls", &py.get_type::<WithAttributes>())],
            c"
assert cls.NUMBER == 5
assert type(cls.instance) is cls
assert type(cls.unit).__name__ == 'Unit'
",
        );
    });
}

#[pyclass]
struct Failing;

static FAIL: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);

#[pymethods]
impl Failing {
    #[classattr]
    fn attribute() -> PyResult<u8> {
        if FAIL.load(std::sync::atomic::Ordering::Relaxed) {
            Err(pyatoll::exceptions::PyValueError::new_err("not yet"))
        } else {
            Ok(1)
        }
    }
}

#[test]
fn a_failing_class_attribute_names_the_class_and_can_be_retried() {
    Python::attach(|py| {
        let error = Py::new(py, Failing).expect_err("the attribute fails");
        assert_eq!(
            error.to_string(),
            "RuntimeError: An error occurred while initializing class Failing"
        );
        let cause = error.cause(py).unwrap();
        assert_eq!(
            cause.to_string(),
            "RuntimeError: An error occurred while initializing `Failing.attribute`"
        );
        assert_eq!(cause.cause(py).unwrap().to_string(), "ValueError: not yet");
        FAIL.store(false, std::sync::atomic::Ordering::Relaxed);
        assert!(Py::new(py, Failing).is_ok());
        let attribute = py.get_type::<Failing>().getattr("attribute").unwrap();
        assert_eq!(attribute.extract::<u8>().unwrap(), 1);
    });
}

static PANIC: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);

#[pyclass]
struct Panicking;

#[pymethods]
impl Panicking {
    #[classattr]
    fn attribute() -> u8 {
        assert!(
            !PANIC.swap(false, std::sync::atomic::Ordering::Relaxed),
            "not yet"
        );
        1
    }
}

#[test]
fn a_class_whose_attribute_panics_is_created_again() {
    Python::attach(|py| {
        let create = || py.get_type::<Panicking>();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(create)).unwrap_err();
        let attribute = py.get_type::<Panicking>().getattr("attribute").unwrap();
        assert_eq!(attribute.extract::<u8>().unwrap(), 1);
    });
}

#[pyclass]
struct Deletable {
    value: Option<i32>,
}

#[pymethods]
impl Deletable {
    #[new]
    #[pyo3(signature = (value=3))]
    fn new(value: i32) -> Self {
        Self { value: Some(value) }
    }

    /// The value.
    #[getter]
    fn value(&self) -> PyResult<i32> {
        self.value
            .ok_or_else(|| pyatoll::exceptions::PyAttributeError::new_err("gone"))
    }

    #[setter]
    fn set_value(&mut self, value: i32) {
        self.value = Some(value);
    }

    #[deleter]
    fn delete_value(&mut self) {
        self.value = None;
    }
}

#[test]
fn a_getter_a_setter_and_a_deleter_are_one_attribute() {
    Python::attach(|py| {
        run(
            py,
            &[("Deletable", &py.get_type::<Deletable>())],
            c"
object = Deletable()
assert object.value == 3
object.value = 4
assert object.value == 4
del object.value
assert not hasattr(object, 'value')
object.value = 5
assert object.value == 5
assert Deletable.value.__doc__ == 'The value.'
assert Deletable.__text_signature__ == '(value=3)', Deletable.__text_signature__
",
        );
    });
}

#[pyclass(get_all, set_all)]
struct Overridden {
    /// Of the field.
    both: i32,
    read: i32,
    plain: i32,
}

#[pymethods]
impl Overridden {
    /// Of the getter.
    #[getter]
    fn both(&self) -> i32 {
        self.both + 100
    }

    #[setter]
    fn set_both(&mut self, value: i32) {
        self.both = 2 * value;
    }

    /// Of the getter.
    #[getter]
    fn read(&self) -> String {
        format!("<{}>", self.read)
    }
}

#[pyclass(frozen, get_all)]
struct OverriddenHandle {
    object: Py<PyAny>,
    other: Py<PyAny>,
}

#[pymethods]
impl OverriddenHandle {
    #[getter]
    fn object(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<{}>", self.object.bind(py).str()?))
    }
}

#[test]
fn accessors_of_methods_override_those_of_fields() {
    Python::attach(|py| {
        let value = Overridden {
            both: 1,
            read: 2,
            plain: 3,
        };
        let handle = OverriddenHandle {
            object: 5i32.into_pyobject(py).unwrap().into_any().unbind(),
            other: 6i32.into_pyobject(py).unwrap().into_any().unbind(),
        };
        run(
            py,
            &[
                ("object", &Bound::new(py, value).unwrap()),
                ("handle", &Bound::new(py, handle).unwrap()),
            ],
            c"
assert (object.both, object.read, object.plain) == (101, '<2>', 3)
object.both = 5
object.read = 7
object.plain = 9
assert (object.both, object.read, object.plain) == (110, '<7>', 9)
assert type(object).both.__doc__ == 'Of the field.'
assert type(object).read.__doc__ == 'Of the getter.'
assert (handle.object, handle.other) == ('<5>', 6)
",
        );
    });
}

#[pyclass]
struct Multiple;

#[pymethods]
impl Multiple {
    fn one(&self) -> u8 {
        1
    }
}

#[pymethods]
impl Multiple {
    fn two(&self) -> u8 {
        2
    }
}

#[test]
fn a_class_may_have_several_blocks_of_methods() {
    Python::attach(|py| {
        let object = Bound::new(py, Multiple).unwrap();
        assert_eq!(object.call_method0("one").unwrap().to_string(), "1");
        assert_eq!(object.call_method0("two").unwrap().to_string(), "2");
    });
}

#[pyfunction]
fn sum_of(one: &Pair, other: &Pair) -> u8 {
    one.0 + other.0
}

#[pyfunction]
fn change(pair: &mut Pair) {
    pair.0 = 100;
}

#[test]
fn references_to_values_are_arguments() {
    Python::attach(|py| {
        let pair = Bound::new(py, Pair(1, 2)).unwrap();
        let sum = pyatoll::wrap_pyfunction!(sum_of, py).unwrap();
        assert_eq!(sum.call1((&pair, &pair)).unwrap().to_string(), "2");
        let change = pyatoll::wrap_pyfunction!(change, py).unwrap();
        change.call1((&pair,)).unwrap();
        assert_eq!(pair.borrow().0, 100);
        let _held = pair.borrow();
        let error = change.call1((&pair,)).unwrap_err();
        assert_eq!(error.to_string(), "RuntimeError: Already borrowed");
    });
}
