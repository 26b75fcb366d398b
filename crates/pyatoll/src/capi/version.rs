//! The version of the running Python.

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
    use std::sync::atomic::{AtomicU8, Ordering};

    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);
    match STATE.load(Ordering::Relaxed) {
        UNKNOWN => {
            // SAFETY: may be called at any time; a string that stays.
            let version = unsafe { std::ffi::CStr::from_ptr(pyo3_ffi::Py_GetVersion()) };
            let is_free_threaded = names_free_threaded(&version.to_string_lossy());
            STATE.store(if is_free_threaded { YES } else { NO }, Ordering::Relaxed);
            is_free_threaded
        }
        state => state == YES,
    }
}

/// Returns whether what `Py_GetVersion` returns names a free-threaded build.
pub(crate) fn names_free_threaded(version: &str) -> bool {
    version.contains("free-threading build")
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
    use std::ffi::CStr;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::OLDEST;

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
    #[cold]
    #[inline(never)]
    fn parse() -> u8 {
        // SAFETY: may be called at any time; a string that stays.
        let version = unsafe { CStr::from_ptr(pyo3_ffi::Py_GetVersion()) };
        minor_of(&version.to_string_lossy())
    }

    /// Returns the minor version in what `Py_GetVersion` returns; 255 for another major version.
    pub(super) fn minor_of(version: &str) -> u8 {
        let digits = |text: &str| {
            let end = text.find(|c: char| !c.is_ascii_digit());
            text[..end.unwrap_or(text.len())].parse().ok()
        };
        version
            .strip_prefix("3.")
            .and_then(digits)
            .unwrap_or(u8::MAX)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_minor_version_is_the_second_number() {
            assert_eq!(minor_of("3.9.1 (main, …)"), 9);
            assert_eq!(minor_of("3.15.0a1+ (main, …)"), 15);
            assert_eq!(minor_of("3.16"), 16);
            assert_eq!(minor_of("4.0.0"), u8::MAX);
        }

        #[test]
        fn versions_compare_with_the_running_one() {
            assert!(at_least(OLDEST) && at_least(running_minor()));
            assert!(!at_least(running_minor() + 1));
        }
    }
}
