//! Runs Python code in interpreters of every kind.

pub mod kinds;

use std::ffi::CStr;

use pyatoll::prelude::*;
use pyatoll::types::PyDict;

/// Runs `setup` and then `code`, with the same names, in the main interpreter and in a new
/// sub-interpreter of each kind.
pub fn everywhere(setup: &CStr, code: &CStr) {
    Python::initialize();
    let run = |py: Python<'_>| {
        let names = PyDict::new(py);
        let result = py
            .run(setup, Some(&names), None)
            .and_then(|()| py.run(code, Some(&names), None));
        if let Err(error) = result {
            error.print(py);
            panic!("{error}");
        }
    };
    Python::attach(run);
    for sub in kinds::subs() {
        sub.attach(run).unwrap();
        sub.close().unwrap();
    }
}
