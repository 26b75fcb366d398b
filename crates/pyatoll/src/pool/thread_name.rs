//! Names of threads, as debuggers and Python's `faulthandler` show them.

use std::ffi::CString;

use crate::interpreter::Interpreter;

/// Longest name in bytes that Linux keeps; other systems keep more.
const LENGTH: usize = 15;

/// Names this thread `NAME@ID` in the operating system, with the id of the interpreter that it
/// works for. Rust's name of the thread, which cannot be changed, stays `name`.
///
/// Does nothing where the system has no such call, or if the name contains a NUL byte.
pub(super) fn show_interpreter(name: &str, interpreter: Interpreter) {
    let shown = shown(name, interpreter.id());
    if let Ok(shown) = CString::new(shown) {
        set(&shown);
    }
}

/// Shortens the front of the name, so that the worker's number and the interpreter stay readable.
fn shown(name: &str, id: i64) -> String {
    let (front, number) = match name.rfind('-') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let end = format!("{number}@{id}");
    let mut kept = front.len().min(LENGTH.saturating_sub(end.len()));
    while !front.is_char_boundary(kept) {
        kept -= 1;
    }
    format!("{}{end}", &front[..kept])
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn set(name: &CString) {
    // SAFETY: a thread may name itself; the text is copied.
    unsafe { libc::pthread_setname_np(libc::pthread_self(), name.as_ptr()) };
}

#[cfg(target_vendor = "apple")]
fn set(name: &CString) {
    // SAFETY: names this thread; the text is copied.
    unsafe { libc::pthread_setname_np(name.as_ptr()) };
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn set(_name: &CString) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_and_the_interpreter_are_kept_and_the_front_is_shortened() {
        assert_eq!(shown("renderer-0", 3), "renderer-0@3");
        assert_eq!(shown("interpreter-0", 7), "interpreter-0@7");
        assert_eq!(shown("interpreter-12", 345), "interpre-12@345");
        assert_eq!(shown("größeres-12", 3456), "größe-12@3456");
        assert_eq!(shown("größer-1", 123_456_789), "gr-1@123456789");
        assert_eq!(shown("pool", 1), "pool@1");
    }
}
