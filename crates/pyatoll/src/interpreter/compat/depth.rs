//! The nesting of deallocations on a thread: CPython tells from 3.14 on; before, it is counted.

use pyo3_ffi as ffi;

/// The number of nested deallocations on each thread. Guarded by the GIL.
#[cfg(not(Py_3_14))]
pub(crate) struct Depth {
    /// The thread of `level`, or null.
    thread: std::sync::atomic::AtomicPtr<ffi::PyThreadState>,
    level: std::sync::atomic::AtomicU32,
    /// Threads that were interrupted by another one, with their levels; null if none.
    interrupted: std::sync::atomic::AtomicPtr<Vec<(*mut ffi::PyThreadState, u32)>>,
}

#[cfg(not(Py_3_14))]
impl Depth {
    /// Levels of nested deallocations on one thread.
    const DEEPEST: u32 = 50;

    pub(crate) fn new() -> Self {
        Self {
            thread: std::sync::atomic::AtomicPtr::new(std::ptr::null_mut()),
            level: std::sync::atomic::AtomicU32::new(0),
            interrupted: std::sync::atomic::AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    #[inline]
    pub(crate) fn enter(&self, this: *mut ffi::PyThreadState) -> Option<u32> {
        let level = self.level_of(this) + 1;
        if level > Self::DEEPEST {
            return None;
        }
        self.note(this, level);
        Some(level)
    }

    /// Returns whether this is the outermost level.
    #[inline]
    pub(crate) fn has_room(&self, _this: *mut ffi::PyThreadState, level: u32) -> bool {
        level == 1
    }

    /// Leaves `level`.
    ///
    /// # Safety
    /// The thread must be attached.
    #[inline]
    pub(crate) unsafe fn leave(&self, level: u32) {
        // SAFETY: attached (upheld by the caller).
        self.set(unsafe { ffi::PyThreadState_Get() }, level - 1);
    }

    /// Sets the level of this thread.
    #[inline]
    pub(crate) fn set(&self, this: *mut ffi::PyThreadState, level: u32) {
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
        use std::sync::atomic::Ordering::Relaxed;
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
        use std::sync::atomic::Ordering::Relaxed;
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
        use std::sync::atomic::Ordering::Relaxed;
        self.thread.store(thread, Relaxed);
        self.level.store(level, Relaxed);
    }
}

/// The space left on this thread's stack, according to CPython.
#[cfg(Py_3_14)]
pub(crate) struct Depth;

#[cfg(Py_3_14)]
impl Depth {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Returns whether less of the stack is left than `margins` times CPython's reserve.
    #[inline]
    fn is_short(this: *mut ffi::PyThreadState, margins: std::ffi::c_int) -> bool {
        unsafe extern "C" {
            fn _Py_ReachedRecursionLimitWithMargin(
                thread_state: *mut ffi::PyThreadState,
                margin_count: std::ffi::c_int,
            ) -> std::ffi::c_int;
        }
        // SAFETY: this thread's own thread state.
        unsafe { _Py_ReachedRecursionLimitWithMargin(this, margins) != 0 }
    }

    #[inline]
    pub(crate) fn enter(&self, this: *mut ffi::PyThreadState) -> Option<u32> {
        (!Self::is_short(this, 2)).then_some(1)
    }

    /// Returns whether more is left than where deallocations are deferred.
    #[inline]
    pub(crate) fn has_room(&self, this: *mut ffi::PyThreadState, _level: u32) -> bool {
        !Self::is_short(this, 4)
    }

    /// Does nothing: no levels are counted.
    ///
    /// # Safety
    /// None; the version that counts has requirements.
    #[inline]
    pub(crate) unsafe fn leave(&self, _level: u32) {}

    #[inline]
    pub(crate) fn set(&self, _this: *mut ffi::PyThreadState, _level: u32) {}
}

/// Whether deallocations are deferred where CPython says that the stack gets short, and not by
/// counting levels.
pub(crate) const DEFERS_BY_STACK: bool = cfg!(Py_3_14);
