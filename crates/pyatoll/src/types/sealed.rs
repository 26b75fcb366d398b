//! Keeps the method traits ours: new methods may be added to them.

/// Implemented by handles only.
pub trait Sealed {}

impl<T> Sealed for crate::object::Bound<'_, T> {}
