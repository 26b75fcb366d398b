//! Type-level booleans, for [`PyClass::Frozen`](super::PyClass::Frozen).
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::{PyClass, class::boolean_struct::Boolean};
//!
//! #[pyclass(frozen)]
//! struct Point;
//!
//! fn is_frozen<T: PyClass>() -> bool {
//!     T::Frozen::VALUE
//! }
//! assert!(is_frozen::<Point>());
//! ```

/// [`True`] or [`False`].
///
/// ```
/// use pyatoll::class::boolean_struct::{self, Boolean};
///
/// assert!(boolean_struct::True::VALUE);
/// assert!(!boolean_struct::False::VALUE);
/// ```
pub trait Boolean: sealed::Sealed {
    /// The value.
    const VALUE: bool;
}

/// Type-level `true`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::{PyClass, class::boolean_struct::True};
///
/// #[pyclass(frozen)]
/// struct Point;
///
/// fn only_frozen<T: PyClass<Frozen = True>>() -> &'static str {
///     T::NAME
/// }
/// assert_eq!(only_frozen::<Point>(), "Point");
/// ```
pub struct True(());
/// Type-level `false`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::{PyClass, class::boolean_struct::False};
///
/// #[pyclass]
/// struct Point;
///
/// fn only_mutable<T: PyClass<Frozen = False>>() -> &'static str {
///     T::NAME
/// }
/// assert_eq!(only_mutable::<Point>(), "Point");
/// ```
pub struct False(());

impl Boolean for True {
    const VALUE: bool = true;
}
impl Boolean for False {
    const VALUE: bool = false;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::True {}
    impl Sealed for super::False {}
}
