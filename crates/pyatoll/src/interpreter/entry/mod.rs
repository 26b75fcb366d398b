//! The interpreters that this thread entered or was detached from: one list for each thread.
//!
//! It is used when a thread detaches and when a thread that is *not* attached attaches, and nowhere
//! else. Its functions are never inlined, so that `cargo xtask check-tls` can tell them from the
//! paths on which Python calls Rust.
//!
//! Guards ([`AttachGuard`](super::attach::AttachGuard),
//! [`DetachGuard`](super::detach::DetachGuard)) may be dropped in a different order than they were
//! created: a greenlet switches stacks in the middle of a call. So a guard holds its interpreter or
//! its entry, which stays while it has users, and the state to restore ([`Entered`], [`Detached`]).
//! Each function here starts from the interpreter that the thread is attached to now, not from the
//! one at the guard's creation.
//!
//! Other code attaches and detaches this thread unnoticed: it releases the GIL and calls back into
//! Rust, or attaches while this library has detached the thread (`PyGILState_Ensure`). Guards that
//! begin and end in between restore the entry and its interpreter guard.
//!
//! Invariants:
//! - The thread-local is the head of a list of boxed entries that only this module frees, and only
//!   from the thread that owns them. It needs no destructor, so it works until the thread's end
//!   ([`AtThreadEnd`] only releases guards, spare entries and kept thread states).
//! - An entry that the thread has left may stay as a spare, with its guard set aside, for the next
//!   attachment to that interpreter. It is in another list, so it counts as no entry.
//! - A detached entry's thread state is idle and alive: it belongs to a frame that has not
//!   returned, or to the thread that started the runtime.
//! - A thread from outside that waits for an interpreter's GIL or has a thread state of it holds an
//!   [`InterpreterGuard`]; a detached thread asks its guard before it attaches again.
//! - A thread state created here is deleted by the thread that created it, before its guard is
//!   released. One that is kept ([`kept`]) may be deleted by the thread that its guard leaves it
//!   to.

mod kept;
mod list;
#[cfg(test)]
mod tests;

#[cfg(unix)]
pub(super) use kept::forget_kept;
pub(super) use kept::stop_keeping;
pub(super) use list::{Entered, Entry, new_thread_state, tick};

use std::ptr::{null, null_mut};
use std::thread;

use list::{AtLeave, ENTRIES, Entries, SPARES, ThreadEntry, find, latest, of, push};

use super::busy::CHANGING_THREAD_STATES;
use super::compat;
use super::gate::InterpreterGuard;
use super::local::LocalInternals;
use super::lookup;
use crate::capi as ffi;

thread_local! {
    static AT_THREAD_END: AtThreadEnd = const { AtThreadEnd };
}

/// Frees the spare entries of a thread that ends, and hands over the thread states that it kept.
///
/// Also releases the guards of a thread that ends with suspended greenlets, whose stacks nobody
/// unwinds: the interpreter's end would wait for them. Guards with a thread state created here are
/// kept: it stays in the interpreter, and CPython aborts if that ends.
struct AtThreadEnd;

impl Drop for AtThreadEnd {
    fn drop(&mut self) {
        ENTRIES.with(|entries| {
            entries.frees_spares.set(Some(false));
            entries.keep_spares(0);
            entries.unlink_all_kept();
        });
        find(|entry| {
            if entry.made.get().is_null() {
                // A call that is suspended for good uses no value any more.
                entry.local.forget_detachments(entry.detachments.replace(0));
                drop(entry.guard.take());
                if let Some(at_leave) = entry.at_leave.take() {
                    // std's thread-locals of this thread may be gone.
                    call_on_new_thread(at_leave, entry.local);
                }
            }
            None::<()>
        });
    }
}

/// Calls `f`, which ends `local`'s interpreter, on a new thread that no other thread waits for. If
/// the system cannot start a thread, the interpreter stays.
pub(super) fn call_on_new_thread(f: fn(&'static LocalInternals), local: &'static LocalInternals) {
    // Not `thread::spawn`, which panics: this runs in drops.
    if let Err(error) = thread::Builder::new().spawn(move || f(local)) {
        eprintln!(
            "pyatoll: interpreter {} is not ended: the system cannot start the thread that would \
             end it: {error}",
            local.id()
        );
    }
}

/// The changes of [`detach`] that [`reattach`] undoes.
pub(super) struct Detached {
    /// The thread state this thread was detached from.
    thread_state: *mut ffi::PyThreadState,
    /// Whether it was created here, and so is alive while it is the entry's. Any other belongs to
    /// code further up the stack.
    made: bool,
    /// Whether 3.11's note said that this thread is attached with it. Ending an interpreter sets
    /// the note without an entry.
    noted: bool,
    /// The detachment that this one is in, if other code attached this thread again
    /// (`PyGILState_Ensure`).
    outer: Option<Outer>,
}

/// A detachment of this thread that is not over.
struct Outer {
    /// The thread state that the thread was detached from.
    thread_state: *mut ffi::PyThreadState,
    /// Whether it was created here.
    made: bool,
    /// The time of the detachment.
    since: u64,
    /// The attachments of the entry by this library, when other code attached the thread.
    attachments: u32,
}

impl Outer {
    /// Returns the detachment that `entry` records, if the thread is detached.
    fn of(entry: &ThreadEntry) -> Option<Self> {
        let thread_state = entry.saved.get();
        entry.is_detached.get().then(|| Self {
            thread_state,
            made: entry.made.get() == thread_state,
            since: entry.since.get(),
            attachments: entry.attachments(),
        })
    }

    /// Returns whether the detachment is still in effect, which was recorded by a guard that is
    /// being dropped and is still a user of `entry`. It is not if `entry` has none left, or no
    /// longer has its thread state: a greenlet goes on after the call that it was started in. Nor
    /// if this library has attached the thread since.
    fn lasts(&self, entry: &ThreadEntry) -> bool {
        let is_left = entry.detachments.get() > 0 || entry.kept_since.get() == Some(self.since);
        is_left
            && entry.attachments() <= self.attachments + 1
            && (!self.made || entry.made.get() == self.thread_state)
    }
}

impl Entries {
    /// Releases the use of one guard, and frees the entry after the last one.
    #[inline(never)]
    fn release(&self, entry: &'static ThreadEntry) {
        let users = entry.users.get() - 1;
        entry.users.set(users);
        if users > 0 {
            return;
        }
        let this: *const ThreadEntry = entry;
        let mut link = &self.newest;
        while link.get() != this {
            // SAFETY: `entry` is in the list, so the walk ends before its end.
            link = unsafe { &(*link.get()).older };
        }
        link.set(entry.older.get());
        if self.newest.get().is_null() {
            // From now on other code decides when this thread is attached.
            compat::set_attach_note(None);
        }
        if entry.has_keepers() {
            entry.older.set(null());
            entry.is_detached.set(false);
            drop(entry.guard.take());
            return;
        }
        // SAFETY: from `Box::leak` in `push` or `add_keeper`, and out of the list now. No reference
        // to it is used after this: each function of this module releases last.
        let entry = unsafe { Box::from_raw(this.cast_mut()) };
        if entry.set_guard_aside() {
            self.add_spare(entry);
        }
    }

    /// Keeps an entry that its thread has left with the guard set aside, unless the thread is
    /// ending: then nothing would free it.
    fn add_spare(&self, entry: Box<ThreadEntry>) {
        let Some(frees_spares) = self.frees_spares.get() else {
            // Not the first one: if this is a late destructor of the thread, such as that of a
            // `pthread_key`, std may still register another one, which then never runs.
            let registered = AT_THREAD_END.try_with(|_| ()).is_ok();
            self.frees_spares.set(Some(registered));
            return;
        };
        if frees_spares {
            entry.older.set(self.spare.get());
            self.spare.set(Box::leak(entry));
            self.spares.set(self.spares.get() + 1);
            if self.spares.get() > SPARES {
                self.keep_spares(SPARES);
            }
        }
    }

    /// Undoes [`enter_again`], if this thread is still attached with the thread state that it
    /// created: the fast path.
    #[inline]
    fn leave_again(&self, entry: &'static ThreadEntry) -> bool {
        let made = entry.made.get();
        let is_inside = entry.with_guard(InterpreterGuard::is_away) == Some(false);
        if compat::current_thread_state() != made || !is_inside || entry.ended_here.get() {
            return false;
        }
        entry.made.set(null_mut());
        // SAFETY: current, and used by nobody afterwards.
        unsafe {
            ffi::PyThreadState_Clear(made);
            if !self.become_spare(entry) {
                self.leave_cleared(entry, Entered::AGAIN);
            }
        }
        true
    }

    /// Deletes the current thread state and leaves the only entry, if it can become a spare again.
    ///
    /// # Safety
    /// The thread state must be one of `entry`'s interpreter, cleared and used by nobody
    /// afterwards.
    #[inline]
    unsafe fn become_spare(&self, entry: &'static ThreadEntry) -> bool {
        let is_only = std::ptr::eq(self.newest.get(), entry) && entry.older.get().is_null();
        // SAFETY: only this thread uses the cell, and nothing below changes it.
        let guard = unsafe { (*entry.guard.as_ptr()).as_ref() };
        let Some(guard) = guard.filter(|_| {
            is_only
                && entry.users.get() == 1
                && entry.detachments.get() == 0
                && entry.at_leave.get().is_none()
                && !entry.has_keepers()
                && !entry.ended_here.get()
                && self.spares.get() < SPARES
                && self.frees_spares.get() == Some(true)
        }) else {
            return false;
        };
        if !guard.set_aside_to_change() {
            return false;
        }
        let Some(changing) = CHANGING_THREAD_STATES.has_begun_aside(guard) else {
            return false;
        };
        // SAFETY: upheld by the caller.
        unsafe { ffi::PyThreadState_DeleteCurrent() };
        drop(changing);
        // The address of the thread state may soon be that of another thread's.
        compat::set_attach_note(None);
        self.mark_outside(entry);
        entry.older.set(self.spare.get());
        self.spare.set(entry);
        self.spares.set(self.spares.get() + 1);
        true
    }

    /// Implements [`leave`] without the fast paths.
    #[inline(never)]
    fn leave(&self, entry: &'static ThreadEntry, entered: Entered) {
        if !entered.has(Entered::MADE) {
            entry.go_back(entered);
            return self.leave_entry(entry, entered);
        }
        if entry.may_attach() == Some(false) {
            park_forever();
        }
        entry.refuse_if_ended_here();
        let made = entry.made.replace(null_mut());
        let current = compat::current_thread_state();
        // SAFETY: made in `enter`, and deleted once, since it was taken out above.
        unsafe {
            if current == made {
                ffi::PyThreadState_Clear(made);
                return self.leave_cleared(entry, entered);
            }
            entry.delete_idle_thread_state(made, current);
        }
        entry.mark_left(current, entered.since());
        self.leave_entry(entry, entered);
    }

    /// Deletes the current thread state, and leaves the entry.
    ///
    /// # Safety
    /// As for [`become_spare`](Entries::become_spare).
    #[cold]
    #[inline(never)]
    unsafe fn leave_cleared(&self, entry: &'static ThreadEntry, entered: Entered) {
        // SAFETY: upheld by the caller.
        unsafe { entry.delete_current_thread_state() };
        entry.mark_left(null_mut(), entered.since());
        self.leave_entry(entry, entered);
    }

    /// Releases the entry's guard, or marks it as away, and releases the entry.
    fn leave_entry(&self, entry: &'static ThreadEntry, entered: Entered) {
        let local = entry.local;
        let mut at_leave = None;
        if entered.has(Entered::GUARDED) {
            at_leave = entry.at_leave.take();
            // Without other users, the entry is released with the guard, which may be set aside.
            if entry.users.get() > 1 || at_leave.is_some() {
                drop(entry.guard.take());
            }
        } else if !entered.has(Entered::RELEASED) {
            entry.with_guard(InterpreterGuard::go_away);
        }
        self.release(entry);
        if let Some(at_leave) = at_leave {
            at_leave(local);
        }
    }

    /// Attaches this thread with the thread state that it was detached from, if it is the wanted
    /// interpreter's and the thread is in no other one: a call of `attach` within `detach` or
    /// `keep_thread_state`. `None`: [`enter`] must decide.
    #[inline]
    fn enter_back(&self, wanted: Option<&LocalInternals>) -> Option<(Entry, Entered)> {
        // SAFETY: an entry in the list is alive. The lifetime is not used beyond the functions of
        // this module.
        let entry: &'static ThreadEntry = unsafe { self.newest.get().as_ref() }?;
        let (local, thread_state) = (entry.local, entry.saved.get());
        let is_wanted = match wanted {
            Some(wanted) => std::ptr::eq(local, wanted),
            None => !self.has_default.get(),
        };
        // If CPython has noted another thread state, other code has attached this thread since.
        if !is_wanted
            || !entry.is_detached.get()
            || !entry.older.get().is_null()
            || !local.is_usable()
            || compat::noted_thread_state() != thread_state
            || entry.with_guard(InterpreterGuard::come_back_if_open) != Some(true)
        {
            return None;
        }
        // SAFETY: noted for this thread, which alone deletes it while the guard keeps the
        // interpreter from ending.
        if unsafe { compat::interpreter_of(thread_state) } != local.interpreter() {
            entry.with_guard(InterpreterGuard::go_away);
            return None;
        }
        // SAFETY: this thread is detached, and the thread state is its own and idle. The guard
        // keeps the interpreter from ending.
        unsafe { ffi::PyEval_RestoreThread(thread_state) };
        let entered = Entered::new(entry.since.get(), false, false, false, false);
        self.clock.set(self.clock.get() + 1);
        entry.users.set(entry.users.get() + 1);
        entry.is_detached.set(false);
        entry.since.set(self.clock.get());
        Some((Entry(entry), entered))
    }
}

impl ThreadEntry {
    /// Ends the process if other code has ended the interpreter on this thread: CPython would hang
    /// the thread, whose frames hold objects of the interpreter.
    fn refuse_if_ended_here(&self) {
        if self.ended_here.get() {
            return_to_ended_interpreter(self.local);
        }
    }

    /// Undoes an attachment with a thread state that stays.
    fn go_back(&self, entered: Entered) {
        if !is_attached_to(self.local) {
            return;
        }
        // SAFETY: attached, as just seen.
        let thread_state = unsafe { ffi::PyEval_SaveThread() };
        match entered.since() {
            // Other code owns the thread state, and may delete it.
            0 => self.mark_left(null_mut(), 0),
            since if entered.has(Entered::RELEASED) => {
                let detached = entered.has(Entered::DETACHED);
                self.mark_released(thread_state, since, detached);
            }
            since => self.mark_detached(thread_state, since),
        }
    }

    /// Releases the use of one guard, and frees the entry after the last one.
    fn release(&'static self) {
        ENTRIES.with(|entries| entries.release(self));
    }

    /// Sets aside the guard of an entry that nothing uses any more. `false`: there is none, or the
    /// entry is not as good as new.
    #[inline]
    fn set_guard_aside(&self) -> bool {
        let is_as_new = self.made.get().is_null()
            && !self.ended_here.get()
            && self.detachments.get() == 0
            && self.since.get() == 0;
        is_as_new && self.with_guard(InterpreterGuard::set_aside) == Some(true)
    }
}

/// Records whether this thread has a default interpreter.
#[inline(never)]
pub(super) fn set_has_default(has_default: bool) {
    ENTRIES.with(|entries| entries.has_default.set(has_default));
}

/// Attaches this thread to `wanted`'s interpreter, or by default to the one that it was detached
/// from, or else the main one. The thread must not be attached. The fast path of a thread that is
/// detached, and of one that is in no interpreter and attaches often, so that it has a spare entry.
/// `None`: [`enter`] must decide.
#[inline(never)]
pub(super) fn enter_again(wanted: Option<&LocalInternals>) -> Option<(Entry, Entered)> {
    if compat::needs_attach_note() {
        return None;
    }
    debug_assert!(compat::current_thread_state().is_null());
    ENTRIES.with(|entries| {
        if !entries.newest.get().is_null() {
            return entries.enter_back(wanted);
        }
        if !entries.kept.get().is_null()
            && let Some(entered) = entries.enter_kept(wanted)
        {
            return Some(entered);
        }
        let link = entries.link_to_spare(|local| match wanted {
            Some(wanted) => std::ptr::eq(local, wanted),
            None => local.is_main(),
        })?;
        // SAFETY: an entry in the list is alive. It becomes part of the other list below, and the
        // lifetime is not used beyond this function.
        let entry: &'static ThreadEntry = unsafe { &*link.get() };
        let local = entry.local;
        // SAFETY: only this thread uses the cell, and nothing below changes it while the reference
        // is used.
        let guard = unsafe { (*entry.guard.as_ptr()).as_ref() }?;
        // A thread state that CPython has noted belongs to other code, and may be reused.
        if wanted.is_none() && entries.has_default.get()
            || !local.is_usable()
            || !compat::noted_thread_state().is_null()
            || !guard.take_up_to_change()
        {
            return None;
        }
        let changing = CHANGING_THREAD_STATES.has_begun_with(guard);
        // SAFETY: the guard keeps the interpreter from ending.
        let thread_state = unsafe { ffi::PyThreadState_New(local.interpreter()) };
        drop(changing);
        if thread_state.is_null() {
            drop(entry.guard.take());
            return None;
        }
        // SAFETY: this thread is detached, and the thread state is its own and idle.
        unsafe { ffi::PyEval_RestoreThread(thread_state) };
        entries.unlink_spare(link);
        entry.older.set(null());
        entries.mark_entered(entry, thread_state);
        Some((Entry(entry), Entered::AGAIN))
    })
}

/// Attaches this thread, which is not attached, to `local`'s interpreter. `None`: its gate is
/// closed, and this thread is not the one that closed it and is detached for a moment.
///
/// # Panics
/// If Python has no memory for a thread state.
#[inline(never)]
pub(super) fn enter(local: &'static LocalInternals) -> Option<(Entry, Entered)> {
    let entry = of(local);
    let is_closed = !local.gate().is_open();
    let is_ender = is_closed && entry.is_some_and(ThreadEntry::ends_the_interpreter);
    if is_closed && !is_ender || !local.is_usable() {
        return None;
    }
    let mut spare = None;
    let guard = match entry.and_then(ThreadEntry::may_attach) {
        Some(true) => None,
        Some(false) => return None,
        // No one waits for this thread: it is the one that waits for the others.
        None if is_ender => None,
        None => {
            if entry.is_none() {
                spare = ENTRIES.with(|entries| entries.take_spare(local));
            }
            let guard = spare.as_ref().and_then(|spare| spare.guard.take());
            Some(guard.or_else(|| local.gate().enter())?)
        }
    };
    // With a guard, the interpreter stays.
    let reusable = reusable_thread_state(local, entry);
    let made = reusable.is_none();
    // SAFETY: the interpreter is alive.
    let thread_state = reusable.unwrap_or_else(|| unsafe { new_thread_state(local) });
    assert!(
        !thread_state.is_null(),
        "Python has no memory for a thread state"
    );
    // SAFETY: this thread is detached, and the thread state is its own and idle.
    unsafe { ffi::PyEval_RestoreThread(thread_state) };

    let entry = entry.unwrap_or_else(|| push(spare.unwrap_or_else(|| ThreadEntry::new(local))));
    let since = entry.since.get();
    let released = since != 0 && !entry.is_detached.get();
    let detached = compat::is_attach_noted(null_mut());
    let entered = Entered::new(since, made, guard.is_some(), released, detached);
    entry.users.set(entry.users.get() + 1);
    if guard.is_some() {
        entry.guard.set(guard);
        if !made {
            // An error means that the thread is ending, where no greenlet is suspended any more.
            let _ = AT_THREAD_END.try_with(|_| ());
        }
    }
    if made {
        entry.made.set(thread_state);
    }
    entry.mark_attached(thread_state);
    Some((Entry(entry), entered))
}

/// Undoes [`enter`] or [`enter_again`].
///
/// # Safety
/// `entry` and `entered` must be the result of one of them on this thread, and undone once.
#[inline(never)]
pub(super) unsafe fn leave(entry: Entry, entered: Entered) {
    let Entry(entry) = entry;
    if entered.is_of_detached() && entry.users.get() > 1 && is_attached_to(entry.local) {
        // The fast path after `enter_back`.
        // SAFETY: attached, as just seen.
        let thread_state = unsafe { ffi::PyEval_SaveThread() };
        entry.mark_detached(thread_state, entered.since());
        entry.with_guard(InterpreterGuard::go_away);
        entry.users.set(entry.users.get() - 1);
        return;
    }
    // SAFETY: of this thread, and without a destructor.
    let entries = unsafe { &*entry.entries };
    if entered == Entered::OF_KEPT {
        if entries.leave_kept(entry) {
            return;
        }
        entry.forget_kept();
    }
    if entered == Entered::AGAIN && entries.leave_again(entry) {
        return;
    }
    entries.leave(entry, entered);
}

/// Calls `at_leave` once this thread, which entered `local`'s interpreter through this library, has
/// left it. Returns whether it will leave.
#[inline(never)]
pub(super) fn at_leave(local: &LocalInternals, at_leave: AtLeave) -> bool {
    let guarded = of(local).filter(|entry| entry.with_guard(|_| ()).is_some());
    let Some(entry) = guarded else { return false };
    entry.at_leave.set(Some(at_leave));
    true
}

/// Records that other code ends `local`'s interpreter on this thread, which is inside it.
#[inline(never)]
pub(super) fn mark_ended_here(local: &LocalInternals) {
    if let Some(entry) = of(local) {
        entry.ended_here.set(true);
    }
}

/// Detaches this thread from `local`'s interpreter, until [`reattach`].
///
/// # Safety
/// The thread must be attached to it.
#[inline(never)]
pub(super) unsafe fn detach(local: &'static LocalInternals) -> Detached {
    // SAFETY: attached (upheld by the caller).
    let thread_state = unsafe { ffi::PyEval_SaveThread() };
    let noted = compat::is_attach_noted(thread_state);
    let entry = of(local).unwrap_or_else(|| push(ThreadEntry::new(local)));
    let detached = Detached {
        thread_state,
        made: entry.made.get() == thread_state,
        noted,
        outer: Outer::of(entry),
    };
    entry.users.set(entry.users.get() + 1);
    entry.detachments.set(entry.detachments.get() + 1);
    entry.mark_detached(thread_state, tick());
    entry.with_guard(InterpreterGuard::go_away);
    detached
}

/// Attaches this thread again after [`detach`].
///
/// Never returns if the interpreter has ended without waiting for this thread: it can neither run
/// Python nor unwind through frames that hold Python's objects. CPython hangs its own threads then,
/// too.
///
/// # Safety
/// Must be called once with the result of each `detach` of this thread from `local`'s interpreter.
#[inline(never)]
pub(super) unsafe fn reattach(local: &'static LocalInternals, detached: &Detached) {
    let entry = of(local).expect("each guard is a user of its entry");
    if !is_attached_to(local) {
        let thread_state = if entry.is_detached.get() {
            entry.saved.get()
        } else if !detached.made || entry.made.get() == detached.thread_state {
            // Other code attached this thread, and a greenlet that it ran is suspended there.
            detached.thread_state
        } else {
            return_to_ended_attachment(local)
        };
        if entry.may_attach() == Some(false) {
            park_forever();
        }
        // Not the thread state that ends it, on which finalizers may detach.
        if !local.is_ended_with(thread_state) {
            entry.refuse_if_ended_here();
        }
        // SAFETY: the frame that was detached from this thread state has not returned, so it is
        // alive while its interpreter is; where that is gone, CPython hangs the thread here.
        unsafe {
            if !compat::current_thread_state().is_null() {
                // A greenlet was switched to from another interpreter.
                ffi::PyEval_SaveThread();
            }
            ffi::PyEval_RestoreThread(thread_state);
        }
        entry.mark_attached(thread_state);
    }
    entry.detachments.set(entry.detachments.get() - 1);
    if let Some(outer) = detached.outer.as_ref().filter(|outer| outer.lasts(entry)) {
        // The code that attached this thread releases the GIL by itself.
        entry.mark_detached(outer.thread_state, outer.since);
        entry.with_guard(InterpreterGuard::go_away);
    }
    entry.release();
    if detached.noted && compat::is_running_with(detached.thread_state) {
        compat::set_attach_note(Some(detached.thread_state));
    } else if compat::needs_attach_note() {
        restore_attach_note();
    }
}

/// Restores, on 3.11 and after [`reattach`], the note from before [`detach`] if other code attached
/// this thread: the one for the interpreter that this library last used.
fn restore_attach_note() {
    if let Some(entry) = latest() {
        let is_detached = entry.is_detached.get() || entry.since.get() == 0;
        let thread_state = if is_detached {
            null_mut()
        } else {
            entry.saved.get()
        };
        compat::set_attach_note(Some(thread_state));
    }
}

/// Has this thread keep its thread state of `local`'s interpreter from its next attachment on,
/// until [`stop_keeping`].
#[inline(never)]
pub(super) fn begin_to_keep(local: &'static LocalInternals) {
    // An error means that the thread is ending: nothing would release the thread state.
    if !compat::needs_attach_note() && AT_THREAD_END.try_with(|_| ()).is_ok() {
        ENTRIES.with(|entries| entries.add_keeper(local));
    }
}

/// Records that this thread, which is detached, owns `thread_state` of `local`'s interpreter and
/// attaches with it from now on, until the interpreter ends.
#[inline(never)]
pub(super) fn keep(local: &'static LocalInternals, thread_state: *mut ffi::PyThreadState) {
    let entry = of(local).unwrap_or_else(|| push(ThreadEntry::new(local)));
    entry.users.set(entry.users.get() + 1);
    let now = tick();
    entry.kept_since.set(Some(now));
    entry.mark_detached(thread_state, now);
}

/// Returns how many calls of this thread are detached from `local`'s interpreter.
#[cfg_attr(not(unix), expect(dead_code, reason = "nothing forks"))]
#[inline(never)]
pub(super) fn detachments(local: &LocalInternals) -> u32 {
    of(local).map_or(0, |entry| entry.detachments.get())
}

/// Returns whether this thread entered `local`'s interpreter through this library, and is still
/// attached or detached there.
#[inline(never)]
pub(super) fn has_guard(local: &LocalInternals) -> bool {
    of(local).is_some_and(|entry| entry.with_guard(|_| ()).is_some())
}

/// Returns whether this thread entered `local`'s interpreter through this library, and is attached
/// with the thread state of that.
#[inline(never)]
pub(super) fn is_attached_with_guard(local: &LocalInternals) -> bool {
    let current = compat::current_thread_state();
    has_guard(local) && of(local).is_some_and(|entry| entry.saved.get() == current)
}

/// Returns whether this thread entered `local`'s interpreter through this library and does not end
/// it: the end waits for this thread.
pub(super) fn keeps_from_ending(local: &LocalInternals) -> bool {
    has_guard(local) && !local.is_ended_with(compat::current_thread_state())
}

/// Returns the interpreter that this thread, which is not attached, was last detached from, if it
/// is the one that ends it. Unlike [`home`], this can be called at any time: once the runtime's end
/// has begun, CPython's note may refer to a thread state that it has freed.
#[inline(never)]
pub(super) fn ended_by_this_thread() -> Option<&'static LocalInternals> {
    let entry = latest()?;
    let is_ending = entry.ends_the_interpreter() && entry.local.is_usable();
    is_ending.then_some(entry.local)
}

/// Returns whether this thread entered `local`'s interpreter through this library, or was
/// detached from it by this library and has not returned.
#[inline(never)]
pub(super) fn is_inside(local: &LocalInternals) -> bool {
    of(local).is_some_and(|entry| entry.is_detached.get()) || has_guard(local)
}

/// Returns whether this thread is inside a sub-interpreter that runs, as [`is_inside`] says.
#[inline(never)]
pub(super) fn is_inside_sub() -> bool {
    let is_inside = |entry: &ThreadEntry| {
        !entry.local.is_main() && entry.local.is_usable() && is_inside(entry.local)
    };
    find(|entry| is_inside(entry).then_some(())).is_some()
}

/// Returns whether this thread is inside `local`'s interpreter, as [`is_inside`] says, and uses
/// another thread state of it at this moment: the one with which it ends the interpreter.
#[inline(never)]
pub(super) fn is_inside_with_another_thread_state(local: &LocalInternals) -> bool {
    let current = compat::current_thread_state();
    is_inside(local) && of(local).is_some_and(|entry| entry.saved.get() != current)
}

/// Returns whether this thread attached or was detached after `time`, and has not left since.
#[inline(never)]
pub(super) fn has_entered_since(time: u64) -> bool {
    latest().is_some_and(|entry| entry.since.get() > time)
}

/// The interpreter that a thread belongs to while it is not attached.
pub(super) enum Home {
    /// An interpreter that this binary knows.
    Known(&'static LocalInternals),
    /// The interpreter of this thread state, which this binary has not seen.
    Unseen(*mut ffi::PyThreadState),
}

/// Returns the interpreter of a usable thread state that CPython has noted for this thread, or
/// null.
fn noted_interpreter(noted: *mut ffi::PyThreadState) -> *mut ffi::PyInterpreterState {
    match noted.is_null() {
        true => null_mut(),
        // SAFETY: no end of an interpreter has deleted it, as `noted_usable_thread_state` has
        // found, and CPython clears its note if this thread does.
        false => unsafe { compat::interpreter_of(noted) },
    }
}

/// Returns whether a thread state that CPython has noted for this thread is one that this library
/// dealt with, or null. The runtime must not be at its end.
#[inline(never)]
pub(super) fn is_known(noted: *mut ffi::PyThreadState) -> bool {
    let interpreter = noted_interpreter(noted);
    let is_of = |entry: &ThreadEntry| {
        entry.saved.get() == noted && entry.local.interpreter() == interpreter
    };
    noted.is_null() || find(|entry| is_of(entry).then_some(())).is_some()
}

/// Returns the interpreter that this thread, which is not attached, was last in, if it still runs:
/// the one this library detached it from, or the one whose GIL other code released.
#[inline(never)]
pub(super) fn home() -> Option<Home> {
    let noted = compat::noted_usable_thread_state();
    let interpreter = noted_interpreter(noted);
    let is_ours = is_known(noted);
    let latest = latest().filter(|entry| entry.since.get() > 0);
    let own = latest
        .map(|entry| entry.local)
        .filter(|local| local.is_usable());
    // Another thread state than those this library dealt with: other code attached this thread with
    // it later, and released the GIL.
    let is_newer = !is_ours && (latest.is_none() || compat::notes_latest_thread_state());
    if !is_newer {
        return own.map(Home::Known);
    }
    // The interpreter is alive, and may be a later one at the address of one that has ended.
    match lookup::find(interpreter).filter(|local| local.is_life_of_current()) {
        Some(local) if local.is_usable() => Some(Home::Known(local)),
        Some(_) => own.map(Home::Known),
        None => Some(Home::Unseen(noted)),
    }
}

/// Returns a thread state of `local`'s interpreter that this thread, which is not attached, owns
/// and can attach with.
fn reusable_thread_state(
    local: &LocalInternals,
    entry: Option<&ThreadEntry>,
) -> Option<*mut ffi::PyThreadState> {
    if let Some(entry) = entry {
        if entry.is_detached.get() {
            return Some(entry.saved.get());
        }
        // Attached as far as this library knows: other code has released the GIL.
        if !entry.made.get().is_null() {
            return Some(entry.made.get());
        }
    }
    let noted = compat::noted_usable_thread_state();
    // SAFETY: no end of an interpreter has deleted it, as `noted_usable_thread_state` has found,
    // and CPython clears its note if this thread does.
    let is_there =
        !noted.is_null() && unsafe { compat::interpreter_of(noted) } == local.interpreter();
    is_there.then_some(noted)
}

/// Returns whether this thread is attached to the interpreter at `local`'s address.
fn is_attached_to(local: &LocalInternals) -> bool {
    compat::is_attached_to(local.interpreter())
}

#[cold]
#[inline(never)]
fn park_forever() -> ! {
    loop {
        thread::park();
    }
}

/// A greenlet that was suspended in `Python::detach` goes on after the attachment in which it was
/// started has ended, from outside the interpreter: its objects cannot be used any more.
#[cold]
#[inline(never)]
fn return_to_ended_attachment(local: &LocalInternals) -> ! {
    eprintln!(
        "pyatoll: a call that was suspended while detached from interpreter {} goes on after this \
         thread has left that interpreter; the process ends",
        local.id()
    );
    std::process::abort();
}

/// A thread returns to an interpreter that other code has ended on it.
#[cold]
#[inline(never)]
fn return_to_ended_interpreter(local: &LocalInternals) -> ! {
    eprintln!(
        "pyatoll: this thread returns to interpreter {}, which other code than this library \
         (`_interpreters.destroy`, `Interpreter.close`) has ended on it; the process ends",
        local.id()
    );
    std::process::abort();
}
