//! Options that a class of several modules cannot have, and what its value cannot hold.
use pyatoll::prelude::*;
use pyatoll::pyclass::CrossModule;

#[pyclass(cross_module, unsendable)]
struct OfOneThread;

#[pyclass(cross_module, freelist = 8)]
struct WithFreelist;

#[pyclass(cross_module, metaclass = "abc:ABCMeta")]
struct WithMetaclass;

#[pyclass(cross_module, frozen, shareable)]
struct OfAllInterpreters;

#[pyclass(cross_module, enum = "Enum")]
enum PythonEnum {
    Red,
}

#[pyclass(cross_module)]
enum WithFields {
    Circle { radius: f64 },
}

#[pyclass(cross_module)]
struct NotDeclared;

fn main() {}
