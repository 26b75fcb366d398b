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
mod construct;
mod enums;
mod gc;
mod inheritance;
mod options;
mod several_interpreters;

use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Returns a Python function that collects garbage. Without a GIL, `gc.collect` does nothing while
/// another thread collects.
pub(crate) fn collector(py: Python<'_>) -> Bound<'_, PyAny> {
    let globals = PyDict::new(py);
    let code = c"
import gc, threading
def collect():
    done = []
    this = threading.get_ident()
    def note(phase, info):
        if phase == 'stop' and threading.get_ident() == this:
            done.append(phase)
    gc.callbacks.append(note)
    try:
        while not done:
            gc.collect()
    finally:
        gc.callbacks.remove(note)
";
    py.run(code, Some(&globals), None).unwrap();
    globals.get_item("collect").unwrap().unwrap()
}

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

/// Serializes tests that replace `sys.unraisablehook`. Lock it before attaching.
pub(crate) fn unraisable_hook() -> std::sync::MutexGuard<'static, ()> {
    static HOOK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    HOOK.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
