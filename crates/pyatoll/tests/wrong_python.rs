//! A binary that another Python runs than it was built for says so, before it reads that Python's
//! objects.
#![cfg(all(unix, not(Py_LIMITED_API)))]

use std::ffi::{CStr, CString, c_char};
use std::panic::catch_unwind;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyatoll::exceptions::PyImportError;
use pyatoll::ffi;
use pyatoll::prelude::*;

/// The version that the running Python pretends to have, or null.
static PRETENDED: AtomicPtr<c_char> = AtomicPtr::new(null_mut());

/// Takes the place of CPython's function in this program.
#[unsafe(no_mangle)]
extern "C" fn Py_GetVersion() -> *const c_char {
    match PRETENDED.load(Ordering::Relaxed) {
        none if none.is_null() => real_version().as_ptr(),
        pretended => pretended,
    }
}

fn real_version() -> &'static CStr {
    // SAFETY: the next library that has the function is CPython's, whose text stays.
    unsafe {
        let function = libc::dlsym(libc::RTLD_NEXT, c"Py_GetVersion".as_ptr());
        assert!(!function.is_null());
        let function = std::mem::transmute::<*mut _, extern "C" fn() -> *const c_char>(function);
        CStr::from_ptr(function())
    }
}

fn pretend<R>(version: &str, f: impl FnOnce() -> R) -> R {
    let version = CString::new(version).unwrap();
    PRETENDED.store(version.as_ptr().cast_mut(), Ordering::Relaxed);
    let result = f();
    PRETENDED.store(null_mut(), Ordering::Relaxed);
    result
}

#[pymodule]
mod tally {}

// One test, since the process has one runtime.
#[test]
fn a_binary_for_another_python_names_both() {
    pyatoll::append_to_inittab!(tally);
    let real = real_version().to_str().unwrap().to_owned();
    let free_threaded = "free-threading build";
    let (ours, other_kind, others) = if real.contains(free_threaded) {
        let version = real.replace(free_threaded, "");
        ("free-threaded Python", version, "Python")
    } else {
        let version = real.replace(" (", " free-threading build (");
        ("Python", version, "free-threaded Python")
    };
    let full = real.split(' ').next().unwrap();
    let minor = full.rsplit_once('.').unwrap().0;

    // A program does not start the runtime.
    let later = real.replace(full, "3.99.1");
    let panic = pretend(&later, || catch_unwind(Python::initialize)).unwrap_err();
    let expected = format!(
        "this binary was built for {ours} {minor}, but {ours} 3.99.1 runs it: build it for that one"
    );
    assert_eq!(panic.downcast_ref::<String>(), Some(&expected));
    // SAFETY: may be called at any time.
    assert_eq!(unsafe { ffi::Py_IsInitialized() }, 0);

    // A module is not loaded.
    Python::initialize();
    Python::attach(|py| {
        for (running, name) in [
            (later, format!("{ours} 3.99.1")),
            (other_kind, format!("{others} {full}")),
        ] {
            let error = pretend(&running, || py.import("tally")).unwrap_err();
            assert!(error.is_instance_of::<PyImportError>(py), "{error}");
            let expected = format!(
                "module tally was built for {ours} {minor}, but {name} runs it: build it for that \
                 one"
            );
            assert_eq!(error.value(py).to_string(), expected);
        }
        py.import("tally").unwrap();
    });
}
