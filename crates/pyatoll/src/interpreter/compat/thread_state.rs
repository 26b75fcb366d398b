//! The thread state that this thread is attached with.

use std::ptr::null_mut;

use super::legacy;
use crate::capi as ffi;
use crate::capi::at_least;

/// Returns the thread state that this thread is attached with, or null.
///
/// From 3.12 on CPython keeps it in a thread-local variable of its own, which this loads. On 3.11
/// CPython has one process-wide current thread state, which may be another thread's: see
/// `legacy`.
#[inline]
pub(crate) fn current_thread_state() -> *mut ffi::PyThreadState {
    // The latest versions first: a build for the stable ABI decides at run time.
    if at_least(13) {
        // SAFETY: may be called at any time, attached or not, initialized or not.
        unsafe { ffi::PyThreadState_GetUnchecked() }
    } else if at_least(12) {
        // SAFETY: may be called at any time, attached or not, initialized or not.
        unsafe { ffi::_PyThreadState_UncheckedGet() }
    } else {
        legacy::current_thread_state()
    }
}

/// Returns the thread state that CPython has noted for this thread, or null. The thread need not be
/// attached with it.
#[inline]
pub(crate) fn noted_thread_state() -> *mut ffi::PyThreadState {
    // SAFETY: reads the calling thread's own slot of CPython; may be called at any time.
    unsafe { ffi::PyGILState_GetThisThreadState() }
}

/// Returns whether `Py_EndInterpreter` takes other threads' thread states out of the interpreter.
/// Before 3.14 it aborts the process if there are any.
#[inline(always)]
pub(crate) fn ends_with_threads_left() -> bool {
    at_least(14)
}

/// Returns [`noted_thread_state`], or null if the end of its interpreter has left it, and this
/// thread, behind: from 3.14 on CPython deletes it without this thread, and keeps its memory.
#[inline]
pub(crate) fn noted_usable_thread_state() -> *mut ffi::PyThreadState {
    let noted = noted_thread_state();
    // SAFETY: CPython clears its note when this thread deletes a thread state. If the end of the
    // interpreter does, this thread's reference (`refcount` in `_PyThreadStateImpl`) keeps the
    // memory, unless it is part of the interpreter: see `reserves_first_thread_state`, which does
    // not reach interpreters that other code has created.
    let is_left_behind =
        ends_with_threads_left() && !noted.is_null() && unsafe { super::layout::is_cleared(noted) };
    match is_left_behind {
        true => null_mut(),
        false => noted,
    }
}

/// Returns whether CPython notes the thread state that a thread last attached with. Before 3.12 it
/// notes the first one of the thread that still exists.
#[inline(always)]
pub(crate) fn notes_latest_thread_state() -> bool {
    at_least(12)
}

/// Returns whether [`set_attach_note`] has an effect.
#[inline(always)]
pub(crate) fn needs_attach_note() -> bool {
    !at_least(12)
}

/// Records the thread state that this library attached this thread with, null if it detached it;
/// `None` if other code decides when this thread is attached. Only 3.11 needs it.
#[inline]
pub(crate) fn set_attach_note(note: Option<*mut ffi::PyThreadState>) {
    if needs_attach_note() {
        legacy::exchange_note(note);
    }
}

/// Returns whether the note says that this thread is attached with `thread_state`.
#[inline]
pub(crate) fn is_attach_noted(thread_state: *mut ffi::PyThreadState) -> bool {
    if !needs_attach_note() {
        return false;
    }
    let note = legacy::exchange_note(None);
    legacy::exchange_note(note);
    note == Some(thread_state)
}

/// Returns whether this thread, which must be attached, is so with `thread_state`.
#[inline]
pub(crate) fn is_running_with(thread_state: *mut ffi::PyThreadState) -> bool {
    let running = if at_least(12) {
        current_thread_state()
    } else {
        legacy::running_thread_state()
    };
    running == thread_state
}

/// Records that this thread is attached with `thread_state` until the result is restored.
#[inline]
pub(crate) fn exchange_attach_note(thread_state: *mut ffi::PyThreadState) -> AttachNote {
    if needs_attach_note() {
        AttachNote(legacy::exchange_note(Some(thread_state)))
    } else {
        AttachNote(None)
    }
}

/// The note that [`exchange_attach_note`] replaced.
#[must_use]
pub(crate) struct AttachNote(Option<*mut ffi::PyThreadState>);

impl AttachNote {
    /// Puts the earlier note back.
    #[inline]
    pub(crate) fn restore(self) {
        if needs_attach_note() {
            legacy::exchange_note(self.0);
        }
    }
}

/// Marks a thread state that is kept as belonging to no thread until one attaches with it. On 3.11
/// the thread that created it would count as attached while another one uses it.
///
/// # Safety
/// `thread_state` must be alive and idle; the thread must hold its interpreter's GIL.
#[inline]
pub(crate) unsafe fn disown(thread_state: *mut ffi::PyThreadState) {
    if at_least(12) {
        return;
    }
    // SAFETY: alive and idle, with the GIL held (upheld by the caller).
    unsafe {
        legacy::set_thread(thread_state, false);
    }
}

/// Returns the interpreter of a thread state.
///
/// # Safety
/// `thread_state` must be valid: attached to this thread, or kept alive by the caller.
#[inline]
pub(crate) unsafe fn interpreter_of(
    thread_state: *mut ffi::PyThreadState,
) -> *mut ffi::PyInterpreterState {
    // SAFETY: valid (upheld by the caller).
    unsafe { super::layout::interpreter_of(thread_state) }
}

/// Returns the interpreter that this thread is attached to, or null.
#[inline]
pub(crate) fn current_interpreter() -> *mut ffi::PyInterpreterState {
    let thread_state = current_thread_state();
    if thread_state.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the thread is attached with it.
    unsafe { interpreter_of(thread_state) }
}

/// Returns whether this thread is attached to `interpreter`.
#[inline]
pub(crate) fn is_attached_to(interpreter: *mut ffi::PyInterpreterState) -> bool {
    let thread_state = current_thread_state();
    // SAFETY: the thread is attached with it.
    !thread_state.is_null() && unsafe { interpreter_of(thread_state) } == interpreter
}

/// Returns the interpreter of the running thread state, or null if there is none. It is this
/// thread's if the thread is known to be attached, by any code; [`current_interpreter`] also tells
/// whether it is attached.
#[inline]
pub(crate) fn running_interpreter() -> *mut ffi::PyInterpreterState {
    if at_least(12) {
        return current_interpreter();
    }
    let thread_state = legacy::running_thread_state();
    if thread_state.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: this thread is attached with it.
    unsafe { interpreter_of(thread_state) }
}

/// Returns the interpreter that this thread is attached to.
///
/// # Safety
/// The thread must be attached.
#[inline]
pub(crate) unsafe fn attached_interpreter() -> *mut ffi::PyInterpreterState {
    // SAFETY: attached (upheld by the caller).
    unsafe { ffi::PyInterpreterState_Get() }
}

/// Whether interpreters have a GIL.
#[cfg(unix)]
#[inline(always)]
pub(crate) fn has_gil() -> bool {
    !ffi::is_free_threaded()
}

/// Returns whether another thread of the parent is attached to `interpreter`, in the child of a
/// fork, whose only thread is attached with `own`, or not at all. `false` if the layout of thread
/// states is not known.
///
/// # Safety
/// `interpreter` must be alive, and this thread the only one of the process.
#[cfg(unix)]
pub(crate) unsafe fn is_held_by_another(
    interpreter: *mut ffi::PyInterpreterState,
    own: *mut ffi::PyThreadState,
) -> bool {
    if !at_least(12) {
        let running = legacy::running_thread_state();
        // SAFETY: the running thread state holds the GIL, so it is alive.
        return !running.is_null()
            && running != own
            && unsafe { interpreter_of(running) } == interpreter;
    }
    // SAFETY: alive, and no other thread changes the list (upheld by the caller).
    unsafe {
        if !own.is_null() && !super::layout::is_active(own) {
            return false;
        }
        let mut next = ffi::PyInterpreterState_ThreadHead(interpreter);
        while !next.is_null() {
            if next != own && super::layout::is_active(next) {
                return true;
            }
            next = ffi::PyThreadState_Next(next);
        }
        false
    }
}

/// Returns whether `os.fork` holds CPython's lock on the list of thread states when it calls the
/// handlers of `pthread_atfork`.
#[inline(always)]
pub(crate) fn fork_locks_thread_states() -> bool {
    at_least(13)
}

/// Returns whether CPython can bring up the child of `os.fork` in a process with sub-interpreters:
/// no released version can.
#[cfg(unix)]
#[inline(always)]
pub(crate) fn can_fork_with_subs() -> bool {
    at_least(16)
}
