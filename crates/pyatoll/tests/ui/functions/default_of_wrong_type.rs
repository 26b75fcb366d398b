//! Defaults that do not fit their parameters.
use pyatoll::prelude::*;

#[pyfunction(signature = (_x = "one"))]
fn text(_x: u32) {}

#[pyfunction(signature = (_x = None))]
fn none(_x: u32) {}

#[pyfunction(signature = (_x = "one"))]
fn of_option(_x: Option<u32>) {}

#[pyfunction(signature = (_x = 1))]
fn of_reference(_x: &str) {}

fn main() {}
