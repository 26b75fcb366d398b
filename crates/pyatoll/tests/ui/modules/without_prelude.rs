//! A module without the names that its functions use.
use pyatoll::prelude::*;

#[pymodule]
mod a {
    #[pyfunction]
    fn f(_x: &Bound<'_, PyAny>) -> PyResult<u32> {
        Ok(1)
    }
}

fn main() {}
