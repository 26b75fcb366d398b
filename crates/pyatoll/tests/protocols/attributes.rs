//! Attribute access and descriptors.

use pyatoll::exceptions::{PyAttributeError, PyValueError};
use pyatoll::ffi;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

use crate::{everywhere, run};

/// Implements `__getattr__` for missing attributes.
#[pyclass(dict, subclass)]
struct Attributes {
    log: Vec<String>,
}

#[pymethods]
impl Attributes {
    #[new]
    fn new() -> Self {
        Self { log: Vec::new() }
    }

    #[getter]
    fn log(&self) -> Vec<String> {
        self.log.clone()
    }

    fn __getattr__(&self, name: &str) -> PyResult<String> {
        match name.strip_prefix("made_") {
            Some(rest) => Ok(rest.to_owned()),
            None => Err(PyAttributeError::new_err(format!("no {name}"))),
        }
    }

    fn __setattr__(slf: &Bound<'_, Self>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        slf.borrow_mut().log.push(format!("{name}={value}"));
        Ok(())
    }
}

/// Hides some attributes.
#[pyclass]
struct Hiding;

#[pymethods]
impl Hiding {
    #[new]
    fn new() -> Self {
        Self
    }

    fn visible(&self) -> i64 {
        1
    }

    fn __getattribute__(slf: &Bound<'_, Self>, name: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if name.to_string() == "hidden" {
            return Err(PyAttributeError::new_err("hidden"));
        }
        // SAFETY: attached; both objects are alive. The call returns a new reference or null.
        unsafe {
            let found = ffi::PyObject_GenericGetAttr(slf.as_ptr(), name.as_ptr());
            Ok(Bound::from_owned_ptr_or_err(slf.py(), found)?.unbind())
        }
    }

    fn __delattr__(&self, name: &str) -> PyResult<()> {
        Err(PyValueError::new_err(format!("{name} stays")))
    }
}

/// Has both: `__getattr__` is called when `__getattribute__` raises.
#[pyclass]
pub(crate) struct TwoStage;

#[pymethods]
impl TwoStage {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __getattribute__(&self, name: &str) -> PyResult<&'static str> {
        match name {
            "first" => Ok("one"),
            "broken" => Err(PyValueError::new_err("broken")),
            _ => Err(PyAttributeError::new_err("not the first")),
        }
    }

    fn __getattr__(&self, name: &str) -> PyResult<&'static str> {
        match name {
            "second" => Ok("two"),
            _ => Err(PyAttributeError::new_err("neither")),
        }
    }
}

#[test]
fn attribute_access_calls_its_methods() {
    everywhere(|py| {
        run::<Attributes>(
            py,
            "
            a = cls()
            assert a.made_up == 'up' and raises(lambda: a.other) == 'AttributeError: no other'
            a.x = 5
            assert a.log == ['x=5'] and not hasattr(a, 'x')
            # `__delattr__` is inherited.
            a.__dict__['y'] = 1
            del a.y
            assert raises(delattr, a, 'y').startswith('AttributeError')
            class Sub(cls):
                def __setattr__(self, name, value):
                    super().__setattr__('sub_' + name, value)
            s = Sub()
            s.x = 1
            assert s.log == ['sub_x=1']
            ",
        );
        run::<Hiding>(
            py,
            "
            h = cls()
            assert h.visible() == 1 and raises(lambda: h.hidden) == 'AttributeError: hidden'
            assert raises(delattr, h, 'x') == 'ValueError: x stays'
            assert raises(setattr, h, 'x', 1).startswith('AttributeError')
            ",
        );
        run::<TwoStage>(
            py,
            "
            t = cls()
            assert t.first == 'one' and t.second == 'two'
            assert raises(lambda: t.third) == 'AttributeError: neither'
            assert raises(lambda: t.broken) == 'ValueError: broken'
            ",
        );
    });
}

/// A descriptor that records its calls.
#[pyclass]
pub(crate) struct Descriptor {
    value: i64,
}

#[pymethods]
impl Descriptor {
    #[new]
    fn new() -> Self {
        Self { value: 0 }
    }

    fn __get__(
        slf: PyRef<'_, Self>,
        instance: Option<&Bound<'_, PyAny>>,
        owner: Option<&Bound<'_, PyAny>>,
    ) -> (bool, bool, i64) {
        (instance.is_some(), owner.is_some(), slf.value)
    }

    fn __set__(&mut self, _instance: &Bound<'_, PyAny>, value: i64) {
        self.value = value;
    }

    fn __delete__(&mut self, _instance: &Bound<'_, PyAny>) {
        self.value = -1;
    }
}

#[pyclass]
struct SetOnly(Vec<i64>);

#[pymethods]
impl SetOnly {
    #[new]
    fn new() -> Self {
        Self(Vec::new())
    }

    fn __set__(&mut self, _instance: &Bound<'_, PyAny>, value: i64) {
        self.0.push(value);
    }
}

#[test]
fn descriptors_are_read_set_and_deleted() {
    everywhere(|py| {
        run::<Descriptor>(
            py,
            "
            class Holder:
                d = cls()
            h = Holder()
            assert h.d == (True, True, 0) and Holder.d == (False, True, 0)
            h.d = 5
            assert h.d == (True, True, 5)
            del h.d
            assert h.d == (True, True, -1)
            assert raises(setattr, h, 'd', 'x').startswith('TypeError')
            ",
        );
        run::<SetOnly>(
            py,
            "
            class Holder:
                d = cls()
            h = Holder()
            h.d = 1
            assert raises(delattr, h, 'd') == \"NotImplementedError: can't delete descriptor\"
            ",
        );
    });
}

#[pyclass(subclass)]
struct Below {
    #[pyo3(get)]
    number: u8,
}

#[pymethods]
impl Below {
    fn __getattr__(&self, name: &str) -> String {
        format!("below: {name}")
    }
}

#[pyclass(extends = Below, subclass)]
struct Above;

#[pymethods]
impl Above {
    #[new]
    fn new() -> (Self, Below) {
        (Self, Below { number: 5 })
    }

    fn __getattr__(&self, name: &str) -> String {
        format!("above: {name}")
    }
}

#[test]
fn getattr_of_a_subclass_replaces_that_of_its_base() {
    Python::attach(|py| {
        let names = PyDict::new(py);
        names.set_item("Above", py.get_type::<Above>()).unwrap();
        let code = c"
above = Above()
assert above.number == 5
assert above.other == 'above: other'
class Derived(Above):
    own = 6
assert Derived().own == 6 and Derived().other == 'above: other'
";
        py.run(code, Some(&names), None).unwrap();
    });
}
