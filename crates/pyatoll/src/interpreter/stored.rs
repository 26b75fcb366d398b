//! [`StoredState`]: the pointer to an interpreter's state, as handles store it.
//!
//! A handle is two words: an object and its interpreter's state. Moving a handle moves both, and a
//! compiler that sees two adjacent integers or pointers loads them with one instruction. If they
//! were just written one by one, as by a function that returns a handle in memory, the processor
//! cannot forward two stores to one load: it waits about 5 ns until both have reached the cache.
//! (Building lists of strings took 1.2 times as long.) A floating-point number is loaded on its
//! own.

use std::marker::PhantomData;
use std::ptr;

use super::local::LocalInternals;

/// The bits of an address. As a floating-point number it is subnormal or very small, so it is not a
/// NaN, whose bits could change when it is moved.
#[cfg(target_pointer_width = "64")]
type Bits = f64;
#[cfg(not(target_pointer_width = "64"))]
type Bits = usize;

/// A reference to the state of an interpreter.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct StoredState<'a>(Bits, PhantomData<&'a LocalInternals>);

const _: () = assert!(size_of::<StoredState<'_>>() == size_of::<usize>());

impl<'a> StoredState<'a> {
    /// Stores a reference.
    #[inline(always)]
    pub(crate) fn new(state: &'a LocalInternals) -> Self {
        let address = ptr::from_ref(state).expose_provenance();
        #[cfg(target_pointer_width = "64")]
        let address = f64::from_bits(address as u64);
        Self(address, PhantomData)
    }

    /// Returns the reference.
    #[inline(always)]
    pub(crate) fn get(self) -> &'a LocalInternals {
        #[cfg(target_pointer_width = "64")]
        let address = self.0.to_bits() as usize;
        #[cfg(not(target_pointer_width = "64"))]
        let address = self.0;
        // SAFETY: the address of a reference with this lifetime, whose provenance was exposed.
        unsafe { &*ptr::with_exposed_provenance(address) }
    }
}
