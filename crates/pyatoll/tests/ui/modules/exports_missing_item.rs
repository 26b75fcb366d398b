//! An item that does not exist, exported.
use pyatoll::prelude::*;

#[pymodule]
mod a {
    #[pymodule_export]
    use super::missing;
}

fn main() {}
