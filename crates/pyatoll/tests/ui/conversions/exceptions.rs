//! What an exception cannot be made from.
use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;

struct Plain;

fn plain_argument() -> PyErr {
    PyValueError::new_err(Plain)
}

fn plain_class() -> PyErr {
    PyErr::new::<Plain, _>("text")
}

fn text_as_error() -> PyResult<()> {
    Err("text")?
}

fn main() {}
