//! Pyatoll as a package named `pyo3`, for a tree of crates that name it so.
//!
//! In the `Cargo.toml` of the crate or workspace that is built:
//!
//! ```toml
//! [patch.crates-io]
//! pyo3 = { path = "…/compat/pyo3" }
//! ```
//!
//! Every crate of the tree that asks for `pyo3 = "0.30"` then gets this one. All of it is Pyatoll's;
//! `compat/DIFFERENCES.md` lists how that differs from PyO3, and `Cargo.toml` which features do
//! nothing yet.

pub use pyatoll::*;

#[doc(hidden)]
pub mod impl_;

#[cfg(any(feature = "abi3", feature = "abi3t"))]
compile_error!(
    "Pyatoll has no support for the stable ABI yet: build without the features `abi3…` of `pyo3` \
     (with `default-features = false` where they are a default of your crate), which makes one \
     wheel for each version of Python"
);
