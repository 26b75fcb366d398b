//! Promises of `#[pymethods]` about special methods, each checked in the main interpreter and in a
//! sub-interpreter.
//!
//! | file | concern |
//! |---|---|
//! | `attributes.rs` | attribute access and descriptors |
//! | `containers.rs` | sequences and mappings |
//! | `iteration.rs` | iterators, awaitables and asynchronous iterators |
//! | `leaks.rs` | calls of every kind leak nothing |
//! | `memory.rs` | buffers, garbage collection, finalizers |
//! | `numbers.rs` | operators: forward, reflected, in place |
//! | `objects.rs` | `str`, `repr`, hash, truth, numeric conversions and comparisons |
//! | `slots.rs` | how methods combine into slots |

mod attributes;
#[path = "../collector/mod.rs"]
mod collector;
mod containers;
mod iteration;
mod leaks;
mod memory;
mod numbers;
mod objects;
mod slots;

use std::ffi::CString;

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Runs `check` in the main interpreter and in a sub-interpreter, with its own GIL where Python
/// supports that.
fn everywhere(check: impl for<'py> Fn(Python<'py>) + Send + Sync) {
    Python::attach(&check);
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(check).unwrap();
    sub.close().unwrap();
}

/// Returns a namespace with `raises(function, *args)`, which returns the text of the exception that
/// the call raises.
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

/// Runs Python code with `raises` and with `T` as `cls`.
fn run<T: pyatoll::PyTypeInfo>(py: Python<'_>, code: &str) {
    let names = names(py);
    names.set_item("cls", py.get_type::<T>()).unwrap();
    run_with(py, &names, code);
}

/// Runs Python code, indented like the surrounding Rust code, in the given namespace.
fn run_with(py: Python<'_>, names: &Bound<'_, PyDict>, code: &str) {
    let dedent = py.import("textwrap").unwrap().getattr("dedent").unwrap();
    let code: String = dedent.call1((code,)).unwrap().extract().unwrap();
    let code = CString::new(code).unwrap();
    if let Err(error) = py.run(&code, Some(names), None) {
        error.print(py);
        panic!("{error}");
    }
}
