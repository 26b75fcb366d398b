//! Fields that Python cannot read or write.
use pyatoll::prelude::*;

struct Plain;

#[pyclass]
struct A {
    #[pyo3(get)]
    read: Vec<Plain>,
    #[pyo3(set)]
    written: Plain,
}

fn main() {}
