//! The end of an interpreter once its exit functions have returned: refusing threads and waiting
//! for those inside.
//!
//! `Py_EndInterpreter` aborts the process (before 3.14) if another thread has a thread state of the
//! interpreter. So the gate is closed, and this thread waits, detached, until every thread that
//! entered through it has left; later threads get an error.

use std::cell::OnceCell;
use std::ptr::null_mut;
use std::thread;
use std::time::Duration;

use super::compat;
use super::detach::detached;
use super::end::{self, Callback, EndClaim, NotEnded};
use super::entry;
use super::gate::Timeouts;
use super::local::{LocalInternals, Phase};
use super::lookup;
use super::other_threads;
use super::released;
use super::runtime_end::{RuntimeEnd, timeouts};
use super::waits::{Others, Wait};
use crate::capi as ffi;

/// Closes `local`'s gate and waits for the threads inside. For the main interpreter, also ends the
/// sub-interpreters, with `callback`: the process or the runtime ends.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
pub(super) unsafe fn close(local: &'static LocalInternals, callback: Callback) {
    if local.is_claimed_by_this_thread() {
        // `EndClaim::end` closes the gate once all exit functions have been called.
        return;
    }
    if !local.is_main() && entry::is_inside_with_another_thread_state(local) {
        entry::mark_ended_here(local);
        eprintln!(
            "pyatoll: interpreter {} is being ended by other code than this library \
             (`_interpreters.destroy`, `Interpreter.close`), on a thread that is inside it and \
             cannot return to it",
            local.id()
        );
    }
    local.mark_closing();
    local.set_ender(compat::current_thread_state());
    local.gate().close();
    if local.is_main() {
        RuntimeEnd::begin(local.gate().waits_without_limit());
    }
    // SAFETY: attached (upheld by the caller); no Python function is called while detached.
    unsafe {
        if !local.gate().is_empty_but_for_this_thread() {
            detached(local, || wait(local));
        }
        released::delete_all(local);
        if !compat::is_in_python() {
            // Not where Python code calls the exit functions itself: the interpreter goes on. After
            // the wait: a thread that gives way to this one may have kept the thread state again.
            end::drop_first_thread_state(local);
        }
        if local.is_main() {
            close_subs(local, callback);
            compat::hang_late_threads(local.interpreter());
        }
        if !compat::is_in_python() {
            other_threads::look(local);
        }
    }
}

/// Acts on the end of a main interpreter that this binary has not seen: closes the gates of
/// interpreters whose threads cannot run after this, and waits for those inside.
///
/// # Safety
/// The thread must be attached to the main interpreter.
pub(super) unsafe fn close_without_main() {
    if lookup::main_live().is_some() {
        // Seen later, and so closed by its own exit function.
        return;
    }
    RuntimeEnd::begin(false);
    let subs = lookup::all_live();
    let keeping: Vec<_> = subs.iter().copied().filter(|sub| has_kept(sub)).collect();
    if compat::ends_subs_first() && keeping.is_empty() {
        return;
    }
    // SAFETY: attached (upheld by the caller). While detached, nothing of the main interpreter is
    // used. Functions of this binary may be called in it without Python's knowledge (`ctypes`).
    unsafe {
        let note = compat::exchange_attach_note(null_mut());
        let thread_state = ffi::PyEval_SaveThread();
        keeping.into_iter().for_each(delete_kept);
        if !compat::ends_subs_first() {
            subs.iter().for_each(|sub| sub.gate().close());
            subs.into_iter().for_each(wait);
        }
        ffi::PyEval_RestoreThread(thread_state);
        note.restore();
        if !compat::ends_subs_first() {
            compat::hang_late_threads(ffi::PyInterpreterState_Main());
        }
    }
}

/// Has the threads of an interpreter which the end of the runtime ends give up the thread states
/// that they keep. Returns whether some are to be deleted by [`delete_kept`].
fn has_kept(sub: &LocalInternals) -> bool {
    sub.gate().withdraw();
    compat::ends_subs() && sub.gate().kept() > 0 && !entry::is_inside(sub)
}

/// Deletes the thread states that threads kept in `sub`. This thread must be detached.
fn delete_kept(sub: &'static LocalInternals) {
    if let Some((entry, entered)) = entry::enter(sub) {
        // SAFETY: attached to `sub` in between, without an exception.
        unsafe {
            released::delete_all(sub);
            sub.trashcan().run_deferred();
            entry::leave(entry, entered);
        }
    }
}

/// Waits for the threads inside `local`'s interpreter. This thread must be detached.
///
/// If one of them waits for this thread, in an end that cannot be called off either, the process
/// ends: nothing of it could go on.
fn wait(local: &'static LocalInternals) {
    let (wait, is_possible) = Wait::begin_anyway(Others::Inside(local), false);
    let is_limited = timeouts(local).inside.is_some();
    if !is_possible && !is_limited {
        eprintln!(
            "pyatoll: interpreter {} is being ended by other code than this library \
             (`_interpreters.destroy`, `Interpreter.close`) on a thread that is inside another \
             one, which a thread inside this one is ending: neither can leave; the process ends",
            local.id()
        );
        std::process::abort();
    }
    wait_unless_called_off(local, &wait);
}

/// Waits like [`wait`]. Returns `false` if `wait` is called off first.
pub(super) fn wait_unless_called_off(local: &'static LocalInternals, wait: &Wait) -> bool {
    let limits = OnceCell::new();
    let timeouts = || match RuntimeEnd::is_under_way() {
        // A sub-interpreter that ends in a running process waits for all, as `close` promises.
        false => Timeouts::default(),
        true => *limits.get_or_init(|| timeouts(local)),
    };
    let wait = || {
        local
            .gate()
            .wait_for_others(timeouts, || wait.is_called_off())
    };
    match RuntimeEnd::current() {
        Some(end) => end.count(wait),
        None => wait(),
    }
}

/// Ends the remaining sub-interpreters that this binary created, with `callback`, since CPython
/// aborts (below 3.13) or warns. Closes the gates of others where their threads cannot run after
/// this.
///
/// # Safety
/// The thread must be attached to `main`'s interpreter, whose gate must be closed and in which no
/// other thread may be that ends a sub-interpreter.
unsafe fn close_subs(main: &'static LocalInternals, callback: Callback) {
    let mut subs = lookup::all_live();
    subs.retain(|local| !local.is_main());
    for sub in subs {
        // The state of an interpreter that other code has ended may be left here, where a reference
        // to the capsule keeps it; another interpreter may be at its address.
        // Nor can an interpreter be ended that this thread is inside.
        let claim = match sub.is_owned_and_unclaimed() && !entry::is_inside(sub) {
            // SAFETY: attached to `main`, in an `atexit` function, without an exception.
            true => unsafe { EndClaim::to_closed(sub) },
            false => None,
        };
        match claim {
            None => {
                if has_kept(sub) {
                    // SAFETY: attached to `main`. The function uses nothing of it, and attaches to
                    // `sub` by itself.
                    unsafe { detached(main, || delete_kept(sub)) };
                }
                if !compat::ends_subs_first() {
                    sub.gate().close();
                    // SAFETY: attached to `main`; no Python function is called while detached.
                    unsafe { detached(main, || wait(sub)) };
                }
            }
            Some(claim) => {
                let (wait, _) = Wait::begin_anyway(Others::Inside(sub), true);
                // SAFETY: this thread is attached to `main`.
                let ended = unsafe { claim.end(&wait, callback) };
                if let Err(NotEnded::OtherThreads(threads)) = ended {
                    end::report_threads(sub, threads);
                }
            }
        }
        // Another thread may be ending it, one that Python started: those hold no guard.
        let has_ended = || !sub.is_being_ended() || sub.phase() == Phase::Emptied;
        if !has_ended() {
            let wait = || {
                while !has_ended() {
                    thread::sleep(Duration::from_millis(1));
                }
            };
            // SAFETY: attached to `main`; no Python function is called while detached.
            unsafe { detached(main, wait) };
        }
    }
}
