//! Pyatoll as a package named `pyo3`, for a tree of crates that depend on `pyo3`.
//!
//! In the `Cargo.toml` of the crate or workspace to build:
//!
//! ```toml
//! [patch.crates-io]
//! pyo3 = { path = "…/compat/pyo3" }
//! ```
//!
//! Every crate of the tree that depends on `pyo3 = "0.30"` then uses this package. It re-exports
//! Pyatoll; `compat/DIFFERENCES.md` lists the differences from PyO3, and `Cargo.toml` the features
//! that have no effect yet.

pub use pyatoll::*;

#[doc(hidden)]
pub mod impl_;
