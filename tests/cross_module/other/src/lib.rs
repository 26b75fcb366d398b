//! A module with another build of the same classes.

#[path = "../../functions.rs"]
mod functions;

#[pyatoll::pymodule]
mod cross_other {
    #[pymodule_export]
    use classes::{Pixel, Point, Side};

    #[pymodule_export]
    use super::functions::{
        Named, alive, borrowed_twice, by_mutable_reference, by_reference, by_value, color, make,
        other_side, pixel,
    };
}
