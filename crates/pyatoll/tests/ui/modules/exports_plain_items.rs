//! Items without an attribute, exported.
use pyatoll::prelude::*;

struct PlainStruct;

fn plain_function() {}

#[pymodule]
mod a {
    #[pymodule_export]
    use super::PlainStruct;
    #[pymodule_export]
    use super::plain_function;
}

fn main() {}
