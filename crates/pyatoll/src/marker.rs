//! The token, under the name of PyO3's module.
//!
//! ```
//! use pyatoll::marker::Python;
//!
//! Python::attach(|py| assert!(py.version_info() >= (3, 11)));
//! ```

pub use crate::interpreter::Python;

/// What may go into the closure of [`Python::detach`] and come out of it: everything that is
/// `Send`, which no token and no [`Bound`](crate::Bound) is.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::marker::Ungil;
///
/// fn without_python<T: Ungil>(py: Python<'_>, f: impl Ungil + FnOnce() -> T) -> T {
///     py.detach(f)
/// }
/// assert_eq!(Python::attach(|py| without_python(py, || 1 + 1)), 2);
/// ```
pub trait Ungil: Send {}

impl<T: Send> Ungil for T {}
