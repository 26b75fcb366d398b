//! A handle with a token, in another thread.
use pyatoll::prelude::*;

fn main() {
    Python::attach(|py| {
        let object = py.None().into_bound(py);
        std::thread::scope(|scope| {
            scope.spawn(|| object.is_none());
        });
    });
}
