//! `#[new]` and `__init__`.

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;
use pyatoll::py_run;
use pyatoll::types::{PyDict, PyTuple, PyType};

use crate::everywhere;

#[pyclass(subclass)]
struct Base {
    base: i64,
}

#[pymethods]
impl Base {
    #[new]
    fn new(base: i64) -> Self {
        Self { base }
    }

    fn base_value(&self) -> i64 {
        self.base
    }
}

#[pyclass(extends = Base)]
struct ByTuple {
    own: i64,
}

#[pymethods]
impl ByTuple {
    #[new]
    fn new(own: i64, base: i64) -> (Self, Base) {
        (Self { own }, Base { base })
    }

    fn sum(slf: PyRef<'_, Self>) -> i64 {
        slf.own + slf.as_super().base
    }
}

#[pyclass(extends = Base, subclass)]
struct ByInitializer {
    own: i64,
}

#[pymethods]
impl ByInitializer {
    #[new]
    fn new(own: i64) -> PyResult<PyClassInitializer<Self>> {
        if own == 0 {
            return Err(PyValueError::new_err("nothing"));
        }
        Ok(PyClassInitializer::from(Base { base: -own }).add_subclass(Self { own }))
    }

    fn sum(slf: PyRef<'_, Self>) -> i64 {
        slf.own + slf.as_super().base
    }
}

#[pyclass]
struct Existing;

#[pymethods]
impl Existing {
    #[new]
    #[classmethod]
    #[pyo3(signature = (other = None))]
    fn new<'py>(
        cls: &Bound<'py, PyType>,
        other: Option<Bound<'py, Self>>,
    ) -> PyResult<Bound<'py, Self>> {
        assert_eq!(cls.name()?, "Existing");
        match other {
            Some(other) => Ok(other),
            None => Bound::new(cls.py(), Self),
        }
    }
}

#[pyclass]
struct Other;

#[pymethods]
impl Other {
    #[new]
    fn make(number: i64) -> PyResult<String> {
        match number {
            0 => Err(PyValueError::new_err("nothing")),
            number => Ok(format!("no Other, but {number}")),
        }
    }
}

#[pyclass(subclass)]
struct Initialized {
    steps: Vec<String>,
}

#[pymethods]
impl Initialized {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn __new__(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            steps: vec!["new".into()],
        }
    }

    #[pyo3(signature = (step, *, fail = false))]
    fn __init__(&mut self, step: String, fail: bool) -> PyResult<()> {
        if fail {
            return Err(PyValueError::new_err("failed"));
        }
        self.steps.push(step);
        Ok(())
    }

    #[getter]
    fn steps(&self) -> Vec<String> {
        self.steps.clone()
    }
}

#[test]
fn constructors_may_return_any_supported_type() {
    everywhere(|py| {
        let by_tuple = py.get_type::<ByTuple>();
        let by_initializer = py.get_type::<ByInitializer>();
        let existing = py.get_type::<Existing>();
        let other = py.get_type::<Other>();
        py_run!(
            py,
            by_tuple by_initializer existing other,
            r#"
            t = by_tuple(1, base=2)
            assert t.sum() == 3 and t.base_value() == 2
            i = by_initializer(5)
            assert i.sum() == 0 and i.base_value() == -5
            try:
                by_initializer(0)
            except ValueError as error:
                assert str(error) == "nothing"
            else:
                assert False
            class Derived(by_initializer):
                pass
            assert type(Derived(3)) is Derived and Derived(3).base_value() == -3
            e = existing()
            assert existing(e) is e and existing() is not e
            try:
                by_tuple(1)
            except TypeError as error:
                missing = "missing 1 required positional argument: 'base'"
                assert str(error) == "ByTuple.__new__() " + missing, error
            else:
                assert False
            assert by_tuple.__text_signature__ == "(own, base)"
            assert other(3) == "no Other, but 3"
            "#
        );
    });
}

#[test]
fn init_runs_after_new_and_again_when_called() {
    everywhere(|py| {
        let initialized = py.get_type::<Initialized>();
        py_run!(
            py,
            initialized,
            r#"
            i = initialized("one")
            assert i.steps == ["new", "one"]
            assert i.__init__(step="two") is None
            assert i.steps == ["new", "one", "two"]
            try:
                initialized("x", fail=True)
            except ValueError as error:
                assert str(error) == "failed"
            else:
                assert False

            class Sub(initialized):
                def __init__(self, a, b):
                    super().__init__(a + b)
            assert Sub("a", "b").steps == ["new", "ab"]
            "#
        );
    });
}

/// Its Rust name does not show.
#[pyclass(name = "Ticket", dict)]
struct RustTicket;

#[pymethods]
impl RustTicket {
    #[new]
    fn new(a: i32) -> Self {
        let _ = a;
        Self
    }

    fn __call__(&self, a: i32) -> i32 {
        a
    }

    #[pyo3(signature = (a, *, b))]
    fn method(&self, a: i32, b: i32) -> i32 {
        a + b
    }

    #[pyo3(signature = (*args, key))]
    fn variadic(&self, args: &Bound<'_, PyTuple>, key: i32) -> usize {
        args.len() + key as usize
    }

    #[staticmethod]
    fn alone(a: i32, b: i32) -> i32 {
        a + b
    }

    #[classmethod]
    #[pyo3(signature = (a, /, b))]
    fn of_class(_class: &Bound<'_, PyType>, a: i32, b: i32) -> i32 {
        a + b
    }
}

#[test]
fn the_errors_of_calls_name_the_class_as_python_does() {
    everywhere(|py| {
        let ticket = py.get_type::<RustTicket>();
        py_run!(
            py,
            ticket,
            r#"
            def check(text, function, *args, **kwargs):
                try:
                    function(*args, **kwargs)
                except TypeError as error:
                    assert str(error) == text, error
                else:
                    raise AssertionError(text)

            one = ticket(1)
            check("Ticket.__new__() missing 1 required positional argument: 'a'", ticket)
            check("Ticket.__new__() takes 1 positional arguments but 2 were given", ticket, 1, 2)
            check("Ticket.__new__() got an unexpected keyword argument 'x'", ticket, 1, x=2)
            check("Ticket.__call__() missing 1 required positional argument: 'a'", one)
            check("Ticket.__call__() got multiple values for argument 'a'", one, 1, a=2)
            check("Ticket.method() missing 1 required keyword argument: 'b'", one.method, 1)
            check("Ticket.variadic() missing 1 required keyword argument: 'key'", one.variadic, 1)
            text = "Ticket.alone() missing 2 required positional arguments: 'a' and 'b'"
            check(text, ticket.alone)
            text = (
                "Ticket.of_class() got some positional-only arguments passed as keyword "
                "arguments: 'a'"
            )
            check(text, ticket.of_class, a=1, b=2)
            "#
        );
    });
}

#[pyclass]
struct Old;

#[pymethods]
impl Old {
    #[new]
    #[pyo3(warn(message = "old class"))]
    fn new(a: i32) -> Self {
        let _ = a;
        Self
    }

    #[pyo3(warn(message = "old call"))]
    fn __call__(&self, a: i32) -> i32 {
        a
    }

    #[pyo3(signature = (a, **others), warn(message = "old method"))]
    fn method(&self, a: i32, others: Option<&Bound<'_, PyDict>>) -> i32 {
        let _ = others;
        a
    }
}

#[test]
fn a_wrong_call_issues_warnings_of_constructors_only() {
    everywhere(|py| {
        let old = py.get_type::<Old>();
        py_run!(
            py,
            old,
            r#"
            import warnings

            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                one = old(1)
                for function in old, one, one.method:
                    function(1)
                    try:
                        function()
                    except TypeError:
                        pass
                    else:
                        raise AssertionError
            issued = [str(warning.message) for warning in caught]
            assert issued == ["old class"] * 3 + ["old call", "old method"], issued
            "#
        );
    });
}
