//! `#[pymethods]` of a type without `#[pyclass]`.
use pyatoll::prelude::*;

struct Plain;

#[pymethods]
impl Plain {
    fn method(&self) -> u32 {
        1
    }
}

fn main() {}
