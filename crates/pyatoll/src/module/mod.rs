//! Extension modules: `#[pymodule]`, multi-phase initialisation, what a module adds to itself.

pub(crate) mod definition;
pub(crate) mod export;
pub(crate) mod macros;
