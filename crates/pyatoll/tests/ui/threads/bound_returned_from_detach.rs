//! A borrow of an instance, moved into a closure that runs detached.
use pyatoll::prelude::*;

#[pyclass]
struct A(u32);

#[pyfunction]
fn read(py: Python<'_>, a: PyRef<'_, A>) -> u32 {
    py.detach(move || a.0)
}

fn main() {}
