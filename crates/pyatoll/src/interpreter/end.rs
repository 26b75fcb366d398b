//! Ending a sub-interpreter that this binary created.
//!
//! Before 3.14 `Py_EndInterpreter` aborts the process if another thread has a thread state of the
//! interpreter, and it cannot be stopped. So what it does first is done here before, in its order,
//! and the end is called off if a thread is left: all of these steps can be undone.
//!
//! 1. `threading` is shut down: threads that are not daemons have ended afterwards.
//! 2. If there are threads that neither `threading` nor the gate waits for, the interpreter stays
//!    as it is. (Skipped if other binaries of this library have a state of the interpreter: their
//!    threads look the same from here.)
//! 3. The exit functions are called. Python code, and other threads, can still attach.
//! 4. The gate is closed; the threads that entered through it leave. If other code begins to end
//!    the interpreter in the meantime, it waits for this thread, which calls its own end off. Then
//!    the thread states that idle threads kept are deleted, which runs finalizers; if the end is
//!    called off, those threads get new ones.
//! 5. Only threads that Python code has started since step 2 can be left. If there are any, the
//!    interpreter is opened again. (From 3.14 on, step 2 is skipped, and those that do not end
//!    within a moment are left behind here.)
//! 6. `Py_EndInterpreter` is called. It shuts `threading` down again, and Python code that this
//!    runs may start a thread. An exit function waits for it: before 3.14 CPython would abort, and
//!    since then it frees the GIL that the thread may be waiting for.

use std::ptr::null_mut;
use std::thread;
use std::time::{Duration, Instant};

use super::at_end;
use super::busy::CHANGING_INTERPRETERS;
use super::compat::{self, Ending};
use super::detach::detached;
use super::entry;
use super::gate::InterpreterGuard;
use super::internals::Internals;
use super::local::{LocalInternals, Phase};
use super::method_def::MethodDef;
use super::other_threads;
use super::released;
use super::waits::Wait;
use crate::capi as ffi;

/// How long the end of an interpreter waits for threads that Python code started without
/// `threading` (`_thread.start_new_thread`), or as daemons.
const GRACE: Duration = Duration::from_secs(1);

/// Polling interval while waiting for threads that do not announce their end.
const POLL: Duration = Duration::from_millis(1);

/// The reason why an interpreter was not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NotEnded {
    /// Other code has ended it, or is ending it: the runtime, or `_interpreters.destroy`.
    Elsewhere,
    /// Threads that entered in other ways than through this library still run in it; their number.
    OtherThreads(usize),
    /// A thread inside it waits, in turn, for this thread.
    WouldDeadlock,
}

/// Prints that an interpreter is left as it is, where no caller gets the error.
pub(super) fn report_threads(local: &LocalInternals, threads: usize) {
    eprintln!(
        "pyatoll: interpreter {} is not ended: {threads} of its threads still run that Python code \
         started as daemons or without `threading`",
        local.id()
    );
}

/// The parts of the exit hook that an end needs.
#[derive(Clone, Copy)]
pub(super) struct Callback {
    /// Waits for the threads inside. Returns `false` if `wait` is called off first. The thread must
    /// be detached.
    pub(super) wait: fn(&'static LocalInternals, &Wait) -> bool,
    /// Registers the exit function again.
    ///
    /// # Safety
    /// The thread must be attached to the interpreter; no exception may be set.
    pub(super) register: unsafe fn(&'static LocalInternals),
}

/// Deletes the thread state that was kept to end the interpreter with, where other code is ending
/// it with another one (`_interpreters.destroy`): before 3.14, CPython aborts if there are two.
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

/// The right to end an interpreter that this binary created and that no other code is ending.
/// Dropping it gives the right back.
pub(super) struct EndClaim {
    local: &'static LocalInternals,
    /// The phase when it was claimed. Another one means that other code has begun to end the
    /// interpreter.
    phase: Phase,
    /// Whether this thread has closed it.
    has_closed: bool,
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
            has_closed: false,
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

    /// Ends the interpreter. Afterwards this thread is attached as before.
    ///
    /// # Errors
    /// The interpreter goes on. Its exit functions may have been called.
    ///
    /// # Safety
    /// The thread must not be attached to the interpreter. Where
    /// [`compat::ends_under_anothers_gil`], it must be attached to another one. `callback` must be
    /// that of [`exit_hook`](super::exit_hook).
    pub(super) unsafe fn end(mut self, wait: &Wait, callback: Callback) -> Result<(), NotEnded> {
        let local = self.local;
        let _changing = CHANGING_INTERPRETERS.begin();
        // SAFETY: the interpreter is alive: any other thread that began to end it waits for the
        // guard. Attached as required (upheld by the caller).
        unsafe {
            let first = local.take_first_thread_state();
            let is_kept = first.is_some();
            let thread_state = first.unwrap_or_else(|| entry::new_thread_state(local));
            if thread_state.is_null() {
                // Without memory, it stays until there is some.
                return Err(NotEnded::OtherThreads(0));
            }
            let ending = Ending::begin(thread_state);
            local.set_claimant(thread_state);
            if let Err(why) = self.prepare(&ending, wait, callback) {
                let why = self.is_ours(&ending).err().unwrap_or(why);
                local.set_claimant(null_mut());
                local.forget_ender(thread_state);
                // Other code that ends it must not find the thread state.
                let keep = is_kept && why != NotEnded::Elsewhere;
                ending.call_off(keep);
                if keep {
                    local.keep_first_thread_state(thread_state);
                }
                return Err(why);
            }
            ending.finish();
        }
        local.set_claimant(null_mut());
        local.mark_gone();
        // The claim is not given back.
        self.guard = None;
        std::mem::forget(self);
        Ok(())
    }

    /// Does what comes before `Py_EndInterpreter`.
    ///
    /// # Safety
    /// The thread must be attached with `ending`.
    unsafe fn prepare(
        &mut self,
        ending: &Ending,
        wait: &Wait,
        callback: Callback,
    ) -> Result<(), NotEnded> {
        let local = self.local;
        // SAFETY: attached (upheld by the caller), without an exception; nothing of Python is used
        // while detached.
        unsafe {
            self.is_ours(ending)?;
            compat::shut_down_threading();
            self.is_ours(ending)?;
            // The threads of other binaries are waited for by their exit functions.
            let has_others = Internals::existing(local).is_some_and(|it| it.has_other_binaries());
            if !has_others && !compat::ends_with_threads_left() {
                wait_for_other_entries(local, ending)?;
            }
            compat::call_exit_functions();
            // Again, where Python code took the exit function out.
            at_end::run(local);
            // CPython has released it. Other code that ends the interpreter calls it, now or after
            // this end was called off.
            (callback.register)(local);
            self.has_closed = local.mark_closing_if_live();
            self.is_ours(ending)?;
            local.mark_closing();
            local.set_ender(ending.thread_state());
            local.gate().close();
            let is_empty = || local.gate().is_empty_but_for_this_thread();
            let is_over = is_empty() || detached(local, || (callback.wait)(local, wait));
            self.is_ours(ending)?;
            released::delete_all(local);
            self.is_ours(ending)?;
            if is_over && !is_empty() {
                // The runtime ends, and ends the interpreter without them.
                return Err(NotEnded::Elsewhere);
            }
            let left = match is_over {
                true => wait_for_other_entries(local, ending),
                false => Err(NotEnded::WouldDeadlock),
            };
            self.is_ours(ending)?;
            match left {
                Ok(()) => register_last(local),
                // CPython hangs them. The wait was for those that are about to return: in the
                // middle of `Py_EndInterpreter`, they may use what it has freed.
                Err(NotEnded::OtherThreads(_)) if compat::ends_with_threads_left() => {}
                Err(_) => {
                    if self.has_closed {
                        local.reopen();
                    }
                    return left;
                }
            }
            other_threads::look(local);
        }
        Ok(())
    }

    /// Returns an error if other code has begun to end the interpreter.
    fn is_ours(&self, ending: &Ending) -> Result<(), NotEnded> {
        let is_as_claimed = self.local.phase() == Phase::Live || self.has_closed;
        let is_alone = !self.local.is_ended_with_another(ending.thread_state());
        let is_ours = is_as_claimed && is_alone || self.phase != Phase::Live;
        is_ours.then_some(()).ok_or(NotEnded::Elsewhere)
    }
}

/// Waits until all thread states of the interpreter are those of threads that entered through the
/// gate, for [`GRACE`] at most.
///
/// # Errors
/// Other threads are left.
///
/// # Safety
/// The thread must be attached with `ending` to `local`'s interpreter.
unsafe fn wait_for_other_entries(local: &LocalInternals, ending: &Ending) -> Result<(), NotEnded> {
    let until = Instant::now() + GRACE;
    loop {
        // SAFETY: attached (upheld by the caller).
        let states = unsafe { other_thread_states(local, ending.thread_state()) };
        if states == 0 {
            return Ok(());
        }
        // Counted after the thread states: a thread has its guard first, and no thread state is
        // deleted while this thread is attached.
        let others = states.saturating_sub(local.gate().thread_states_of_others());
        if others == 0 {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(NotEnded::OtherThreads(others));
        }
        // SAFETY: attached; no Python function is called while detached.
        unsafe { detached(local, || thread::sleep(POLL)) };
    }
}

/// Returns the number of thread states of the interpreter that this thread is attached to with
/// `own`, without that one and the one that is kept.
///
/// # Safety
/// The thread must be attached with `own` to `local`'s interpreter.
unsafe fn other_thread_states(local: &LocalInternals, own: *mut ffi::PyThreadState) -> usize {
    // SAFETY: attached (upheld by the caller).
    let others = unsafe { compat::other_thread_states(own) };
    others.saturating_sub(usize::from(!local.first_thread_state().is_null()))
}

static LAST: MethodDef = MethodDef::no_args(c"_pyatoll_last_threads_leave", last_threads_leave);

/// Registers an exit function that waits for the threads that Python code starts while
/// `Py_EndInterpreter` runs.
///
/// # Safety
/// The thread must be attached to the interpreter, all of whose exit functions have been called; no
/// exception may be set.
unsafe fn register_last(local: &'static LocalInternals) {
    // SAFETY: attached; the new references are released. An error is dropped: it only matters for
    // code that starts a thread.
    unsafe {
        let pointer = std::ptr::from_ref(local).cast_mut().cast();
        let capsule = ffi::PyCapsule_New(pointer, LOCAL.as_ptr(), None);
        let module = ffi::PyImport_ImportModule(c"atexit".as_ptr());
        if !capsule.is_null() && !module.is_null() {
            let function = ffi::PyCFunction_NewEx(LAST.as_ptr(), capsule, null_mut());
            let register = ffi::PyObject_GetAttrString(module, c"register".as_ptr());
            if !function.is_null() && !register.is_null() {
                ffi::Py_XDECREF(ffi::PyObject_CallOneArg(register, function));
            }
            ffi::Py_XDECREF(register);
            ffi::Py_XDECREF(function);
        }
        ffi::Py_XDECREF(module);
        ffi::Py_XDECREF(capsule);
        ffi::PyErr_Clear();
    }
}

const LOCAL: &std::ffi::CStr = c"pyatoll.ending_interpreter";

unsafe extern "C" fn last_threads_leave(
    capsule: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the capsule that `register_last` gave the function;
    // the state it points to is never freed. No Python function is called while detached.
    unsafe {
        let local: *const LocalInternals =
            ffi::PyCapsule_GetPointer(capsule, LOCAL.as_ptr()).cast();
        let Some(local) = local.as_ref() else {
            return null_mut();
        };
        let late_from = Instant::now() + GRACE;
        let mut is_said = false;
        while other_thread_states(local, ffi::PyThreadState_Get()) > 0 {
            let is_late = Instant::now() >= late_from;
            if is_late && compat::ends_with_threads_left() {
                break; // CPython hangs it
            }
            if is_late && !is_said {
                is_said = true;
                eprintln!(
                    "pyatoll: interpreter {} cannot end before the thread that Python code started \
                     in it while it was ending",
                    local.id()
                );
            }
            detached(local, || thread::sleep(POLL));
        }
        // Again: the threads that this function has waited for no longer count.
        other_threads::look(local);
        ffi::Py_NewRef(ffi::Py_None())
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
        first.is_null()
            || (first == local.first_thread_state() && ffi::PyThreadState_Next(first).is_null())
    }
}
