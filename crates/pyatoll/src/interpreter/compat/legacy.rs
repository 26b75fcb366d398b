//! CPython 3.11, whose current thread state is one variable for the whole process.

use std::cell::Cell;
use std::ffi::{c_int, c_ulong, c_void};

use super::layout::interpreter_of;
use super::thread_ids::PyThread_get_thread_ident;
use crate::capi as ffi;

extern_python! {
    fn PyThread_get_thread_native_id() -> c_ulong;
}

thread_local! {
    /// The thread state that this library attached this thread with, null if it detached it; `None`
    /// if other code decides when this thread is attached.
    static NOTE: Cell<Option<*mut ffi::PyThreadState>> = const { Cell::new(None) };
}

/// Sets the note of this thread and returns the one it replaces.
#[inline(never)]
pub(crate) fn exchange_note(
    note: Option<*mut ffi::PyThreadState>,
) -> Option<*mut ffi::PyThreadState> {
    NOTE.replace(note)
}

/// Returns the thread state that some thread is attached with.
#[inline]
pub(crate) fn running_thread_state() -> *mut ffi::PyThreadState {
    // SAFETY: a read of an atomic variable of the runtime; may be called at any time.
    unsafe { ffi::_PyThreadState_UncheckedGet() }
}

/// Returns the current thread state if it is this thread's.
#[inline]
pub(crate) fn current_thread_state() -> *mut ffi::PyThreadState {
    let current = running_thread_state();
    // SAFETY: reads the calling thread's own slot of CPython; may be called at any time.
    let noted = unsafe { ffi::PyGILState_GetThisThreadState() };
    // The state CPython has noted for this thread is current: then this thread is attached.
    if current == noted || is_own(current, noted) {
        current
    } else {
        std::ptr::null_mut()
    }
}

/// Returns whether `current` is this thread's although CPython has noted another thread state
/// for this thread, or none.
///
/// - This library knows, where it was the last to attach or detach this thread.
/// - A thread for which CPython has noted a state of another interpreter was swapped to this one
///   (`_xxsubinterpreters.run_string`). Where the process never had a sub-interpreter,
///   `PyGILState_Check` knows better.
/// - A thread for which CPython has noted none, and that created `current` itself, was attached by
///   a host with a thread state of its own (mod_wsgi).
///
/// That leaves two ambiguous cases in a process with sub-interpreters: C code that released the
/// GIL itself calls back into Rust while another thread is in another interpreter, or uses a thread
/// state that this one created.
#[cold]
#[inline(never)]
fn is_own(current: *mut ffi::PyThreadState, noted: *mut ffi::PyThreadState) -> bool {
    if current.is_null() {
        return false;
    }
    match NOTE.get() {
        Some(own) if own == current => return true,
        Some(own) if own.is_null() => return false,
        _ => (),
    }
    // SAFETY: `noted` is this thread's and alive, or null. `current` is alive, too, unless
    // another thread deletes it at this moment, in the ambiguous cases.
    unsafe {
        if noted.is_null() {
            // The first id is reused after a thread's end, the native one hardly ever.
            let (ident, native) = thread_ids(current);
            ident == PyThread_get_thread_ident() && native == PyThread_get_thread_native_id()
        } else {
            ffi::PyGILState_Check() != 0 && interpreter_of(current) != interpreter_of(noted)
        }
    }
}

/// Sets the thread of a thread state: this one, or none while no thread uses it.
///
/// # Safety
/// `thread_state` must be alive; the thread must hold the GIL.
pub(crate) unsafe fn set_thread(thread_state: *mut ffi::PyThreadState, is_this: bool) {
    let ids = ids_of(thread_state);
    // SAFETY: alive (upheld by the caller), and the GIL guards it.
    unsafe {
        let this = (PyThread_get_thread_ident(), PyThread_get_thread_native_id());
        let (ident, native) = if is_this { this } else { (0, 0) };
        (&raw mut (*ids).thread_id).write(ident);
        (&raw mut (*ids).native_thread_id).write(native);
    }
}

/// Returns the two ids of the thread that created a thread state.
///
/// # Safety
/// `thread_state` must be alive.
unsafe fn thread_ids(thread_state: *mut ffi::PyThreadState) -> (c_ulong, c_ulong) {
    let ids = ids_of(thread_state);
    // SAFETY: alive (upheld by the caller); the fields are set when a thread state is made.
    unsafe {
        (
            (&raw const (*ids).thread_id).read(),
            (&raw const (*ids).native_thread_id).read(),
        )
    }
}

/// The beginning of a thread state, the same in all releases of 3.11.
#[repr(C)]
struct ThreadState {
    /// `prev`, `next`, `interp`
    links: [*mut c_void; 3],
    /// `_initialized`, `_static`, `recursion_remaining`, `recursion_limit`,
    /// `recursion_headroom`, `tracing`, `tracing_what`
    state: [c_int; 7],
    /// `cframe`, `c_profilefunc`, `c_tracefunc`, `c_profileobj`, `c_traceobj`,
    /// `curexc_type`, `curexc_value`, `curexc_traceback`, `exc_info`, `dict`
    pointers: [*mut c_void; 10],
    gilstate_counter: c_int,
    async_exc: *mut c_void,
    thread_id: c_ulong,
    native_thread_id: c_ulong,
}

fn ids_of(thread_state: *mut ffi::PyThreadState) -> *mut ThreadState {
    thread_state.cast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_has_left_has_no_note() {
        if crate::capi::at_least(12) {
            return;
        }
        crate::Python::initialize();
        let visits = || {
            // The second time, and from then on, it has a spare entry.
            for _ in 0..3 {
                crate::Python::attach(|_| assert_eq!(NOTE.get(), Some(running_thread_state())));
                assert_eq!(NOTE.get(), None);
            }
        };
        std::thread::spawn(visits).join().unwrap();
    }

    #[test]
    fn a_thread_state_names_the_thread_that_made_it() {
        if crate::capi::at_least(12) {
            return;
        }
        crate::Python::attach(|_| {
            let current = running_thread_state();
            // SAFETY: this thread is attached with it.
            let (made_by, this) = unsafe {
                let this = (PyThread_get_thread_ident(), PyThread_get_thread_native_id());
                (thread_ids(current), this)
            };
            assert_eq!(made_by, this);
        });
    }
}
