//! The attribute and derive macros of `pyatoll`.
