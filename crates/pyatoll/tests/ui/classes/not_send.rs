//! Fields that may not go to another thread.
use std::cell::RefCell;
use std::rc::Rc;

use pyatoll::prelude::*;

#[pyclass]
struct Counted {
    count: Rc<u32>,
}

#[pyclass]
struct Shared {
    cell: RefCell<u32>,
}

#[pyclass]
struct Pointer {
    pointer: *mut u8,
}

fn main() {}
