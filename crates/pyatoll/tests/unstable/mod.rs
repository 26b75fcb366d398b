//! Functions that `pyo3-ffi` does not declare in a build for the stable ABI. Tests are programs,
//! which are linked with the Python that they are run with.

use std::ffi::{c_char, c_int};

use pyatoll::ffi::{PyInterpreterState, PyThreadState};

#[allow(dead_code, reason = "not each test uses all of them")]
unsafe extern "C" {
    pub fn PyInterpreterState_Main() -> *mut PyInterpreterState;
    pub fn PyInterpreterState_ThreadHead(
        interpreter: *mut PyInterpreterState,
    ) -> *mut PyThreadState;
    pub fn PyRun_SimpleString(code: *const c_char) -> c_int;
    pub fn PyThreadState_DeleteCurrent();
    pub fn PyThreadState_Next(thread_state: *mut PyThreadState) -> *mut PyThreadState;
}
