//! The cost of handles and of attaching in PyO3.

#[path = "../../rust/internals.rs"]
mod internals;

/// Times one row at a time.
#[pyo3::pymodule]
mod bench_internals_pyo3 {
    use pyo3::prelude::*;

    /// Returns the seconds for `count` runs of a row; `None` if the row is not one of these.
    #[pyfunction]
    fn run(py: Python<'_>, row: &str, count: usize) -> Option<f64> {
        crate::internals::common(py, row, count)
    }
}
