//! Calls with arguments that are not a tuple, or do not convert.
use pyatoll::prelude::*;

struct Plain;

fn not_a_tuple(f: &Bound<'_, PyAny>) {
    let _ = f.call1(1);
}

fn plain_argument(f: &Bound<'_, PyAny>) {
    let _ = f.call1((Plain,));
}

fn plain_value(f: &Bound<'_, PyAny>) {
    let _ = f.setattr("x", Plain);
}

fn plain_item(f: &Bound<'_, pyatoll::types::PyDict>) {
    let _ = f.set_item("x", Plain);
}

fn main() {}
