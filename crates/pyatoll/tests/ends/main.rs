//! The end of interpreters that Rust does not own, of the runtime and of the process: attaches in
//! flight finish or are refused, nothing crashes, nothing waits for ever; and `os.fork`. Each in a
//! process of its own.

mod child;
#[cfg(unix)]
mod fork;
mod process_exit;
mod somebody_elses;
mod state;

use std::time::Duration;

use pyatoll::ffi;
use pyatoll::prelude::*;

pub use child::in_child;

/// Enough on a busy machine; what hangs takes longer.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Ends the runtime, as at the end of a process.
pub fn finalize() {
    // SAFETY: this thread started the runtime and holds no token.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
}

/// Whether the running Python is at least this one.
pub fn is_from(minor: u8) -> bool {
    Python::attach(|py| py.version_info() >= (3, minor))
}

/// A module of CPython's that makes and ends interpreters.
pub fn interpreters_module() -> &'static str {
    if is_from(13) {
        "_interpreters"
    } else {
        "_xxsubinterpreters"
    }
}
