//! A module that returns a value.
use pyatoll::prelude::*;

#[pymodule]
fn a(_m: &Bound<'_, PyModule>) -> u32 {
    1
}

#[pymodule]
fn b(_m: &Bound<'_, PyModule>) -> Result<(), String> {
    Ok(())
}

fn main() {}
