//! An iterator of Rust, as a result.
use pyatoll::prelude::*;

#[pyfunction]
fn count() -> impl Iterator<Item = u32> {
    0..3
}

fn main() {}
