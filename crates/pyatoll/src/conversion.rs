//! Conversions between Rust values and Python objects.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::conversion::IntoPyObjectExt;
//!
//! Python::attach(|py| assert_eq!("text".into_py_any(py).unwrap().to_string(), "text"));
//! ```

pub use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
