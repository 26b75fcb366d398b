//! Starting the runtime, and registering interpreters that other code started.

use std::sync::MutexGuard;

use pyo3_ffi as ffi;

use super::attach::AttachGuard;
use super::compat;
use super::create;
use super::detach::DetachGuard;
use super::entry;
use super::error::NoInterpreter;
use super::fork;
use super::libpython;
use super::local::{self, LocalInternals};
use super::lookup;
use super::process::ProcessMutex;

/// Takes the lock for starting the runtime and for changing its configuration.
pub(crate) fn lock_start() -> MutexGuard<'static, ()> {
    static STARTING: ProcessMutex<()> = ProcessMutex::new();
    fork::watch();
    STARTING.lock()
}

/// Starts the runtime if it is not running; this thread is then detached from it.
#[track_caller]
pub(crate) fn initialize() {
    let _starting = lock_start();
    // SAFETY: may be called at any time.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        return;
    }
    if compat::is_finalizing() && local::is_run_unfinished() {
        // While it is finalized, it reports long before the end that it is not initialized.
        return;
    }
    compat::assert_version();
    // SAFETY: the runtime does not run, and the lock keeps other threads of this binary from
    // starting it too. Afterwards this thread is attached to the main interpreter.
    unsafe {
        // 0: Python leaves the process's signal handlers alone.
        ffi::Py_InitializeEx(0);
        let local = create::current_or_create(ffi::PyInterpreterState_Get());
        libpython::warn_about_another();
        let thread_state = ffi::PyEval_SaveThread();
        // This thread attaches with it from now on. The entry stays after the runtime's end, when
        // its interpreter can no longer be entered.
        entry::keep(local, thread_state);
    }
}

/// Returns the main interpreter. If this binary has not seen it yet, this thread attaches to it for
/// a moment; afterwards it is attached as before.
pub(crate) fn main_interpreter() -> Result<&'static LocalInternals, NoInterpreter> {
    if !compat::is_running() {
        return Err(NoInterpreter::NotRunning);
    }
    if let Some(local) = lookup::main_live() {
        return Ok(local);
    }
    let attached = AttachGuard::current();
    if let Some(attached) = attached.as_ref()
        && attached.local().is_main()
    {
        return Ok(attached.local());
    }
    // SAFETY: attached; nothing that needs it is used until the guard is dropped.
    let _detached = attached.map(|attached| unsafe { DetachGuard::new(attached.local()) });
    meet_main()
}

/// Registers a main interpreter that other code started. The thread must not be attached.
pub(super) fn meet_main() -> Result<&'static LocalInternals, NoInterpreter> {
    // SAFETY: this thread is detached. The runtime runs, but this binary is not in its main
    // interpreter, so this library does not learn when that ends. CPython tells from 3.15 on;
    // before, as with every use of `PyGILState_Ensure`, its owner must not end it at the same time.
    let entered = unsafe { compat::enter_main() }.ok_or(NoInterpreter::NotRunning)?;
    let note = compat::exchange_attach_note(entered.thread_state());
    let local = create::current_or_create(compat::current_interpreter());
    // SAFETY: this thread is attached by `enter_main`, and leaves once.
    unsafe { entered.leave() };
    note.restore();
    Ok(local)
}

/// Registers the interpreter of `thread_state`, which this thread is detached from, entering it as
/// `PyGILState_Ensure` would.
pub(super) fn meet(thread_state: *mut ffi::PyThreadState) -> &'static LocalInternals {
    // SAFETY: CPython's note of this thread, which is cleared when the thread state is deleted; the
    // code that released the GIL may come back to it, so its interpreter is alive.
    unsafe { ffi::PyEval_RestoreThread(thread_state) };
    let note = compat::exchange_attach_note(thread_state);
    let local = create::current_or_create(compat::current_interpreter());
    // SAFETY: attached with `thread_state`.
    unsafe { ffi::PyEval_SaveThread() };
    note.restore();
    local
}
