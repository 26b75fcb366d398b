//! Types that cannot be extended.
use pyatoll::prelude::*;

struct Plain;

#[pyclass]
struct Final;

#[pyclass(extends = Final)]
struct OfFinal;

#[pyclass(extends = Plain)]
struct OfPlain;

#[pyclass(extends = pyatoll::types::PyBool)]
struct OfBool;

fn main() {}
