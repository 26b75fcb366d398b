//! The cost of handles, of attaching and of per-interpreter state in Pyatoll.

#[path = "../../rust/internals.rs"]
mod internals;

/// Times one row at a time.
#[pyo3::pymodule]
mod bench_internals_pyatoll {
    use std::hint::black_box;

    use pyo3::interpreter::bench;
    use pyo3::prelude::*;
    use pyo3::sync::InterpreterLocal;

    use crate::internals::{common, timed};

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
            _ => common(py, row, count),
        }
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        VALUE.get_or_init(module.py(), || 7);
        Ok(())
    }
}
