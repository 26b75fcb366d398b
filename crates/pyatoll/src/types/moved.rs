//! Types under the paths they had before: PyO3 0.30 keeps these, deprecated.

/// [`capsule::CapsuleName`](super::capsule::CapsuleName).
#[deprecated(note = "moved to `types::capsule::CapsuleName`")]
pub type CapsuleName = super::capsule::CapsuleName;

/// [`code::PyCodeInput`](super::code::PyCodeInput).
#[deprecated(note = "moved to `types::code::PyCodeInput`")]
pub type PyCodeInput = super::code::PyCodeInput;

/// [`frozenset::PyFrozenSetBuilder`](super::frozenset::PyFrozenSetBuilder).
#[deprecated(note = "moved to `types::frozenset::PyFrozenSetBuilder`")]
pub type PyFrozenSetBuilder<'py> = super::frozenset::PyFrozenSetBuilder<'py>;

/// [`iterator::PySendResult`](super::iterator::PySendResult).
#[deprecated(note = "moved to `types::iterator::PySendResult`")]
pub type PySendResult<'py> = super::iterator::PySendResult<'py>;

/// [`sync::PyMutex`](crate::sync::PyMutex).
#[cfg(Py_3_13)]
#[deprecated(note = "moved to `sync::PyMutex`")]
pub type PyMutex<T> = crate::sync::PyMutex<T>;

/// [`sync::PyMutexGuard`](crate::sync::PyMutexGuard).
#[cfg(Py_3_13)]
#[deprecated(note = "moved to `sync::PyMutexGuard`")]
pub type PyMutexGuard<'a, T> = crate::sync::PyMutexGuard<'a, T>;
