//! `&mut self` in a frozen class.
use pyatoll::prelude::*;

#[pyclass(frozen)]
struct A(u32);

#[pymethods]
impl A {
    fn set(&mut self, x: u32) {
        self.0 = x;
    }

    fn set_by_handle(mut slf: PyRefMut<'_, Self>, x: u32) {
        slf.0 = x;
    }

    fn __setitem__(&mut self, _key: u32, x: u32) {
        self.0 = x;
    }
}

fn main() {}
