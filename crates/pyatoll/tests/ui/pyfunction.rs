use pyatoll::prelude::*;

#[pyfunction]
fn generic<T>(_value: T) {}

#[pyfunction]
fn anything(_value: impl Into<String>) {}

#[pyfunction]
fn unnamed(_: i32) {}

#[pyfunction(signature = (b))]
fn misnamed(a: i32) {}

#[pyfunction(signature = (a))]
fn unlisted(a: i32, b: i32) {}

#[pyfunction(signature = (a, b, c))]
fn overlisted(a: i32, b: i32) {}

#[pyfunction(signature = (a = 1, b))]
fn default_first(a: i32, b: i32) {}

#[pyfunction(signature = (**kwargs))]
fn kwargs(kwargs: &Bound<'_, PyAny>) {}

#[pyfunction(signature = (*a, *b))]
fn stars(a: i32, b: i32) {}

#[pyfunction(name = "two words")]
fn renamed() {}

#[pyfunction(color = "red")]
fn unknown() {}

#[pyfunction(pass_module)]
fn no_module() {}

fn main() {}
