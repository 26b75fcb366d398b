//! The nesting of deallocations on a thread: bounded by the stack that is left, which CPython tells
//! from 3.14 on, and counted before.
//!
//! WebAssembly has two stacks. CPython knows the one in memory, which has room left when the
//! engine's own, of unknown size, overflows: levels are counted there in every version.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicU32};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::capi as ffi;

/// Returns whether deallocations are deferred when CPython says that the stack is nearly exhausted,
/// and not after a number of levels.
#[inline(always)]
pub(crate) fn defers_by_stack() -> bool {
    !cfg!(target_family = "wasm") && ffi::has::stack_limit()
}

/// The nesting of deallocations on each thread.
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
            [counted, ..] if !defers_by_stack() => Some(counted),
            _ => None,
        }
    }

    /// Returns the level that this thread enters; `None` if it is too deep.
    #[inline]
    pub(crate) fn enter(&self, this: *mut ffi::PyThreadState) -> Option<u32> {
        match self.counted() {
            Some(counted) => counted.enter(this),
            None => (!is_short(this, 2)).then_some(1),
        }
    }

    /// Returns whether this is the outermost level, or more of the stack is left than where
    /// deallocations are deferred.
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
fn is_short(this: *mut ffi::PyThreadState, margins: std::ffi::c_int) -> bool {
    // SAFETY: this thread's own thread state.
    unsafe { ffi::_Py_ReachedRecursionLimitWithMargin(this, margins) != 0 }
}

/// The number of nested deallocations on each thread. Guarded by the GIL, or by `lock`.
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
    /// Levels of nested deallocations on one thread.
    const DEEPEST: u32 = 50;

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
    fn enter(&self, this: *mut ffi::PyThreadState) -> Option<u32> {
        let _lock = self.lock();
        let level = self.level_of(this) + 1;
        if level > Self::DEEPEST {
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
        if level > 0 {
            self.note(this, level);
        } else {
            self.note(std::ptr::null_mut(), 0);
        }
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
    fn note(&self, thread: *mut ffi::PyThreadState, level: u32) {
        self.thread.store(thread, Relaxed);
        self.level.store(level, Relaxed);
    }
}
