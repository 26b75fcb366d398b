//! The Python that this binary was built for, and the one that runs.
//!
//! A binary built for another version of CPython, or for another kind of build, can be loaded: only
//! the name of its file keeps Python from doing so. CPython's structs differ there, so the check
//! calls functions only. A binary for the stable ABI runs on its version and on later ones, but not
//! before 3.11, which its name cannot tell.

use std::ffi::CStr;
use std::fmt;

use crate::capi::{self as ffi, minor_of, names_free_threaded as is_free_threaded};

/// The version that this binary was built for: major and minor. The oldest one, for the stable ABI.
const VERSION: &str = env!("PYATOLL_BUILT_FOR");
const IS_FREE_THREADED: bool = cfg!(Py_GIL_DISABLED);
const IS_STABLE_ABI: bool = cfg!(Py_LIMITED_API);
/// The oldest version that this library supports, if it is later than [`VERSION`].
const OLDEST: u8 = 11;

/// The Python that runs is not one that this binary was built for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrongPython {
    /// What `Py_GetVersion` returned.
    running: String,
    /// A function that it does not have.
    missing: Option<&'static CStr>,
}

/// Compares the running Python with the one that this binary was built for. May be called at any
/// time.
///
/// # Errors
/// If the version or the kind of build differs.
pub(crate) fn check_version() -> Result<(), WrongPython> {
    let running = ffi::version_text();
    check(&running)?;
    match ffi::missing() {
        None => Ok(()),
        missing => Err(WrongPython { running, missing }),
    }
}

/// Panics if the running Python is not one that this binary was built for.
pub(crate) fn assert_version() {
    if let Err(error) = check_version() {
        panic!("this binary {error}");
    }
}

fn check(running: &str) -> Result<(), WrongPython> {
    let is_right = if IS_STABLE_ABI {
        // A binary for both kinds of builds is one for a free-threaded Python.
        minor_of(running) >= minor_of(VERSION).max(Some(OLDEST))
            && (IS_FREE_THREADED || !is_free_threaded(running))
    } else {
        let rest = running.strip_prefix(VERSION);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            && is_free_threaded(running) == IS_FREE_THREADED
    };
    if is_right {
        Ok(())
    } else {
        Err(WrongPython {
            running: running.to_owned(),
            missing: None,
        })
    }
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
        if let Some(missing) = self.missing {
            let missing = missing.to_string_lossy();
            return write!(
                f,
                "needs `{missing}`, which {running} {version} does not have"
            );
        }
        if IS_STABLE_ABI {
            let oldest = minor_of(VERSION).unwrap_or_default().max(OLDEST);
            let needs_gil = !IS_FREE_THREADED && is_free_threaded(&self.running);
            let with_gil = if needs_gil { " with a GIL" } else { "" };
            return write!(
                f,
                "needs Python 3.{oldest} or later{with_gil}, but {running} {version} runs it"
            );
        }
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
        if IS_STABLE_ABI {
            assert_eq!(check("3.99.0 (main, …)"), Ok(()));
            assert!(check("3.10.1 (main, …)").is_err());
            let free_threaded = check("3.99.0 free-threading build (main, …)");
            assert_eq!(free_threaded.is_ok(), IS_FREE_THREADED);
            return;
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
        if IS_STABLE_ABI {
            let error = check("3.10.1rc2 (main, …)").unwrap_err().to_string();
            assert!(error.starts_with("needs Python 3.1"), "{error}");
            assert!(error.ends_with("but Python 3.10.1rc2 runs it"), "{error}");
            return;
        }
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
