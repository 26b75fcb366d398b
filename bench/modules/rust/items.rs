//! The items of the benchmark modules in Rust: one source, compiled against PyO3 and against
//! Pyatoll under PyO3's name. The other modules have the same items in their languages.

use std::collections::HashMap;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// Takes and returns nothing.
#[pyfunction]
pub fn nothing() {}

/// Adds two ints.
#[pyfunction]
pub fn add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// Takes an int, and one that is passed by keyword.
#[pyfunction]
#[pyo3(signature = (a, b = 1))]
pub fn int_kw(a: i64, b: i64) -> i64 {
    a.wrapping_sub(b)
}

/// Takes eight arguments of different types.
#[pyfunction]
#[expect(clippy::too_many_arguments)]
pub fn eight(a: i64, b: f64, c: &str, d: bool, e: i32, f: f64, g: Option<i64>, h: &str) -> i64 {
    a + b as i64
        + c.len() as i64
        + i64::from(d)
        + i64::from(e)
        + f as i64
        + g.unwrap_or(0)
        + h.len() as i64
}

/// Returns the number of arguments.
#[pyfunction]
#[pyo3(signature = (*args, **kwargs))]
pub fn varargs(args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> usize {
    args.len() + kwargs.map_or(0, |kwargs| kwargs.len())
}

/// Returns the length of a string in bytes of UTF-8.
#[pyfunction]
pub fn str_len(text: &str) -> usize {
    text.len()
}

/// Returns a string.
#[pyfunction]
pub fn text() -> &'static str {
    "some text of ASCII letters"
}

/// Returns the sum of a list, converted to a vector.
#[pyfunction]
pub fn list_sum(values: Vec<i64>) -> i64 {
    values.iter().sum()
}

/// Returns a vector, converted to a list.
#[pyfunction]
pub fn floats() -> Vec<f64> {
    (0..100).map(f64::from).collect()
}

/// Returns the sum of the values of a dict, converted to a map.
#[pyfunction]
pub fn dict_sum(map: HashMap<String, i64>) -> i64 {
    map.values().sum()
}

/// Raises `ValueError`.
#[pyfunction]
pub fn fail() -> PyResult<()> {
    Err(PyValueError::new_err("no"))
}

/// Calls a Python function that takes and returns an int.
#[pyfunction]
pub fn call(function: &Bound<'_, PyAny>) -> PyResult<i64> {
    function.call1((1_i64,))?.extract()
}

/// An int.
#[pyclass(eq, subclass)]
#[derive(Clone, PartialEq)]
pub struct Num {
    #[pyo3(get, set)]
    x: i64,
}

#[pymethods]
impl Num {
    #[new]
    fn new(x: i64) -> Self {
        Self { x }
    }

    fn value(&self) -> i64 {
        self.x
    }

    fn plus(&self, other: i64) -> i64 {
        self.x.wrapping_add(other)
    }

    fn __add__(&self, other: &Self) -> Self {
        Self {
            x: self.x.wrapping_add(other.x),
        }
    }

    fn __len__(&self) -> usize {
        self.x as usize
    }

    fn __getitem__(&self, index: isize) -> i64 {
        self.x.wrapping_add(index as i64)
    }
}

/// An int that never changes, so that no borrow of it is counted.
#[pyclass(frozen)]
pub struct Frozen(i64);

#[pymethods]
impl Frozen {
    #[new]
    fn new(x: i64) -> Self {
        Self(x)
    }

    fn value(&self) -> i64 {
        self.0
    }
}

/// Takes an instance by reference and returns one by value.
#[pyfunction]
pub fn through(num: PyRef<'_, Num>) -> Num {
    num.clone()
}

/// An iterator over the ints from 0 on.
#[pyclass]
pub struct Items {
    next: i64,
    end: i64,
}

#[pymethods]
impl Items {
    #[new]
    fn new(end: i64) -> Self {
        Self { next: 0, end }
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self) -> Option<i64> {
        if self.next == self.end {
            return None;
        }
        self.next += 1;
        Some(self.next - 1)
    }
}
