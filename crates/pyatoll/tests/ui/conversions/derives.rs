//! Derives of the conversion traits.
use pyatoll::prelude::*;

struct Plain;

#[derive(IntoPyObject)]
struct WithPlain {
    plain: Plain,
}

#[derive(FromPyObject)]
struct FromPlain {
    plain: Plain,
}

#[derive(FromPyObject)]
struct Unit;

#[derive(FromPyObject)]
enum Empty {}

#[derive(IntoPyObject)]
union Union {
    a: u8,
}

fn main() {}
