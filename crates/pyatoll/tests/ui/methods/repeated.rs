//! Two functions for one place.
use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl A {
    fn __len__(&self) -> usize {
        1
    }

    #[pyo3(name = "__len__")]
    fn len(&self) -> usize {
        1
    }

    #[new]
    fn new() -> Self {
        A
    }

    #[new]
    fn create() -> Self {
        A
    }
}

fn main() {}
