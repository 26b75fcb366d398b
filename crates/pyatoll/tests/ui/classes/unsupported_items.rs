//! A class with a mistake in its attribute: what uses it is not reported, too.
use pyatoll::prelude::*;

#[pyclass(weird)]
struct A {
    #[pyo3(get)]
    x: u32,
}

#[pymethods]
impl A {
    fn method(&self) -> u32 {
        self.x
    }
}

#[pyfunction]
fn take(a: &A) -> u32 {
    a.x
}

#[pymodule]
mod module {
    #[pymodule_export]
    use super::{A, take};
}

fn main() {}
