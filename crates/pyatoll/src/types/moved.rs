//! Deprecated aliases of types that have moved, under the paths that PyO3 0.30 keeps. They are
//! hidden in the documentation, except for `cargo xtask api-diff`.

#[allow(unused_imports, reason = "older versions have no `PyMutex`")]
pub use super::compat::moved::*;

/// An alias of [`capsule::CapsuleName`](super::capsule::CapsuleName).
#[cfg_attr(not(api_diff), doc(hidden))]
#[deprecated(note = "moved to `types::capsule::CapsuleName`")]
pub type CapsuleName = super::capsule::CapsuleName;

/// An alias of [`code::PyCodeInput`](super::code::PyCodeInput).
#[cfg_attr(not(api_diff), doc(hidden))]
#[deprecated(note = "moved to `types::code::PyCodeInput`")]
pub type PyCodeInput = super::code::PyCodeInput;

/// An alias of [`frozenset::PyFrozenSetBuilder`](super::frozenset::PyFrozenSetBuilder).
#[cfg_attr(not(api_diff), doc(hidden))]
#[deprecated(note = "moved to `types::frozenset::PyFrozenSetBuilder`")]
pub type PyFrozenSetBuilder<'py> = super::frozenset::PyFrozenSetBuilder<'py>;

/// An alias of [`iterator::PySendResult`](super::iterator::PySendResult).
#[cfg_attr(not(api_diff), doc(hidden))]
#[deprecated(note = "moved to `types::iterator::PySendResult`")]
pub type PySendResult<'py> = super::iterator::PySendResult<'py>;
