//! A class that is not `from_py_object`, as an argument by value.
use pyatoll::prelude::*;

#[pyclass]
struct Point;

#[pyfunction]
fn take(_point: Point) {}

fn main() {}
