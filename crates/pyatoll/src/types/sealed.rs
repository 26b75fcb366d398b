//! Seals the method traits, so that methods can be added to them.

/// Implemented only by [`Bound`](crate::object::Bound).
pub trait Sealed {}

impl<T> Sealed for crate::object::Bound<'_, T> {}
