//! Calls from Python into Rust: what the macros' code is made of.
//!
//! A generated function is a thin shell: it finds its token (`token`), enters a `trampoline`,
//! matches what CPython passed to its parameters (`signature`), converts each (`argument`),
//! calls the user's function and converts the result (`output`). All but the conversions
//! themselves is ordinary, shared code over data records.

pub(crate) mod argument;
mod closure;
pub(crate) mod function;
pub(crate) mod mismatch;
pub(crate) mod output;
pub(crate) mod signature;
pub(crate) mod token;
pub(crate) mod trampoline;

pub use crate::types::PyCallArgs;
