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
//! Pyatoll. The guide's page `differences.md` lists the differences from PyO3, and
//! `compat/DIFFERENCES.md` what each feature does.

pub use pyatoll::*;

#[doc(hidden)]
pub mod impl_;
