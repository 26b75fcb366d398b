//! A module that logs and awaits, written for PyO3.

use std::time::Duration;

use pyo3::prelude::*;

/// Sleeps on tokio, and logs that.
#[pyfunction]
pub fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    pyo3_async_runtimes::tokio::future_into_py(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        log::info!("slept");
        Ok(seconds)
    })
}
