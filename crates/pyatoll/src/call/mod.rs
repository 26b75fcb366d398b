//! Calls from Python into Rust: what the macros' code is made of.
//!
//! A generated function is a thin shell: it finds its token (`token`), enters a `trampoline`,
//! matches what CPython passed to its parameters (`signature`), converts each (`argument`),
//! calls the user's function and converts the result (`output`). All but the conversions
//! themselves is ordinary, shared code over data records.
//! ```
//! use pyatoll::prelude::*;
//!
//! #[pyfunction]
//! #[pyo3(signature = (a, *, b = 1))]
//! fn add(a: i32, b: i32) -> i32 {
//!     a + b
//! }
//!
//! Python::attach(|py| {
//!     let add = wrap_pyfunction!(add, py)?;
//!     assert_eq!(add.call1((2,))?.extract::<i32>()?, 3);
//!     assert!(add.call1((2, 3)).is_err());
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

pub(crate) mod argument;
pub(crate) mod arguments;
mod closure;
pub(crate) mod function;
pub(crate) mod mismatch;
pub(crate) mod output;
pub(crate) mod signature;
pub(crate) mod token;
pub(crate) mod trampoline;

pub use crate::types::PyCallArgs;
