//! [`LocalInternals`]: the state of one binary in one interpreter, which a token points to.
//!
//! Invariants:
//! - Its address identifies one life of one interpreter: it is never freed or reused, so comparing
//!   two pointers tells whether two handles have the same owner.
//! - `interpreter` is passed to CPython only while it is usable ([`LocalInternals::is_usable`]), or
//!   by a thread that is attached to it ([`LocalInternals::is_current`]).

use std::ffi::c_void;
#[cfg(unix)]
use std::ptr::null;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize, Ordering};

use super::compat::{self, Depth};
use super::error::AttachError;
use super::gate::Gate;
use super::queue::DropQueue;
use super::slots::{SlotKey, Slots, Withdrawn};
use super::trashcan::Trashcan;
use crate::capi as ffi;

/// Number of times the runtime was finalized while this binary was loaded. Interpreter ids and
/// addresses repeat after that; a (run, id) pair does not.
static RUN: AtomicU32 = AtomicU32::new(0);

/// A static whose address identifies this binary.
static BINARY: u8 = 0;

/// Returns an address that only this binary has.
#[inline]
pub(super) fn binary() -> *const c_void {
    (&raw const BINARY).cast()
}

/// The phase of an interpreter's life, as far as this binary can tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Running.
    Live = 0,
    /// Its exit functions are being called; threads may still attach.
    Exiting = 1,
    /// Its exit functions have returned, and no thread may attach any more; Python code still runs.
    Closing = 2,
    /// Its state is being torn down: values are dropped, the queue is drained.
    Ending = 3,
    /// Torn down. Objects may still be deallocated in the last garbage collection.
    Emptied = 4,
}

/// Something that was dropped by a thread that is not attached to the interpreter. One word, since
/// the queue may hold many: the address of an object, or that of a box plus one.
pub(super) struct Dropped(NonNull<u8>);

// SAFETY: a reference and a resource may be released by any thread that is attached to their
// interpreter; a value is `Send`.
unsafe impl Send for Dropped {}

/// Something other than a reference, in a box.
enum Other {
    /// A cell's value.
    Value(Withdrawn),
    /// Anything else that only the interpreter can release.
    Resource(Resource),
}

/// Something other than a reference that only its interpreter can release, such as a buffer.
pub(crate) struct Resource {
    pub(crate) data: NonNull<c_void>,
    /// Releases `data`, or only frees its memory if the interpreter has ended. Called once, with
    /// `true` by a thread that is attached to the interpreter. Does not unwind.
    pub(crate) release: unsafe fn(data: NonNull<c_void>, is_attached: bool),
}

// A box is at an even address. So is an object: CPython aligns all memory to 8 bytes at least. (The
// struct of `abi3t` does not tell, since it is opaque.)
const _: () = assert!(align_of::<Other>() > 1);

impl Dropped {
    /// Creates the item of a handle: one reference to an object.
    #[inline]
    fn reference(object: NonNull<ffi::PyObject>) -> Self {
        Self(object.cast())
    }

    /// Creates the item of anything else, in a box.
    #[cold]
    fn other(other: Other) -> Self {
        let other = NonNull::from(Box::leak(Box::new(other)));
        // SAFETY: one byte further is within the box, which has at least two.
        Self(unsafe { other.cast().add(1) })
    }

    /// Returns the object, or what is in the box.
    #[inline]
    fn open(self) -> Result<NonNull<ffi::PyObject>, Other> {
        if self.0.addr().get() & 1 == 0 {
            return Ok(self.0.cast());
        }
        // SAFETY: from `other`, and opened once, since this takes `self`.
        Err(*unsafe { Box::from_raw(self.0.as_ptr().sub(1).cast::<Other>()) })
    }

    /// Releases it.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter.
    #[inline]
    unsafe fn release(self) {
        match self.open() {
            // SAFETY: attached (upheld by the caller); the queue owns the reference.
            Ok(object) => unsafe { ffi::Py_DECREF(object.as_ptr()) },
            // SAFETY: attached (upheld by the caller).
            Err(other) => unsafe { other.release() },
        }
    }

    /// Releases it after the interpreter's end: an object is gone with its interpreter.
    fn release_after_end(self) {
        match self.open() {
            Ok(_) => {}
            Err(Other::Value(value)) => value.drop_value_without_unwinding(),
            // SAFETY: called once; the interpreter has ended.
            Err(Other::Resource(resource)) => unsafe { (resource.release)(resource.data, false) },
        }
    }
}

impl Other {
    /// Releases it.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter.
    #[cold]
    unsafe fn release(self) {
        // SAFETY: attached (upheld by the caller). Dropping a value or releasing a resource, once,
        // may run any code; the exception that was set is restored afterwards.
        unsafe {
            let raised = compat::take_raised();
            match self {
                Self::Value(value) => value.drop_value_without_unwinding(),
                Self::Resource(resource) => (resource.release)(resource.data, true),
            }
            compat::restore_raised(raised);
        }
    }
}

/// The newest state that this binary ever created; the others follow by `older`.
#[cfg(unix)]
static NEWEST: AtomicPtr<LocalInternals> = AtomicPtr::new(null_mut());

/// The locks of the queues of one state, held across a fork.
#[cfg(unix)]
pub(super) type QueueForkLocks = (
    super::queue::ForkLock<'static, Dropped>,
    super::queue::ForkLock<'static, super::trashcan::Deferred>,
);

/// Takes the locks of the queues of every state ever created: handles of an interpreter that has
/// ended are dropped, too.
#[cfg(unix)]
pub(super) fn lock_queues_for_fork() -> Vec<QueueForkLocks> {
    let mut locks = Vec::new();
    // SAFETY: null, or a state that is never freed.
    let state = |pointer: *const LocalInternals| unsafe { pointer.as_ref() };
    let mut next: Option<&'static LocalInternals> = state(NEWEST.load(Ordering::Acquire));
    while let Some(local) = next {
        locks.push((local.queue.lock_for_fork(), local.trashcan.lock_for_fork()));
        next = state(local.older);
    }
    locks
}

/// The state of one interpreter in this binary. `Python<'py>` is a pointer to it.
///
/// The struct itself is small and stays for the life of the process; its contents are dropped when
/// the interpreter ends.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::interpreter::LocalInternals;
///
/// // A token is a pointer to it.
/// assert_eq!(size_of::<Python<'_>>(), size_of::<&LocalInternals>());
/// ```
#[repr(C)]
pub struct LocalInternals {
    /// First, so that the token path adds no offset.
    slots: Slots,
    queue: DropQueue<Dropped>,
    interpreter: *mut ffi::PyInterpreterState,
    /// CPython's id of the interpreter.
    id: i64,
    /// The value of [`RUN`] at creation.
    run: u32,
    phase: AtomicU8,
    is_main: bool,
    /// Whether Python code took the exit function out of `atexit`.
    exit_function_lost: AtomicBool,
    gate: Gate,
    /// The thread state that is in a `__traverse__` of this library, or null: no Python may run on
    /// it.
    visiting: AtomicPtr<ffi::PyThreadState>,
    /// The thread state that CPython created the interpreter with, if it is kept to end it with.
    first_thread_state: AtomicPtr<ffi::PyThreadState>,
    /// The thread state that ends the interpreter, once that is known.
    ender: AtomicPtr<ffi::PyThreadState>,
    /// The thread state with which a thread of this binary ends the interpreter, or null.
    claimant: AtomicPtr<ffi::PyThreadState>,
    /// Threads of the interpreter that are detached in a call of this library.
    away: AtomicU32,
    /// The id of the thread state for which the thread that ends the interpreter has found no other
    /// thread; 0 if it has found one, or has not looked yet.
    alone_since: AtomicUsize,
    /// Whether this binary created the interpreter, and so ends it.
    owned: AtomicBool,
    /// Whether this binary created the interpreter with a GIL of its own.
    own_gil: AtomicBool,
    /// Whether another thread was inside when the process forked.
    lost_in_fork: AtomicBool,
    /// Whether a thread of this binary is ending the interpreter, or has.
    end_claimed: AtomicBool,
    /// Deferred deallocations.
    trashcan: Trashcan,
    /// Nesting depth of conversions on each thread.
    conversion_depth: Depth,
    /// The address that identifies the binary.
    #[cfg(feature = "cross-module")]
    binary: *const c_void,
    /// The state that was created before this one, or null.
    #[cfg(unix)]
    older: *const LocalInternals,
}

// `drop_values_of` relies on it.
const _: () = assert!(std::mem::offset_of!(LocalInternals, slots) == 0);

// In words, since the sizes of pointers, std's locks (larger on macOS and in WebAssembly) and
// 64-bit numbers differ between platforms.
const _: () = assert!(
    size_of::<LocalInternals>()
        <= (62 + cfg!(feature = "cross-module") as usize + cfg!(target_family = "wasm") as usize)
            * size_of::<usize>(),
    "one stays behind per interpreter"
);

// SAFETY: `interpreter` is only passed to CPython under the invariant above; everything else is
// atomics, mutexes and plain data.
unsafe impl Send for LocalInternals {}
// SAFETY: shared access is through atomics and mutexes; see `Send` for `interpreter`.
unsafe impl Sync for LocalInternals {}

impl LocalInternals {
    /// Creates the state of the interpreter that this thread is attached to. It is never freed.
    ///
    /// # Safety
    /// The thread must be attached to `interpreter`.
    pub(super) unsafe fn create(interpreter: *mut ffi::PyInterpreterState) -> &'static Self {
        // SAFETY: the interpreter is alive, since the thread is attached to it.
        let id = unsafe { ffi::PyInterpreterState_GetID(interpreter) };
        // SAFETY: may be called whenever the runtime is initialized.
        let main = unsafe { ffi::PyInterpreterState_Main() };
        let new: &'static mut Self = Box::leak(Box::new(Self {
            slots: Slots::new(),
            queue: DropQueue::new(),
            interpreter,
            id,
            run: RUN.load(Ordering::Relaxed),
            phase: AtomicU8::new(Phase::Live as u8),
            is_main: main == interpreter,
            exit_function_lost: AtomicBool::new(false),
            gate: Gate::new(),
            visiting: AtomicPtr::new(null_mut()),
            first_thread_state: AtomicPtr::new(null_mut()),
            ender: AtomicPtr::new(null_mut()),
            claimant: AtomicPtr::new(null_mut()),
            away: AtomicU32::new(0),
            alone_since: AtomicUsize::new(0),
            owned: AtomicBool::new(false),
            own_gil: AtomicBool::new(false),
            lost_in_fork: AtomicBool::new(false),
            end_claimed: AtomicBool::new(false),
            trashcan: Trashcan::new(),
            conversion_depth: Depth::new(),
            #[cfg(feature = "cross-module")]
            binary: binary(),
            #[cfg(unix)]
            older: null(),
        }));
        #[cfg(unix)]
        let new = new.add_to_list();
        new
    }

    /// Adds this state, which no other thread has seen, to the list of all.
    #[cfg(unix)]
    fn add_to_list(&'static mut self) -> &'static Self {
        let mut newest = NEWEST.load(Ordering::Relaxed);
        loop {
            self.older = newest;
            let this = std::ptr::from_mut(self);
            match NEWEST.compare_exchange_weak(newest, this, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return self,
                Err(other) => newest = other,
            }
        }
    }

    /// Returns whether this is the state of this binary, and not that of another one of the same
    /// build, whose instance of a `cross_module` class refers to it.
    #[inline]
    pub(crate) fn is_of_this_binary(&self) -> bool {
        #[cfg(feature = "cross-module")]
        return self.binary == binary();
        #[cfg(not(feature = "cross-module"))]
        true
    }

    /// Returns the slots of this binary's per-interpreter values.
    #[inline]
    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Returns the deferred deallocations.
    #[inline]
    pub(crate) fn trashcan(&self) -> &Trashcan {
        &self.trashcan
    }

    /// Returns the nesting depth of conversions on each thread.
    #[inline]
    pub(crate) fn conversion_depth(&self) -> &Depth {
        &self.conversion_depth
    }

    /// Returns the gate for threads that enter from outside.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Returns CPython's id of the interpreter (`PyInterpreterState_GetID`).
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    /// Returns the interpreter, to be used under the invariant at the top of this file.
    #[inline]
    pub(crate) fn interpreter(&self) -> *mut ffi::PyInterpreterState {
        self.interpreter
    }

    /// Returns whether it is the main interpreter.
    pub(crate) fn is_main(&self) -> bool {
        self.is_main
    }

    /// Records that this binary created the interpreter, and whether with a GIL of its own.
    pub(super) fn mark_owned(&self, own_gil: bool) {
        self.own_gil.store(own_gil, Ordering::Relaxed);
        self.owned.store(true, Ordering::Relaxed);
    }

    /// Returns whether the interpreter is known to have a GIL of its own. Those that other code
    /// created are not.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
    pub(super) fn has_own_gil(&self) -> bool {
        self.own_gil.load(Ordering::Relaxed)
    }

    /// Records, in the child of a fork, that the interpreter can be neither used nor ended: a
    /// thread that does not exist in this process is inside.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
    pub(super) fn mark_lost_in_fork(&self) {
        self.mark_closing();
        self.lost_in_fork.store(true, Ordering::Relaxed);
        self.owned.store(false, Ordering::Relaxed);
        self.end_claimed.store(false, Ordering::Relaxed);
    }

    /// Returns why a thread cannot attach to the interpreter, whose gate is closed.
    pub(super) fn refusal(&self) -> AttachError {
        if self.lost_in_fork.load(Ordering::Relaxed) {
            AttachError::LostInFork { id: self.id }
        } else {
            AttachError::InterpreterGone { id: self.id }
        }
    }

    /// Returns whether this binary created the interpreter and no thread has claimed its end.
    pub(super) fn is_owned_and_unclaimed(&self) -> bool {
        self.owned.load(Ordering::Relaxed) && !self.end_claimed.load(Ordering::Relaxed)
    }

    /// Claims the end of the interpreter. Returns whether the caller is the first of this binary's
    /// threads to do so.
    pub(super) fn claim_end(&self) -> bool {
        !self.end_claimed.swap(true, Ordering::AcqRel)
    }

    /// Gives the claim back: other code ends the interpreter.
    pub(super) fn give_claim_back(&self) {
        self.end_claimed.store(false, Ordering::Release);
    }

    /// Returns whether a thread of this binary is ending the interpreter, or has.
    pub(super) fn is_being_ended(&self) -> bool {
        self.end_claimed.load(Ordering::Acquire)
    }

    /// Returns the thread state that was kept, or null.
    pub(super) fn first_thread_state(&self) -> *mut ffi::PyThreadState {
        self.first_thread_state.load(Ordering::Acquire)
    }

    /// Keeps the interpreter's first thread state, idle, to end it with, or another one with its
    /// memory.
    pub(super) fn keep_first_thread_state(&self, thread_state: *mut ffi::PyThreadState) {
        self.first_thread_state
            .store(thread_state, Ordering::Release);
    }

    /// Takes the thread state that was kept to end the interpreter with. One that reserves memory
    /// stays.
    pub(super) fn take_first_thread_state(&self) -> Option<*mut ffi::PyThreadState> {
        if compat::reserves_first_thread_state() {
            return None;
        }
        let kept = self.first_thread_state.swap(null_mut(), Ordering::AcqRel);
        (!kept.is_null()).then_some(kept)
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Live,
            1 => Phase::Exiting,
            2 => Phase::Closing,
            3 => Phase::Ending,
            _ => Phase::Emptied,
        }
    }

    /// Returns whether the interpreter has not begun to drop its values.
    #[inline]
    pub(crate) fn is_usable(&self) -> bool {
        self.phase() < Phase::Ending && RUN.load(Ordering::Relaxed) == self.run
    }

    /// Records that the interpreter goes on: the thread that had begun to end it called that off.
    pub(super) fn reopen(&self) {
        let (live, closing) = (Phase::Live as u8, Phase::Closing as u8);
        let phase = &self.phase;
        let _ = phase.compare_exchange(closing, live, Ordering::AcqRel, Ordering::Relaxed);
        self.gate.open_again();
    }

    /// Records that the interpreter's exit functions are being called. Returns whether that is new.
    pub(super) fn mark_exiting(&self) -> bool {
        self.advance_to(Phase::Exiting) == Phase::Live as u8
    }

    /// Records that the interpreter's exit functions have returned.
    pub(super) fn mark_closing(&self) {
        self.advance_to(Phase::Closing);
    }

    /// Records that the exit functions have returned, unless other code has begun to call them as
    /// well. Returns whether it has not.
    pub(super) fn mark_closing_if_live(&self) -> bool {
        let (live, closing) = (Phase::Live as u8, Phase::Closing as u8);
        let phase = &self.phase;
        phase
            .compare_exchange(live, closing, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Records a phase, unless a later one has been reached. Returns the one before.
    fn advance_to(&self, phase: Phase) -> u8 {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel)
    }

    /// Records that the interpreter is ended, or is about to be, with this thread state.
    pub(super) fn set_ender(&self, thread_state: *mut ffi::PyThreadState) {
        self.ender.store(thread_state, Ordering::Release);
    }

    /// Returns whether the interpreter's end is known to be in the hands of the thread that is, or
    /// was last, attached with this thread state.
    pub(super) fn is_ended_with(&self, thread_state: *mut ffi::PyThreadState) -> bool {
        !thread_state.is_null() && self.ender.load(Ordering::Acquire) == thread_state
    }

    /// Returns whether this thread, which is attached, may detach and come back: it may unless it
    /// ends the interpreter.
    pub(crate) fn may_detach_here(&self) -> bool {
        self.is_usable() && !self.is_ended_with(compat::current_thread_state())
    }

    /// Records that the interpreter is not ended with this thread state after all.
    pub(super) fn forget_ender(&self, thread_state: *mut ffi::PyThreadState) {
        let ender = &self.ender;
        let _ = ender.compare_exchange(
            thread_state,
            null_mut(),
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
    }

    /// Returns whether a thread that is attached with another thread state is known to end the
    /// interpreter.
    pub(super) fn is_ended_with_another(&self, thread_state: *mut ffi::PyThreadState) -> bool {
        let ender = self.ender.load(Ordering::Acquire);
        !ender.is_null() && ender != thread_state
    }

    /// Records the thread state of the thread that claimed the end, or null.
    pub(super) fn set_claimant(&self, thread_state: *mut ffi::PyThreadState) {
        self.claimant.store(thread_state, Ordering::Release);
    }

    /// Returns whether this thread is attached with the thread state that the interpreter is ended
    /// with, by an [`EndClaim`](super::end::EndClaim).
    pub(super) fn is_claimed_by_this_thread(&self) -> bool {
        let claimant = self.claimant.load(Ordering::Acquire);
        !claimant.is_null() && claimant == compat::current_thread_state()
    }

    /// Records that Python code took the exit function out, which an entry is to put back.
    pub(super) fn mark_exit_function_lost(&self) {
        self.exit_function_lost.store(true, Ordering::Release);
    }

    /// Returns whether the exit function is to be put back, which the caller then does.
    pub(super) fn take_exit_function_lost(&self) -> bool {
        self.exit_function_lost.swap(false, Ordering::AcqRel)
    }

    /// Records that the interpreter is gone. Where a reference that outlives it kept the capsule of
    /// [`Internals`](super::internals::Internals), nothing has torn this state down: the values
    /// stay in memory.
    pub(super) fn mark_gone(&self) {
        self.gate.close_without_waiting();
        self.queue.close(Dropped::release_after_end);
        self.phase.store(Phase::Emptied as u8, Ordering::Release);
    }

    /// Returns whether this thread is attached to this very interpreter.
    #[inline]
    pub(crate) fn is_current(&self) -> bool {
        compat::is_attached_to(self.interpreter) && self.is_life_of_current()
    }

    /// Returns whether this very interpreter runs, where this thread is attached.
    ///
    /// # Safety
    /// The thread must be attached to some interpreter.
    #[inline]
    pub(crate) unsafe fn is_running(&self) -> bool {
        // SAFETY: attached (upheld by the caller).
        let running = unsafe { compat::attached_interpreter() };
        running == self.interpreter && self.is_life_of_current()
    }

    /// Returns whether the interpreter at this address, which must be alive (the thread is attached
    /// to it, or has a thread state of it), is the one that this state was created for.
    #[inline]
    pub(super) fn is_life_of_current(&self) -> bool {
        // A live one cannot have been replaced: its end would have closed it.
        self.phase() == Phase::Live || self.is_same_life()
    }

    #[cold]
    fn is_same_life(&self) -> bool {
        // SAFETY: the interpreter at this address is alive, as the callers see to.
        let id = unsafe { ffi::PyInterpreterState_GetID(self.interpreter) };
        id == self.id && RUN.load(Ordering::Relaxed) == self.run
    }

    /// Marks this thread, which is attached to this interpreter, as in a `__traverse__` until the
    /// result is dropped.
    pub(crate) fn visit(&self) -> InTraverse<'_> {
        let this = compat::current_thread_state();
        let before = self.visiting.swap(this, Ordering::Relaxed);
        InTraverse {
            local: self,
            // Nested: the outer one ends it.
            noted: if before == this { null_mut() } else { this },
        }
    }

    /// Returns whether some thread may be in a `__traverse__`.
    #[inline]
    pub(super) fn has_traversal(&self) -> bool {
        !self.visiting.load(Ordering::Relaxed).is_null()
    }

    /// Returns whether this thread is in a `__traverse__` that the interpreter's collector calls:
    /// it must not run Python or change a reference count.
    #[inline]
    pub(crate) fn is_in_traverse(&self) -> bool {
        self.has_traversal() && self.is_visited_here()
    }

    /// Returns whether the thread state in a `__traverse__` is this thread's.
    #[cold]
    #[inline(never)]
    fn is_visited_here(&self) -> bool {
        self.visiting.load(Ordering::Relaxed) == compat::current_thread_state()
    }

    /// Counts a thread that is about to detach from this interpreter in a call of this library.
    #[inline]
    pub(super) fn mark_leaving(&self) {
        self.away.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts, in the child of a fork, only the `own` detachments of this thread: there is no
    /// other.
    #[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
    pub(super) fn keep_own_detachments(&self, own: u32) {
        self.away.store(own, Ordering::Relaxed);
    }

    /// Takes back `count` detachments of a thread that ends.
    pub(super) fn forget_detachments(&self, count: u32) {
        self.away.fetch_sub(count, Ordering::Release);
    }

    /// Counts its return.
    #[inline]
    pub(super) fn mark_return(&self) {
        self.away.fetch_sub(1, Ordering::Release);
    }

    /// Records the id of a thread state that was created when the thread that ends the interpreter
    /// found no other thread there. With `None`, another thread is there and the values stay.
    pub(super) fn set_alone_since(&self, id: Option<usize>) {
        self.alone_since.store(id.unwrap_or(0), Ordering::Release);
    }

    /// Returns the id that [`set_alone_since`](Self::set_alone_since) recorded.
    pub(super) fn alone_since(&self) -> Option<usize> {
        match self.alone_since.load(Ordering::Acquire) {
            0 => None,
            id => Some(id),
        }
    }

    /// Returns whether no other thread can use a reference to a value any more, in the interpreter,
    /// which is ending. A thread counts itself before it detaches, and no other thread is attached:
    /// that count cannot go up now.
    fn are_values_unused(&self) -> bool {
        self.away.load(Ordering::Acquire) == 0 && self.alone_since().is_some()
    }

    /// Releases one reference to an object of this interpreter, from any thread: at once if the
    /// thread is attached to it, else through the queue. Does nothing after the interpreter's end.
    ///
    /// # Safety
    /// The caller must own a reference to `object`, made in this interpreter.
    // Out of line and short: every drop of a handle calls it.
    #[inline(never)]
    pub(crate) unsafe fn release(&self, object: NonNull<ffi::PyObject>) {
        let is_here = compat::current_interpreter() == self.interpreter;
        if is_here && self.phase() == Phase::Live && !self.has_traversal() {
            // SAFETY: attached to the object's interpreter, which is the one that this state was
            // created for (see `is_life_of_current`); the reference is the caller's.
            unsafe { ffi::Py_DECREF(object.as_ptr()) };
        } else {
            // SAFETY: upheld by the caller.
            unsafe { self.release_cold(object) };
        }
    }

    /// Releases a reference where [`release`](LocalInternals::release) cannot do so at once.
    ///
    /// # Safety
    /// As for `release`.
    #[cold]
    #[inline(never)]
    unsafe fn release_cold(&self, object: NonNull<ffi::PyObject>) {
        if self.is_current() && !self.is_in_traverse() {
            // SAFETY: attached to the object's interpreter; the reference is the caller's.
            unsafe { ffi::Py_DECREF(object.as_ptr()) };
        } else {
            self.release_later(object);
        }
    }

    /// Pushes an object onto the drop queue. Out of line, since each drop of a handle has it.
    #[inline(never)]
    pub(super) fn release_later(&self, object: NonNull<ffi::PyObject>) {
        // If the queue is closed, the object is gone with its interpreter.
        let _ = self.queue.push(Dropped::reference(object));
    }

    /// Releases a resource of this interpreter, from any thread, as [`release`] does a reference.
    ///
    /// # Safety
    /// The resource's function must accept its data.
    ///
    /// [`release`]: LocalInternals::release
    #[inline]
    pub(crate) unsafe fn release_resource(&self, resource: Resource) {
        if self.is_current() && !self.is_in_traverse() {
            // SAFETY: attached to the resource's interpreter; called once.
            unsafe { (resource.release)(resource.data, true) };
        } else if let Err(dropped) = self.queue.push(Dropped::other(Other::Resource(resource))) {
            dropped.release_after_end();
        }
    }

    /// Withdraws a cell's values from all interpreters. This thread drops the one of the
    /// interpreter that it is attached to, if any; the others are pushed onto their drop queues.
    ///
    /// # Panics
    /// If the drop of this interpreter's value panics.
    pub(crate) fn drop_values_of(key: &mut SlotKey) {
        let mut own = None;
        for value in key.withdraw() {
            // SAFETY: a table is the first field of its interpreter's state, which is never freed.
            let owner = unsafe { &*value.slots().cast::<LocalInternals>() };
            if owner.is_current() && !owner.is_in_traverse() {
                own = Some(value);
            } else if let Err(dropped) = owner.queue.push(Dropped::other(Other::Value(value))) {
                dropped.release_after_end();
            }
        }
        // Last, since it may panic.
        if let Some(value) = own {
            value.drop_value();
        }
    }

    /// Drains the drop queue. Called at every entry, and when `Python::detach` returns.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter.
    #[inline]
    pub(crate) unsafe fn drain(&self) {
        if self.queue.has_some() {
            // SAFETY: attached (upheld by the caller).
            unsafe { self.drain_cold() };
        }
    }

    /// Drains the drop queue. Out of line and with C's calling convention: it does not unwind,
    /// which spares each entry point a landing pad.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn drain_cold(&self) {
        // SAFETY: attached (upheld by the caller).
        self.queue.drain(|dropped| unsafe { dropped.release() });
        // SAFETY: attached (upheld by the caller).
        if unsafe { self.trashcan.run_deferred() } {
            self.look_at_next_entry();
        }
    }

    /// Makes the next entry run deferred deallocations, though no handle was dropped elsewhere.
    #[cold]
    pub(crate) fn look_at_next_entry(&self) {
        if compat::is_limited_by_stack() {
            // SAFETY: `None` is immortal on these versions, so no reference to it is needed.
            let none = NonNull::new(unsafe { ffi::Py_None() });
            // Refused while the interpreter ends, which deallocates them itself.
            if let Some(none) = none {
                self.release_later(none);
            }
        }
    }

    /// Drops the values of cells, except those that last, while the interpreter can still be left
    /// and entered. They stay under the same conditions as in
    /// [`tear_down`](LocalInternals::tear_down).
    ///
    /// # Safety
    /// The thread must be attached to this interpreter, which is ending; no other thread may be,
    /// now or later.
    pub(super) unsafe fn drop_values_early(&self) {
        self.gate.close();
        // SAFETY: attached, and no other thread is.
        unsafe {
            self.drain();
            if self.are_values_unused() {
                self.slots.clear_early();
            }
        }
    }

    /// Drops everything that this binary keeps in the interpreter, which is ending.
    ///
    /// The values stay if a thread is detached in a call of this library, or another thread is left
    /// ([`other_threads`](super::other_threads)): a daemon thread, which the end of the main
    /// interpreter does not wait for. It never returns to Python, but the code it runs, and further
    /// threads, may use references lent to it.
    ///
    /// # Safety
    /// The thread must be attached to this interpreter; no other thread may be, now or later.
    pub(super) unsafe fn tear_down(&self) {
        self.gate.close_without_waiting();
        self.phase.store(Phase::Ending as u8, Ordering::Release);
        let drop_values = || {
            if self.are_values_unused() {
                // SAFETY: attached to the dying interpreter, alone.
                unsafe { self.slots.clear() };
            }
        };
        // SAFETY: attached, and no other thread is.
        unsafe {
            self.drain();
            self.trashcan.finish();
        }
        drop_values();
        // SAFETY: attached (upheld by the caller).
        self.queue.close(|dropped| unsafe { dropped.release() });
        // Again: the objects that were just deallocated may have created values.
        drop_values();
        self.phase.store(Phase::Emptied as u8, Ordering::Release);
    }
}

/// A guard that marks its thread as in a `__traverse__`.
pub(crate) struct InTraverse<'a> {
    local: &'a LocalInternals,
    /// The thread state to remove again, or null.
    noted: *mut ffi::PyThreadState,
}

impl Drop for InTraverse<'_> {
    fn drop(&mut self) {
        // Only if it is unchanged: on a free-threaded Python, `gc.get_referents` may traverse while
        // another thread does, and one of them goes unmarked.
        let _ = self.local.visiting.compare_exchange(
            self.noted,
            null_mut(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
    }
}

/// The run of the runtime whose end is watched.
static WATCHED: AtomicU32 = AtomicU32::new(u32::MAX);

/// Returns whether a watched run has not ended yet.
pub(super) fn is_run_unfinished() -> bool {
    WATCHED.load(Ordering::Relaxed) == RUN.load(Ordering::Relaxed)
}

/// Returns the number of this run of the runtime.
pub(super) fn current_run() -> u32 {
    RUN.load(Ordering::Relaxed)
}

/// Returns whether this is the first call in this run of the runtime.
pub(super) fn is_first_in_run(last: &AtomicU32) -> bool {
    let run = RUN.load(Ordering::Relaxed);
    last.swap(run, Ordering::Relaxed) != run
}

/// Makes sure that the end of this run of the runtime is noticed (`Py_AtExit`).
pub(super) fn watch_runtime() {
    extern "C" fn ended() {
        RUN.fetch_add(1, Ordering::Relaxed);
    }
    let run = RUN.load(Ordering::Relaxed);
    if WATCHED.swap(run, Ordering::Relaxed) != run {
        // SAFETY: the runtime is initialized, and `ended` calls no Python function. CPython has
        // room for 32 such functions; without one, only an interpreter of a second run with both
        // the address and the id of one of the first could be mistaken for it.
        let _ = unsafe { ffi::Py_AtExit(Some(ended)) };
    }
}
