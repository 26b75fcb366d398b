//! Blocks that cannot be the methods of one class.
use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl Default for A {
    fn default() -> Self {
        A
    }
}

#[pymethods]
impl<T> Vec<T> {
    fn method(&self) {}
}

#[pymethods]
fn function() {}

fn main() {}
