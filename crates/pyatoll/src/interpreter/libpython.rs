//! The file of Python's library that a program runs with, compared with the one that it was linked
//! with. The loader takes the first of that name that it finds, whoever installed it.

use std::ffi::CString;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

/// The path of the library that the build found, or nothing: there is none, as with a static
/// library, or it is not known, as in most cross builds.
const BUILT_WITH: &str = env!("PYATOLL_BUILT_WITH");

/// Raises a `RuntimeWarning` if another file of Python's library is running than the one that this
/// program was built with, though that one is still there. Where it is not, the program was moved
/// to another machine, which has its own.
///
/// # Safety
/// The thread must be attached, and no exception may be set.
pub(super) unsafe fn warn_about_another() {
    let Some(running) = loader::other_than(BUILT_WITH) else {
        return;
    };
    let message = format!(
        "this program was built with {BUILT_WITH}, but runs with {running}: let its build script \
         call pyo3_build_config::add_libpython_rpath_link_args(), or set LD_LIBRARY_PATH"
    );
    if let Ok(message) = CString::new(message) {
        // SAFETY: attached (upheld by the caller). If warnings are errors, it is printed.
        unsafe {
            if ffi::PyErr_WarnEx(ffi::PyExc_RuntimeWarning, message.as_ptr(), 1) != 0 {
                ffi::PyErr_WriteUnraisable(null_mut());
            }
        }
    }
}

/// Finds no library: the loader of this system cannot be asked.
#[cfg(not(unix))]
mod loader {
    pub(super) fn other_than(_: &str) -> Option<String> {
        None
    }
}

#[cfg(unix)]
mod loader {
    use std::ffi::{CStr, OsStr};
    use std::fs;
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use pyo3_ffi as ffi;

    /// Returns the path of the library that is running, if it is certainly another file than
    /// `built_with`.
    pub(super) fn other_than(built_with: &str) -> Option<String> {
        let file = |path: &Path| {
            let data = fs::metadata(path).ok()?;
            Some((data.dev(), data.ino()))
        };
        let running = running()?;
        let path = Path::new(OsStr::from_bytes(running.to_bytes()));
        let loaded = file(path)?;
        // The same file as the program: Python is part of it.
        let is_other = loaded != file(Path::new(built_with))?
            && loaded != file(&std::env::current_exe().ok()?)?;
        is_other.then(|| path.display().to_string())
    }

    /// Returns the path of the library that is running, as the loader has it.
    fn running() -> Option<&'static CStr> {
        let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: any address may be asked for; all fields may be zero. The name stays as long as
        // the library is loaded, and CPython is never unloaded.
        unsafe {
            let address = ffi::Py_GetVersion as *const std::ffi::c_void;
            if libc::dladdr(address, found.as_mut_ptr()) == 0 {
                return None;
            }
            let name = found.assume_init().dli_fname;
            (!name.is_null()).then(|| CStr::from_ptr(name))
        }
    }
}
