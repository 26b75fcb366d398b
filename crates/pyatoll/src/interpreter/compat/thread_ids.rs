//! The ids of threads in thread states, in fields whose place depends on the version.

use std::ffi::c_ulong;
#[cfg(windows)]
use std::sync::atomic::AtomicU32 as AtomicUlong;
#[cfg(not(windows))]
use std::sync::atomic::AtomicUsize as AtomicUlong;
use std::sync::atomic::Ordering;

use pyo3_ffi as ffi;

const _: () = assert!(size_of::<AtomicUlong>() == size_of::<c_ulong>());

extern_python! {
    /// Returns CPython's id of this thread.
    pub(super) fn PyThread_get_thread_ident() -> c_ulong;
}

/// Returns the place of adjacent fields with these values in a thread state, counted in fields of
/// their size.
///
/// # Safety
/// `thread_state` must be alive.
pub(super) unsafe fn place_of(
    thread_state: *mut ffi::PyThreadState,
    values: &[c_ulong],
) -> Option<usize> {
    /// Bytes of a thread state that are searched. All thread states are larger.
    const SEARCHED: usize = 32 * size_of::<usize>();
    // SAFETY: alive (upheld by the caller), and larger than what is read.
    let fields: [c_ulong; SEARCHED / size_of::<c_ulong>()] =
        std::array::from_fn(|place| unsafe { field(thread_state, place) });
    let mut places = fields.windows(values.len());
    places.position(|fields| fields == values)
}

/// Reads a field of a thread state, which another thread may be setting.
///
/// # Safety
/// `thread_state` must be alive and have a field at `place`.
pub(super) unsafe fn field(thread_state: *mut ffi::PyThreadState, place: usize) -> c_ulong {
    // SAFETY: alive, and it has the field (upheld by the caller), which is aligned.
    unsafe {
        let field = thread_state.cast::<AtomicUlong>().add(place);
        (*field).load(Ordering::Relaxed) as c_ulong
    }
}
