//! One unsupported function among others: those are still there.
use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl A {
    fn generic<T>(&self, _x: T) {}

    fn good(&self) -> u32 {
        1
    }

    #[pyfunction]
    fn marked(&self) {}

    make_methods!();
}

fn use_it(a: &A) -> u32 {
    a.good()
}

#[pymodule]
mod module {
    #[pymodule_export]
    use super::A;
}

fn main() {}
