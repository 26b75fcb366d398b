//! The atomics and locks of the parts that `tests/loom` checks with loom, which replaces them with
//! its own. That crate includes this file and those parts as they are, and alone sets `cfg(loom)`.
//!
//! Such a part uses nothing of CPython, and no atomic, lock or thread id but from here.

#[cfg(not(loom))]
pub(crate) use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, atomic},
    thread,
};

#[cfg(loom)]
pub(crate) use loom::{
    sync::{Arc, Condvar, Mutex, MutexGuard, atomic},
    thread,
};

/// Locks a mutex whether or not a thread panicked while it held it: every critical section of this
/// library leaves its data consistent at each point where it may panic.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A function that is `const`, except under loom, whose atomics have no `const` constructors.
macro_rules! const_unless_loom {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident() -> Self $body:block) => {
        #[cfg(not(loom))]
        $(#[$attribute])*
        $visibility const fn $name() -> Self $body

        #[cfg(loom)]
        $(#[$attribute])*
        $visibility fn $name() -> Self $body
    };
}
pub(super) use const_unless_loom;

/// A `static`; under loom, a new one for each run of a model.
macro_rules! static_unless_loom {
    ($(#[$attribute:meta])* static $name:ident: $kind:ty = $value:expr;) => {
        #[cfg(not(loom))]
        $(#[$attribute])*
        static $name: $kind = $value;

        #[cfg(loom)]
        loom::lazy_static! {
            $(#[$attribute])*
            static ref $name: $kind = $value;
        }
    };
}
pub(super) use static_unless_loom;
