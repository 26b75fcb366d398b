//! `async fn` as Python functions and methods.

#![cfg(feature = "experimental-async")]

/// Adds the Python code that all tests begin with to `$code`: it imports `sys` and `asyncio`, and
/// defines `raises`.
macro_rules! setup {
    ($code:literal) => {{
        const CODE: &str = concat!(
            "
import sys
import asyncio

def raises(kind, text, call):
    try:
        call()
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f'no {kind}')
",
            $code,
            "\0"
        );
        const {
            match std::ffi::CStr::from_bytes_with_nul(CODE.as_bytes()) {
                Ok(code) => code,
                Err(_) => panic!("the code has a nul character"),
            }
        }
    }};
}

mod arguments;
#[path = "../collector/mod.rs"]
mod collector;
#[path = "../everywhere/mod.rs"]
mod everywhere;
mod futures;
mod protocol;
mod wakers;

use std::sync::Once;

use arguments::argued;
use protocol::driven;
use wakers::awaited;

/// Makes the modules importable, before the runtime starts.
fn append() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        pyatoll::append_to_inittab!(argued);
        pyatoll::append_to_inittab!(driven);
        pyatoll::append_to_inittab!(awaited);
    });
}
