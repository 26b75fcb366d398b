//! A reference to a class's value, as a result.
use pyatoll::prelude::*;

#[pyclass]
struct Inner;

#[pyclass]
struct Outer {
    inner: Inner,
}

#[pymethods]
impl Outer {
    fn inner(&self) -> &Inner {
        &self.inner
    }

    #[getter]
    fn part(&self) -> &Inner {
        &self.inner
    }
}

fn main() {}
