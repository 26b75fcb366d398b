//! The benchmark module made with Pyatoll. The items are those of `bench_pyo3`.

#[path = "../../rust/conversions.rs"]
mod conversions;
#[path = "../../rust/items.rs"]
mod items;

/// The benchmark module.
#[pyo3::pymodule]
mod bench_pyatoll {
    #[pymodule_export]
    use crate::conversions::{
        backed_bytes_len, backed_str_len, big, big_bits, buffer_len, date, decimal, decimal_scale,
        naive, naive_seconds, pause, ready, utc, utc_seconds, uuid_half, uuid_of,
    };
    #[pymodule_export]
    use crate::items::{
        Items, Num, add, call, dict_sum, eight, fail, floats, int_kw, list_sum, nothing, str_len,
        text, through, varargs,
    };
}
