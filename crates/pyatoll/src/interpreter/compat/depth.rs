//! The nesting of deallocations and of conversions on a thread: bounded by the stack that is left,
//! which CPython reports from 3.14 on, and counted before. (CPython's own recursion limit is too
//! high there: 3.13 lets C code nest 10,000 levels, for which few threads' stacks have room.)
//!
//! WebAssembly has two stacks. CPython knows the one in memory, which has room left when the
//! engine's own, of unknown size, overflows: levels are counted there in every version.

use std::ffi::c_int;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicU32};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::capi as ffi;

/// Returns whether the limit is where CPython says that the stack is nearly exhausted, and not a
/// number of levels.
#[inline(always)]
pub(crate) fn is_limited_by_stack() -> bool {
    !cfg!(target_family = "wasm") && ffi::has::stack_limit()
}

/// How deep one kind of operation may be nested.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The deepest level, where levels are counted.
    pub(crate) deepest: u32,
    /// The part of the stack that must be left, where CPython tells: in CPython's margins.
    pub(crate) margins: c_int,
}

/// The nesting of one kind of operation on each thread.
pub(crate) struct Depth([Counted; COUNTED]);

/// One, if this build may run on a Python where levels are counted.
const COUNTED: usize = if cfg!(all(
    Py_3_14,
    not(Py_LIMITED_API),
    not(target_family = "wasm")
)) {
    0
} else {
    1
};

impl Depth {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Counted::new()))
    }

    /// Returns the counter, if levels are counted.
    #[inline(always)]
    fn counted(&self) -> Option<&Counted> {
        match &self.0[..] {
            [counted, ..] if !is_limited_by_stack() => Some(counted),
            _ => None,
        }
    }

    /// Enters a level and returns its number; `None` if it is too deep.
    #[inline]
    pub(crate) fn enter(&self, this: *mut ffi::PyThreadState, limits: Limits) -> Option<u32> {
        match self.counted() {
            Some(counted) => counted.enter(this, limits.deepest),
            None => (!is_short(this, limits.margins)).then_some(1),
        }
    }

    /// Returns whether this is the outermost level, or more of the stack is left than where `enter`
    /// refuses.
    #[inline]
    pub(crate) fn has_room(&self, this: *mut ffi::PyThreadState, level: u32) -> bool {
        match self.counted() {
            Some(_) => level == 1,
            None => !is_short(this, 4),
        }
    }

    /// Leaves `level`.
    ///
    /// # Safety
    /// The thread must be attached.
    #[inline]
    pub(crate) unsafe fn leave(&self, level: u32) {
        if let Some(counted) = self.counted() {
            // SAFETY: attached (upheld by the caller).
            counted.set(unsafe { ffi::PyThreadState_Get() }, level - 1);
        }
    }

    /// Leaves one level of the thread, not necessarily the innermost: greenlets leave in any order.
    #[inline]
    pub(crate) fn leave_any(&self, this: *mut ffi::PyThreadState) {
        if let Some(counted) = self.counted() {
            counted.leave_any(this);
        }
    }

    /// Sets the level of this thread.
    #[inline]
    pub(crate) fn set(&self, this: *mut ffi::PyThreadState, level: u32) {
        if let Some(counted) = self.counted() {
            counted.set(this, level);
        }
    }
}

/// Returns whether less of this thread's stack is left than `margins` times CPython's reserve.
#[inline]
fn is_short(this: *mut ffi::PyThreadState, margins: c_int) -> bool {
    // SAFETY: this thread's own thread state.
    unsafe { ffi::_Py_ReachedRecursionLimitWithMargin(this, margins) != 0 }
}

/// The number of levels on each thread. Guarded by the GIL, or by `lock`.
struct Counted {
    /// Held during each operation where there is no GIL.
    lock: Mutex<()>,
    /// The thread of `level`, or null.
    thread: AtomicPtr<ffi::PyThreadState>,
    level: AtomicU32,
    /// Threads that were interrupted by another one, with their levels; null if none.
    interrupted: AtomicPtr<Vec<(*mut ffi::PyThreadState, u32)>>,
}

impl Counted {
    fn new() -> Self {
        Self {
            lock: Mutex::new(()),
            thread: AtomicPtr::new(std::ptr::null_mut()),
            level: AtomicU32::new(0),
            interrupted: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    #[inline]
    fn lock(&self) -> Option<MutexGuard<'_, ()>> {
        let lock = || self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        ffi::is_free_threaded().then(lock)
    }

    #[inline]
    fn enter(&self, this: *mut ffi::PyThreadState, deepest: u32) -> Option<u32> {
        let _lock = self.lock();
        let level = self.level_of(this) + 1;
        if level > deepest {
            return None;
        }
        self.note(this, level);
        Some(level)
    }

    /// Sets the level of this thread.
    #[inline]
    fn set(&self, this: *mut ffi::PyThreadState, level: u32) {
        let _lock = self.lock();
        self.level_of(this);
        self.note_or_forget(this, level);
    }

    #[inline]
    fn leave_any(&self, this: *mut ffi::PyThreadState) {
        let _lock = self.lock();
        let level = self.level_of(this);
        self.note_or_forget(this, level.saturating_sub(1));
    }

    /// Returns the level of this thread, after saving another thread's, so that `thread` and
    /// `level` can be this one's.
    #[inline]
    fn level_of(&self, this: *mut ffi::PyThreadState) -> u32 {
        let thread = self.thread.load(Relaxed);
        if thread == this {
            self.level.load(Relaxed)
        } else if thread.is_null() && self.interrupted.load(Relaxed).is_null() {
            0
        } else {
            self.take_over(this)
        }
    }

    #[cold]
    fn take_over(&self, this: *mut ffi::PyThreadState) -> u32 {
        let mut interrupted = match self.interrupted.swap(std::ptr::null_mut(), Relaxed) {
            list if list.is_null() => Box::default(),
            // SAFETY: from `Box::into_raw` below, and taken out.
            list => unsafe { Box::from_raw(list) },
        };
        let own = interrupted.iter().position(|(thread, _)| *thread == this);
        let level = own.map_or(0, |place| interrupted.swap_remove(place).1);
        let thread = self.thread.load(Relaxed);
        if !thread.is_null() {
            interrupted.push((thread, self.level.load(Relaxed)));
        }
        if !interrupted.is_empty() {
            self.interrupted.store(Box::into_raw(interrupted), Relaxed);
        }
        self.note(this, level);
        level
    }

    #[inline]
    fn note_or_forget(&self, this: *mut ffi::PyThreadState, level: u32) {
        match level {
            0 => self.note(std::ptr::null_mut(), 0),
            _ => self.note(this, level),
        }
    }

    #[inline]
    fn note(&self, thread: *mut ffi::PyThreadState, level: u32) {
        self.thread.store(thread, Relaxed);
        self.level.store(level, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_count_for_themselves_and_leave_their_levels_in_any_order() {
        crate::Python::attach(|_| {
            let counted = Counted::new();
            // Only compared.
            let [one, other] = [1, 2].map(std::ptr::without_provenance_mut);
            for _ in 0..10 {
                assert_eq!(counted.enter(one, 2), Some(1));
                assert_eq!(counted.enter(other, 2), Some(1));
                assert_eq!(counted.enter(one, 2), Some(2));
                assert_eq!(counted.enter(one, 2), None);
                counted.leave_any(one);
                counted.leave_any(other);
                assert_eq!(counted.enter(one, 2), Some(2));
                counted.leave_any(one);
                counted.leave_any(one);
            }
            assert!(counted.thread.load(Relaxed).is_null());
            assert!(counted.interrupted.load(Relaxed).is_null());
        });
    }
}
