//! CPython's note of the thread state that a thread used last (`PyGILState_GetThisThreadState`), on
//! systems and versions where this library can change it.
//!
//! A thread state that stays when its thread leaves must not stay in that note: another thread may
//! delete it, and CPython clears the note of the thread that deletes. From 3.12 to 3.14 the note is
//! a thread-specific value with a key that CPython keeps to itself. So the key is looked for: it is
//! the one whose change makes CPython's function return something else. On 3.15 the note is a
//! thread-local variable of CPython's, out of reach.

use crate::capi as ffi;
use crate::capi::at_least;

/// The key of CPython's notes in one run of the runtime.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoteKey(u32);

impl NoteKey {
    /// Looks for the key. `None`: this library cannot change the notes, or must not, since CPython
    /// asserts that a thread state is deleted by its own thread.
    ///
    /// # Safety
    /// The thread must be attached with `thread_state`; no exception may be set.
    pub(crate) unsafe fn find(thread_state: *mut ffi::PyThreadState) -> Option<Self> {
        let is_known = cfg!(target_os = "linux") && at_least(12) && !at_least(15);
        // SAFETY: attached (upheld by the caller).
        if !is_known || ffi::is_free_threaded() || unsafe { is_debug_build() } {
            return None;
        }
        // SAFETY: upheld by the caller.
        unsafe { find(thread_state) }
    }

    /// Returns the key for [`from_raw`](NoteKey::from_raw).
    pub(crate) fn into_raw(self) -> u32 {
        self.0
    }

    /// Returns the key that [`into_raw`](NoteKey::into_raw) returned.
    pub(crate) fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// Returns this thread's note.
    #[inline]
    pub(crate) fn get(self) -> *mut ffi::PyThreadState {
        #[cfg(target_os = "linux")]
        // SAFETY: reads this thread's value of a key. If the runtime has ended on another thread,
        // the key is deleted, or another library's; then the caller cannot take up its guard.
        return unsafe { libc::pthread_getspecific(self.0) }.cast();
        #[cfg(not(target_os = "linux"))]
        std::ptr::null_mut()
    }

    /// Changes this thread's note.
    ///
    /// # Safety
    /// `thread_state` must be null, or one of this thread that CPython has put into its note
    /// before. The runtime that the key is of must not be at its end.
    #[inline]
    pub(crate) unsafe fn set(self, thread_state: *mut ffi::PyThreadState) {
        #[cfg(target_os = "linux")]
        // SAFETY: the key exists and its values have no destructor. There is room for the value,
        // since CPython has set one: the call cannot fail.
        unsafe {
            libc::pthread_setspecific(self.0, thread_state.cast_const().cast());
        }
        #[cfg(not(target_os = "linux"))]
        let _ = thread_state;
    }
}

/// Returns whether the current thread state may stay while its thread is idle. Before 3.13 the end
/// of an interpreter waits for the one with which `threading` was imported, so this imports it if
/// that has not been done: another thread state may stay then.
///
/// # Safety
/// The thread must be attached; no exception may be set.
pub(crate) unsafe fn may_stay() -> bool {
    if at_least(13) {
        return true;
    }
    // SAFETY: attached, without an exception (upheld by the caller). The dict and its item are
    // borrowed, and the new reference is released. An error is dropped: it is tried again.
    unsafe {
        let name = c"threading".as_ptr();
        if !ffi::PyDict_GetItemString(ffi::PyImport_GetModuleDict(), name).is_null() {
            return true;
        }
        ffi::Py_XDECREF(ffi::PyImport_ImportModule(name));
        ffi::PyErr_Clear();
        false
    }
}

/// Returns whether the running Python is a debug build.
///
/// # Safety
/// The thread must be attached; no exception may be set.
unsafe fn is_debug_build() -> bool {
    // SAFETY: attached, without an exception (upheld by the caller); the result is borrowed.
    !unsafe { ffi::PySys_GetObject(c"gettotalrefcount".as_ptr()) }.is_null()
}

/// Looks for the key among all of the process.
///
/// # Safety
/// As for [`NoteKey::find`].
#[cfg(target_os = "linux")]
unsafe fn find(thread_state: *mut ffi::PyThreadState) -> Option<NoteKey> {
    // SAFETY: `sysconf` has no preconditions. Values of other keys are only read, except of those
    // that hold this very pointer, which get it back; no other code runs in between.
    unsafe {
        let noted = || ffi::PyGILState_GetThisThreadState();
        if noted() != thread_state {
            return None;
        }
        let keys = libc::sysconf(libc::_SC_THREAD_KEYS_MAX);
        (0..u32::try_from(keys).unwrap_or(0))
            .map(NoteKey)
            .find(|key| {
                if key.get() != thread_state {
                    return false;
                }
                key.set(std::ptr::null_mut());
                let is_found = noted().is_null();
                key.set(thread_state);
                is_found && noted() == thread_state
            })
    }
}

#[cfg(not(target_os = "linux"))]
unsafe fn find(_: *mut ffi::PyThreadState) -> Option<NoteKey> {
    None
}
