//! References to types that do not lie in a Python object.
use std::collections::HashMap;

use pyatoll::prelude::*;

#[pyfunction]
fn slice(_names: &[String]) {}

#[pyfunction]
fn vector(_names: &Vec<String>) {}

#[pyfunction]
fn string(_name: &String) {}

#[pyfunction]
fn map(_map: &HashMap<String, u32>) {}

#[pyfunction]
fn object(_object: &PyAny) {}

#[pyfunction]
fn number(_number: &u32) {}

fn main() {}
