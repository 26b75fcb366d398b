//! A token stays on its thread.
use pyatoll::prelude::*;

fn main() {
    Python::attach(|py| {
        std::thread::scope(|scope| {
            scope.spawn(move || drop(py));
        });
    });
}
