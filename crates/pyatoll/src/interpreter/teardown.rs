//! The end of an interpreter once its exit functions are through: refusing threads and waiting for
//! those inside.
//!
//! `Py_EndInterpreter` aborts the process (before 3.14) if another thread has a thread state of the
//! interpreter. So the gate is closed, and this thread waits, detached, until every thread that
//! entered through it has left; later threads get an error.

use std::cell::OnceCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3_ffi as ffi;

use super::compat;
use super::detach::detached;
use super::end::{self, BeforeEnd, EndClaim};
use super::gate::Timeouts;
use super::local::{self, LocalInternals, Phase};
use super::lookup;

/// Time limit of the process's end for a thread that is detached in a call of this library.
const AWAY_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit of the process's end for a thread that is inside, where it can proceed without that
/// thread.
const INSIDE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that each interpreter has at least, for threads that leave at once.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(50);

/// Closes `local`'s gate and waits for the threads inside. For the main interpreter, also ends the
/// sub-interpreters, with `before`: the process or the runtime ends.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter; no exception may be set.
pub(super) unsafe fn close(local: &'static LocalInternals, before: BeforeEnd) {
    local.mark_closing();
    local.set_ender(compat::current_thread_state());
    local.gate().close();
    if local.is_main() {
        RuntimeEnd::begin(local.gate().waits_without_limit());
    }
    // SAFETY: attached (upheld by the caller); nothing of Python is used while detached.
    unsafe {
        end::drop_first_thread_state(local);
        if !local.gate().is_empty_but_for_this_thread() {
            detached(local, || wait(local));
        }
        if local.is_main() {
            close_subs(local, before);
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
    if compat::ENDS_SUBS_FIRST {
        return;
    }
    let subs = lookup::all_live();
    subs.iter().for_each(|sub| sub.gate().close());
    // SAFETY: attached (upheld by the caller); nothing of Python is used while detached.
    unsafe {
        let note = compat::exchange_attach_note(null_mut());
        let thread_state = ffi::PyEval_SaveThread();
        subs.into_iter().for_each(wait);
        ffi::PyEval_RestoreThread(thread_state);
        note.restore();
    }
}

/// Waits for the threads inside `local`'s interpreter. This thread must be detached.
fn wait(local: &LocalInternals) {
    let limits = OnceCell::new();
    local
        .gate()
        .wait_for_others(|| match RuntimeEnd::current() {
            // A sub-interpreter that ends in a running process waits for all, as `close` promises.
            None => Timeouts::default(),
            Some(end) => *limits.get_or_init(|| end.timeouts(local)),
        });
}

/// Ends the remaining sub-interpreters that this binary created, since CPython aborts (below 3.13)
/// or warns. Closes the gates of others where their threads cannot run after this.
///
/// # Safety
/// The thread must be attached to `main`'s interpreter, whose gate must be closed and in which no
/// other thread may be that ends a sub-interpreter.
unsafe fn close_subs(main: &'static LocalInternals, before: BeforeEnd) {
    let mut subs = lookup::all_live();
    subs.retain(|local| !local.is_main());
    for sub in subs {
        // The state of an interpreter that other code has ended may be left here, where a reference
        // to the capsule keeps it; another interpreter may be at its address.
        let claim = match sub.is_owned_and_unclaimed() {
            // SAFETY: attached to `main`, in an `atexit` function, without an exception.
            true => unsafe { EndClaim::to_closed(sub) },
            false => None,
        };
        if let Some(claim) = claim {
            // SAFETY: this thread is attached to `main`. The end waits for the threads inside.
            unsafe { claim.end(before) };
        } else if !compat::ENDS_SUBS_FIRST {
            sub.gate().close();
            // SAFETY: attached to `main`; nothing of Python is used while detached.
            unsafe { detached(main, || wait(sub)) };
        }
        // Another thread may be ending it, one that Python started: those hold no guard.
        let has_ended = || !sub.is_being_ended() || sub.phase() == Phase::Emptied;
        if !has_ended() {
            let wait = || {
                while !has_ended() {
                    thread::sleep(Duration::from_millis(1));
                }
            };
            // SAFETY: attached to `main`; nothing of Python is used while detached.
            unsafe { detached(main, wait) };
        }
    }
}

/// The end of the runtime, which has begun.
struct RuntimeEnd {
    /// The run of the runtime that ends.
    run: u32,
    began: Instant,
    /// Whether it waits for all threads.
    without_limit: bool,
}

/// The latest end of the runtime, or null. Each is leaked: a thread may be reading it.
static RUNTIME_END: AtomicPtr<RuntimeEnd> = AtomicPtr::new(null_mut());

impl RuntimeEnd {
    /// Records that the runtime's end has begun.
    fn begin(without_limit: bool) {
        if Self::current().is_some() {
            return;
        }
        let end = Box::new(Self {
            run: local::current_run(),
            began: Instant::now(),
            without_limit,
        });
        RUNTIME_END.store(Box::into_raw(end), Ordering::Release);
    }

    /// Returns the end of this run of the runtime, if it has begun.
    fn current() -> Option<&'static Self> {
        // SAFETY: null, or leaked by `begin`.
        let latest = unsafe { RUNTIME_END.load(Ordering::Acquire).as_ref() };
        latest.filter(|end| end.run == local::current_run())
    }

    /// Returns how long the end of `local`'s interpreter waits for other threads.
    ///
    /// The end of the process leaves threads behind, as CPython does with daemon threads, where
    /// that does not abort the process. The time is that of all interpreters together.
    fn timeouts(&self, local: &LocalInternals) -> Timeouts {
        if self.without_limit {
            return Timeouts::default();
        }
        let passed = self.began.elapsed();
        let rest = |limit: Duration| limit.saturating_sub(passed).max(SHORTEST_TIMEOUT);
        let can_leave_away = local.is_main() || compat::HANGS_LATE_THREADS;
        Timeouts {
            away: can_leave_away.then(|| rest(AWAY_TIMEOUT)),
            inside: compat::HANGS_LATE_THREADS.then(|| rest(INSIDE_TIMEOUT)),
        }
    }
}
