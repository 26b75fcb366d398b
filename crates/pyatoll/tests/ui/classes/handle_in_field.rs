//! A handle with a token in a class.
use pyatoll::prelude::*;

#[pyclass]
struct A {
    object: Bound<'static, PyAny>,
}

fn main() {}
