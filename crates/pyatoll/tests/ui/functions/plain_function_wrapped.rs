//! A function without `#[pyfunction]`, wrapped.
use pyatoll::prelude::*;

fn plain() {}

#[pymodule]
fn a(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(plain, m)?)
}

fn main() {}
