//! A mutable reference to a type that is not a class.
use pyatoll::prelude::*;

#[pyfunction]
fn fill(_numbers: &mut Vec<u32>) {}

fn main() {}
