//! The benchmark module made with PyO3. The items are those of `bench_pyatoll`.

#[path = "../../rust/items.rs"]
mod items;

/// The benchmark module.
#[pyo3::pymodule]
mod bench_pyo3 {
    #[pymodule_export]
    use crate::items::{
        Items, Num, add, call, dict_sum, eight, fail, floats, int_kw, list_sum, nothing, str_len,
        text, through, varargs,
    };
}
