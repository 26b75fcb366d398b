//! What `#[pymethods]` promises of ordinary members: methods, receivers, constructors, accessors,
//! class attributes. Everything is checked in the main interpreter and in a sub-interpreter.

mod accessors;
mod blocks;
mod constructors;
mod members;

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

/// Runs `check` in the main interpreter, and in one with a GIL of its own where Python has that.
fn everywhere(check: impl for<'py> Fn(Python<'py>) + Send + Sync) {
    Python::attach(&check);
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(check).unwrap();
    sub.close().unwrap();
}
