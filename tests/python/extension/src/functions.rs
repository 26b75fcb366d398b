//! Functions of all shapes.

use std::sync::atomic::{AtomicU64, Ordering};

use pyatoll::exceptions::{PyKeyError, PyTypeError};
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict, PyTuple};

use crate::{BaseError, LeafError, RefusedValue};

/// Takes nothing.
#[pyfunction]
pub fn no_arguments() -> u32 {
    1
}

/// Takes one argument.
#[pyfunction]
pub fn one_argument(number: i64) -> i64 {
    number + 1
}

/// Takes two arguments, by position or keyword.
#[pyfunction]
pub fn positional(first: i64, second: &str) -> String {
    format!("{first} {second}")
}

/// Has defaults.
#[pyfunction]
#[pyo3(signature = (first, second = 2, third = None))]
pub fn defaults(first: i64, second: i64, third: Option<String>) -> (i64, i64, Option<String>) {
    (first, second, third)
}

/// Takes some arguments by position only.
#[pyfunction]
#[pyo3(signature = (first, /, second = 0))]
pub fn positional_only(first: i64, second: i64) -> i64 {
    first * 10 + second
}

/// Takes some arguments by keyword only.
#[pyfunction]
#[pyo3(signature = (*, first, second = 0))]
pub fn keyword_only(first: i64, second: i64) -> i64 {
    first * 10 + second
}

/// Takes all kinds of arguments.
#[pyfunction]
#[pyo3(signature = (first, /, second, *rest, third = 3, **others))]
pub fn all_kinds<'py>(
    py: Python<'py>,
    first: i64,
    second: i64,
    rest: &Bound<'py, PyTuple>,
    third: i64,
    others: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyTuple>> {
    (
        first,
        second,
        rest,
        third,
        others.map(|others| others.len()),
    )
        .into_pyobject(py)
}

/// Returns the name of its module.
#[pyfunction]
#[pyo3(pass_module)]
pub fn with_module(module: &Bound<'_, PyModule>) -> PyResult<String> {
    Ok(module.name()?.to_string())
}

/// Returns its argument.
#[pyfunction]
pub fn same(object: Py<PyAny>) -> Py<PyAny> {
    object
}

/// Raises an error of the given kind.
#[pyfunction]
pub fn raise_error(kind: &str) -> PyResult<()> {
    Err(match kind {
        "base" => BaseError::new_err("base"),
        "leaf" => LeafError::new_err(("leaf", 1)),
        "refused" => RefusedValue::new_err(()),
        "key" => PyKeyError::new_err(kind.to_owned()),
        "io" => std::io::Error::from(std::io::ErrorKind::NotFound).into(),
        "parse" => "x".parse::<i32>().unwrap_err().into(),
        _ => PyTypeError::new_err(format!("no such kind: {kind}")),
    })
}

/// Creates and inspects an error without raising it.
#[pyfunction]
pub fn swallow_error(py: Python<'_>) -> (String, bool) {
    let error = LeafError::new_err("swallowed");
    error.set_cause(py, Some(BaseError::new_err("cause")));
    (error.to_string(), error.is_instance_of::<BaseError>(py))
}

/// Panics.
#[pyfunction]
pub fn panics(message: String) {
    std::panic::panic_any(message)
}

/// Calls its argument.
#[pyfunction]
pub fn call_back<'py>(
    function: &Bound<'py, PyAny>,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    function.call1((argument,))
}

/// Returns a closure that adds.
#[pyfunction]
pub fn make_adder(py: Python<'_>, amount: i64) -> PyResult<Bound<'_, PyCFunction>> {
    PyCFunction::new_closure(py, Some(c"adder"), Some(c"Adds."), move |args, _kwargs| {
        Ok::<_, PyErr>(args.extract::<(i64,)>()?.0 + amount)
    })
}

/// Returns a closure that counts its calls and holds an object.
#[pyfunction]
pub fn make_counter(py: Python<'_>, object: Py<PyAny>) -> PyResult<Bound<'_, PyCFunction>> {
    let calls = AtomicU64::new(0);
    PyCFunction::new_closure(py, None, None, move |args, _kwargs| {
        let count = calls.fetch_add(1, Ordering::Relaxed) + 1;
        (count, object.bind(args.py()))
            .into_pyobject(args.py())
            .map(Bound::unbind)
    })
}
