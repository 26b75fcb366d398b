//! The slot table of a [`LocalInternals`](super::LocalInternals): one value per interpreter for
//! each [`SlotKey`] of this binary.
//!
//! A key's index names the same slot in every interpreter. It is assigned at first use; when the
//! key is dropped, its values are withdrawn from all tables, and another key may have the index.
//! Keys in `static`s are never dropped.
//!
//! The values of most keys are dropped a little before those of keys that this library itself needs
//! until the end ([`SlotKey::lasting`]).
//!
//! One lock, of the binary, guards the indices and the lists of values. It is held for an instant,
//! to store or withdraw a value, and never while other code runs. Reading takes no lock.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - An index belongs to one key at a time, and is free only once its slots are null in all tables.
//!   Whoever reads a key's index sees that: a key never finds another's value.
//! - Segments do not move while their interpreter lives: a slot's address is stable, and readers
//!   need no lock.
//! - A slot goes back from a value to null only when its key is borrowed exclusively, or in
//!   [`Slots::clear`], when the interpreter ends: no reader is left.
//! - A value is in a slot, in the list of its key and in that of its table, or in none of them.
//!   Whoever withdraws it drops it, once.
//! - A reader of a value sees all earlier writes of the thread that stored it.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};

use super::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use super::sync::{Mutex, MutexGuard, const_unless_loom, lock, static_unless_loom};

/// Slots in the first segment; segment `k` has `FIRST << 2k`.
const FIRST: u32 = if cfg!(loom) { 2 } else { 64 };
/// Enough for `64 * (4^12 - 1) / 3` keys, whose values do not fit into memory.
const SEGMENTS: usize = if cfg!(loom) { 2 } else { 12 };

/// The value of one key in one interpreter.
type Slot = AtomicPtr<c_void>;

/// All keys of the binary that have an index.
struct Keys {
    /// The newest value of each index. Index 0 is no key's: its slot stays null, so that a read
    /// through a key without an index finds nothing.
    newest: Vec<*mut Header>,
    /// Indices of keys that were dropped.
    free: Vec<u32>,
}

// SAFETY: the pointers are to values, which are used only under the lock around this, or by the one
// thread that withdrew them.
unsafe impl Send for Keys {}

static_unless_loom! {
    static KEYS: Mutex<Keys> = Mutex::new(Keys { newest: Vec::new(), free: Vec::new() });
}

fn keys() -> MutexGuard<'static, Keys> {
    lock(&KEYS)
}

impl Keys {
    /// Returns an index that no key has.
    fn draw(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            let index = self.newest.len().max(1);
            assert!(
                locate(index as u32).0 < SEGMENTS,
                "too many `PyOnceLock`s and `InterpreterLocal`s are in use at once"
            );
            self.newest.resize(index + 1, null_mut());
            index as u32
        })
    }

    /// Puts a value into the lists of its key and of its table, as the newest.
    ///
    /// # Safety
    /// It must be in none.
    unsafe fn link(&mut self, value: NonNull<Header>, slots: &Slots, index: u32) {
        // SAFETY: alive and unshared (upheld by the caller), as are those in the lists, which the
        // lock guards.
        unsafe {
            (*value.as_ptr()).slots = slots;
            (*value.as_ptr()).index = index;
            push::<OF_KEY>(&mut self.newest[index as usize], value);
            let cell = slots.newest((*value.as_ptr()).lasts);
            let mut newest = cell.load(Ordering::Relaxed);
            push::<OF_TABLE>(&mut newest, value);
            cell.store(newest, Ordering::Relaxed);
        }
    }

    /// Takes a value out of its slot and its lists. It is the caller's afterwards.
    ///
    /// # Safety
    /// It must be in them, and no reference to it may be alive.
    unsafe fn withdraw(&mut self, value: NonNull<Header>) -> Withdrawn {
        // SAFETY: in the lists (upheld by the caller), so alive, and its table has its segments.
        unsafe {
            let header = &*value.as_ptr();
            let slots = &*header.slots;
            remove::<OF_KEY>(&mut self.newest[header.index as usize], value);
            let cell = slots.newest(header.lasts);
            let mut newest = cell.load(Ordering::Relaxed);
            remove::<OF_TABLE>(&mut newest, value);
            cell.store(newest, Ordering::Relaxed);
            let slot = slots.existing(header.index);
            slot.store(null_mut(), Ordering::Release);
        }
        Withdrawn(value)
    }
}

/// The name of one slot in every interpreter's table. Part of an `InterpreterLocal`, whose drop
/// withdraws the values.
pub(crate) struct SlotKey {
    /// The location of the slot as [`pack`] encodes it; 0 before one is assigned.
    place: AtomicU32,
    lasts: bool,
}

impl SlotKey {
    const_unless_loom! {
        pub(crate) fn new() -> Self {
            Self {
                place: AtomicU32::new(0),
                lasts: false,
            }
        }
    }

    const_unless_loom! {
        /// Creates a key whose values stay until [`Slots::clear`], since code that runs until then
        /// needs them. Their drop must not enter another interpreter.
        pub(crate) fn lasting() -> Self {
            Self {
                place: AtomicU32::new(0),
                lasts: true,
            }
        }
    }

    /// Returns the index, which is assigned on first use.
    fn index(&self, keys: &mut Keys) -> u32 {
        // Relaxed: written under the lock, which the caller holds.
        let place = self.place.load(Ordering::Relaxed);
        if place != 0 {
            return index_of(place);
        }
        let index = keys.draw();
        let (segment, place) = locate(index);
        // Whoever reads the index sees that it was withdrawn from its last key.
        self.place.store(pack(segment, place), Ordering::Release);
        index
    }

    /// Returns whether an index was assigned: else there is nothing to withdraw.
    #[inline]
    pub(crate) fn is_used(&mut self) -> bool {
        self.place.load(Ordering::Relaxed) != 0
    }

    /// Withdraws all values from their tables, and gives the index up. The caller has each value
    /// dropped by its interpreter.
    ///
    /// The exclusive borrow keeps other threads from storing or reading a value.
    #[cold]
    pub(crate) fn withdraw(&mut self) -> WithdrawnValues {
        let place = self.place.load(Ordering::Relaxed);
        let mut withdrawn = WithdrawnValues(null_mut());
        if place != 0 {
            let index = index_of(place);
            let mut keys = keys();
            while let Some(value) = NonNull::new(keys.newest[index as usize]) {
                // SAFETY: in the list of its key, and references to it are bound by the key's
                // borrow, which is exclusive.
                withdrawn.push(unsafe { keys.withdraw(value) });
            }
            self.place.store(0, Ordering::Relaxed);
            keys.free.push(index);
        }
        withdrawn
    }

    /// Withdraws the value of one table, or of the only table that has one.
    #[cold]
    pub(crate) fn withdraw_one(&mut self, slots: Option<&Slots>) -> Option<Withdrawn> {
        let place = self.place.load(Ordering::Relaxed);
        if place == 0 {
            return None;
        }
        let mut keys = keys();
        let newest = NonNull::new(keys.newest[index_of(place) as usize])?;
        let mut next = Some(newest);
        let found = match slots {
            Some(slots) => loop {
                // SAFETY: in the key's list, which the lock guards.
                let header = unsafe { &*next?.as_ptr() };
                if std::ptr::eq(header.slots, slots) {
                    break next?;
                }
                next = NonNull::new(header.links[OF_KEY].older);
            },
            // SAFETY: in the key's list, which the lock guards.
            None if unsafe { (*newest.as_ptr()).links[OF_KEY].older.is_null() } => newest,
            None => return None,
        };
        // SAFETY: in the list of its key, which is borrowed exclusively.
        Some(unsafe { keys.withdraw(found) })
    }
}

/// Bits of the index within a segment.
const PLACE_BITS: u32 = 28;

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

/// Returns the number of the first index of a segment.
const fn first_of(segment: usize) -> u32 {
    FIRST * ((1 << (2 * segment)) - 1) / 3
}

/// Returns the segment of an index, and the index within the segment.
const fn locate(index: u32) -> (usize, usize) {
    let segment = ((3 * (index as u64) / FIRST as u64 + 1).ilog2() / 2) as usize;
    (segment, (index - first_of(segment)) as usize)
}

/// Returns the index of what [`pack`] encoded.
const fn index_of(place: u32) -> u32 {
    let (segment, place) = unpack(place);
    first_of(segment) + place as u32
}

/// Returns the number of slots in a segment.
const fn segment_len(segment: usize) -> usize {
    (FIRST as usize) << (2 * segment)
}

/// The neighbors of a value in a list.
struct Links {
    older: *mut Header,
    newer: *mut Header,
}

/// The list of the values of one key.
const OF_KEY: usize = 0;
/// One of the two lists of the values of one table, in order of creation: those that last, or the
/// others.
const OF_TABLE: usize = 1;

/// What a value is stored with, whatever its type.
pub(crate) struct Header {
    /// The table that it is in.
    slots: *const Slots,
    /// The index of its key.
    index: u32,
    /// Whether its key is [lasting](SlotKey::lasting).
    lasts: bool,
    links: [Links; 2],
    /// Drops the value and frees its memory.
    drop_stored: unsafe fn(NonNull<Header>),
}

/// A value in memory.
#[repr(C)]
struct Stored<T> {
    header: Header,
    value: T,
}

/// Puts a value into a list, as the newest.
///
/// # Safety
/// The lock must be held, and the value not be in a list of this kind.
unsafe fn push<const LIST: usize>(newest: &mut *mut Header, value: NonNull<Header>) {
    let older = *newest;
    *newest = value.as_ptr();
    // SAFETY: the values of a list are alive, and guarded by the lock (upheld by the caller).
    unsafe {
        (*value.as_ptr()).links[LIST] = Links {
            older,
            newer: null_mut(),
        };
        if !older.is_null() {
            (*older).links[LIST].newer = value.as_ptr();
        }
    }
}

/// Takes a value out of a list.
///
/// # Safety
/// The lock must be held, and the value be in the list.
unsafe fn remove<const LIST: usize>(newest: &mut *mut Header, value: NonNull<Header>) {
    // SAFETY: the values of a list are alive, and guarded by the lock (upheld by the caller).
    unsafe {
        let Links { older, newer } = (*value.as_ptr()).links[LIST];
        if !older.is_null() {
            (*older).links[LIST].newer = newer;
        }
        if newer.is_null() {
            *newest = older;
        } else {
            (*newer).links[LIST].older = older;
        }
    }
}

/// A value that is no table's any more. It must be dropped with [`Withdrawn::drop_value`].
#[must_use]
pub(crate) struct Withdrawn(NonNull<Header>);

// SAFETY: the pointer is to memory of its own. Only values that are `Send` are stored (upheld by
// the callers of `Slots::set`).
unsafe impl Send for Withdrawn {}

impl Withdrawn {
    /// Returns the table that it was in.
    pub(crate) fn slots(&self) -> *const Slots {
        // SAFETY: alive until `drop_value`, which takes `self`.
        unsafe { (*self.0.as_ptr()).slots }
    }

    /// Drops the value, on a thread that is attached to its interpreter, or after that one's end.
    pub(crate) fn drop_value(self) {
        // SAFETY: withdrawn once, so it is dropped once.
        unsafe { ((*self.0.as_ptr()).drop_stored)(self.0) };
    }

    /// Drops the value where a panic must neither skip what follows nor unwind into CPython. The
    /// panic hook reports it.
    pub(crate) fn drop_value_without_unwinding(self) {
        let dropped = catch_unwind(AssertUnwindSafe(|| self.drop_value()));
        // Dropping the payload of a panic could panic again.
        std::mem::forget(dropped);
    }

    /// Returns the value.
    ///
    /// # Safety
    /// It must be a `T`.
    pub(crate) unsafe fn into_value<T>(self) -> T {
        // SAFETY: stored as a `T` (upheld by the caller), and withdrawn, so it is owned here.
        unsafe { Box::from_raw(self.0.as_ptr().cast::<Stored<T>>()) }.value
    }
}

/// Values that were withdrawn from one key, each to be dropped by its interpreter.
pub(crate) struct WithdrawnValues(*mut Header);

impl WithdrawnValues {
    fn push(&mut self, value: Withdrawn) {
        // SAFETY: alive, and in no list.
        unsafe { (*value.0.as_ptr()).links[OF_KEY].older = self.0 };
        self.0 = value.0.as_ptr();
    }
}

impl Iterator for WithdrawnValues {
    type Item = Withdrawn;

    fn next(&mut self) -> Option<Withdrawn> {
        let value = NonNull::new(self.0)?;
        // SAFETY: pushed, so alive until it is returned here.
        self.0 = unsafe { (*value.as_ptr()).links[OF_KEY].older };
        Some(Withdrawn(value))
    }
}

/// The lock of all tables, held across a fork.
#[cfg(unix)]
pub(super) struct ForkLock {
    _keys: MutexGuard<'static, Keys>,
}

/// Takes the lock of all tables.
#[cfg(unix)]
pub(super) fn lock_for_fork() -> ForkLock {
    ForkLock { _keys: keys() }
}

/// All slots of one interpreter.
pub(crate) struct Slots {
    segments: [AtomicPtr<Slot>; SEGMENTS],
    /// The values that were created last: of those that do not last, and of those that do. Guarded
    /// by the lock.
    newest: [AtomicPtr<Header>; 2],
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self {
            segments: std::array::from_fn(|_| AtomicPtr::new(null_mut())),
            newest: std::array::from_fn(|_| AtomicPtr::new(null_mut())),
        }
    }

    fn newest(&self, lasts: bool) -> &AtomicPtr<Header> {
        &self.newest[usize::from(lasts)]
    }

    /// Returns the value of `key`, or null.
    #[inline]
    pub(crate) fn get(&self, key: &SlotKey) -> *mut c_void {
        let (segment, place) = unpack(key.place.load(Ordering::Acquire));
        // SAFETY: `draw` gave the key a segment below `SEGMENTS`; without one it has the first.
        let slots = unsafe { self.segments.get_unchecked(segment) }.load(Ordering::Acquire);
        if slots.is_null() {
            return null_mut();
        }
        // SAFETY: a non-null segment has `segment_len(segment)` slots, and the index is below that.
        unsafe { (*slots.add(place)).load(Ordering::Acquire) }
    }

    /// Returns the slot of an index in a segment that exists.
    ///
    /// # Safety
    /// The table must have a value of this index, or have had [`Slots::slot`] called for it.
    unsafe fn existing(&self, index: u32) -> &Slot {
        let (segment, place) = locate(index);
        let slots = self.segments[segment].load(Ordering::Relaxed);
        // SAFETY: the segment exists (upheld by the caller), and lives until `clear`.
        unsafe { &*slots.add(place) }
    }

    /// Returns the slot of an index, allocating its segment. The lock must be held.
    fn slot(&self, index: u32) -> &Slot {
        let (segment, _) = locate(index);
        if self.segments[segment].load(Ordering::Relaxed).is_null() {
            let fresh = Box::into_raw(new_segment(segment)).cast::<Slot>();
            self.segments[segment].store(fresh, Ordering::Release);
        }
        // SAFETY: the segment exists.
        unsafe { self.existing(index) }
    }

    /// Stores `value` as the key's, unless another thread (or a re-entrant call) was first: then it
    /// returns the stored value and `value` as `Err`.
    ///
    /// # Safety
    /// The caller must be attached to the interpreter of this table. `T` must be `Send` and `Sync`.
    /// The key must always be used with this `T`, and references to its values end with its borrow
    /// and the attachment.
    pub(crate) unsafe fn set<T>(&self, key: &SlotKey, value: T) -> Result<*mut T, (*mut T, T)> {
        unsafe fn drop_stored<T>(stored: NonNull<Header>) {
            // SAFETY: from `Box::into_raw` below, and dropped once (upheld by the caller).
            drop(unsafe { Box::from_raw(stored.as_ptr().cast::<Stored<T>>()) });
        }
        let links = || Links {
            older: null_mut(),
            newer: null_mut(),
        };
        let stored = Box::into_raw(Box::new(Stored {
            header: Header {
                slots: self,
                index: 0,
                lasts: key.lasts,
                links: [links(), links()],
                drop_stored: drop_stored::<T>,
            },
            value,
        }));
        // SAFETY: just allocated, and in no list.
        unsafe {
            let place = &raw mut (*stored).value;
            match self.insert(key, NonNull::new_unchecked(stored.cast()), place.cast()) {
                Ok(()) => Ok(place),
                Err(first) => Err((first.cast(), Box::from_raw(stored).value)),
            }
        }
    }

    /// Stores the value at `place`, unless there is one, which is returned then.
    ///
    /// # Safety
    /// As for [`Slots::set`]. `place` must be the value that `stored` heads, in no list.
    #[cold]
    unsafe fn insert(
        &self,
        key: &SlotKey,
        stored: NonNull<Header>,
        place: *mut c_void,
    ) -> Result<(), *mut c_void> {
        let mut keys = keys();
        let index = key.index(&mut keys);
        let slot = self.slot(index);
        let first = slot.load(Ordering::Acquire);
        if !first.is_null() {
            return Err(first);
        }
        // SAFETY: in no list (upheld by the caller).
        unsafe { keys.link(stored, self, index) };
        slot.store(place, Ordering::Release);
        Ok(())
    }

    /// Drops the values that do not last, last created first, including those that the drops
    /// create.
    ///
    /// # Safety
    /// The caller must be attached to the interpreter of this table, which is ending: no other
    /// thread reads the table, and no reference to such a value is alive.
    pub(crate) unsafe fn clear_early(&self) {
        // SAFETY: attached, and no reader or reference is left (upheld by the caller).
        while unsafe { self.drop_newest(false) } {}
    }

    /// Drops all values, last created first, including those that the drops create; those that last
    /// after the others.
    ///
    /// # Safety
    /// The caller must be attached to the interpreter of this table, which is ending: no other
    /// thread reads the table, and no reference into it is alive.
    pub(crate) unsafe fn clear(&self) {
        // SAFETY: attached, and no reader or reference is left (upheld by the caller).
        while unsafe { self.drop_newest(false) || self.drop_newest(true) } {}
        for (segment, cell) in self.segments.iter().enumerate() {
            let slots = cell.swap(null_mut(), Ordering::AcqRel);
            if !slots.is_null() {
                // SAFETY: allocated by `slot` with this segment's length. No reader is left, and no
                // value is in it that another thread could withdraw.
                unsafe { free_segment(segment, slots) };
            }
        }
    }
}

impl Slots {
    /// Drops the newest value of a list. Returns `false` if there is none.
    ///
    /// # Safety
    /// As for [`Slots::clear`].
    unsafe fn drop_newest(&self, lasts: bool) -> bool {
        let mut keys = keys();
        let Some(newest) = NonNull::new(self.newest(lasts).load(Ordering::Relaxed)) else {
            return false;
        };
        // SAFETY: in the table's list, and no reference to it is alive (upheld by the caller).
        let value = unsafe { keys.withdraw(newest) };
        // The lock is not held during the drop, which may run any code. CPython is the caller.
        drop(keys);
        value.drop_value_without_unwinding();
        true
    }
}

/// Allocates a segment. A large one takes no memory where it is not used.
#[cfg(not(loom))]
fn new_segment(segment: usize) -> Box<[Slot]> {
    const _: () = assert!(size_of::<Slot>() == size_of::<usize>());
    const _: () = assert!(align_of::<Slot>() == align_of::<usize>());
    let zeros = vec![0_usize; segment_len(segment)].into_boxed_slice();
    // SAFETY: an atomic pointer has the size and alignment of a `usize`, and zero is null.
    unsafe { Box::from_raw(Box::into_raw(zeros) as *mut [Slot]) }
}

/// Allocates a segment.
#[cfg(loom)]
fn new_segment(segment: usize) -> Box<[Slot]> {
    (0..segment_len(segment))
        .map(|_| AtomicPtr::new(null_mut()))
        .collect()
}

/// Frees a segment.
///
/// # Safety
/// `slots` must be a segment from [`new_segment`] that is no longer in use.
unsafe fn free_segment(segment: usize, slots: *mut Slot) {
    let slots = std::ptr::slice_from_raw_parts_mut(slots, segment_len(segment));
    // SAFETY: allocated with this length, and unused (upheld by the caller).
    drop(unsafe { Box::from_raw(slots) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Withdraws the key's values and drops them, as the drop of a cell does.
    fn drop_key(mut key: SlotKey) {
        for value in key.withdraw() {
            value.drop_value();
        }
    }

    /// Sets a value where there is none.
    fn set<T: Send + Sync>(slots: &Slots, key: &SlotKey, value: T) {
        // SAFETY: no interpreter is needed; each test uses a key with one type and keeps no
        // references.
        assert!(unsafe { slots.set(key, value) }.is_ok());
    }

    fn clear(slots: &Slots) {
        // SAFETY: no other thread uses the table, and no reference is alive.
        unsafe { slots.clear() };
    }

    /// Notes its number when it is dropped.
    struct Noted(usize, Arc<Mutex<Vec<usize>>>);

    impl Drop for Noted {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    #[test]
    fn every_index_has_its_own_place() {
        let mut seen = std::collections::HashSet::new();
        for index in 0..100_000 {
            let (segment, place) = locate(index);
            assert!(place < segment_len(segment), "index {index}");
            assert!(seen.insert((segment, place)), "index {index}");
            assert_eq!(unpack(pack(segment, place)), (segment, place));
            assert_eq!(index_of(pack(segment, place)), index);
        }
        let last = first_of(SEGMENTS) - 1;
        assert_eq!(locate(last), (SEGMENTS - 1, segment_len(SEGMENTS - 1) - 1));
        assert_eq!(
            index_of(pack(SEGMENTS - 1, segment_len(SEGMENTS - 1) - 1)),
            last
        );
    }

    #[test]
    fn an_unassigned_key_reads_null() {
        let slots = Slots::new();
        let used = SlotKey::new();
        let key = SlotKey::new();
        set(&slots, &used, 1_u8);
        assert!(slots.get(&key).is_null());
        assert!(!slots.get(&used).is_null());
        clear(&slots);
    }

    #[test]
    fn values_are_dropped_in_reverse_order_of_creation() {
        let order = Arc::default();
        let slots = Slots::new();
        let keys: Vec<SlotKey> = (0..200).map(|_| SlotKey::new()).collect();
        for (number, key) in keys.iter().enumerate() {
            set(&slots, key, Noted(number, Arc::clone(&order)));
        }
        clear(&slots);
        assert!(order.lock().unwrap().iter().rev().copied().eq(0..200));
        assert!(slots.get(&keys[0]).is_null());
    }

    #[test]
    fn a_panic_in_a_drop_does_not_keep_the_other_values() {
        struct Panics(#[expect(dead_code, reason = "dropped")] Noted, usize);
        impl Drop for Panics {
            fn drop(&mut self) {
                assert!(self.1 != 1, "a panic in a drop, on purpose");
            }
        }
        let order = Arc::default();
        let slots = Slots::new();
        let keys = [const { SlotKey::new() }; 3];
        for (number, key) in keys.iter().enumerate() {
            set(
                &slots,
                key,
                Panics(Noted(number, Arc::clone(&order)), number),
            );
        }
        clear(&slots);
        assert_eq!(*order.lock().unwrap(), [2, 1, 0]);
    }

    #[test]
    fn what_lasts_is_dropped_after_the_rest() {
        let order = Arc::default();
        let slots = Slots::new();
        let keys = [
            SlotKey::new(),
            SlotKey::lasting(),
            SlotKey::new(),
            SlotKey::lasting(),
        ];
        for (number, key) in keys.iter().enumerate() {
            set(&slots, key, Noted(number, Arc::clone(&order)));
        }
        // SAFETY: no other thread uses the table, and no reference is alive.
        unsafe { slots.clear_early() };
        assert_eq!(*order.lock().unwrap(), [2, 0]);
        assert!(slots.get(&keys[0]).is_null() && !slots.get(&keys[1]).is_null());
        // Created again, later.
        set(&slots, &keys[0], Noted(4, Arc::clone(&order)));
        clear(&slots);
        assert_eq!(*order.lock().unwrap(), [2, 0, 4, 3, 1]);
    }

    #[test]
    fn the_first_value_wins() {
        let slots = Slots::new();
        let key = SlotKey::new();
        set(&slots, &key, 1_u8);
        // SAFETY: no interpreter is needed; no reference is kept.
        let second = unsafe { slots.set(&key, 2_u8) }.map_err(|(first, value)| {
            // SAFETY: the first value is in the table.
            (unsafe { *first }, value)
        });
        assert_eq!(second, Err((1, 2)));
        clear(&slots);
    }

    #[test]
    fn a_dropped_key_gives_its_values_and_its_index_back() {
        let order = Arc::default();
        let tables = [Slots::new(), Slots::new()];
        let [before, key, after] = [const { SlotKey::new() }; 3];
        for (number, key) in [&before, &key, &after].into_iter().enumerate() {
            for (table, slots) in tables.iter().enumerate() {
                set(slots, key, Noted(10 * table + number, Arc::clone(&order)));
            }
        }
        drop_key(key);
        order.lock().unwrap().sort();
        assert_eq!(*order.lock().unwrap(), [1, 11]);
        // Many, since concurrent tests draw indices, too.
        let draw = || {
            let keys = [const { SlotKey::new() }; 256];
            for key in &keys {
                assert!(tables.iter().all(|slots| slots.get(key).is_null()));
                set(&tables[0], key, 0_u8);
            }
            let places = keys.each_ref().map(|key| key.place.load(Ordering::Relaxed));
            keys.into_iter().for_each(drop_key);
            places
        };
        let dropped = draw();
        assert!(draw().iter().any(|place| dropped.contains(place)));
        // The others are as they were.
        order.lock().unwrap().clear();
        for slots in &tables {
            assert!(!slots.get(&before).is_null() && !slots.get(&after).is_null());
            clear(slots);
        }
        assert_eq!(*order.lock().unwrap(), [2, 0, 12, 10]);
        drop_key(before);
    }

    #[test]
    fn one_value_can_be_withdrawn() {
        let tables = [Slots::new(), Slots::new(), Slots::new()];
        let mut key = SlotKey::new();
        set(&tables[0], &key, 0_u8);
        set(&tables[1], &key, 1_u8);
        assert!(key.withdraw_one(None).is_none(), "there are two");
        assert!(key.withdraw_one(Some(&tables[2])).is_none());
        let mut take = |table: Option<&Slots>| {
            let value = key.withdraw_one(table).unwrap();
            // SAFETY: this key's values are of this type.
            unsafe { value.into_value::<u8>() }
        };
        assert_eq!(take(Some(&tables[0])), 0);
        assert_eq!(take(None), 1);
        set(&tables[0], &key, 2);
        assert!(tables[1].get(&key).is_null());
        drop_key(key);
    }
}
