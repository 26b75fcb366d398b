//! What a class of several modules cannot hold, or extend.
use pyatoll::prelude::*;
use pyatoll::pyclass::CrossModule;

#[pyclass(cross_module)]
struct WithObject(Vec<Option<Py<PyAny>>>);

unsafe impl CrossModule for WithObject {}

#[pyclass(subclass)]
struct Base;

#[pyclass(cross_module, extends = Base)]
struct Derived;

unsafe impl CrossModule for Derived {}

pyatoll::create_exception!(common, Failure, pyatoll::exceptions::PyException);

#[pyclass(cross_module, extends = Failure)]
struct Detailed;

unsafe impl CrossModule for Detailed {}

fn main() {}
