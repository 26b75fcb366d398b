//! Conversions of PyO3 before 0.23.
use pyatoll::prelude::*;
use pyatoll::types::PyList;

fn into(py: Python<'_>) {
    let _ = 1_u32.into_py(py);
    let _ = "text".to_object(py);
}

fn cast(x: &Bound<'_, PyAny>) {
    let _ = x.downcast::<PyList>();
}

fn bound(py: Python<'_>) {
    let _ = PyList::new_bound(py, [1]);
}

fn main() {}
