//! Promises of `#[pymethods]` about ordinary members, each checked in the main interpreter and in a
//! sub-interpreter.
//!
//! | file | concern |
//! |---|---|
//! | `accessors.rs` | getters, setters and deleters |
//! | `blocks.rs` | several `#[pymethods]` blocks for one class |
//! | `constructors.rs` | `#[new]` and `__init__` |
//! | `members.rs` | methods, receivers and class attributes |

mod accessors;
mod blocks;
mod constructors;
mod members;

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

/// Runs `check` in the main interpreter and in a sub-interpreter, with its own GIL where Python
/// supports that.
fn everywhere(check: impl for<'py> Fn(Python<'py>) + Send + Sync) {
    Python::attach(&check);
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(check).unwrap();
    sub.close().unwrap();
}
