//! A handle with a token, in a closure that runs detached.
use pyatoll::prelude::*;
use pyatoll::types::PyList;

#[pyfunction]
fn length(py: Python<'_>, list: Bound<'_, PyList>) -> usize {
    py.detach(|| list.len())
}

#[pyfunction]
fn length_of_reference(py: Python<'_>, list: &Bound<'_, PyList>) -> usize {
    py.detach(|| list.len())
}

fn main() {}
