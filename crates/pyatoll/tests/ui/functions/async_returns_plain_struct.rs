//! A type that has no conversion to a Python object, as the result of an `async fn`.
use pyatoll::prelude::*;

struct Plain;

#[pyfunction]
async fn wait() -> PyResult<Plain> {
    Ok(Plain)
}

fn main() {}
