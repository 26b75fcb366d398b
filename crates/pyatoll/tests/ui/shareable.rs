//! Options that a shareable class needs or cannot have.
use pyatoll::prelude::*;

#[pyclass(shareable)]
struct NotFrozen;

#[pyclass(frozen, shareable, unsendable)]
struct OfOneThread;

#[pyclass(frozen, shareable, subclass)]
struct Base;

#[pyclass(frozen, shareable, extends = Base)]
struct Derived;

#[pyclass(frozen, shareable, bases = "collections.abc:Sized")]
struct WithPythonBase;

#[pyclass(frozen, shareable, dict)]
struct WithDict;

#[pyclass(frozen, shareable, pickle)]
struct Pickled;

#[pyclass(frozen, shareable)]
enum Color {
    Red,
}

#[pyclass(frozen, atomic_buffer)]
struct NotShared;

fn main() {}
