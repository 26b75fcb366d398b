//! A mutable reference to what is no class.
use pyatoll::prelude::*;

#[pyfunction]
fn fill(_numbers: &mut Vec<u32>) {}

fn main() {}
