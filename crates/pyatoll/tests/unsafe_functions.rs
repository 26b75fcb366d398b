//! An `unsafe fn` can be exported wherever a safe one can: its author vouches for the calls that
//! CPython makes.

use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyType};
use pyatoll::{PyTraverseError, PyVisit};

#[pyclass]
struct Class {
    value: i32,
}

#[pymethods]
impl Class {
    #[classattr]
    unsafe fn attribute() -> i32 {
        1
    }

    #[classattr]
    unsafe fn fallible(py: Python<'_>) -> PyResult<Py<PyAny>> {
        py.eval(c"2", None, None).map(Bound::unbind)
    }

    #[new]
    unsafe fn new(value: i32) -> Self {
        Self { value }
    }

    #[getter]
    unsafe fn value(&self) -> i32 {
        self.value
    }

    #[setter]
    unsafe fn set_value(&mut self, value: i32) {
        self.value = value;
    }

    #[deleter]
    unsafe fn delete_value(&mut self) {
        self.value = 0;
    }

    #[staticmethod]
    unsafe fn on_class() -> i32 {
        3
    }

    #[classmethod]
    unsafe fn of_class(class: &Bound<'_, PyType>) -> PyResult<String> {
        Ok(class.name()?.to_string())
    }

    unsafe fn method(&self, other: i32) -> i32 {
        self.value + other
    }

    unsafe fn __add__(&self, other: i32) -> i32 {
        self.value + other
    }

    unsafe fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        Ok(())
    }

    unsafe fn __clear__(&mut self) {}
}

#[pyfunction]
unsafe fn function(number: i32) -> i32 {
    number + 1
}

#[pymodule]
mod exported_items {
    #[pymodule_export]
    use super::{Class, function};
    use pyatoll::prelude::*;

    #[pymodule_init]
    unsafe fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("initialized", true)
    }
}

#[pymodule]
unsafe fn exported_module(py: Python<'_>, m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("none", py.None())
}

#[test]
fn an_unsafe_function_is_exported_like_a_safe_one() {
    pyatoll::append_to_inittab!(exported_items);
    pyatoll::append_to_inittab!(exported_module);
    Python::attach(|py| {
        let code = c"
import exported_items as m, exported_module
from exported_items import Class
o = Class(5)
assert (Class.attribute, Class.fallible) == (1, 2)
assert (o.value, o.on_class(), o.of_class(), o.method(1), o + 2) == (5, 3, 'Class', 6, 7)
o.value = 9
assert o.value == 9
del o.value
assert o.value == 0
assert m.function(1) == 2 and m.initialized and exported_module.none is None
import gc; gc.collect()
";
        py.run(code, Some(&PyDict::new(py)), None).unwrap();
    });
}
