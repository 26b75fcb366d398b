//! A plain struct where a class is expected.
use pyatoll::prelude::*;

struct Plain;

fn create(py: Python<'_>) -> PyResult<Py<Plain>> {
    Py::new(py, Plain)
}

fn borrow(object: &Bound<'_, Plain>) {
    let _ = object.borrow();
}

fn class(py: Python<'_>) {
    let _ = py.get_type::<Plain>();
}

fn is_instance(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<Plain>()
}

fn main() {}
