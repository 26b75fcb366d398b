//! A bare type of Python's instead of a handle to it.
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

#[pyfunction]
fn reference(_dict: &PyDict) {}

#[pyfunction]
fn value(_dict: PyDict) {}

fn main() {}
