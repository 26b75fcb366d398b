//! The Python that this binary was built for, and the one that runs.
//!
//! A binary built for another version of CPython, or for another kind of build, can be loaded: only
//! the name of its file keeps Python from doing so. CPython's structs differ there, so the check
//! calls functions only.

use std::ffi::CStr;
use std::fmt;

use pyo3_ffi as ffi;

/// The version that this binary was built for: major and minor.
const VERSION: &str = env!("PYATOLL_BUILT_FOR");
const IS_FREE_THREADED: bool = cfg!(Py_GIL_DISABLED);

/// The Python that runs is not one that this binary was built for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongPython {
    /// What `Py_GetVersion` returned.
    running: String,
}

/// Compares the running Python with the one that this binary was built for. May be called at any
/// time.
///
/// # Errors
/// If the version or the kind of build differs.
pub(crate) fn check_version() -> Result<(), WrongPython> {
    // SAFETY: may be called at any time, attached or not; a string that stays.
    let running = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) };
    check(&running.to_string_lossy())
}

/// Panics if the running Python is not one that this binary was built for.
pub(crate) fn assert_version() {
    if let Err(error) = check_version() {
        panic!("this binary {error}");
    }
}

fn check(running: &str) -> Result<(), WrongPython> {
    let rest = running.strip_prefix(VERSION);
    let is_same = rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        && is_free_threaded(running) == IS_FREE_THREADED;
    if is_same {
        Ok(())
    } else {
        let running = running.to_owned();
        Err(WrongPython { running })
    }
}

/// Returns whether `Py_GetVersion` names a free-threaded build.
fn is_free_threaded(version: &str) -> bool {
    version.contains("free-threading build")
}

impl fmt::Display for WrongPython {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |is_free_threaded| {
            if is_free_threaded {
                "free-threaded Python"
            } else {
                "Python"
            }
        };
        let built = kind(IS_FREE_THREADED);
        let running = kind(is_free_threaded(&self.running));
        let version = self.running.split_whitespace().next().unwrap_or_default();
        write!(
            f,
            "was built for {built} {VERSION}, but {running} {version} runs it: build it for that one"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_or_kind_of_build_is_told_from_ours() {
        assert_eq!(check_version(), Ok(()), "the tests run with the right one");
        let kind = if IS_FREE_THREADED {
            " free-threading build"
        } else {
            ""
        };
        let other_kind = if IS_FREE_THREADED {
            ""
        } else {
            " experimental free-threading build"
        };
        for patch in [".0", ".12", ".0a1+", "+"] {
            assert_eq!(check(&format!("{VERSION}{patch}{kind} (main, …)")), Ok(()));
        }
        for running in [
            format!("3.9.1{kind} (main, …)"),
            format!("{VERSION}9.1{kind} (main, …)"),
            format!("{VERSION}.1{other_kind} (main, …)"),
        ] {
            assert!(check(&running).is_err(), "{running}");
        }
    }

    #[test]
    fn the_error_names_both_pythons() {
        let error = check("3.99.1rc2 free-threading build (main, …)").unwrap_err();
        let ours = if IS_FREE_THREADED {
            "free-threaded Python"
        } else {
            "Python"
        };
        assert_eq!(
            error.to_string(),
            format!(
                "was built for {ours} {VERSION}, but free-threaded Python 3.99.1rc2 runs it: build \
                 it for that one"
            )
        );
    }
}
