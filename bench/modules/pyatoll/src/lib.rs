//! The benchmark module made with Pyatoll. The items are those of `bench_pyo3`.

#[path = "../../rust/conversions.rs"]
mod conversions;
#[path = "../../rust/items.rs"]
mod items;
#[path = "../../rust/large.rs"]
mod large;

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
        Frozen, Items, Num, add, call, dict_sum, eight, fail, floats, int_kw, list_sum, nothing,
        str_len, text, through, varargs,
    };
    #[pymodule_export]
    use crate::large::{
        Point, large_instances_in, large_instances_out, large_ints_in, large_ints_out,
        large_map_in, large_map_out, large_text_in, large_text_out, large_texts_in,
        large_texts_out,
    };
}
