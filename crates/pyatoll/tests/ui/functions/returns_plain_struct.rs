//! A type that has no conversion to a Python object, as a result.
use pyatoll::prelude::*;

struct Plain;

#[pyfunction]
fn value() -> Plain {
    Plain
}

#[pyfunction]
fn result() -> PyResult<Plain> {
    Ok(Plain)
}

#[pyfunction]
fn option() -> Option<Plain> {
    None
}

#[pyfunction]
fn list() -> PyResult<Vec<Plain>> {
    Ok(Vec::new())
}

fn main() {}
