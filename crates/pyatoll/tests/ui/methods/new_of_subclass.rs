//! A constructor that leaves the base class out.
use pyatoll::prelude::*;

#[pyclass(subclass)]
struct Base;

#[pyclass(extends = Base)]
struct Derived;

#[pymethods]
impl Derived {
    #[new]
    fn new() -> Self {
        Derived
    }
}

fn main() {}
