//! Uses every conversion and every kind of type once. Also part of `tests/stress`.

mod classes;
mod conversions;
mod coroutines;
mod types;

use std::ffi::CStr;
use std::time::Duration;

use pyatoll::IntoPyObjectExt;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Uses all of them in the current interpreter, and checks some results.
pub fn use_every_type(py: Python<'_>) -> PyResult<()> {
    // First, since code that imports `decimal` itself crashes Python 3.12 in an interpreter with
    // its own GIL.
    Duration::ZERO.into_bound_py_any(py)?;
    let wrong: Vec<Bound<'_, PyAny>> = py
        .eval(
            c"[None, 'text', '\\ud800', 3.5, 1 << 200, -1, object(), [None, 'x'], (1,), \
              {'number': 'x'}, {1, None}, b'ab', bytearray(b'a')]",
            None,
            None,
        )?
        .extract()?;
    conversions::conversions(py, &wrong)?;
    types::types(py, &wrong)?;
    coroutines::coroutines(py)?;
    classes::classes(py)
}

/// Runs code with these names.
fn run(py: Python<'_>, code: &CStr, names: &[(&str, Bound<'_, PyAny>)]) -> PyResult<()> {
    let globals = PyDict::new(py);
    for (name, object) in names {
        globals.set_item(name, object)?;
    }
    let result = py.run(code, Some(&globals), None);
    // Functions in it refer to it.
    globals.clear();
    result
}
