//! Starting the runtime, and getting to know interpreters that other code started.

use std::sync::{Mutex, MutexGuard};

use pyo3_ffi as ffi;

use super::attach::AttachGuard;
use super::compat;
use super::create;
use super::detach::DetachGuard;
use super::entry;
use super::error::NoInterpreter;
use super::local::{self, LocalInternals};
use super::lookup;
use super::sync::lock;

/// Takes the lock of whoever starts the runtime, or changes what it is to start with.
pub(crate) fn lock_start() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    lock(&STARTING)
}

/// Starts the runtime if it does not run, and leaves this thread detached from it then.
pub(crate) fn initialize() {
    let _starting = lock_start();
    // SAFETY: may be called at any time.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        return;
    }
    if compat::is_finalizing() && local::is_run_unfinished() {
        // On its way out it says that it is not initialized, long before all of it is gone.
        return;
    }
    // SAFETY: the runtime does not run, and the lock keeps other threads of this binary from
    // starting it too. Afterwards this thread is attached to the main interpreter.
    unsafe {
        // 0: Python leaves the process's signal handlers alone.
        ffi::Py_InitializeEx(0);
        let local = create::current_or_create(ffi::PyInterpreterState_Get());
        let thread_state = ffi::PyEval_SaveThread();
        // This thread attaches with it from now on. The entry stays after the runtime's end; nobody
        // can enter its interpreter then.
        entry::keep(local, thread_state);
    }
}

/// Returns the main interpreter. Where this binary has not seen it yet, this thread goes there for
/// a moment, and returns attached as before.
pub(crate) fn main_interpreter() -> Result<&'static LocalInternals, NoInterpreter> {
    if !compat::is_running() {
        return Err(NoInterpreter::NotRunning);
    }
    // SAFETY: the runtime is initialized.
    let main = unsafe { ffi::PyInterpreterState_Main() };
    if let Some(local) = lookup::find_live(main) {
        return Ok(local);
    }
    let attached = AttachGuard::current();
    if let Some(attached) = attached.as_ref()
        && attached.local().interpreter() == main
    {
        return Ok(attached.local());
    }
    // SAFETY: attached; nothing that needs it is used until the guard is dropped.
    let _detached = attached.map(|attached| unsafe { DetachGuard::new(attached.local()) });
    meet_main()
}

/// Gets to know a main interpreter that other code started, from a thread that is not attached.
pub(super) fn meet_main() -> Result<&'static LocalInternals, NoInterpreter> {
    // SAFETY: this thread is detached. The runtime runs, but this binary is not in its main
    // interpreter, so nothing of this library tells when that ends. CPython tells from 3.15 on;
    // before, as with every use of `PyGILState_Ensure`, its owner must not end it at the same time.
    let entered = unsafe { compat::enter_main() }.ok_or(NoInterpreter::NotRunning)?;
    let note = compat::exchange_attach_note(entered.thread_state());
    let local = create::current_or_create(compat::current_interpreter());
    // SAFETY: this thread is attached by `enter_main`, and leaves once.
    unsafe { entered.leave() };
    note.restore();
    Ok(local)
}

/// Gets to know the interpreter of `thread_state`, which this thread is detached from, as
/// `PyGILState_Ensure` would enter it.
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
