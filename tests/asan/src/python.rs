//! A `python` executable in Rust. Built with the address sanitizer, it provides the sanitizer's
//! runtime, which rustc does not link into extension modules.

use std::env;
use std::ffi::{CString, c_int};

use pyo3_ffi as ffi;

fn main() {
    let arguments: Vec<CString> = env::args_os()
        .map(|argument| {
            CString::new(argument.into_encoded_bytes()).expect("arguments contain no NUL")
        })
        .collect();
    let mut pointers: Vec<_> = arguments
        .iter()
        .map(|argument| argument.as_ptr().cast_mut())
        .collect();
    let count = c_int::try_from(pointers.len()).expect("the number of arguments fits");
    // SAFETY: `pointers` holds `count` C strings that outlive the call; CPython only reads them.
    let status = unsafe { ffi::Py_BytesMain(count, pointers.as_mut_ptr()) };
    std::process::exit(status);
}
