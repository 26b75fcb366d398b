//! What `#[pyclass]` promises, by concern.

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

/// Runs Python statements with names bound to objects.
#[track_caller]
pub(crate) fn run(py: Python<'_>, names: &[(&str, &Bound<'_, PyAny>)], code: &std::ffi::CStr) {
    let globals = PyDict::new(py);
    for (name, object) in names {
        globals.set_item(name, object).unwrap();
    }
    if let Err(error) = py.run(code, Some(&globals), None) {
        error.print(py);
        panic!("{error}");
    }
}

/// Held by a test that replaces `sys.unraisablehook`. To be taken before attaching.
pub(crate) fn unraisable_hook() -> std::sync::MutexGuard<'static, ()> {
    static HOOK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    HOOK.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
