//! The slot table of a [`LocalInternals`](super::LocalInternals): one value per interpreter for
//! each [`SlotKey`] of this binary.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - A key's index is assigned once per process and never reused, so it names the same slot in
//!   every interpreter.
//! - Segments do not move while their interpreter lives: a slot's address is stable, and readers
//!   need no lock.
//! - A slot goes from null to a value once, and back to null only in [`Slots::clear`], when the
//!   interpreter ends and no reader is left.
//! - A reader of a value sees all earlier writes of the thread that stored it.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use super::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use super::sync::{Mutex, MutexGuard, const_unless_loom, lock, static_atomic};

/// Slots in the first segment; segment `k` has `FIRST << k`.
const FIRST: u32 = if cfg!(loom) { 2 } else { 64 };
/// Enough for `64 * (2^10 - 1)` keys.
const SEGMENTS: usize = if cfg!(loom) { 2 } else { 10 };

/// The value of one key in one interpreter.
type Slot = AtomicPtr<c_void>;

/// A function that drops the value of a slot. Called attached to the interpreter that owns it.
pub(crate) type DropValue = unsafe fn(*mut c_void);

static_atomic! {
    /// The next index. 0 is no key's index: its slot stays null, so that a read through a key
    /// without an index finds nothing.
    static NEXT: AtomicU32 = AtomicU32::new(1);
}

/// The name of one slot in every interpreter's table. Lives in a `static`.
pub(crate) struct SlotKey {
    /// The location of the slot as [`pack`] encodes it; 0 before one is assigned.
    place: AtomicU32,
}

impl SlotKey {
    const_unless_loom! {
        pub(crate) fn new() -> Self {
            Self {
                place: AtomicU32::new(0),
            }
        }
    }

    /// Assigns the index on first use. Where two threads draw one, the loser's is never used.
    #[cold]
    fn assign(&self) -> u32 {
        let (segment, place) = locate(NEXT.fetch_add(1, Ordering::Relaxed));
        assert!(segment < SEGMENTS, "too many values for each interpreter");
        let fresh = pack(segment, place);
        match self
            .place
            .compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => fresh,
            Err(other) => other,
        }
    }
}

/// Bits of the index within a segment.
const PLACE_BITS: u32 = 24;

/// Encodes a segment and an index in it as one word, which a read decodes with two instructions.
fn pack(segment: usize, place: usize) -> u32 {
    (segment as u32) << PLACE_BITS | place as u32
}

/// Decodes what [`pack`] encoded.
#[inline(always)]
const fn unpack(place: u32) -> (usize, usize) {
    (
        (place >> PLACE_BITS) as usize,
        (place & ((1 << PLACE_BITS) - 1)) as usize,
    )
}

/// Returns the segment of an index, and the index within the segment.
const fn locate(index: u32) -> (usize, usize) {
    if index < FIRST {
        return (0, index as usize);
    }
    let shifted = index + FIRST;
    let segment = (shifted / FIRST).ilog2();
    (segment as usize, (shifted - (FIRST << segment)) as usize)
}

/// Returns the number of slots in a segment.
const fn segment_len(segment: usize) -> usize {
    (FIRST as usize) << segment
}

/// A value to drop at the interpreter's end, and how.
struct Created {
    slot: *const Slot,
    drop_value: DropValue,
}

/// A table's lock, held across a fork.
#[cfg(unix)]
pub(super) struct ForkLock<'a> {
    _created: MutexGuard<'a, Vec<Created>>,
}

/// All slots of one interpreter.
pub(crate) struct Slots {
    segments: [AtomicPtr<Slot>; SEGMENTS],
    /// In order of creation.
    created: Mutex<Vec<Created>>,
}

// SAFETY: the raw pointers in `created` point into `segments`, which this struct owns; all access
// goes through the mutex or the atomics. Values are only lent to threads attached to the
// interpreter, and `InterpreterLocal` checks their types.
unsafe impl Send for Slots {}
// SAFETY: all access goes through the mutex or the atomics.
unsafe impl Sync for Slots {}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            segments: std::array::from_fn(|_| AtomicPtr::new(null_mut())),
            created: Mutex::new(Vec::new()),
        }
    }

    /// Returns the value of `key`, or null.
    #[inline]
    pub(crate) fn get(&self, key: &SlotKey) -> *mut c_void {
        let (segment, place) = unpack(key.place.load(Ordering::Relaxed));
        // SAFETY: `assign` gave the key a segment below `SEGMENTS`; without one it has the first.
        let slots = unsafe { self.segments.get_unchecked(segment) }.load(Ordering::Acquire);
        if slots.is_null() {
            return null_mut();
        }
        // SAFETY: a non-null segment has `segment_len(segment)` slots, and the index is below that.
        unsafe { (*slots.add(place)).load(Ordering::Acquire) }
    }

    /// Returns the slot of the key, allocating its segment.
    fn slot(&self, key: &SlotKey) -> &Slot {
        let mut place = key.place.load(Ordering::Relaxed);
        if place == 0 {
            place = key.assign();
        }
        let (segment, place) = unpack(place);
        let mut slots = self.segments[segment].load(Ordering::Acquire);
        if slots.is_null() {
            slots = self.allocate(segment);
        }
        // SAFETY: the index is below the segment's length; the segment lives until `clear`.
        unsafe { &*slots.add(place) }
    }

    #[cold]
    fn allocate(&self, segment: usize) -> *mut Slot {
        let fresh: Box<[Slot]> = (0..segment_len(segment))
            .map(|_| AtomicPtr::new(null_mut()))
            .collect();
        let fresh = Box::into_raw(fresh).cast::<Slot>();
        let cell = &self.segments[segment];
        match cell.compare_exchange(null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => fresh,
            Err(other) => {
                // SAFETY: `fresh` came from `Box::into_raw` above and was not shared.
                unsafe { free_segment(segment, fresh) };
                other
            }
        }
    }

    /// Stores `value` as the key's, unless another thread (or a re-entrant call) was first: then it
    /// returns the stored value as `Err`, and `value` is still the caller's.
    ///
    /// # Safety
    /// `drop_value` must be right for `value`, and the caller must be attached to the interpreter
    /// of this table.
    pub(crate) unsafe fn set(
        &self,
        key: &SlotKey,
        value: *mut c_void,
        drop_value: DropValue,
    ) -> Result<(), *mut c_void> {
        debug_assert!(!value.is_null());
        let slot = self.slot(key);
        slot.compare_exchange(null_mut(), value, Ordering::AcqRel, Ordering::Acquire)?;
        self.created().push(Created { slot, drop_value });
        Ok(())
    }

    /// Drops all values, last created first, including those that the drops create.
    ///
    /// # Safety
    /// The caller must be attached to the interpreter of this table, which is ending: no other
    /// thread reads the table, and no reference into it is alive.
    pub(crate) unsafe fn clear(&self) {
        loop {
            // The lock is not held during the drop, which may run any code.
            let Some(Created { slot, drop_value }) = self.created().pop() else {
                break;
            };
            // SAFETY: the slot lives in a segment of this table.
            let value = unsafe { &*slot }.swap(null_mut(), Ordering::AcqRel);
            // A panic must neither skip the other values nor unwind into CPython, which is the
            // caller. The panic hook has reported it; dropping its payload could panic again.
            // SAFETY: stored together by `set`, and taken out of the slot: dropped once.
            let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { drop_value(value) }));
            std::mem::forget(dropped);
        }
        for (segment, cell) in self.segments.iter().enumerate() {
            let slots = cell.swap(null_mut(), Ordering::AcqRel);
            if !slots.is_null() {
                // SAFETY: allocated by `allocate` with this segment's length; no reader is left.
                unsafe { free_segment(segment, slots) };
            }
        }
        *self.created() = Vec::new();
    }

    /// Takes the table's lock.
    #[cfg(unix)]
    pub(super) fn lock_for_fork(&self) -> ForkLock<'_> {
        ForkLock {
            _created: self.created(),
        }
    }

    fn created(&self) -> MutexGuard<'_, Vec<Created>> {
        lock(&self.created)
    }
}

/// Frees a segment.
///
/// # Safety
/// `slots` must be a segment from [`Slots::allocate`] that is no longer in use.
unsafe fn free_segment(segment: usize, slots: *mut Slot) {
    let slots = std::ptr::slice_from_raw_parts_mut(slots, segment_len(segment));
    // SAFETY: allocated with this length, and unused (upheld by the caller).
    drop(unsafe { Box::from_raw(slots) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn every_index_has_its_own_place() {
        let mut seen = std::collections::HashSet::new();
        for index in 0..5000 {
            let (segment, place) = locate(index);
            assert!(place < segment_len(segment), "index {index}");
            assert!(seen.insert((segment, place)), "index {index}");
            assert_eq!(unpack(pack(segment, place)), (segment, place));
        }
    }

    #[test]
    fn an_unassigned_key_reads_null() {
        let slots = Slots::new();
        let used = SlotKey::new();
        let key = SlotKey::new();
        let mut value = 1u8;
        // SAFETY: the no-op drop is right for a pointer to a local.
        unsafe { slots.set(&used, (&raw mut value).cast(), |_| ()) }.unwrap();
        assert!(slots.get(&key).is_null());
        assert!(!slots.get(&used).is_null());
    }

    #[test]
    fn values_are_dropped_in_reverse_order_of_creation() {
        static ORDER: Mutex<Vec<usize>> = Mutex::new(Vec::new());
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let slots = Slots::new();
        let keys: Vec<SlotKey> = (0..200).map(|_| SlotKey::new()).collect();
        for (number, key) in keys.iter().enumerate() {
            let value = Box::into_raw(Box::new(number)).cast();
            // SAFETY: the value is a `Box<usize>`, and so drops it.
            let set = unsafe {
                slots.set(key, value, |value| {
                    // SAFETY: stored above as a `Box<usize>`, and dropped once.
                    let number = Box::from_raw(value.cast::<usize>());
                    ORDER.lock().unwrap().push(*number);
                    COUNT.fetch_add(1, Ordering::Relaxed);
                })
            };
            set.unwrap();
        }
        // SAFETY: single-threaded, no reference is alive.
        unsafe { slots.clear() };
        assert_eq!(COUNT.load(Ordering::Relaxed), 200);
        assert!(ORDER.lock().unwrap().iter().rev().copied().eq(0..200));
        assert!(slots.get(&keys[0]).is_null());
    }

    #[test]
    fn a_panic_in_a_drop_does_not_keep_the_other_values() {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        let slots = Slots::new();
        let keys = [const { SlotKey::new() }; 3];
        let mut values = [1u8; 3];
        for (key, value) in keys.iter().zip(&mut values) {
            // SAFETY: the drop only counts.
            let set = unsafe {
                slots.set(key, std::ptr::from_mut(value).cast(), |_| {
                    if DROPPED.fetch_add(1, Ordering::Relaxed) == 1 {
                        panic!("a panic in a drop, on purpose");
                    }
                })
            };
            set.unwrap();
        }
        // SAFETY: single-threaded, no reference is alive.
        unsafe { slots.clear() };
        assert_eq!(DROPPED.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn the_first_value_wins() {
        let slots = Slots::new();
        let key = SlotKey::new();
        let (mut a, mut b) = (1u8, 2u8);
        let (a, b) = ((&raw mut a).cast(), (&raw mut b).cast());
        // SAFETY: the no-op drop is right for a pointer to a local.
        assert_eq!(unsafe { slots.set(&key, a, |_| ()) }, Ok(()));
        // SAFETY: the no-op drop is right for a pointer to a local.
        assert_eq!(unsafe { slots.set(&key, b, |_| ()) }, Err(a));
    }
}
