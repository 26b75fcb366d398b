//! An attribute that does not exist.
use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl A {
    #[gettr]
    fn x(&self) -> u32 {
        1
    }
}

fn main() {}
