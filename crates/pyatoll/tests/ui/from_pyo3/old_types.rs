//! Types of PyO3 before 0.26.
use pyatoll::prelude::*;
use pyatoll::sync::GILOnceCell;

static CELL: GILOnceCell<PyObject> = GILOnceCell::new();

fn main() {
    let _ = &CELL;
}
