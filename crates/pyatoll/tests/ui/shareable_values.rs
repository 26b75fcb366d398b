//! Values that interpreters cannot share.
use std::cell::Cell;
use std::sync::Mutex;

use pyatoll::prelude::*;

#[pyclass(frozen, shareable)]
struct NotSync(Cell<u8>);

#[pyclass(frozen, shareable)]
struct Holder {
    objects: Mutex<Vec<Option<Py<PyAny>>>>,
}

#[pyclass(frozen)]
struct Plain;

fn main() {
    let _ = pyatoll::Shared::new(Plain);
}
