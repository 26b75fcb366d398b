//! The version of the running Python.

use std::ffi::CStr;
use std::thread;
use std::time::Duration;

#[cfg(not(Py_LIMITED_API))]
pub(crate) use fixed::{at_least, running_minor};
#[cfg(Py_LIMITED_API)]
pub(crate) use running::{at_least, running_minor};

/// The latest minor version that was known when this library was written.
pub(super) const LATEST_KNOWN: u8 = 15;

/// The oldest minor version that this build runs on.
pub(super) const OLDEST: u8 = if cfg!(Py_3_16) {
    16
} else if cfg!(Py_3_15) {
    15
} else if cfg!(Py_3_14) {
    14
} else if cfg!(Py_3_13) {
    13
} else if cfg!(Py_3_12) {
    12
} else {
    11
};

/// Returns whether the running Python is a free-threaded build.
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
#[inline(always)]
pub(crate) const fn is_free_threaded() -> bool {
    cfg!(Py_GIL_DISABLED)
}

/// Returns whether the running Python is a free-threaded build.
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
#[inline]
pub(crate) fn is_free_threaded() -> bool {
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| names_free_threaded(&version_text()))
}

/// Returns whether what `Py_GetVersion` returns names a free-threaded build.
pub(crate) fn names_free_threaded(version: &str) -> bool {
    version.contains("free-threading build")
}

/// Returns what `Py_GetVersion` returns. May be called at any time, attached or not.
///
/// The first call writes the text, and another thread that calls at the same time gets it
/// incomplete: this function waits for the parenthesis that ends the last part of interest.
#[cold]
#[inline(never)]
pub(crate) fn version_text() -> String {
    let read = || {
        // SAFETY: may be called at any time; a buffer that stays, and that ends with a null byte
        // while it is written as well, since it is larger than the text and zeroed.
        let text = unsafe { CStr::from_ptr(pyo3_ffi::Py_GetVersion()) };
        text.to_string_lossy().into_owned()
    };
    for _ in 0..1000 {
        let text = read();
        if text.contains(')') {
            return text;
        }
        thread::sleep(Duration::from_millis(1));
    }
    read()
}

/// Returns the minor version in a text that begins with a version, if the major one is 3.
pub(crate) fn minor_of(version: &str) -> Option<u8> {
    let minor = version.strip_prefix("3.")?;
    let end = minor.find(|c: char| !c.is_ascii_digit());
    minor[..end.unwrap_or(minor.len())].parse().ok()
}

#[cfg(not(Py_LIMITED_API))]
mod fixed {
    use super::OLDEST;

    /// Returns whether the running Python is 3.`minor` or later.
    #[inline(always)]
    pub(crate) const fn at_least(minor: u8) -> bool {
        OLDEST >= minor
    }

    /// Returns the minor version of the running Python, as far as this library tells versions
    /// apart.
    #[inline(always)]
    pub(crate) const fn running_minor() -> u8 {
        OLDEST
    }
}

#[cfg(Py_LIMITED_API)]
mod running {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::{OLDEST, minor_of, version_text};

    /// Returns whether the running Python is 3.`minor` or later.
    #[inline(always)]
    pub(crate) fn at_least(minor: u8) -> bool {
        OLDEST >= minor || running_minor() >= minor
    }

    /// Returns the minor version of the running Python.
    #[inline(always)]
    pub(crate) fn running_minor() -> u8 {
        /// Zero before the first use.
        static MINOR: AtomicU8 = AtomicU8::new(0);
        match MINOR.load(Ordering::Relaxed) {
            0 => {
                let minor = parse();
                MINOR.store(minor, Ordering::Relaxed);
                minor
            }
            minor => minor,
        }
    }

    /// Reads the version with a function that every Python has; `Py_Version` is new in 3.11.
    /// Returns 255 for another major version.
    fn parse() -> u8 {
        minor_of(&version_text()).unwrap_or(u8::MAX)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn versions_compare_with_the_running_one() {
            assert!(at_least(OLDEST) && at_least(running_minor()));
            assert!(!at_least(running_minor() + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_the_second_number() {
        assert_eq!(minor_of("3.9.1 (main, …)"), Some(9));
        assert_eq!(minor_of("3.15.0a1+ (main, …)"), Some(15));
        assert_eq!(minor_of("3.16"), Some(16));
        assert_eq!(minor_of("4.0.0"), None);
    }
}
