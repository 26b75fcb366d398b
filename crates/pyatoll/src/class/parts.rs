//! The parts of an instance's memory between the built-in base and the value. Each is zero-sized in
//! classes that do not need it.

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread::ThreadId;

use pyo3_ffi as ffi;

use super::compat;
use crate::interpreter::LocalInternals;

/// The owner of an instance, between the built-in base and the Rust parts.
#[repr(C)]
pub struct Header {
    /// Null until the instance is initialized.
    owner: AtomicPtr<LocalInternals>,
}

impl Header {
    /// Returns the owner; null while the instance is uninitialized.
    #[inline]
    pub(super) fn owner(&self) -> *const LocalInternals {
        self.owner.load(compat::ACQUIRE_UNLESS_GIL)
    }

    /// Marks the instance as initialized. A thread that sees the owner sees the instance's value.
    #[inline]
    pub(super) fn publish(&self, owner: *const LocalInternals) {
        self.owner.store(owner.cast_mut(), Ordering::Release);
    }
}

const _: () = assert!(size_of::<Header>() == size_of::<usize>());

/// The thread that may use an instance: [`Sendable`] or [`Unsendable`].
pub trait ThreadCheck {
    /// Returns the check of an instance created by this thread.
    fn here() -> Self;
    /// Returns whether this thread may use the instance.
    fn is_here(&self) -> bool;
}

/// Any thread may use the instance.
pub struct Sendable;

impl ThreadCheck for Sendable {
    #[inline]
    fn here() -> Self {
        Self
    }

    #[inline]
    fn is_here(&self) -> bool {
        true
    }
}

/// Only the thread that created the instance may use it.
pub struct Unsendable(ThreadId);

impl ThreadCheck for Unsendable {
    #[inline(never)]
    fn here() -> Self {
        Self(std::thread::current().id())
    }

    #[inline(never)]
    fn is_here(&self) -> bool {
        std::thread::current().id() == self.0
    }
}

/// Space for an object that CPython accesses by offset: [`ObjectSlot`] or [`NoSlot`]. Initially
/// zeroed, which means no object.
pub trait InlineSlot {
    /// Whether there is a slot.
    const PRESENT: bool;

    /// Returns the address of the slot.
    fn slot(&self) -> Option<NonNull<*mut ffi::PyObject>>;
}

/// No slot.
pub struct NoSlot;

impl InlineSlot for NoSlot {
    const PRESENT: bool = false;

    #[inline]
    fn slot(&self) -> Option<NonNull<*mut ffi::PyObject>> {
        None
    }
}

/// A slot for one object: a `__dict__` or a list of weak references.
#[repr(transparent)]
pub struct ObjectSlot(Cell<*mut ffi::PyObject>);

impl InlineSlot for ObjectSlot {
    const PRESENT: bool = true;

    #[inline]
    fn slot(&self) -> Option<NonNull<*mut ffi::PyObject>> {
        NonNull::new(self.0.as_ptr())
    }
}

/// The header that a class adds to its base: [`Header`], or nothing if the base is a Rust class.
/// Initially zeroed.
pub trait OwnHeader {}

impl OwnHeader for Header {}

impl OwnHeader for () {}
