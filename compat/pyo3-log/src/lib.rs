//! [`pyatoll_log`] under the name of `pyo3-log`, for a `[patch]` beside that of `pyo3`.

pub use pyatoll_log::*;
