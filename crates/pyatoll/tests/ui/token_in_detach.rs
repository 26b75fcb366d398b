//! A token cannot be used while its thread is detached.
use pyatoll::prelude::*;

fn main() {
    Python::attach(|py| py.detach(|| drop(py.None())));
}
