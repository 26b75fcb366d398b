//! `bf_getbuffer`: the memory of a shareable class.

use std::ffi::c_int;

use crate::capi as ffi;
use crate::class::pyclass::PyClass;
use crate::class::slots::slot;
use crate::class::storage::ValueStorage;
use crate::exceptions::PyBufferError;

/// Completes `__getbuffer__`: the memory of a shareable class is the same in all interpreters, so a
/// view of it must be read-only unless the class has `atomic_buffer`. Returns the status.
///
/// # Safety
/// Called for `bf_getbuffer` of `T`, attached, with the instance, the view, and the status that
/// `__getbuffer__` returned for it.
#[inline]
pub unsafe fn checked_view<T: PyClass>(
    slf: *mut ffi::PyObject,
    view: *mut ffi::Py_buffer,
    status: c_int,
) -> c_int {
    if <T::Storage as ValueStorage<T>>::IS_INLINE || T::OPTIONS.atomic_buffer || status != 0 {
        return status;
    }
    // SAFETY: upheld by the caller: attached; the view is filled in, and released once.
    unsafe {
        if view.is_null() || (*view).readonly != 0 {
            return 0;
        }
        ffi::PyBuffer_Release(view);
        slot::<T, c_int>(slf, |_| {
            Err(PyBufferError::new_err(format!(
                "'{}' is shared by interpreters, which would write to its memory at the same time: \
                 `__getbuffer__` must set `readonly`, or the class have `atomic_buffer`",
                T::NAME
            )))
        })
    }
}
