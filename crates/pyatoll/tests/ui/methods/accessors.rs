//! Getters and setters with the wrong arguments.
use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl A {
    #[getter]
    fn x(&self, y: u32) -> u32 {
        y
    }

    #[setter]
    fn set_x(&self) {}

    #[setter]
    fn set_y(&self, _a: u32, _b: u32) {}

    #[getter(1)]
    fn z(&self) -> u32 {
        1
    }

    #[getter]
    #[setter]
    fn both(&self) {}
}

fn main() {}
