//! [`Trashcan`]: defers deallocations that are nested too deeply.
//!
//! An object that is deallocated may hold the last reference to another: a long chain would recurse
//! once for each link and overflow the stack. CPython 3.14 defers deallocations where the stack
//! gets short, but only for types that its collector knows; before, each type must do so itself
//! (`Py_TRASHCAN_BEGIN`). The types of this library do:
//!
//! - From 3.14 on, where CPython says that the stack gets short. No other deallocation of this
//!   library need be further up, so a thread also runs deferred ones at its next
//!   entry (`LocalInternals::drain`) and before it gives up its thread state.
//! - Before, and in WebAssembly, by counting levels for each thread that is in deallocations:
//!   another may take the GIL in between.

use std::ptr::NonNull;

use super::compat::{self, Depth, Limits};
use super::queue::DropQueue;
#[cfg(unix)]
use super::queue::ForkLock;
use crate::capi as ffi;

/// The deferred deallocations of one interpreter. Used attached.
pub(crate) struct Trashcan {
    depth: Depth,
    deferred: DropQueue<Deferred>,
}

/// An object whose deallocation was deferred.
pub(super) struct Deferred {
    /// The thread that must run it: the object may hold values that only that thread may touch.
    thread: *mut ffi::PyThreadState,
    /// Without references, and not tracked by the collector.
    object: NonNull<ffi::PyObject>,
    deallocate: ffi::destructor,
}

impl Trashcan {
    /// How deep deallocations are nested on one thread.
    const LIMITS: Limits = Limits {
        deepest: 50,
        margins: 2,
    };

    pub(super) fn new() -> Self {
        Self {
            depth: Depth::new(),
            deferred: DropQueue::new(),
        }
    }

    /// Takes the lock of the deferred deallocations.
    #[cfg(unix)]
    pub(super) fn lock_for_fork(&self) -> ForkLock<'_, Deferred> {
        self.deferred.lock_for_fork()
    }

    /// Begins the deallocation of `object`, one level deeper; [`leave`](Trashcan::leave) must be
    /// called with the result. `None`: too deep. The object is taken, and `deallocate` is called
    /// with it later.
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
        // SAFETY: attached (upheld by the caller).
        let this = unsafe { ffi::PyThreadState_Get() };
        let level = self.depth.enter(this, Self::LIMITS);
        if level.is_none() {
            self.defer(Deferred {
                thread: this,
                object,
                deallocate,
            });
        }
        level
    }

    /// Ends what [`enter`](Trashcan::enter) began, running deferred deallocations if there is room
    /// again.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter, and `level` be the result of its innermost
    /// `enter`.
    #[inline]
    pub(crate) unsafe fn leave(&self, level: u32) {
        if self.deferred.has_some() {
            // SAFETY: attached, with this level (upheld by the caller).
            unsafe { self.run_if_room(level) };
        }
        // SAFETY: attached (upheld by the caller).
        unsafe { self.depth.leave(level) };
    }

    /// Returns whether some deallocation may be deferred, by any thread.
    #[inline]
    pub(super) fn has_deferred(&self) -> bool {
        self.deferred.has_some()
    }

    /// Runs the deallocations that this thread deferred, if there is room again and no deallocation
    /// of this library is further up. Returns whether any thread's are still deferred.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter.
    pub(super) unsafe fn run_deferred(&self) -> bool {
        // Where levels are counted, the outermost deallocation does it.
        if compat::is_limited_by_stack() && self.deferred.has_some() {
            // SAFETY: attached (upheld by the caller).
            unsafe { self.run_if_room(1) };
            return self.deferred.has_some();
        }
        false
    }

    /// # Safety
    /// The thread must be attached to this interpreter, and `level` be its level.
    #[cold]
    unsafe fn run_if_room(&self, level: u32) {
        // SAFETY: attached (upheld by the caller).
        unsafe {
            let this = ffi::PyThreadState_Get();
            if self.depth.has_room(this, level) {
                self.deallocate_deferred(this, level);
            }
        }
    }

    /// Runs all deferred deallocations, including those of threads that never had room for them.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter, which is ending, and no other thread may
    /// be.
    pub(super) unsafe fn finish(&self) {
        // The interpreter's state stays, and with it this queue.
        self.deferred.keep_no_memory();
        let mut left = Vec::new();
        self.deferred.drain(|deferred| left.push(deferred));
        // Once only: here, too, it may be too deep.
        for deferred in left {
            // SAFETY: the caller of `enter` promised that this may be called.
            unsafe { (deferred.deallocate)(deferred.object.as_ptr()) };
        }
    }

    #[cold]
    fn defer(&self, object: Deferred) {
        // Never refused: this queue is not closed.
        let _ = self.deferred.push(object);
    }

    /// # Safety
    /// The thread must be attached to this interpreter, with the thread state `this`.
    unsafe fn deallocate_deferred(&self, this: *mut ffi::PyThreadState, level: u32) {
        loop {
            let mut mine = Vec::new();
            let mut others = Vec::new();
            self.deferred.drain(|deferred| {
                // Any thread may run those of a thread that is gone.
                // SAFETY: attached (upheld by the caller).
                if deferred.thread == this || unsafe { is_gone(deferred.thread) } {
                    mine.push(deferred);
                } else {
                    others.push(deferred);
                }
            });
            // Before any Python runs, so that their threads find them.
            for deferred in others {
                self.defer(deferred);
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

/// Returns whether the interpreter that this thread is attached to is known to have no such thread
/// state.
///
/// # Safety
/// The thread must be attached.
unsafe fn is_gone(thread: *mut ffi::PyThreadState) -> bool {
    if ffi::is_free_threaded() {
        // The list may change while it is walked.
        return false;
    }
    // SAFETY: attached; a thread state is taken out of the list with the GIL held, and freed
    // afterwards. `thread` is only compared.
    unsafe {
        let mut other = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        while !other.is_null() && other != thread {
            other = ffi::PyThreadState_Next(other);
        }
        other.is_null()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn deallocations_of_a_thread_that_is_gone_run_at_the_end() {
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
        // SAFETY: single-threaded; the function does not access its object.
        unsafe { trashcan.finish() };
        assert_eq!(DEALLOCATED.load(Ordering::Relaxed), 2);
    }
}
