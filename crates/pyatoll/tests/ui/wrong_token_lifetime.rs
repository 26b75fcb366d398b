//! Binding with a token of a shorter attachment does not extend its lifetime.
use pyatoll::prelude::*;

fn longer<'a, 'b>(object: &'a Py<PyAny>, py: Python<'b>) -> &'a Bound<'a, PyAny> {
    object.bind(py)
}

fn main() {
    let _ = longer;
}
