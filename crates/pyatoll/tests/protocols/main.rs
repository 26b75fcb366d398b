//! What `#[pymethods]` promises of special methods. Everything is checked in the main interpreter
//! and in a sub-interpreter.

mod attributes;
mod containers;
mod iteration;
mod level;
mod memory;
mod numbers;
mod objects;
mod slots;

use std::ffi::CString;

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Runs `check` in the main interpreter, and in one with a GIL of its own where Python has that.
fn everywhere(check: impl for<'py> Fn(Python<'py>) + Send + Sync) {
    Python::attach(&check);
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(check).unwrap();
    sub.close().unwrap();
}

/// Defines `raises(function, *args)`, which gives the text of what a call raises.
fn names(py: Python<'_>) -> Bound<'_, PyDict> {
    let names = PyDict::new(py);
    py.run(
        c"
def raises(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return 'nothing'
",
        Some(&names),
        None,
    )
    .unwrap();
    names
}

/// Runs Python code that knows `raises`, and `T` as `cls`.
fn run<T: pyatoll::PyTypeInfo>(py: Python<'_>, code: &str) {
    let names = names(py);
    names.set_item("cls", py.get_type::<T>()).unwrap();
    run_with(py, &names, code);
}

/// Runs Python code, indented like the Rust code around it, in a module of these names.
fn run_with(py: Python<'_>, names: &Bound<'_, PyDict>, code: &str) {
    let dedent = py.import("textwrap").unwrap().getattr("dedent").unwrap();
    let code: String = dedent.call1((code,)).unwrap().extract().unwrap();
    let code = CString::new(code).unwrap();
    if let Err(error) = py.run(&code, Some(names), None) {
        error.print(py);
        panic!("{error}");
    }
}
