//! The value of a frozen class is read with `get`, of others with `borrow_mut`.
use pyatoll::prelude::*;

#[pyclass(frozen)]
struct Frozen;

#[pyclass]
struct Changing;

fn change(object: &Bound<'_, Frozen>) {
    let _ = object.borrow_mut();
}

fn read(object: &Bound<'_, Changing>) {
    let _ = object.get();
}

#[pyfunction]
fn argument(_object: &mut Frozen) {}

fn main() {}
