//! A receiver that is not a handle to an instance.
use std::rc::Rc;

use pyatoll::prelude::*;

#[pyclass]
struct A;

#[pymethods]
impl A {
    fn shared(self: Rc<Self>) {}

    fn by_number(slf: u32) -> u32 {
        slf
    }
}

fn main() {}
