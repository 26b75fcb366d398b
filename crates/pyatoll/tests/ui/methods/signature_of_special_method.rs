//! A special method with a signature of its own.
use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl A {
    #[pyo3(signature = (x = 1))]
    fn __getitem__(&self, x: u32) -> u32 {
        x
    }
}

fn main() {}
