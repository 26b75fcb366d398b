//! The end of the process for a `SystemExit` that is printed on a thread inside a sub-interpreter.
//!
//! `PyErr_PrintEx` calls `Py_FinalizeEx` there, which finalizes the interpreter of the thread as if
//! it were the main one: CPython hangs or corrupts its memory. Nor can it be called from the main
//! interpreter, since this thread's frames in the sub-interpreter keep that from ending. So the
//! exit functions are called here, and the runtime is left as it is.

use std::ffi::c_long;

use crate::error::PyErr;
use crate::exceptions::PySystemExit;
use crate::interpreter::{Interpreter, Python, attach, exit_without_finalizing};
use crate::object::Bound;
use crate::prelude::PyDictMethods;
use crate::types::{PyAny, PyAnyMethods, PyDict};

/// Ends the process if `error` asks for that and this thread is inside a sub-interpreter.
#[track_caller]
pub(super) fn exit_within_sub(py: Python<'_>, error: &PyErr) {
    if error.is_instance_of::<PySystemExit>(py) && attach::is_inside_sub() && !is_inspecting(py) {
        let status = status(error.value(py).as_any());
        exit(py, status);
    }
}

/// Returns whether Python was started with `-i`, for which CPython prints the exception instead.
fn is_inspecting(py: Python<'_>) -> bool {
    let flags = py.import("sys").and_then(|sys| sys.getattr("flags"));
    let inspect = flags.and_then(|flags| flags.getattr("inspect")?.is_truthy());
    inspect.unwrap_or(false)
}

/// Returns the exit status for an exception as Python does: its `code`, or 1 for a message, which
/// is printed.
fn status(exception: &Bound<'_, PyAny>) -> i32 {
    let code = exception.getattr("code");
    let code = code.unwrap_or_else(|_| exception.clone());
    if code.is_none() {
        return 0;
    }
    if code.is_instance_of::<crate::types::PyInt>() {
        return code.extract::<c_long>().map_or(-1, truncated);
    }
    let py = code.py();
    let print = || {
        let arguments = PyDict::new(py);
        arguments.set_item("file", py.import("sys")?.getattr("stderr")?)?;
        let print = py.import("builtins")?.getattr("print")?;
        print.call((&code,), Some(&arguments))
    };
    if let Err(error) = print() {
        error.write_unraisable(py, None);
    }
    1
}

/// Truncates a code, as CPython's cast of a `long` to an `int` does.
fn truncated(code: impl Into<i64>) -> i32 {
    code.into() as i32
}

/// Ends the process: calls the exit functions of the main interpreter, which include the end of the
/// sub-interpreters that this thread is not inside, then those of this one, and flushes the
/// standard streams.
fn exit(py: Python<'_>, status: i32) -> ! {
    exit_without_finalizing();
    flush(py);
    if !py.interpreter().is_main() {
        // Where the main interpreter is ending already, others call them.
        let main = py.detach(Interpreter::main);
        if let Some(main) = main {
            let _ = py.detach(|| main.attach(call_exit_functions));
        }
    }
    call_exit_functions(py);
    py.detach(|| std::process::exit(status))
}

fn call_exit_functions(py: Python<'_>) {
    let module = py.import("atexit");
    let called = module.and_then(|module| module.call_method0("_run_exitfuncs"));
    if let Err(error) = called {
        error.write_unraisable(py, None);
    }
    flush(py);
}

/// Flushes the interpreter's standard streams.
fn flush(py: Python<'_>) {
    for name in ["stdout", "stderr"] {
        let stream = py.import("sys").and_then(|sys| sys.getattr(name));
        // It may be `None`, closed, or not a file.
        let _ = stream.and_then(|stream| stream.call_method0("flush"));
    }
}
