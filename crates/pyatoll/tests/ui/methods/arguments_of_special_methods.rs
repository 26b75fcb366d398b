//! Special methods with another number of arguments than Python passes.
use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl A {
    fn __getitem__(&self) -> u32 {
        1
    }

    fn __len__(&self, _x: u32) -> usize {
        1
    }

    fn __add__(&self) -> u32 {
        1
    }

    fn __setitem__(&self, _key: u32) {}

    fn __delitem__(&self) {}

    fn __richcmp__(&self, _other: &Self) -> bool {
        true
    }

    fn __clear__(&self, _x: u32) {}

    fn __traverse__(&self) -> Result<(), pyatoll::PyTraverseError> {
        Ok(())
    }

    fn __pow__(&self, _a: u32, _b: u32, _c: u32) -> u32 {
        1
    }
}

fn main() {}
