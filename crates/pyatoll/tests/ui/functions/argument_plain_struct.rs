//! A type without a conversion from a Python object, as an argument.
use pyatoll::prelude::*;

struct Plain;

#[pyfunction]
fn value(_value: Plain) {}

#[pyfunction]
fn reference(_value: &Plain) {}

#[pyfunction]
fn option(_value: Option<Plain>) {}

#[pyfunction]
fn list(_value: Vec<Plain>) {}

fn main() {}
