//! The cost of handles, of attaching and of per-interpreter state in Pyatoll.

#[path = "../../rust/internals.rs"]
mod internals;

/// Times one row at a time.
#[pyo3::pymodule]
mod bench_internals_pyatoll {
    use std::hint::black_box;

    use pyo3::ffi;
    use pyo3::interpreter::{Interpreter, SubInterpreter, bench};
    use pyo3::prelude::*;
    use pyo3::sync::InterpreterLocal;

    use crate::internals::{common, foreign, timed};

    static VALUE: InterpreterLocal<u64> = InterpreterLocal::new();

    /// Returns the seconds for `count` runs of a row; `None` if the row is not one of these.
    #[pyfunction]
    fn run(py: Python<'_>, row: &str, count: usize) -> Option<f64> {
        match row {
            "token" => Some(timed(count, || {
                black_box(VALUE.get(black_box(py)));
            })),
            "fallback" => Some(timed(count, || {
                // SAFETY: attached, and this binary is initialized in the interpreter.
                black_box(unsafe { bench::fallback_token() });
            })),
            "attach-sub" => {
                let sub = sub_interpreter();
                let interpreter = sub.interpreter();
                Some(foreign(py, count, || {
                    let attached = interpreter.attach(|py| {
                        black_box(py);
                    });
                    attached.expect("the interpreter is open");
                }))
            }
            "state-foreign" => Some(thread_states(py, &py.interpreter(), count)),
            "state-sub" => Some(thread_states(py, &sub_interpreter().interpreter(), count)),
            _ => common(py, row, count),
        }
    }

    fn sub_interpreter() -> SubInterpreter {
        let sub = SubInterpreter::builder().build();
        sub.expect("an interpreter can be created")
    }

    /// Returns the seconds in which a foreign thread creates `count` thread states of an
    /// interpreter, one after the other, and deletes them: CPython's part of an attachment.
    fn thread_states(py: Python<'_>, interpreter: &Interpreter, count: usize) -> f64 {
        // SAFETY: attached.
        let current = |_: Python<'_>| unsafe { ffi::PyInterpreterState_Get() } as usize;
        let state = py.detach(|| interpreter.attach(current));
        let state = state.expect("the interpreter is open");
        foreign(py, count, || {
            // SAFETY: the interpreter is alive while this function runs, and the thread is attached
            // between the two calls that attach and detach it.
            unsafe {
                let thread = ffi::PyThreadState_New(state as *mut ffi::PyInterpreterState);
                ffi::PyEval_RestoreThread(thread);
                ffi::PyThreadState_Clear(thread);
                ffi::PyThreadState_DeleteCurrent();
            }
        })
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        VALUE.get_or_init(module.py(), || 7);
        Ok(())
    }
}
