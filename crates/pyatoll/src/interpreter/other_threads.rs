//! Threads that have a thread state of an interpreter that ends, and that its end does not wait
//! for: daemon threads of Python, and threads that other code attached.
//!
//! Such a thread never runs Python again, but its stack still exists: a Rust function that it is in
//! may have lent the value of a cell to further threads (`thread::scope`), which keep running. So
//! values are dropped only if the end is known to have left no such thread behind.
//!
//! CPython removes the other thread states before it clears the modules, and other code may attach
//! threads until then. So the thread that ends the interpreter looks twice:
//!
//! 1. When the gate is closed and the last wait is over, it looks for thread states of other
//!    threads. Thread states of this one, as `PyGILState_Ensure` leaves behind, do not count.
//! 2. When the values are about to be dropped, and no thread can attach any more, it compares
//!    thread state ids, which CPython counts per interpreter: none was created in between.
//!
//! From 3.14 on, `Py_EndInterpreter` frees the GIL that such threads may be waiting for. The ending
//! thread gives it up first, so that CPython hangs them ([`let_waiting_hang`]).

use std::thread;
use std::time::Duration;

use super::busy::CHANGING_THREAD_STATES;
use super::compat;
use super::detach::detached;
use super::entry;
use super::internals::Internals;
use super::local::LocalInternals;
use crate::capi as ffi;

/// Records whether other threads have thread states of `local`'s interpreter.
///
/// # Safety
/// The thread must be attached to the interpreter, which it ends, and whose gate must be closed; no
/// exception may be set.
pub(super) unsafe fn look(local: &LocalInternals) {
    // SAFETY: attached (upheld by the caller), and the new thread state is this thread's.
    let seen = unsafe {
        with_new_thread_state(local, |new| {
            let is_alone = !compat::has_other_threads(new);
            is_alone.then(|| ffi::PyThreadState_GetID(new) as usize)
        })
    };
    let is_left = !local.gate().is_empty_but_for_this_thread();
    local.set_alone_since(seen.flatten().filter(|_| !is_left));
}

/// Records whether other threads got thread states of `local`'s interpreter after [`look`].
///
/// # Safety
/// The thread must be attached to the interpreter, to which no other thread can attach any more; no
/// exception may be set.
pub(super) unsafe fn look_again(local: &LocalInternals) {
    let Some(since) = local.alone_since() else {
        return;
    };
    // SAFETY: attached, without an exception (upheld by the caller).
    unsafe {
        if Internals::existing(local).is_some_and(|it| it.has_other_binaries()) {
            // Each of them creates thread states for the same purpose.
            return;
        }
        let now = with_new_thread_state(local, |new| ffi::PyThreadState_GetID(new) as usize);
        if now != Some(since.wrapping_add(1)) {
            local.set_alone_since(None);
        }
    }
}

/// How often the end of an interpreter gives up the GIL for threads that wait for it. More than
/// once, since the system may stop all threads of a process for a while.
const ROUNDS: u32 = 20;
/// How long it gives up the GIL each time. All rounds together are long enough for the threads of a
/// busy machine to run.
const ROUND: Duration = Duration::from_millis(5);

/// Gives up the GIL of `local`'s interpreter for a moment if threads are left in it. CPython hangs
/// each that gets it. One that still waited for it would use it, and the interpreter, after CPython
/// has freed both. A free-threaded build may have a GIL, too.
///
/// # Safety
/// The thread must be attached to the interpreter, which CPython must have marked as finalizing.
pub(super) unsafe fn let_waiting_hang(local: &LocalInternals) {
    let is_freed = !local.is_main() && compat::ends_with_threads_left();
    if !is_freed || local.alone_since().is_some() {
        return;
    }
    for _ in 0..ROUNDS {
        // SAFETY: attached (upheld by the caller); no Python function is called while detached.
        unsafe { detached(local, || thread::sleep(ROUND)) };
    }
}

/// Calls `f` with a new thread state of this thread, which is deleted afterwards. Returns `None` if
/// Python has no memory for it.
///
/// # Safety
/// The thread must be attached to `local`'s interpreter, and must stay so.
unsafe fn with_new_thread_state<R>(
    local: &LocalInternals,
    f: impl FnOnce(*mut ffi::PyThreadState) -> R,
) -> Option<R> {
    // SAFETY: attached (upheld by the caller). The thread state is idle and unused, and not in this
    // thread's `PyGILState` slot, which has the one that the thread is attached with.
    unsafe {
        let new = entry::new_thread_state(local);
        if new.is_null() {
            return None;
        }
        let result = f(new);
        ffi::PyThreadState_Clear(new);
        let _changing = CHANGING_THREAD_STATES.begin();
        ffi::PyThreadState_Delete(new);
        Some(result)
    }
}
