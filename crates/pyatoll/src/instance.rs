//! Handles to Python objects, under the name of PyO3's module.
//!
//! ```
//! use pyatoll::instance::{Bound, Py};
//! use pyatoll::{PyAny, Python};
//!
//! Python::attach(|py| {
//!     let none: Py<PyAny> = py.None();
//!     let bound: Bound<'_, PyAny> = none.into_bound(py);
//!     assert_eq!(bound.to_string(), "None");
//! });
//! ```

pub use crate::object::{Borrowed, Bound, BoundObject, Py};
