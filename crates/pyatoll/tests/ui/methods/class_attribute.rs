//! A class attribute without a conversion to a Python object.
use pyatoll::prelude::*;

struct Plain;

#[pyclass]
struct A;

#[pymethods]
impl A {
    #[classattr]
    const PLAIN: Plain = Plain;

    #[classattr]
    fn other() -> Plain {
        Plain
    }
}

fn main() {}
