//! Creating a sub-interpreter, and this binary's state of it.

use std::sync::MutexGuard;

use pyo3_ffi as ffi;

use super::busy::{CHANGING_INTERPRETERS, CHANGING_THREAD_STATES};
use super::compat::{self, Settings};
use super::create;
use super::detach::detached;
use super::local::LocalInternals;
use super::process::ProcessMutex;

/// Takes the lock under which interpreters are created, where CPython needs one. The thread, which
/// must be attached to `local`'s interpreter, is detached while it waits, so that the lock's holder
/// can run.
fn lock_creation(local: &LocalInternals) -> Option<MutexGuard<'static, ()>> {
    static CREATION: ProcessMutex<()> = ProcessMutex::new();
    // SAFETY: attached (upheld by the caller); taking a lock calls no Python function.
    compat::creates_one_at_a_time().then(|| unsafe { detached(local, || CREATION.lock()) })
}

/// Creates an interpreter and this binary's state of it. Afterwards the thread is attached as
/// before.
///
/// # Errors
/// CPython's message.
///
/// # Safety
/// The thread must be attached to the main interpreter, which is `main`'s: CPython copies from it
/// and changes state that its GIL guards.
pub(super) unsafe fn new_interpreter(
    main: &LocalInternals,
    settings: &Settings,
) -> Result<&'static LocalInternals, String> {
    let _creating = lock_creation(main);
    let _changing = CHANGING_INTERPRETERS.begin();
    // SAFETY: attached, and alone where CPython requires that. `previous` is this thread's own,
    // idle while the new one is current.
    unsafe {
        let previous = compat::current_thread_state();
        let first = compat::new_interpreter(settings)?;
        let note = compat::exchange_attach_note(first);
        let local = create::current_or_create(ffi::PyInterpreterState_Get());
        compat::avoid_single_phase_modules();
        compat::avoid_asyncio_in_c();
        compat::hide_handlers_of_main();
        local.mark_owned(settings.own_gil && compat::has_settings());
        leave_first_thread_state(local, first, previous);
        note.restore();
        Ok(local)
    }
}

/// Switches from a new interpreter's first thread state back to `previous`.
///
/// The first one is deleted where it can be, so that no thread state outlives its use: each
/// attachment creates its own. Its memory may have to stay reserved: then the next one, which gets
/// it, is kept without being used. Elsewhere the first one is kept, to end the interpreter with.
///
/// # Safety
/// The thread must be attached with `first`, the first thread state of `local`'s interpreter;
/// `previous` must be its own and idle.
unsafe fn leave_first_thread_state(
    local: &LocalInternals,
    first: *mut ffi::PyThreadState,
    previous: *mut ffi::PyThreadState,
) {
    // SAFETY: upheld by the caller: attached with `first`, which is not used once it is deleted;
    // `previous` is idle.
    unsafe {
        if compat::can_delete_first_thread_state() {
            ffi::PyThreadState_Clear(first);
            ffi::PyThreadState_Swap(previous);
            let _changing = CHANGING_THREAD_STATES.begin();
            ffi::PyThreadState_Delete(first);
            if compat::reserves_first_thread_state() {
                // Not the first one, which has this thread's stack limits and memory for frames.
                local.keep_first_thread_state(compat::new_idle_thread_state(local.interpreter()));
            }
        } else {
            compat::disown(first);
            ffi::PyThreadState_Swap(previous);
            local.keep_first_thread_state(first);
        }
    }
}
