//! Special methods whose results are not what Python expects.
use pyatoll::prelude::*;

#[pyclass]
struct Signed;

#[pymethods]
impl Signed {
    fn __len__(&self) -> isize {
        1
    }

    fn __contains__(&self, x: u32) -> u32 {
        x
    }

    fn __bool__(&self) -> u32 {
        1
    }

    fn __hash__(&self) -> String {
        String::new()
    }

    fn __setitem__(&self, _key: u32, value: u32) -> u32 {
        value
    }

    #[pyo3(signature = ())]
    fn __init__(&self) -> u32 {
        1
    }

    #[setter]
    fn size(&self, value: u32) -> u32 {
        value
    }
}

#[pyclass]
struct Text;

#[pymethods]
impl Text {
    fn __len__(&self) -> PyResult<String> {
        Ok(String::new())
    }

    fn __bool__(&self) {}
}

fn main() {}
