//! What Rust's marker types say of Python's types, under the name of PyO3's module.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::type_object::PyTypeInfo;
//! use pyatoll::types::PyList;
//!
//! Python::attach(|py| assert_eq!(PyList::type_object(py).to_string(), "<class 'list'>"));
//! ```

pub use crate::object::{PyTypeCheck, PyTypeInfo};
