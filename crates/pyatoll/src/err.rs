//! Python exceptions as Rust errors, under the name of PyO3's module.
//!
//! ```
//! use pyatoll::err::{PyErr, PyResult};
//! use pyatoll::exceptions::PyValueError;
//!
//! fn refuse() -> PyResult<()> {
//!     Err(PyErr::new::<PyValueError, _>("no"))
//! }
//! assert!(refuse().is_err());
//! ```

pub use crate::error::{CastError, CastIntoError, PyErr, PyErrArguments, PyResult, ToPyErr};
