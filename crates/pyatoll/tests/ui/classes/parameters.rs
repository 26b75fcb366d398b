//! Classes with parameters.
use pyatoll::prelude::*;

#[pyclass]
struct Generic<T> {
    value: T,
}

#[pyclass]
struct Borrowing<'a> {
    text: &'a str,
}

#[pyclass]
struct Sized<const N: usize> {
    values: [u8; N],
}

fn uses(generic: Generic<u32>, borrowing: Borrowing<'_>, sized: Sized<2>) {
    let _ = (generic.value, borrowing.text, sized.values);
}

fn main() {}
