//! An exception without a base class.
use pyatoll::prelude::*;

pyatoll::create_exception!(m, MyError);

fn main() {}
