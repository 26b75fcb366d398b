//! A module that shares classes with `cross_one`.

#[path = "../../functions.rs"]
mod functions;

#[pyatoll::pymodule]
mod cross_two {
    #[pymodule_export]
    use classes::{Pixel, Point, Side};

    #[pymodule_export]
    use super::functions::{
        Named, alive, borrowed_twice, by_mutable_reference, by_reference, by_value, color, make,
        other_side, pixel,
    };
}
