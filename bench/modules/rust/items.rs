//! What the benchmark modules in Rust have in them: one source, compiled against PyO3 and against
//! Pyatoll under PyO3's name. The other modules do the same in their languages.

use std::collections::HashMap;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// Nothing in, nothing out.
#[pyfunction]
pub fn nothing() {}

/// Two ints.
#[pyfunction]
pub fn add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// An int, and one that is called by keyword.
#[pyfunction]
#[pyo3(signature = (a, b = 1))]
pub fn int_kw(a: i64, b: i64) -> i64 {
    a.wrapping_sub(b)
}

/// Eight arguments of different types.
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

/// How many arguments there are.
#[pyfunction]
#[pyo3(signature = (*args, **kwargs))]
pub fn varargs(args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> usize {
    args.len() + kwargs.map_or(0, |kwargs| kwargs.len())
}

/// The length of a text in bytes of UTF-8.
#[pyfunction]
pub fn str_len(text: &str) -> usize {
    text.len()
}

/// A text.
#[pyfunction]
pub fn text() -> &'static str {
    "some text of ASCII letters"
}

/// The sum of a list that is made a vector.
#[pyfunction]
pub fn list_sum(values: Vec<i64>) -> i64 {
    values.iter().sum()
}

/// A vector that is made a list.
#[pyfunction]
pub fn floats() -> Vec<f64> {
    (0..100).map(f64::from).collect()
}

/// The sum of the values of a dict that is made a map.
#[pyfunction]
pub fn dict_sum(map: HashMap<String, i64>) -> i64 {
    map.values().sum()
}

/// Raises `ValueError`.
#[pyfunction]
pub fn fail() -> PyResult<()> {
    Err(PyValueError::new_err("no"))
}

/// Calls a Python function with an int, for an int.
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

/// A class in, by reference, and out, by value.
#[pyfunction]
pub fn through(num: PyRef<'_, Num>) -> Num {
    num.clone()
}

/// The ints from 0 on, as an iterator.
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
