//! The exception of a Rust future that panics.

use pyatoll::exceptions::PyException;

pyatoll::create_exception!(
    pyatoll_async,
    RustPanic,
    PyException,
    "A Rust future that Python code awaits has panicked."
);
