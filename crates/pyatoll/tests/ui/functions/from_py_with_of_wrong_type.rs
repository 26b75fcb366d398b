//! A converter that does not fit its parameter.
use pyatoll::prelude::*;

fn length(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    object.len()
}

fn parse(text: &str) -> PyResult<u32> {
    Ok(text.len() as u32)
}

#[pyfunction]
fn wrong_result(#[pyo3(from_py_with = length)] _x: u32) {}

#[pyfunction]
fn wrong_argument(#[pyo3(from_py_with = parse)] _x: u32) {}

fn main() {}
