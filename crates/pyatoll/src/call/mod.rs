//! Calls: [`PyCallArgs`], the arguments of a call from Rust. Functions that Python calls are those
//! with [`#[pyfunction]`](macro@crate::pyfunction).
//!
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

// Calls from Python into Rust: the functions that macro-generated code is built on.
//
// A generated function is a thin shell: it finds its token, enters a trampoline, matches the
// arguments to its parameters, converts each of them, calls the user's function and converts the
// result. Everything but the conversions is ordinary, shared code over data records.
//
// | file | concern |
// |---|---|
// | `token` | the token of an entry point, from what CPython passes to it |
// | `trampoline` | from C into Rust: drop queue, errors, panics |
// | `signature` | a function's parameters, as data |
// | `matching` | matching arguments to a signature |
// | `arguments` | tuples and dicts of arguments as arrays |
// | `mismatch` | the `TypeError`s of a call that does not match |
// | `argument` | converting one argument |
// | `scalars` | converting several numbers together |
// | `output` | converting the result |
// | `hints` | the type hints of results (the feature `experimental-inspect`) |
// | `function` | Rust functions as Python functions |
// | `closure` | Rust closures as Python functions |
// | `context_watcher` | watching switches of the current context |

pub(crate) mod argument;
pub(crate) mod arguments;
mod closure;
#[cfg(all(Py_3_14, not(any(Py_GIL_DISABLED, Py_LIMITED_API))))]
pub(crate) mod context_watcher;
pub(crate) mod function;
#[cfg(feature = "experimental-inspect")]
pub(crate) mod hints;
pub(crate) mod matching;
pub(crate) mod mismatch;
pub(crate) mod output;
pub(crate) mod scalars;
pub(crate) mod signature;
pub(crate) mod token;
pub(crate) mod trampoline;

pub use crate::types::PyCallArgs;
