//! A constructor that returns no instance.
use pyatoll::prelude::*;

struct Plain;

#[pyclass]
struct A;

#[pymethods]
impl A {
    #[new]
    fn new() -> Plain {
        Plain
    }
}

fn main() {}
