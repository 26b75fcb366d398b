//! `__iter__` with an iterator of Rust.
use pyatoll::prelude::*;

#[pyclass]
struct Numbers {
    numbers: Vec<u32>,
}

#[pymethods]
impl Numbers {
    fn __iter__(&self) -> std::slice::Iter<'_, u32> {
        self.numbers.iter()
    }
}

fn main() {}
