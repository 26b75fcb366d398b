//! A bare Python type instead of a handle.
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

#[pyfunction]
fn reference(_dict: &PyDict) {}

#[pyfunction]
fn value(_dict: PyDict) {}

fn main() {}
