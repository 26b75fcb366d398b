//! The storage of an instance's value: in the instance, or outside of any interpreter.

use std::sync::Arc;

use super::shared::Shared;

/// The part of an instance that holds or refers to the value: [`Inline`] or [`Shared`].
///
/// # Safety
/// `value` must return the address of a value that stays valid until the storage is dropped.
pub unsafe trait ValueStorage<T> {
    /// Whether the value is in the instance.
    const IS_INLINE: bool;

    /// Stores a new value.
    fn store(value: T) -> Self;

    /// Returns the value.
    fn get(&self) -> &T;

    /// Returns the address of the value.
    ///
    /// # Safety
    /// `this` must point to initialized storage.
    unsafe fn value(this: *mut Self) -> *mut T;
}

/// The value itself.
#[repr(transparent)]
pub struct Inline<T>(T);

// SAFETY: the value is the storage.
unsafe impl<T> ValueStorage<T> for Inline<T> {
    const IS_INLINE: bool = true;

    #[inline(always)]
    fn store(value: T) -> Self {
        Self(value)
    }

    #[inline(always)]
    fn get(&self) -> &T {
        &self.0
    }

    #[inline(always)]
    unsafe fn value(this: *mut Self) -> *mut T {
        this.cast()
    }
}

// SAFETY: the storage holds a reference to the value's allocation.
unsafe impl<T> ValueStorage<T> for Shared<T> {
    const IS_INLINE: bool = false;

    #[inline]
    fn store(value: T) -> Self {
        Self::from(Arc::new(value))
    }

    #[inline(always)]
    fn get(&self) -> &T {
        self
    }

    #[inline(always)]
    unsafe fn value(this: *mut Self) -> *mut T {
        // SAFETY: upheld by the caller: initialized storage.
        unsafe { Self::as_ptr(&*this).cast_mut() }
    }
}
