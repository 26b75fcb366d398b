//! Receivers that do not fit the role of the function.
use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl A {
    #[new]
    fn new(&self) -> Self {
        A
    }

    fn create() -> Self {
        A
    }

    #[staticmethod]
    fn of_no_instance(&self) {}

    #[classmethod]
    fn without_class() {}

    #[classmethod]
    fn with_self(&self) {}

    #[classattr]
    fn constant(&self) -> u32 {
        1
    }

    #[getter]
    fn value() -> u32 {
        1
    }

    fn consume(self) {}
}

fn main() {}
