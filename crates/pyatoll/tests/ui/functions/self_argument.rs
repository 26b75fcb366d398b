//! A method with the attribute of functions.
use pyatoll::prelude::*;

#[pyclass]
struct A;

impl A {
    #[pyfunction]
    fn method(&self) {}
}

fn main() {}
