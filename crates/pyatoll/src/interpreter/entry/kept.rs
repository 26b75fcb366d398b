//! Thread states that stay while their thread is in no interpreter, for a thread that has a
//! [`ThreadStateKeeper`](crate::interpreter::ThreadStateKeeper).
//!
//! Such a thread state is not in CPython's note of the thread while it is idle, so nothing refers
//! to it but the guard that its thread has set aside. The thread takes both up again with one
//! exchange. If the guard was withdrawn since, the exchange fails, and another thread deletes the
//! thread state ([`released`]).

use std::cell::Cell;
use std::ptr::{null, null_mut};

use super::list::{ENTRIES, Entered, Entries, Entry, ThreadEntry, link_to, new_thread_state};
use crate::capi as ffi;
use crate::interpreter::compat::{self, NoteKey};
use crate::interpreter::gate::{InterpreterGuard, KeptThreadState};
use crate::interpreter::local::LocalInternals;
use crate::interpreter::process::process;
use crate::interpreter::python_forks;
use crate::interpreter::released;
use crate::interpreter::runtime_end::RuntimeEnd;

impl Entries {
    /// Returns the link to the entry with keepers of an interpreter that is the wanted one.
    #[inline]
    fn link_to_kept(
        &self,
        is_wanted: impl Fn(&LocalInternals) -> bool,
    ) -> Option<&Cell<*const ThreadEntry>> {
        link_to(&self.kept, |entry| &entry.kept.next, is_wanted)
    }

    /// Returns the entry with keepers of an interpreter that is the wanted one.
    #[inline]
    fn find_kept(
        &self,
        is_wanted: impl Fn(&LocalInternals) -> bool,
    ) -> Option<&'static ThreadEntry> {
        let link = self.link_to_kept(is_wanted)?;
        // SAFETY: an entry in the list is alive. The lifetime is not used beyond the functions of
        // this module.
        unsafe { link.get().as_ref() }
    }

    /// Does the same as [`enter_again`](super::enter_again), with a thread state that this thread
    /// keeps. The thread must be in no interpreter.
    #[inline]
    pub(super) fn enter_kept(&self, wanted: Option<&LocalInternals>) -> Option<(Entry, Entered)> {
        // The main interpreter of an earlier run of the runtime may be in the list.
        let entry = self.find_kept(|local| {
            let is_wanted = match wanted {
                Some(wanted) => std::ptr::eq(local, wanted),
                None => local.is_main(),
            };
            is_wanted && local.is_usable()
        })?;
        if wanted.is_none() && self.has_default.get() {
            return None;
        }
        let Some(key) = entry.kept.note_key.get() else {
            return self.enter_to_keep(entry);
        };
        // A thread state that CPython has noted belongs to other code, and may be reused.
        if !key.get().is_null() {
            return None;
        }
        if entry.with_guard(InterpreterGuard::take_up) != Some(true) {
            entry.lose_kept();
            return None;
        }
        let thread_state = entry.kept.thread_state.get();
        // SAFETY: this thread is detached, and the thread state is its own and idle. CPython has
        // put it into this thread's note before, which is empty. The guard keeps the interpreter
        // from ending.
        unsafe {
            key.set(thread_state);
            ffi::PyEval_RestoreThread(thread_state);
        }
        self.mark_entered(entry, thread_state);
        Some((Entry(entry), Entered::OF_KEPT))
    }

    /// Enters with a new thread state, to be kept.
    #[cold]
    #[inline(never)]
    fn enter_to_keep(&self, entry: &'static ThreadEntry) -> Option<(Entry, Entered)> {
        let local = entry.local;
        if entry.kept.is_impossible.get() || !compat::noted_thread_state().is_null() {
            return None;
        }
        let guard = local.gate().enter()?;
        // SAFETY: the guard keeps the interpreter from ending. This thread is detached.
        let thread_state = unsafe {
            let thread_state = new_thread_state(local);
            if thread_state.is_null() {
                return None;
            }
            ffi::PyEval_RestoreThread(thread_state);
            thread_state
        };
        entry.guard.set(Some(guard));
        self.mark_entered(entry, thread_state);
        // SAFETY: attached, without an exception. This thread's entries are complete, so the Python
        // code that this runs may do anything. The guard that is dropped afterwards is a user of
        // the entry, so it stays.
        unsafe { entry.keep_if_possible(thread_state) };
        Some((Entry(entry), Entered::OF_KEPT))
    }

    /// Undoes [`enter_kept`](Entries::enter_kept) and keeps the thread state. `false`: it must be
    /// deleted.
    #[inline]
    pub(super) fn leave_kept(&self, entry: &'static ThreadEntry) -> bool {
        let thread_state = entry.made.get();
        let is_only = std::ptr::eq(self.newest.get(), entry) && entry.older.get().is_null();
        // SAFETY: only this thread uses the cell, and nothing below changes it.
        let guard = unsafe { (*entry.guard.as_ptr()).as_ref() };
        let (Some(guard), Some(key)) = (guard, entry.kept.note_key.get()) else {
            return false;
        };
        if !is_only
            || entry.users.get() != 1
            || !entry.has_keepers()
            || entry.detachments.get() != 0
            || entry.at_leave.get().is_some()
            || entry.ended_here.get()
            || compat::current_thread_state() != thread_state
            // `os.fork` changes the key in the child; and `threading` of 3.12 ties a lock of the
            // main thread to this thread state there.
            || entry.kept.process.get() != process()
        {
            return false;
        }
        // SAFETY: attached with it, as just seen. Nobody finds it in this thread's note afterwards.
        unsafe {
            ffi::PyEval_SaveThread();
            key.set(null_mut());
        }
        if !guard.set_aside() {
            // SAFETY: as it was before; the guard still keeps the interpreter from ending.
            unsafe { attach_again(key, thread_state) };
            return false;
        }
        self.mark_outside(entry);
        true
    }

    /// Has this thread keep its thread state of `local`'s interpreter from its next attachment on.
    pub(super) fn add_keeper(&self, local: &'static LocalInternals) {
        let entry = self
            .find_kept(|of| std::ptr::eq(of, local))
            .unwrap_or_else(|| {
                let entry: &'static ThreadEntry = Box::leak(ThreadEntry::new(local));
                entry.kept.next.set(self.kept.get());
                self.kept.set(entry);
                entry
            });
        entry.kept.keepers.set(entry.kept.keepers.get() + 1);
    }

    /// Takes an entry out of the list after its last keeper. An idle thread state is left to the
    /// next thread that can delete it; one in use is deleted when this thread leaves.
    fn unlink_kept(&self, link: &Cell<*const ThreadEntry>) {
        // SAFETY: an entry in the list is alive.
        let entry: &'static ThreadEntry = unsafe { &*link.get() };
        entry.kept.keepers.set(0);
        link.set(entry.kept.next.replace(null()));
        if entry.users.get() == 0 {
            // SAFETY: from `Box::leak` in `add_keeper`, and in no list any more.
            let entry = unsafe { Box::from_raw(std::ptr::from_ref(entry).cast_mut()) };
            if let Some(guard) = entry.guard.take() {
                guard.hand_over();
            }
        }
    }

    /// Ends the use of all keepers of a thread that ends.
    pub(super) fn unlink_all_kept(&self) {
        while !self.kept.get().is_null() {
            self.unlink_kept(&self.kept);
        }
    }
}

impl ThreadEntry {
    /// Has the current thread state kept when this thread leaves, if this Python allows that.
    /// Deletes those that other threads have left.
    ///
    /// # Safety
    /// The thread must be attached with `thread_state`, which was created for it; no exception may
    /// be set. The entry must have a user.
    unsafe fn keep_if_possible(&self, thread_state: *mut ffi::PyThreadState) {
        let local = self.local;
        // SAFETY: attached, without an exception (upheld by the caller).
        let key = unsafe { NoteKey::find(thread_state) };
        self.kept.is_impossible.set(key.is_none());
        // The end of the runtime has withdrawn guards, but not those that are newer.
        let Some(key) = key.filter(|_| !RuntimeEnd::is_under_way()) else {
            return;
        };
        // SAFETY: as before.
        unsafe {
            if local.is_main() {
                python_forks::watch();
            }
            released::delete_all(local);
            if !compat::may_stay() {
                return;
            }
        }
        debug_assert_eq!(self.made.get(), thread_state);
        // SAFETY: the thread state is alive: this thread deletes it, and has not.
        let id = unsafe { ffi::PyThreadState_GetID(thread_state) };
        // SAFETY: only this thread uses the cell, and `keep` does not change it.
        if let Some(guard) = unsafe { (*self.guard.as_ptr()).as_ref() } {
            guard.keep(Some(KeptThreadState {
                thread_state: thread_state.cast(),
                id: id as u32,
                note_key: key.into_raw(),
            }));
            self.kept.thread_state.set(thread_state);
            self.kept.note_key.set(Some(key));
            self.kept.process.set(process());
        }
    }

    #[inline]
    pub(super) fn has_keepers(&self) -> bool {
        self.kept.keepers.get() > 0
    }

    /// Forgets the thread state that was kept: its guard was withdrawn, and another thread deletes
    /// it.
    #[cold]
    #[inline(never)]
    fn lose_kept(&self) {
        self.kept.thread_state.set(null_mut());
        self.kept.note_key.set(None);
        drop(self.guard.take());
    }

    /// Forgets the thread state that is kept, since this thread deletes it.
    pub(super) fn forget_kept(&self) {
        self.kept.thread_state.set(null_mut());
        self.kept.note_key.set(None);
        self.with_guard(|guard| guard.keep(None));
    }
}

/// Undoes one [`begin_to_keep`](super::begin_to_keep).
#[inline(never)]
pub(in super::super) fn stop_keeping(local: &LocalInternals) {
    ENTRIES.with(|entries| {
        if let Some(link) = entries.link_to_kept(|of| std::ptr::eq(of, local)) {
            // SAFETY: an entry in the list is alive.
            let keepers = unsafe { &(*link.get()).kept.keepers };
            match keepers.get() {
                1 => entries.unlink_kept(link),
                count => keepers.set(count - 1),
            }
        }
    });
}

/// Forgets the idle thread state of `local`'s interpreter that this thread keeps, in the child of a
/// fork: CPython deletes it.
#[cfg(unix)]
#[inline(never)]
pub(in super::super) fn forget_kept(local: &LocalInternals) {
    let entry = ENTRIES.with(|entries| entries.find_kept(|of| std::ptr::eq(of, local)));
    if let Some(entry) = entry.filter(|entry| entry.users.get() == 0) {
        entry.forget_kept();
    }
}

/// Attaches this thread again with the thread state that it kept: its guard is withdrawn, and it
/// deletes the thread state itself.
///
/// # Safety
/// This thread must have been detached from it just now, and have changed its note.
#[cold]
#[inline(never)]
unsafe fn attach_again(key: NoteKey, thread_state: *mut ffi::PyThreadState) {
    // SAFETY: upheld by the caller.
    unsafe {
        key.set(thread_state);
        ffi::PyEval_RestoreThread(thread_state);
    }
}
