//! What handles and attaching cost in PyO3.

#[path = "../../rust/internals.rs"]
mod internals;

/// Times one row at a time.
#[pyo3::pymodule]
mod bench_internals_pyo3 {
    use pyo3::prelude::*;

    /// The seconds for `count` runs of what the row names; `None` if there is no such row here.
    #[pyfunction]
    fn run(py: Python<'_>, row: &str, count: usize) -> Option<f64> {
        crate::internals::common(py, row, count)
    }
}
