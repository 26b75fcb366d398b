//! A function whose arguments are hashed: std's hasher has its keys in a thread-local.

use std::collections::HashMap;

use pyatoll::prelude::*;

/// Converts to Rust and back.
#[pyfunction]
#[allow(clippy::type_complexity)]
pub fn round_trip(
    text: String,
    numbers: Vec<f64>,
    pairs: HashMap<String, (i32, bool)>,
    bytes: Vec<u8>,
) -> (String, Vec<f64>, HashMap<String, (i32, bool)>, Vec<u8>) {
    (text, numbers, pairs, bytes)
}
