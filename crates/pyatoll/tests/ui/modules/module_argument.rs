//! Arguments that no module can be passed as.
use pyatoll::prelude::*;

#[pymodule]
fn a(_py: Python<'_>, _m: &PyModule) -> PyResult<()> {
    Ok(())
}

#[pymodule]
fn b(_m: &Bound<'_, PyAny>) -> PyResult<()> {
    Ok(())
}

#[pymodule]
fn c(_m: u32) {}

#[pyfunction(pass_module)]
fn d(_m: &PyModule) {}

fn main() {}
