//! A collection of garbage that is not skipped.

use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Returns a Python function that collects garbage. `gc.collect` does nothing while another thread
/// collects: without a GIL, or while that one releases it in a finalizer.
pub fn collector(py: Python<'_>) -> Bound<'_, PyAny> {
    let globals = PyDict::new(py);
    let code = c"
import gc, threading
def collect():
    done = []
    this = threading.get_ident()
    def note(phase, info):
        # Not one of young objects, which any allocation may begin.
        if phase == 'stop' and info['generation'] == 2 and threading.get_ident() == this:
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
