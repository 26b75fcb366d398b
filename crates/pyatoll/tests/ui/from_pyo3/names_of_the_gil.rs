//! Names of PyO3 before 0.26.
use pyatoll::prelude::*;

fn main() {
    pyatoll::prepare_freethreaded_python();
    Python::with_gil(|py| py.allow_threads(|| 1));
    Python::assume_gil_acquired();
}
