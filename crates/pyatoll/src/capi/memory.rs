//! Whether CPython's memory is read directly, where calling a function would cost more than the
//! rest of a call.
//!
//! A build for one version of Python always does: its layout is known, and verified when an
//! interpreter is first seen. A build for the stable ABI does so for the versions known when this
//! library was written, once the layout was verified ([`allow`]); otherwise it calls functions. One
//! for `abi3t` does so where there is a GIL: without one, the head of an object has another size.

#[cfg(not(Py_LIMITED_API))]
pub(crate) use fixed::{reads_memory, reads_memory_from};
#[cfg(Py_LIMITED_API)]
pub(crate) use running::{
    allow, allow_types, is_known_version, is_stable_abi_only, knows_types, reads_memory,
    reads_memory_from,
};

#[cfg(not(Py_LIMITED_API))]
mod fixed {
    /// Returns whether CPython's memory is read directly.
    #[inline(always)]
    pub(crate) const fn reads_memory() -> bool {
        true
    }

    /// Returns whether CPython's memory is read directly, and the running Python is 3.`minor` or
    /// later.
    #[inline(always)]
    pub(crate) const fn reads_memory_from(minor: u8) -> bool {
        crate::capi::at_least(minor)
    }
}

#[cfg(Py_LIMITED_API)]
mod running {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

    use crate::capi::running_minor;
    use crate::capi::version::LATEST_KNOWN;

    /// The minor version of the running Python, once its layout was verified; zero before.
    static VERIFIED: AtomicU8 = AtomicU8::new(0);

    /// Whether the layout of type objects was verified.
    static KNOWS_TYPES: AtomicBool = AtomicBool::new(false);

    /// Whether this build knows how memory is laid out.
    const IS_POSSIBLE: bool = cfg!(all(target_pointer_width = "64", target_endian = "little"));

    /// Returns whether CPython's memory is read directly.
    #[inline(always)]
    pub(crate) fn reads_memory() -> bool {
        reads_memory_from(1)
    }

    /// Returns whether CPython's memory is read directly, and the running Python is 3.`minor` or
    /// later.
    #[inline(always)]
    pub(crate) fn reads_memory_from(minor: u8) -> bool {
        IS_POSSIBLE && VERIFIED.load(Ordering::Relaxed) >= minor
    }

    /// Has memory read directly from now on: the layout was verified.
    pub(crate) fn allow() {
        VERIFIED.store(running_minor(), Ordering::Relaxed);
    }

    /// Returns whether the layout of type objects is known, so that those of new classes can be
    /// changed. It may be where memory is not read on every call.
    pub(crate) fn knows_types() -> bool {
        KNOWS_TYPES.load(Ordering::Relaxed)
    }

    /// Has the fields of type objects used from now on: their layout was verified.
    pub(crate) fn allow_types() {
        KNOWS_TYPES.store(true, Ordering::Relaxed);
    }

    /// Returns whether the layout of the running Python is known, if it was built with the usual
    /// options. Callers verify what they depend on.
    pub(crate) fn is_known_version() -> bool {
        IS_POSSIBLE && (11..=LATEST_KNOWN).contains(&running_minor()) && !is_stable_abi_only()
    }

    /// Returns whether the environment variable `PYATOLL_STABLE_ABI_ONLY` is set: then this library
    /// reads no memory and uses no optional function, as with a Python that it does not know.
    #[inline]
    pub(crate) fn is_stable_abi_only() -> bool {
        static IS_SET: OnceLock<bool> = OnceLock::new();
        *IS_SET.get_or_init(|| std::env::var_os("PYATOLL_STABLE_ABI_ONLY").is_some())
    }
}
