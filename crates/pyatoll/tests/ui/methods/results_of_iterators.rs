//! Values that have no conversion to a Python object, from iterators and operators.
use pyatoll::prelude::*;

struct Plain;

#[pyclass]
struct A;

#[pymethods]
impl A {
    fn __next__(&self) -> Option<Plain> {
        None
    }

    fn __anext__(&self) -> PyResult<Plain> {
        Ok(Plain)
    }

    fn __iadd__(&mut self, _other: u32) -> Plain {
        Plain
    }

    fn __add__(&self, _other: u32) -> PyResult<Plain> {
        Ok(Plain)
    }

    fn __call__(&self) -> Plain {
        Plain
    }
}

fn main() {}
