//! What the tests of kept thread states share.

use pyatoll::interpreter::{Interpreter, ThreadStateKeeper};
use pyatoll::prelude::*;

/// Returns whether a keeper has an effect on this Python.
pub fn keeps() -> bool {
    cfg!(all(target_os = "linux", not(Py_GIL_DISABLED)))
        && Python::attach(|py| {
            let is_debug = py
                .import("sys")
                .unwrap()
                .hasattr("gettotalrefcount")
                .unwrap();
            py.version_info() >= (3, 12) && py.version_info() < (3, 15) && !is_debug
        })
}

/// Returns a keeper of this thread, which is in no interpreter, and checks that it has an effect.
pub fn keep(interpreter: Interpreter) -> ThreadStateKeeper {
    let keeper = interpreter.thread_state_keeper();
    // SAFETY: attached.
    let current = |_: Python<'_>| unsafe { pyatoll::ffi::PyThreadState_Get() }.addr();
    // Before 3.13, the thread state that imports `threading` is not kept.
    let [_, first, second] = [(); 3].map(|()| interpreter.attach(current).unwrap());
    assert!(!keeps() || first == second);
    keeper
}
