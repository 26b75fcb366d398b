//! How deep a thread is in deallocations of ours, and those put off because it is too deep.
//!
//! An object that goes with its last reference may hold the last reference to another: a long chain
//! would recurse once for each and overflow the stack. CPython 3.14 puts a deallocation off where
//! the stack gets short, but only for types that the collector knows; before that, each type has to
//! see to it. So does ours:
//!
//! - From 3.14 on, where CPython says that the stack gets short. There need not be another
//!   deallocation of ours further up, so a thread also looks for what it has put off where it enters
//!   (`LocalInternals::drain`) and before it gives its thread state up.
//! - Before, by counting, for each thread that is in the middle of deallocations: another may take
//!   the GIL meanwhile.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::queue::DropQueue;

/// One interpreter's deallocations. Used attached.
pub(crate) struct Trashcan {
    depth: Depth,
    deferred: DropQueue<Deferred>,
}

struct Deferred {
    /// Whose turn it is: what is in the object may be of use to its thread only.
    thread: *mut ffi::PyThreadState,
    /// Without references, and not tracked by the collector.
    object: NonNull<ffi::PyObject>,
    deallocate: ffi::destructor,
}

impl Trashcan {
    pub(super) fn new() -> Self {
        Self {
            depth: Depth::new(),
            deferred: DropQueue::new(),
        }
    }

    /// Goes one level deeper with the deallocation of `object`; [`leave`](Trashcan::leave) must be
    /// called with the result. `None`: that is too deep. The object is taken, and `deallocate` is
    /// called with it later.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter. `object` must be a dead object of it that
    /// the collector does not track, and with which `deallocate` may be called.
    #[inline]
    pub(crate) unsafe fn enter(
        &self,
        object: NonNull<ffi::PyObject>,
        deallocate: ffi::destructor,
    ) -> Option<u32> {
        // SAFETY: attached, as the caller promises.
        let this = unsafe { ffi::PyThreadState_Get() };
        let level = self.depth.enter(this);
        if level.is_none() {
            self.defer(Deferred {
                thread: this,
                object,
                deallocate,
            });
        }
        level
    }

    /// Ends what [`enter`](Trashcan::enter) began; where there is room again, after all that was put
    /// off.
    ///
    /// # Safety
    /// As there, and `level` must be its result.
    #[inline]
    pub(crate) unsafe fn leave(&self, level: u32) {
        if self.deferred.has_some() {
            // SAFETY: passed on to the caller.
            unsafe { self.look(level) };
        }
        // SAFETY: passed on to the caller.
        unsafe { self.depth.leave(level) };
    }

    /// Deallocates what this thread has put off, if there is room again and nothing of ours is being
    /// deallocated further up. Whether something is still put off, by whichever thread.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter.
    pub(super) unsafe fn run_deferred(&self) -> bool {
        // Where levels are counted, the outermost one does it.
        if cfg!(Py_3_14) && self.deferred.has_some() {
            // SAFETY: passed on to the caller.
            unsafe { self.look(1) };
            return self.deferred.has_some();
        }
        false
    }

    /// # Safety
    /// As for [`leave`](Trashcan::leave).
    #[cold]
    unsafe fn look(&self, level: u32) {
        // SAFETY: passed on to the caller.
        unsafe {
            let this = ffi::PyThreadState_Get();
            if self.depth.has_room(this, level) {
                self.deallocate_deferred(this, level);
            }
        }
    }

    /// Deallocates all that is still put off, whoever's it is: on a thread that never had room again.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter, which ends, and no other one may be.
    pub(super) unsafe fn finish(&self) {
        let mut left = Vec::new();
        // SAFETY: as in `deallocate_deferred`.
        self.deferred
            .drain(|deferred| left.push(unsafe { Box::from_raw(deferred.as_ptr()) }));
        // Once only: here, too, it may be too deep.
        for deferred in left {
            // SAFETY: as there.
            unsafe { (deferred.deallocate)(deferred.object.as_ptr()) };
        }
    }

    #[cold]
    fn defer(&self, object: Deferred) {
        self.deferred.push(NonNull::from(Box::leak(object.into())));
    }

    /// # Safety
    /// The thread must be attached to this interpreter, with the thread state `this`.
    unsafe fn deallocate_deferred(&self, this: *mut ffi::PyThreadState, level: u32) {
        loop {
            let mut mine = Vec::new();
            let mut others = Vec::new();
            self.deferred.drain(|deferred| {
                // SAFETY: from `Box::leak` in `deferred`, and given out once.
                let deferred = unsafe { Box::from_raw(deferred.as_ptr()) };
                // What a thread has left that is gone is anybody's.
                // SAFETY: attached, as the caller promises.
                if deferred.thread == this || unsafe { is_gone(deferred.thread) } {
                    mine.push(deferred);
                } else {
                    others.push(deferred);
                }
            });
            // Before any Python runs, so that their threads find them.
            for deferred in others {
                self.deferred.push(NonNull::from(Box::leak(deferred)));
            }
            if mine.is_empty() {
                return;
            }
            for deferred in mine {
                self.depth.set(this, level);
                // SAFETY: the caller of `enter` promised that this may be called.
                unsafe { (deferred.deallocate)(deferred.object.as_ptr()) };
            }
        }
    }
}

/// Whether the interpreter this thread is attached to is known to have no such thread state (any
/// more).
///
/// # Safety
/// Attached.
unsafe fn is_gone(thread: *mut ffi::PyThreadState) -> bool {
    if cfg!(Py_GIL_DISABLED) {
        // The list may change while it is walked.
        return false;
    }
    // SAFETY: a thread state is taken out of the list with the GIL, and freed afterwards. What is not
    // in it is only compared.
    unsafe {
        let mut other = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        while !other.is_null() && other != thread {
            other = ffi::PyThreadState_Next(other);
        }
        other.is_null()
    }
}

/// How deep each thread is, by counting. Guarded by the GIL.
#[cfg(not(Py_3_14))]
struct Depth {
    /// The thread that `level` is of, or null.
    thread: std::sync::atomic::AtomicPtr<ffi::PyThreadState>,
    level: std::sync::atomic::AtomicU32,
    /// Threads that another one took over from in the middle, and their levels, in a box; null where
    /// there are none.
    interrupted: std::sync::atomic::AtomicPtr<Vec<(*mut ffi::PyThreadState, u32)>>,
}

#[cfg(not(Py_3_14))]
impl Depth {
    /// Deallocations within each other on one thread.
    const DEEPEST: u32 = 50;

    fn new() -> Self {
        Self {
            thread: std::sync::atomic::AtomicPtr::new(std::ptr::null_mut()),
            level: std::sync::atomic::AtomicU32::new(0),
            interrupted: std::sync::atomic::AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    #[inline]
    fn enter(&self, this: *mut ffi::PyThreadState) -> Option<u32> {
        let level = self.level_of(this) + 1;
        if level > Self::DEEPEST {
            return None;
        }
        self.note(this, level);
        Some(level)
    }

    /// Whether this is the outermost level.
    #[inline]
    fn has_room(&self, _this: *mut ffi::PyThreadState, level: u32) -> bool {
        level == 1
    }

    /// # Safety
    /// Attached.
    #[inline]
    unsafe fn leave(&self, level: u32) {
        // SAFETY: attached, as the caller promises.
        self.set(unsafe { ffi::PyThreadState_Get() }, level - 1);
    }

    /// Sets the level of this thread.
    #[inline]
    fn set(&self, this: *mut ffi::PyThreadState, level: u32) {
        self.level_of(this);
        if level > 0 {
            self.note(this, level);
        } else {
            self.note(std::ptr::null_mut(), 0);
        }
    }

    /// The level of this thread, with the other's noted elsewhere, so that `thread` and `level` can
    /// be this one's.
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

/// How deep one thread is: CPython looks at the stack.
#[cfg(Py_3_14)]
struct Depth;

#[cfg(Py_3_14)]
impl Depth {
    fn new() -> Self {
        Self
    }

    /// Whether less of the stack is left than so many times what CPython keeps in reserve.
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
    fn enter(&self, this: *mut ffi::PyThreadState) -> Option<u32> {
        (!Self::is_short(this, 2)).then_some(1)
    }

    /// Whether there is more than where deallocations are put off.
    #[inline]
    fn has_room(&self, this: *mut ffi::PyThreadState, _level: u32) -> bool {
        !Self::is_short(this, 4)
    }

    /// # Safety
    /// None; as where levels are counted.
    #[inline]
    unsafe fn leave(&self, _level: u32) {}

    #[inline]
    fn set(&self, _this: *mut ffi::PyThreadState, _level: u32) {}
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_a_thread_left_is_deallocated_at_the_end() {
        static DEALLOCATED: AtomicUsize = AtomicUsize::new(0);
        unsafe extern "C" fn deallocate(_: *mut ffi::PyObject) {
            DEALLOCATED.fetch_add(1, Ordering::Relaxed);
        }
        let trashcan = Trashcan::new();
        for _ in 0..2 {
            trashcan.defer(Deferred {
                thread: std::ptr::null_mut(),
                object: NonNull::dangling(),
                deallocate,
            });
        }
        // SAFETY: the function takes any object.
        unsafe { trashcan.finish() };
        assert_eq!(DEALLOCATED.load(Ordering::Relaxed), 2);
    }
}
