use pyatoll::coroutine::CancelHandle;
use pyatoll::prelude::*;

#[pyfunction]
async fn with_token(py: Python<'_>) {}

#[pyfunction]
fn not_async(#[pyo3(cancel_handle)] cancel: CancelHandle) {}

#[pyfunction(signature = (cancel))]
async fn in_signature(#[pyo3(cancel_handle)] cancel: CancelHandle) {}

#[pyfunction]
async fn two_handles(
    #[pyo3(cancel_handle)] a: CancelHandle,
    #[pyo3(cancel_handle)] b: CancelHandle,
) {
}

#[pyfunction]
async fn converted(#[pyo3(cancel_handle, from_py_with = f)] cancel: CancelHandle) {}

#[pyfunction]
async fn borrows_object(object: &Bound<'_, PyAny>) {}

#[pyfunction(signature = (object=None))]
async fn owns_object(object: Option<Bound<'_, PyAny>>) {}

#[pyclass]
struct Class;

#[pymethods]
impl Class {
    async fn with_token(py: Python<'_>, slf: Py<Self>) {}

    #[getter]
    async fn value(&self) {}

    async fn __next__(&self) {}
}

fn main() {}
