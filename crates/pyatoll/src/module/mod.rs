//! Modules: `#[pymodule]`, multi-phase initialization, and `PyModule`.
//!
//! | file | concern |
//! |---|---|
//! | `pymodule` | [`PyModule`](pymodule::PyModule) and its methods |
//! | `definition` | the `PyModuleDef` of a `#[pymodule]` |
//! | `export` | the items that a module can export |
//! | `submodules` | the names of submodules, and their entries in `sys.modules` |
//! | `function` | functions and the modules they belong to |
//! | `macros` | `wrap_pymodule!`, `append_to_inittab!` |
//! | `compat` | differences between versions of CPython |

mod compat;
pub(crate) mod definition;
pub(crate) mod export;
pub(crate) mod function;
pub(crate) mod macros;
pub(crate) mod pymodule;
mod submodules;
