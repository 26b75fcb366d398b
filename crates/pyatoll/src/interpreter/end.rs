//! Ending a sub-interpreter that this binary created.

use pyo3_ffi as ffi;

use super::compat;
use super::entry;
use super::gate::InterpreterGuard;
use super::local::{LocalInternals, Phase};

/// Deletes the thread state that was kept to end the interpreter with, where other code is ending
/// it with another one (`_interpreters.destroy`): CPython aborts if there are two.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, which is about to end.
pub(super) unsafe fn drop_first_thread_state(local: &LocalInternals) {
    if let Some(kept) = local.take_first_thread_state()
        && kept != compat::current_thread_state()
    {
        // SAFETY: attached to its interpreter, with another one; it is idle and unused. It is
        // in no thread's `PyGILState` slot: the thread that created it restored its own there.
        unsafe {
            ffi::PyThreadState_Clear(kept);
            ffi::PyThreadState_Delete(kept);
        }
    }
}

/// A function to be called just before an interpreter is ended, by the thread that ends it. The
/// thread must be attached to the interpreter, without an exception.
pub(super) type BeforeEnd = unsafe fn(&'static LocalInternals);

/// The right to end an interpreter that this binary created and that no other code is ending.
/// Dropping it gives the right back.
pub(super) struct EndClaim {
    local: &'static LocalInternals,
    /// The phase when it was claimed. Another one means that other code has begun to end the
    /// interpreter.
    phase: Phase,
    /// Makes other code that begins to end the interpreter wait for this thread. `None`: this
    /// thread already has a guard, or no other thread can be in the interpreter.
    guard: Option<InterpreterGuard<'static>>,
}

impl EndClaim {
    /// Claims an interpreter whose end has not begun.
    pub(super) fn to_live(local: &'static LocalInternals) -> Option<Self> {
        Self::claim(local, || false)
    }

    /// Claims an interpreter, even if its gate is closed because Python code has called its exit
    /// functions (`atexit._run_exitfuncs`).
    ///
    /// # Safety
    /// The thread must be attached to another interpreter while this runs; no exception may be set.
    pub(super) unsafe fn to_closed(local: &'static LocalInternals) -> Option<Self> {
        // SAFETY: attached to another interpreter, without an exception (upheld by the caller).
        Self::claim(local, || unsafe { is_idle(local) })
    }

    fn claim(local: &'static LocalInternals, is_idle: impl FnOnce() -> bool) -> Option<Self> {
        if !local.claim_end() {
            return None;
        }
        let phase = local.phase();
        let is_inside = entry::has_guard(local);
        let wants_guard = phase == Phase::Live && !is_inside;
        let claim = Self {
            local,
            phase,
            guard: wants_guard
                .then(|| local.gate().enter_to_finish())
                .flatten(),
        };
        let is_ours = match phase {
            Phase::Live => is_inside || claim.guard.is_some(),
            _ => is_idle(),
        };
        is_ours.then_some(claim)
    }

    /// Ends the interpreter, unless other code has begun to: calls `before`, attached to it, and
    /// then CPython. Afterwards this thread is attached as before.
    ///
    /// # Safety
    /// The thread must not be attached to the interpreter. Where
    /// [`compat::ENDS_UNDER_ANOTHERS_GIL`], it must be attached to another one.
    pub(super) unsafe fn end(mut self, before: BeforeEnd) {
        let Self { local, phase, .. } = self;
        // SAFETY: the interpreter is alive: any other thread that began to end it waits for the
        // guard. Attached as required (upheld by the caller).
        let has_ended = unsafe {
            let thread_state = local
                .take_first_thread_state()
                .unwrap_or_else(|| entry::new_thread_state(local));
            let is_still_ours = || local.phase() == phase;
            compat::end_interpreter(thread_state, is_still_ours, || before(local))
        };
        if has_ended {
            local.mark_gone();
            // The claim is not given back.
            self.guard = None;
            std::mem::forget(self);
        }
    }
}

impl Drop for EndClaim {
    fn drop(&mut self) {
        self.local.give_claim_back();
    }
}

/// Returns whether `local`'s interpreter, whose gate is closed, still exists and has no thread
/// state: a thread that ends an interpreter has one.
///
/// # Safety
/// The thread must be attached to another interpreter; no exception may be set.
unsafe fn is_idle(local: &LocalInternals) -> bool {
    // SAFETY: attached, without an exception. Within one run of the runtime, an id is never used
    // again.
    unsafe {
        if !local.is_usable() || !compat::interpreter_exists(local.interpreter(), local.id()) {
            return false;
        }
        let first = ffi::PyInterpreterState_ThreadHead(local.interpreter());
        first.is_null() || (local.has_kept(first) && ffi::PyThreadState_Next(first).is_null())
    }
}
