//! Options that need a trait of the type.
use pyatoll::prelude::*;

#[pyclass(eq)]
struct WithoutPartialEq;

#[pyclass(frozen, eq, hash)]
#[derive(PartialEq)]
struct WithoutHash;

#[pyclass(eq, ord)]
#[derive(PartialEq)]
struct WithoutPartialOrd;

#[pyclass(str)]
struct WithoutDisplay;

#[pyclass(from_py_object)]
struct WithoutClone;

fn main() {}
