//! Collections of 100,000 items, to Rust and back. One source, as `items.rs`.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::LazyLock;

use pyo3::prelude::*;

const ITEMS: i64 = 100_000;

static INTS: LazyLock<Vec<i64>> = LazyLock::new(|| (1000..1000 + ITEMS).collect());
static MAP: LazyLock<HashMap<i64, i64>> = LazyLock::new(|| (0..ITEMS).map(|i| (i, -i)).collect());
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| (0..ITEMS).map(text_of).collect());
static TEXT: LazyLock<String> = LazyLock::new(|| "ä".repeat(100_000));

fn text_of(number: i64) -> String {
    format!("item {number}")
}

/// Returns the length of a list, converted to a vector.
#[pyfunction]
pub fn large_ints_in(values: Vec<i64>) -> usize {
    black_box(&values).len()
}

/// Returns a vector, converted to a list.
#[pyfunction]
pub fn large_ints_out() -> &'static Vec<i64> {
    &INTS
}

/// Returns the length of a dict, converted to a map.
#[pyfunction]
pub fn large_map_in(map: HashMap<i64, i64>) -> usize {
    black_box(&map).len()
}

/// Returns a map, converted to a dict.
#[pyfunction]
pub fn large_map_out() -> &'static HashMap<i64, i64> {
    &MAP
}

/// Returns the length of a list of strings, converted to a vector.
#[pyfunction]
pub fn large_texts_in(texts: Vec<String>) -> usize {
    black_box(&texts).len()
}

/// Returns a vector of strings, converted to a list.
#[pyfunction]
pub fn large_texts_out() -> &'static Vec<String> {
    &TEXTS
}

/// Returns the length of a string in bytes.
#[pyfunction]
pub fn large_text_in(text: String) -> usize {
    black_box(&text).len()
}

/// Returns a string of two bytes per letter.
#[pyfunction]
pub fn large_text_out() -> &'static str {
    &TEXT
}

/// An instance in a list.
#[pyclass(frozen)]
pub struct Point {
    x: i64,
}

/// Returns the sum of the points in a list.
#[pyfunction]
pub fn large_instances_in(points: Vec<PyRef<'_, Point>>) -> i64 {
    black_box(&points).iter().map(|point| point.x).sum()
}

/// Returns a list of points.
#[pyfunction]
pub fn large_instances_out() -> Vec<Point> {
    (0..ITEMS).map(|x| Point { x }).collect()
}
