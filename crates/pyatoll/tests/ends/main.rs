//! The end of interpreters that Rust does not own, of the runtime and of the process, and
//! `os.fork`: attaches in flight finish or are refused, nothing crashes or hangs. Each test runs in
//! a process of its own.
//!
//! | file | concern |
//! |---|---|
//! | `at_end.rs` | functions that run when an interpreter ends |
//! | `child.rs` | runs a test in a child process with a time limit |
//! | `closing.rs` | closing and dropping a `SubInterpreter` where something keeps it from ending |
//! | `daemon.rs` | daemon threads of Python at the end of the runtime |
//! | `exit_functions.rs` | exit functions that use threads, and Python code that takes ours out |
//! | `foreign.rs` | interpreters that Python code ends |
//! | `fork.rs` | `os.fork` with other threads and sub-interpreters |
//! | `kept.rs` | thread states that idle threads keep |
//! | `left_behind.rs` | threads of Python that their interpreter's end does not wait for |
//! | `process_exit.rs` | the end of the process and of the runtime with threads inside |
//! | `state.rs` | the per-interpreter state at the end and under interference from Python code |
//! | `system_exit.rs` | `SystemExit` printed on a thread that is inside a sub-interpreter |
//! | `values.rs` | values are dropped while their interpreter can be left and entered |

mod at_end;
mod child;
mod closing;
mod daemon;
mod exit_functions;
mod foreign;
#[cfg(unix)]
mod fork;
#[path = "../keeps/mod.rs"]
mod keeps;
mod kept;
mod left_behind;
mod process_exit;
mod state;
mod system_exit;
#[path = "../unstable/mod.rs"]
mod unstable;
mod values;

use std::time::Duration;

use pyatoll::ffi;
use pyatoll::prelude::*;

pub use child::{in_child, outcome_in_child};

/// Long enough for a busy machine; a test that takes longer hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Finalizes the runtime, as at the end of a process.
pub fn finalize() {
    // SAFETY: this thread started the runtime and holds no token.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
}

/// Waits, in Python code, for a lock that nobody releases.
pub fn wait_forever(py: Python<'_>) -> ! {
    let code = c"
import threading
lock = threading.Lock()
lock.acquire()
lock.acquire()";
    py.run(code, None, None).unwrap();
    unreachable!("nobody releases it");
}

/// Returns whether the running Python is at least 3.`minor`.
pub fn is_from(minor: u8) -> bool {
    Python::attach(|py| py.version_info() >= (3, minor))
}

/// Returns the name of CPython's module that creates and destroys interpreters.
pub fn interpreters_module() -> &'static str {
    if is_from(13) {
        "_interpreters"
    } else {
        "_xxsubinterpreters"
    }
}
