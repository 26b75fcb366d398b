//! Getters, setters and deleters.

use pyatoll::exceptions::{PyValueError, PyZeroDivisionError};
use pyatoll::prelude::*;
use pyatoll::py_run;

use crate::everywhere;

#[pyclass]
struct Properties {
    number: i64,
    text: Option<String>,
}

#[pymethods]
impl Properties {
    #[new]
    fn new() -> Self {
        Self {
            number: 1,
            text: None,
        }
    }

    /// The number.
    #[getter]
    fn get_number(&self) -> i64 {
        self.number
    }

    #[setter]
    fn set_number(&mut self, value: i64) -> PyResult<()> {
        if value == 0 {
            return Err(PyZeroDivisionError::new_err("zero"));
        }
        self.number = value;
        Ok(())
    }

    #[getter(words)]
    fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    #[setter("words")]
    fn put_text(slf: &Bound<'_, Self>, py: Python<'_>, value: Option<String>) {
        let _ = py;
        slf.borrow_mut().text = value;
    }

    #[deleter(words)]
    fn forget_text(&mut self) {
        self.text = None;
    }

    #[getter]
    #[pyo3(name = "me")]
    fn itself(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[setter]
    fn set_write_only(&mut self, value: &str) {
        self.text = Some(value.to_uppercase());
    }

    #[setter]
    fn set_doubled(&mut self, #[pyo3(from_py_with = doubled)] value: i64) {
        self.number = value;
    }

    #[deleter]
    fn delete_only(&mut self) -> PyResult<()> {
        Err(PyValueError::new_err("not to be deleted"))
    }
}

fn doubled(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    Ok(2 * value.extract::<i64>()?)
}

#[test]
fn accessors_read_set_and_delete_attributes() {
    everywhere(|py| {
        let properties = py.get_type::<Properties>();
        py_run!(
            py,
            properties,
            r#"
            def error(function, *args):
                try:
                    function(*args)
                except Exception as error:
                    return f"{type(error).__name__}: {error}"

            p = properties()
            assert p.number == 1 and properties.number.__doc__ == "The number."
            p.number = 5
            assert p.number == 5
            assert error(setattr, p, "number", 0) == "ZeroDivisionError: zero"
            assert error(setattr, p, "number", "x").startswith("TypeError: ")
            assert error(delattr, p, "number") == "AttributeError: property has no deleter"
            assert p.words is None
            p.words = "some"
            assert p.words == "some"
            del p.words
            assert p.words is None
            assert p.me is p
            assert error(setattr, p, "me", 1).startswith("AttributeError: ")
            p.write_only = "loud"
            assert p.words == "LOUD"
            assert error(getattr, p, "write_only").startswith("AttributeError: ")
            p.doubled = 4
            assert p.number == 8
            assert error(delattr, p, "only") == "ValueError: not to be deleted"
            assert error(setattr, p, "only", 1) == "AttributeError: property has no setter"
            assert error(delattr, p, "write_only") == "AttributeError: property has no deleter"
            "#
        );
    });
}

#[pyclass]
struct Converting {
    number: i64,
}

#[pymethods]
impl Converting {
    #[new]
    fn new(number: i64) -> Self {
        Self { number }
    }

    #[getter]
    fn number(&self) -> i64 {
        self.number
    }

    #[setter]
    #[pyo3(warn(message = "set"))]
    fn set_number(&mut self, value: i64) {
        self.number = value;
    }
}

#[test]
fn a_setter_converts_the_value_before_it_warns_and_borrows() {
    everywhere(|py| {
        let converting = py.get_type::<Converting>();
        py_run!(
            py,
            converting,
            r#"
            import warnings

            class Next:
                def __init__(self, of):
                    self.of = of
                def __index__(self):
                    return self.of.number + 1

            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                one = converting(1)
                one.number = Next(one)
                assert one.number == 2
                try:
                    one.number = "text"
                except TypeError:
                    pass
                else:
                    raise AssertionError
            assert [str(warning.message) for warning in caught] == ["set"], caught
            "#
        );
    });
}
