//! A function with a mistake in an exported place: the export is not reported, too.
use pyatoll::prelude::*;

#[pyfunction]
fn generic<T>(_x: T) {}

#[pymodule]
mod a {
    use pyatoll::prelude::*;

    #[pymodule_export]
    use super::generic;

    #[pyfunction]
    fn inner<T>(_x: T) {}

    #[pyfunction]
    fn good() {}
}

#[pymodule]
fn b(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(generic, m)?)
}

fn main() {}
