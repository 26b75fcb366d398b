//! Promises of `#[pyclass]`, by concern.
//!
//! | file | concern |
//! |---|---|
//! | `bases.rs` | built-in types, exceptions and Python classes as bases; metaclasses |
//! | `basics.rs` | instances, fields, borrows, docs, class attributes |
//! | `chains.rs` | long chains of instances and deferred deallocations |
//! | `construct.rs` | calling a class |
//! | `enums.rs` | simple and complex enums |
//! | `gc.rs` | traversing, clearing, finalizing and dropping |
//! | `inheritance.rs` | `extends`, `subclass`, Python subclasses |
//! | `options.rs` | the options of `#[pyclass]` |
//! | `several_interpreters.rs` | classes in several interpreters |

mod bases;
mod basics;
mod chains;
#[path = "../collector/mod.rs"]
mod collector;
mod construct;
mod enums;
mod gc;
mod inheritance;
mod options;
mod several_interpreters;

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

pub(crate) use collector::collector;

/// Runs Python statements with the names bound to the objects, and `collect` to a [`collector`].
#[track_caller]
pub(crate) fn run(py: Python<'_>, names: &[(&str, &Bound<'_, PyAny>)], code: &std::ffi::CStr) {
    let globals = PyDict::new(py);
    globals.set_item("collect", collector(py)).unwrap();
    for (name, object) in names {
        globals.set_item(name, object).unwrap();
    }
    if let Err(error) = py.run(code, Some(&globals), None) {
        error.print(py);
        panic!("{error}");
    }
}

/// Runs `f` in an interpreter of its own. `gc.get_objects` keeps everything alive for a moment,
/// also what another test in the same interpreter expects to be freed.
pub(crate) fn alone(f: impl FnOnce(Python<'_>)) {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(f).unwrap();
    sub.close().unwrap();
}

/// Serializes tests that replace `sys.unraisablehook`. Lock it before attaching.
pub(crate) fn unraisable_hook() -> std::sync::MutexGuard<'static, ()> {
    static HOOK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    HOOK.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
