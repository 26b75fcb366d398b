//! Classes: `#[pyclass]` types, their instances and type objects.

pub mod items;
