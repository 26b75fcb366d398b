//! The lists of a thread's entries, and what an entry is.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::ptr::{NonNull, null, null_mut};

use crate::capi as ffi;
use crate::interpreter::busy::CHANGING_THREAD_STATES;
use crate::interpreter::compat::{self, NoteKey};
use crate::interpreter::gate::InterpreterGuard;
use crate::interpreter::local::LocalInternals;

/// A function that is called once a thread has left an interpreter.
pub(super) type AtLeave = fn(&'static LocalInternals);

/// One interpreter that this thread entered or was detached from. Those in the list of
/// [`Entries::newest`] are of different interpreters.
pub(super) struct ThreadEntry {
    pub(super) local: &'static LocalInternals,
    /// The entries of this thread, which have no destructor.
    pub(super) entries: *const Entries,
    /// Keeps the interpreter from ending. `None` if the thread was attached by other code and
    /// detached by this library.
    pub(super) guard: Cell<Option<InterpreterGuard<'static>>>,
    /// The thread state this thread last used there.
    pub(super) saved: Cell<*mut ffi::PyThreadState>,
    /// The thread state created here, to be deleted, or null.
    pub(super) made: Cell<*mut ffi::PyThreadState>,
    /// Whether the thread was detached from `saved` and has not attached with it again.
    pub(super) is_detached: Cell<bool>,
    /// The time from which on the thread is detached here and owns the thread state, until the
    /// interpreter ends.
    pub(super) kept_since: Cell<Option<u64>>,
    /// Whether other code has ended the interpreter on this thread while the thread was inside.
    pub(super) ended_here: Cell<bool>,
    /// Called once the thread has left the interpreter.
    pub(super) at_leave: Cell<Option<AtLeave>>,
    pub(super) kept: Kept,
    /// Guards that refer to this entry.
    pub(super) users: Cell<u32>,
    /// Those that keep this thread detached.
    pub(super) detachments: Cell<u32>,
    /// The time at which the thread last attached or was detached here, in ticks of
    /// [`Entries::clock`]. 0: it has left, and only guards of suspended greenlets refer to this
    /// entry.
    pub(super) since: Cell<u64>,
    pub(super) older: Cell<*const ThreadEntry>,
}

/// The part of an entry that says which thread state its thread keeps.
pub(super) struct Kept {
    /// The thread state that stays when the thread leaves, or null.
    pub(super) thread_state: Cell<*mut ffi::PyThreadState>,
    /// The key of CPython's note of it. `None`: it does not stay.
    pub(super) note_key: Cell<Option<NoteKey>>,
    /// The process in which it was found.
    pub(super) process: Cell<u32>,
    /// Keepers of the thread for the interpreter.
    pub(super) keepers: Cell<u32>,
    /// Whether this Python allows no thread state to be kept.
    pub(super) is_impossible: Cell<bool>,
    /// The next entry with keepers.
    pub(super) next: Cell<*const ThreadEntry>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            thread_state: Cell::new(null_mut()),
            note_key: Cell::new(None),
            process: Cell::new(0),
            keepers: Cell::new(0),
            is_impossible: Cell::new(false),
            next: Cell::new(null()),
        }
    }
}

/// The entry of an attachment that is not over, which is a user of it.
#[derive(Clone, Copy)]
pub(in super::super) struct Entry(pub(super) &'static ThreadEntry);

impl Entry {
    #[inline]
    pub(in super::super) fn local(self) -> &'static LocalInternals {
        self.0.local
    }

    #[inline]
    pub(in super::super) fn into_ptr(self) -> NonNull<()> {
        NonNull::from_ref(self.0).cast()
    }

    /// # Safety
    /// `pointer` must be from [`into_ptr`](Entry::into_ptr), of an attachment that is not over.
    #[inline]
    pub(in super::super) unsafe fn from_ptr(pointer: NonNull<()>) -> Self {
        // SAFETY: alive while it has users (upheld by the caller).
        Self(unsafe { pointer.cast().as_ref() })
    }
}

/// The number of spare entries that a thread keeps: of the interpreters it left last.
pub(super) const SPARES: usize = 4;

pub(super) struct Entries {
    pub(super) newest: Cell<*const ThreadEntry>,
    /// Entries that this thread has left, newest first, linked like the others.
    pub(super) spare: Cell<*const ThreadEntry>,
    /// The number of these.
    pub(super) spares: Cell<usize>,
    /// Entries with keepers. They stay while this thread is in no interpreter, and are in no other
    /// list then.
    pub(super) kept: Cell<*const ThreadEntry>,
    /// Whether the end of the thread frees the spare entries: `None` if that is not known yet,
    /// `false` once it has.
    pub(super) frees_spares: Cell<Option<bool>>,
    /// Attachments and detachments of this thread so far.
    pub(super) clock: Cell<u64>,
    /// Whether [`thread_default`](crate::interpreter::thread_default) has a default for this
    /// thread.
    pub(super) has_default: Cell<bool>,
}

thread_local! {
    pub(super) static ENTRIES: Entries = const {
        Entries {
            newest: Cell::new(null()),
            spare: Cell::new(null()),
            spares: Cell::new(0),
            kept: Cell::new(null()),
            frees_spares: Cell::new(None),
            clock: Cell::new(0),
            has_default: Cell::new(false),
        }
    };
}

/// The changes of [`enter`](super::enter) that [`leave`](super::leave) undoes: the entry's earlier
/// time and some flags in one word, so that an `AttachGuard` is two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Entered(NonZeroU64);

impl Entered {
    /// The thread state was created.
    pub(super) const MADE: u64 = 1;
    /// The interpreter guard was taken.
    pub(super) const GUARDED: u64 = 2;
    /// Other code had released the GIL of a thread that this library attached.
    pub(super) const RELEASED: u64 = 4;
    /// 3.11's note said that this library had detached the thread. Together with `RELEASED`: it has
    /// swapped to another interpreter, to end it, and was detached from that.
    pub(super) const DETACHED: u64 = 8;
    /// Set in each, so that none is zero.
    pub(super) const ALWAYS: u64 = 16;
    /// The thread state may be kept.
    pub(super) const KEPT: u64 = 32;
    pub(super) const FLAGS: u32 = 6;
    /// The changes of [`enter_again`](super::enter_again).
    pub(super) const AGAIN: Self = Self::new(0, true, true, false, false);
    /// Those of [`Entries::enter_kept`].
    pub(super) const OF_KEPT: Self = Self(Self::AGAIN.0.saturating_add(Self::KEPT));

    pub(super) const fn new(
        since: u64,
        made: bool,
        guarded: bool,
        released: bool,
        detached: bool,
    ) -> Self {
        let flags = made as u64 * Self::MADE
            + guarded as u64 * Self::GUARDED
            + released as u64 * Self::RELEASED
            + detached as u64 * Self::DETACHED;
        let bits = NonZeroU64::new(since << Self::FLAGS | Self::ALWAYS | flags);
        Self(bits.expect("`ALWAYS` is not zero"))
    }

    pub(super) fn has(self, flag: u64) -> bool {
        self.0.get() & flag != 0
    }

    pub(super) fn since(self) -> u64 {
        self.0.get() >> Self::FLAGS
    }

    /// Returns whether the thread attached with the thread state that this library had detached it
    /// from, and nothing else changed.
    pub(super) fn is_of_detached(self) -> bool {
        let flags = self.0.get() & ((1 << Self::FLAGS) - 1);
        flags == Self::ALWAYS && self.since() != 0
    }
}

/// Calls `f` with the entries of this thread, newest first, until it returns something.
pub(super) fn find<R>(f: impl FnMut(&'static ThreadEntry) -> Option<R>) -> Option<R> {
    ENTRIES.with(|entries| entries.find(f))
}

/// Returns the entry for `local`'s interpreter.
pub(super) fn of(local: &LocalInternals) -> Option<&'static ThreadEntry> {
    find(|entry| std::ptr::eq(entry.local, local).then_some(entry))
}

/// Returns the entry at which this thread last attached or was detached.
pub(super) fn latest() -> Option<&'static ThreadEntry> {
    let mut latest: Option<&ThreadEntry> = None;
    find(|entry| {
        if latest.is_none_or(|latest| latest.since.get() < entry.since.get()) {
            latest = Some(entry);
        }
        None::<()>
    });
    latest
}

/// Adds an entry.
pub(super) fn push(entry: Box<ThreadEntry>) -> &'static ThreadEntry {
    ENTRIES.with(|entries| {
        entry.older.set(entries.newest.get());
        let entry: &'static ThreadEntry = Box::leak(entry);
        entries.newest.set(entry);
        entry
    })
}

/// Advances this thread's clock, and returns the time.
#[inline(never)]
pub(in super::super) fn tick() -> u64 {
    ENTRIES.with(|entries| {
        entries.clock.set(entries.clock.get() + 1);
        entries.clock.get()
    })
}

/// Returns the link to an entry of an interpreter that is the wanted one, in the list that begins
/// with `first`.
#[inline]
pub(super) fn link_to<'a>(
    first: &'a Cell<*const ThreadEntry>,
    next: impl Fn(&'a ThreadEntry) -> &'a Cell<*const ThreadEntry>,
    is_wanted: impl Fn(&LocalInternals) -> bool,
) -> Option<&'a Cell<*const ThreadEntry>> {
    let mut link = first;
    loop {
        // SAFETY: an entry in the list is alive.
        let entry: &'a ThreadEntry = unsafe { link.get().as_ref() }?;
        if is_wanted(entry.local) {
            return Some(link);
        }
        link = next(entry);
    }
}

impl Entries {
    /// Does what the function of the same name does.
    #[inline]
    pub(super) fn find<R>(
        &self,
        mut f: impl FnMut(&'static ThreadEntry) -> Option<R>,
    ) -> Option<R> {
        let mut next = self.newest.get();
        // SAFETY: an entry in the list is alive, and nothing is freed while `f` runs, which only
        // reads. The lifetime is not used beyond the functions of this module.
        while let Some(entry) = unsafe { next.as_ref() } {
            if let Some(found) = f(entry) {
                return Some(found);
            }
            next = entry.older.get();
        }
        None
    }

    /// Frees all spare entries but the newest ones.
    #[cold]
    #[inline(never)]
    pub(super) fn keep_spares(&self, count: usize) {
        let mut link = &self.spare;
        for _ in 0..count {
            // SAFETY: an entry in the list is alive.
            match unsafe { link.get().as_ref() } {
                Some(entry) => link = &entry.older,
                None => return,
            }
        }
        while let Some(entry) = self.unlink_spare(link) {
            // SAFETY: from `Box::leak` in `add_spare`, and out of the list now.
            drop(unsafe { Box::from_raw(std::ptr::from_ref(entry).cast_mut()) });
        }
    }

    /// Takes the spare entry for `local`'s interpreter, and takes up its guard.
    pub(super) fn take_spare(&self, local: &LocalInternals) -> Option<Box<ThreadEntry>> {
        let entry = self.unlink_spare(self.link_to_spare(|of| std::ptr::eq(of, local))?)?;
        // SAFETY: from `Box::leak` in `add_spare`, and out of the list now.
        let entry = unsafe { Box::from_raw(std::ptr::from_ref(entry).cast_mut()) };
        (entry.with_guard(InterpreterGuard::take_up) == Some(true)).then_some(entry)
    }

    /// Returns the link to the spare entry of an interpreter that is the wanted one.
    #[inline]
    pub(super) fn link_to_spare(
        &self,
        is_wanted: impl Fn(&LocalInternals) -> bool,
    ) -> Option<&Cell<*const ThreadEntry>> {
        link_to(&self.spare, |entry| &entry.older, is_wanted)
    }

    /// Records that this thread, which was in no interpreter, has attached with a thread state that
    /// it owns.
    #[inline]
    pub(super) fn mark_entered(
        &self,
        entry: &'static ThreadEntry,
        thread_state: *mut ffi::PyThreadState,
    ) {
        self.newest.set(entry);
        self.clock.set(self.clock.get() + 1);
        entry.saved.set(thread_state);
        entry.made.set(thread_state);
        entry.users.set(1);
        entry.since.set(self.clock.get());
    }

    /// Undoes [`mark_entered`](Entries::mark_entered) for the only entry, which has no other user.
    #[inline]
    pub(super) fn mark_outside(&self, entry: &'static ThreadEntry) {
        self.newest.set(null());
        entry.saved.set(null_mut());
        entry.made.set(null_mut());
        entry.users.set(0);
        entry.since.set(0);
        entry.is_detached.set(false);
    }

    /// Takes the spare entry that `link` refers to out of the list.
    #[inline]
    pub(super) fn unlink_spare(
        &self,
        link: &Cell<*const ThreadEntry>,
    ) -> Option<&'static ThreadEntry> {
        // SAFETY: an entry in the list is alive, and out of it, it stays until it is freed by the
        // caller.
        let entry: &'static ThreadEntry = unsafe { link.get().as_ref() }?;
        link.set(entry.older.get());
        self.spares.set(self.spares.get() - 1);
        Some(entry)
    }
}

impl ThreadEntry {
    pub(super) fn new(local: &'static LocalInternals) -> Box<Self> {
        Box::new(Self {
            local,
            entries: ENTRIES.with(std::ptr::from_ref),
            guard: Cell::new(None),
            saved: Cell::new(null_mut()),
            made: Cell::new(null_mut()),
            is_detached: Cell::new(false),
            kept_since: Cell::new(None),
            ended_here: Cell::new(false),
            at_leave: Cell::new(None),
            kept: Kept::default(),
            users: Cell::new(0),
            detachments: Cell::new(0),
            since: Cell::new(0),
            older: Cell::new(null()),
        })
    }

    /// Returns the number of guards that keep this thread attached, and of those of
    /// [`keep`](super::keep).
    pub(super) fn attachments(&self) -> u32 {
        self.users.get() - self.detachments.get()
    }

    /// Calls `f` with the guard, if there is one.
    #[inline]
    pub(super) fn with_guard<R>(&self, f: fn(&InterpreterGuard<'static>) -> R) -> Option<R> {
        // SAFETY: only this thread uses the cell, and `f`, a function of the gate or one that does
        // nothing, does not get at it.
        unsafe { (*self.guard.as_ptr()).as_ref() }.map(f)
    }

    /// Returns whether this thread is detached from the thread state that ends the interpreter.
    pub(super) fn ends_the_interpreter(&self) -> bool {
        self.is_detached.get() && self.local.is_ended_with(self.saved.get())
    }

    /// Marks this thread as inside, before it attaches. `Some(false)`: it must never attach, since
    /// the interpreter has ended without waiting for it. `None`: there is no guard.
    pub(super) fn may_attach(&self) -> Option<bool> {
        self.with_guard(InterpreterGuard::may_be_inside)
    }

    /// Records that this thread is attached here with `thread_state`.
    pub(super) fn mark_attached(&self, thread_state: *mut ffi::PyThreadState) {
        self.saved.set(thread_state);
        self.is_detached.set(false);
        self.since.set(tick());
        compat::set_attach_note(Some(thread_state));
    }

    /// Records that this thread was detached from `thread_state`.
    pub(super) fn mark_detached(&self, thread_state: *mut ffi::PyThreadState, since: u64) {
        self.saved.set(thread_state);
        self.is_detached.set(true);
        self.since.set(since);
        compat::set_attach_note(Some(null_mut()));
    }

    /// Records that this thread is attached with `thread_state`, though other code has released the
    /// GIL, or this library has `detached` the thread from another interpreter since.
    pub(super) fn mark_released(
        &self,
        thread_state: *mut ffi::PyThreadState,
        since: u64,
        detached: bool,
    ) {
        self.saved.set(thread_state);
        self.is_detached.set(false);
        self.since.set(since);
        compat::set_attach_note(Some(if detached { null_mut() } else { thread_state }));
    }

    /// Records that this thread is no longer attached here, and has no thread state to return with.
    /// `current` is the one that it is attached with elsewhere, or null.
    pub(super) fn mark_left(&self, current: *mut ffi::PyThreadState, since: u64) {
        self.saved.set(null_mut());
        self.is_detached.set(false);
        self.since.set(since);
        compat::set_attach_note(Some(current));
    }

    /// Deletes an idle thread state of this thread while another one may be `current`, which is
    /// again afterwards: greenlets ended in another order than they began.
    ///
    /// # Safety
    /// The thread state must be this thread's, alive and used by nobody afterwards.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn delete_idle_thread_state(
        &self,
        thread_state: *mut ffi::PyThreadState,
        current: *mut ffi::PyThreadState,
    ) {
        // SAFETY: current when it is cleared and deleted, as both want. A thread state that was
        // current in its place is this thread's.
        unsafe {
            if !current.is_null() {
                ffi::PyEval_SaveThread();
            }
            ffi::PyEval_RestoreThread(thread_state);
            ffi::PyThreadState_Clear(thread_state);
            self.delete_current_thread_state();
            if !current.is_null() {
                ffi::PyEval_RestoreThread(current);
            }
        }
    }

    /// Deletes the current thread state.
    ///
    /// # Safety
    /// It must be one of this interpreter, cleared and used by nobody afterwards.
    #[inline(always)]
    pub(super) unsafe fn delete_current_thread_state(&self) {
        // SAFETY: only this thread uses the cell, and deleting a cleared thread state runs no code
        // that could change it.
        match unsafe { (*self.guard.as_ptr()).as_ref() } {
            Some(guard) => {
                let _changing = CHANGING_THREAD_STATES.begin_with(guard);
                // SAFETY: upheld by the caller.
                unsafe { ffi::PyThreadState_DeleteCurrent() };
            }
            None => {
                let _changing = CHANGING_THREAD_STATES.begin();
                // SAFETY: upheld by the caller.
                unsafe { ffi::PyThreadState_DeleteCurrent() };
            }
        }
    }
}

/// Creates a thread state for this thread, or returns null without memory. The thread need not be
/// attached.
///
/// # Safety
/// `local`'s interpreter must be alive.
pub(in super::super) unsafe fn new_thread_state(local: &LocalInternals) -> *mut ffi::PyThreadState {
    let _changing = CHANGING_THREAD_STATES.begin();
    // SAFETY: the interpreter is alive (upheld by the caller).
    unsafe { ffi::PyThreadState_New(local.interpreter()) }
}
