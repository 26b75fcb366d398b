//! A function of Rust, as an argument.
use pyatoll::prelude::*;

#[pyfunction]
fn call(_function: fn(i32) -> i32) {}

#[pyfunction]
fn call_boxed(_function: Box<dyn Fn(i32) -> i32>) {}

fn main() {}
