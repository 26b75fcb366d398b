//! The benchmark module made with Pyatoll. The items are those of `bench_pyo3`.

#[path = "../../rust/items.rs"]
mod items;

/// The benchmark module.
#[pyo3::pymodule]
mod bench_pyatoll {
    #[pymodule_export]
    use crate::items::{
        Items, Num, add, call, dict_sum, eight, fail, floats, int_kw, list_sum, nothing, str_len,
        text, through, varargs,
    };
}
