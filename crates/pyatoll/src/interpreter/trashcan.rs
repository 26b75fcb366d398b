//! How deep a thread is in deallocations of ours, and those put off because it is too deep.
//!
//! An object that goes with its last reference may hold the last reference to another: a long chain
//! would recurse once for each and overflow the stack. CPython 3.14 puts a deallocation off where
//! the stack gets short, but only for types that the collector knows; before that, each type has to
//! see to it. So does ours:
//!
//! - From 3.14 on, where CPython says that the stack gets short. There need not be another
//!   deallocation of ours further up, so a thread also looks for what it has put off where it
//!   enters (`LocalInternals::drain`) and before it gives its thread state up.
//! - Before, by counting, for each thread that is in the middle of deallocations: another may take
//!   the GIL meanwhile.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::compat::{self, Depth};
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

    /// Ends what [`enter`](Trashcan::enter) began; where there is room again, after all that was
    /// put off.
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

    /// Deallocates what this thread has put off, if there is room again and nothing of ours is
    /// being deallocated further up. Whether something is still put off, by whichever thread.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter.
    pub(super) unsafe fn run_deferred(&self) -> bool {
        // Where levels are counted, the outermost one does it.
        if compat::DEFERS_BY_STACK && self.deferred.has_some() {
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

    /// Deallocates all that is still put off, whoever's it is: on a thread that never had room
    /// again.
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
    if !compat::GIL_GUARDS_THREAD_STATES {
        // The list may change while it is walked.
        return false;
    }
    // SAFETY: a thread state is taken out of the list with the GIL, and freed afterwards. What is
    // not in it is only compared.
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
