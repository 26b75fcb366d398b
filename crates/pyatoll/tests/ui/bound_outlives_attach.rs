//! A `Bound` ends with the attachment; `unbind` it to keep the object.
use pyatoll::prelude::*;

fn main() {
    let _object = Python::attach(|py| py.None().into_bound(py));
}
