//! An error that does not convert to a Python exception.
use pyatoll::prelude::*;

struct NoError;

#[pyfunction]
fn parse() -> Result<u32, NoError> {
    Err(NoError)
}

fn main() {}
