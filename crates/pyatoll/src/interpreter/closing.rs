//! Ending the interpreter of a [`SubInterpreter`](super::SubInterpreter): on this thread, at once
//! or when the thread has left the interpreter, or on a new thread.

use std::ffi::CStr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use pyo3_ffi as ffi;

use super::attach::{self, AttachGuard};
use super::compat;
use super::detach::detached;
use super::end::{self, EndClaim, NotEnded};
use super::entry;
use super::exit_hook;
use super::gate::InterpreterGuard;
use super::local::{LocalInternals, Phase};
use super::lookup;
use super::start;
use super::sync::lock;
use super::waits::{Others, Wait};

/// Ends the interpreter, on this thread, which must not be inside it.
///
/// # Panics
/// In a `__traverse__`.
pub(super) fn end(local: &'static LocalInternals) -> Result<(), NotEnded> {
    attach::refuse_in_traverse();
    if !can_be_ended(local) {
        return Err(NotEnded::Elsewhere);
    }
    let wait = Wait::begin(Others::Inside(local)).ok_or(NotEnded::WouldDeadlock)?;
    // If the runtime's end begins now, it waits for this thread.
    let main = lookup::main_live();
    let _guard = match main {
        Some(main) if !main.is_current() && !entry::has_guard(main) => {
            // Without a guard, the runtime's end has begun.
            let guard = main.gate().enter_to_finish();
            Some(guard.ok_or(NotEnded::Elsewhere)?)
        }
        _ => None,
    };
    let _attached = match compat::ends_under_anothers_gil() {
        true => Some(attach_elsewhere().ok_or(NotEnded::Elsewhere)?),
        false => None,
    };
    let claim = match local.phase() {
        Phase::Live => EndClaim::to_live(local),
        _ => claim_closed(local, &wait)?,
    };
    let claim = claim.ok_or(NotEnded::Elsewhere)?;
    // SAFETY: this thread is not attached to it, and is attached to another one where required.
    unsafe { claim.end(&wait, exit_hook::FOR_END) }
}

/// Claims an interpreter whose gate is closed: Python code has called its exit functions
/// (`atexit._run_exitfuncs`), or is ending it. `None`: it is.
fn claim_closed(local: &'static LocalInternals, wait: &Wait) -> Result<Option<EndClaim>, NotEnded> {
    let leave = || (exit_hook::FOR_END.wait)(local, wait);
    let is_over = match AttachGuard::current() {
        // SAFETY: attached; no Python function is called while detached.
        Some(attached) => unsafe { detached(attached.local(), leave) },
        None => leave(),
    };
    if !is_over {
        return Err(NotEnded::WouldDeadlock);
    }
    let _attached = attach_elsewhere().ok_or(NotEnded::Elsewhere)?;
    // SAFETY: attached to another interpreter: this thread is not inside. An exception that is set
    // is put back.
    Ok(unsafe {
        let raised = compat::take_raised();
        let claim = EndClaim::to_closed(local);
        compat::restore_raised(raised);
        claim
    })
}

/// Returns whether the interpreter has not ended, and its exit functions are not being called.
fn can_be_ended(local: &LocalInternals) -> bool {
    matches!(local.phase(), Phase::Live | Phase::Closing) && compat::is_running()
}

/// Keeps this thread's attachment, or attaches it to the main interpreter.
fn attach_elsewhere() -> Option<AttachGuard> {
    let attached = AttachGuard::current();
    attached.or_else(|| AttachGuard::to(start::main_interpreter().ok()?).ok())
}

/// Returns whether this thread is attached to the interpreter, or is detached within an attachment
/// to it.
pub(super) fn is_entered(local: &LocalInternals) -> bool {
    local.is_current() || entry::is_inside(local)
}

/// Ends the interpreter as soon as it can be: on this thread if that is not inside or once it has
/// left, else on another one.
pub(super) fn end_when_possible(local: &'static LocalInternals) {
    if !can_be_ended(local) {
        return;
    }
    if !is_entered(local) {
        match end(local) {
            Ok(()) | Err(NotEnded::Elsewhere) => (),
            Err(NotEnded::OtherThreads(threads)) => end::report_threads(local, threads),
            Err(NotEnded::WouldDeadlock) => hand_over(local),
        }
    } else if !entry::at_leave(local, end_when_possible) {
        // Python or C code attached this thread.
        if local.is_current() {
            // SAFETY: attached to it, as just seen.
            unsafe { keep_until_thread_state_ends(local) };
        }
        hand_over(local);
    }
}

/// Ends the interpreter on a thread of its own, which no thread waits for.
fn hand_over(local: &'static LocalInternals) {
    fn end_here(local: &'static LocalInternals) {
        if let Err(NotEnded::OtherThreads(threads)) = end_repeatedly(local) {
            end::report_threads(local, threads);
        }
    }
    entry::call_on_new_thread(end_here, local);
}

/// Ends the interpreter, on a thread that is not inside any. Tries again each time that the end is
/// called off for one that cannot be.
fn end_repeatedly(local: &'static LocalInternals) -> Result<(), NotEnded> {
    loop {
        match end(local) {
            Err(NotEnded::WouldDeadlock) => thread::sleep(Duration::from_millis(1)),
            result => return result,
        }
    }
}

/// Keeps the interpreter from ending until the thread state with which this thread is attached is
/// cleared. If Python has no memory for that, nothing keeps it.
///
/// # Safety
/// The thread must be attached to it.
unsafe fn keep_until_thread_state_ends(local: &'static LocalInternals) {
    const NAME: &CStr = c"pyatoll.interpreter_guard";
    unsafe extern "C" fn release(capsule: *mut ffi::PyObject) {
        // SAFETY: from `Box::into_raw` below, and released once, with the capsule.
        unsafe {
            let guard: *mut InterpreterGuard<'static> =
                ffi::PyCapsule_GetPointer(capsule, NAME.as_ptr()).cast();
            drop(Box::from_raw(guard));
        }
    }
    let Some(guard) = local.gate().enter_to_finish() else {
        return;
    };
    // SAFETY: attached (upheld by the caller); the new references are released. An exception that
    // is set is kept across.
    unsafe {
        let raised = compat::take_raised();
        let guard = Box::into_raw(Box::new(guard));
        let capsule = ffi::PyCapsule_New(guard.cast(), NAME.as_ptr(), Some(release));
        if capsule.is_null() {
            drop(Box::from_raw(guard));
        } else {
            let dict = ffi::PyThreadState_GetDict();
            if !dict.is_null() {
                // Under a key of its own for each.
                ffi::PyDict_SetItem(dict, capsule, capsule);
            }
            ffi::Py_DECREF(capsule);
        }
        ffi::PyErr_Clear();
        compat::restore_raised(raised);
    }
}

/// An interpreter's end on a thread of its own, which others may wait for.
pub(super) struct Background {
    result: Mutex<Option<Result<(), NotEnded>>>,
    is_done: Condvar,
}

impl Background {
    /// Begins to end the interpreter.
    pub(super) fn begin(local: &'static LocalInternals) -> Arc<Self> {
        let this = Arc::new(Self {
            result: Mutex::new(None),
            is_done: Condvar::new(),
        });
        let background = Arc::clone(&this);
        thread::spawn(move || {
            let result = end_repeatedly(local);
            *lock(&background.result) = Some(result);
            background.is_done.notify_all();
            if let Err(NotEnded::OtherThreads(threads)) = result
                && Arc::strong_count(&background) == 1
            {
                // The `SubInterpreter` was dropped after the timeout: nobody gets the result.
                end::report_threads(local, threads);
            }
        });
        this
    }

    /// Waits for the end, until a point in time at most. `None`: the end goes on. This thread must
    /// be detached.
    pub(super) fn wait(&self, until: Option<Instant>) -> Option<Result<(), NotEnded>> {
        let mut result = lock(&self.result);
        loop {
            if let Some(result) = *result {
                return Some(result);
            }
            let left = until.map_or(Duration::MAX, |until| {
                until.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return None;
            }
            let waited = self.is_done.wait_timeout(result, left);
            result = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }
}
