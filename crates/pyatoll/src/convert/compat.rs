//! Differences between CPython versions that conversions depend on.

use crate::capi::{self as ffi, at_least};
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::exceptions::{PyOverflowError, PyValueError};
use crate::interpreter::Python;

/// Whether items of a `list` or `dict` stay valid, borrowed, while this thread runs no Python code.
/// Without a GIL, other threads may change the container at any time.
pub(super) const BORROWED_ITEMS_ARE_STABLE: bool = cfg!(not(Py_GIL_DISABLED));

const LITTLE_ENDIAN: std::ffi::c_int = cfg!(target_endian = "little") as std::ffi::c_int;

/// Writes the value of an `int` to `bytes`, in native byte order.
///
/// # Errors
/// An `OverflowError` if it does not fit, or is negative and not `SIGNED`.
///
/// # Safety
/// Attached; `int` must be a live Python `int`.
pub(super) unsafe fn int_to_bytes<const SIGNED: bool>(
    py: Python<'_>,
    int: *mut ffi::PyObject,
    bytes: &mut [u8; 16],
) -> PyResult<()> {
    if !at_least(13) {
        // SAFETY: attached; a live `int`; the pointer and the length are those of `bytes`.
        return error_on_minusone(py, unsafe {
            ffi::_PyLong_AsByteArray(
                int.cast(),
                bytes.as_mut_ptr(),
                bytes.len(),
                LITTLE_ENDIAN,
                SIGNED.into(),
            )
        });
    }
    let len = bytes.len() as ffi::Py_ssize_t;
    let mut flags = ffi::Py_ASNATIVEBYTES_NATIVE_ENDIAN;
    if !SIGNED {
        flags |= ffi::Py_ASNATIVEBYTES_UNSIGNED_BUFFER | ffi::Py_ASNATIVEBYTES_REJECT_NEGATIVE;
    }
    // SAFETY: attached; a live `int`, and `bytes` has `len` bytes.
    let needed = unsafe { ffi::PyLong_AsNativeBytes(int, bytes.as_mut_ptr().cast(), len, flags) };
    if needed < 0 {
        let error = PyErr::fetch(py);
        // Raised for negative values only. The other widths raise this.
        return Err(if error.is_instance_of::<PyValueError>(py) {
            PyOverflowError::new_err("can't convert negative int to unsigned")
        } else {
            error
        });
    }
    if needed > len {
        return Err(PyOverflowError::new_err("Python int larger than 128 bits"));
    }
    Ok(())
}

/// Creates an `int` from bytes in native byte order. Returns a new reference, or null with an
/// exception set.
///
/// # Safety
/// Attached.
pub(super) unsafe fn int_from_bytes<const SIGNED: bool>(bytes: [u8; 16]) -> *mut ffi::PyObject {
    let mut flags = ffi::Py_ASNATIVEBYTES_NATIVE_ENDIAN;
    if !SIGNED {
        flags |= ffi::Py_ASNATIVEBYTES_UNSIGNED_BUFFER;
    }
    // SAFETY: attached; the pointer and the length are those of `bytes`.
    unsafe {
        if at_least(13) {
            ffi::PyLong_FromNativeBytes(bytes.as_ptr().cast(), bytes.len(), flags)
        } else {
            ffi::_PyLong_FromByteArray(bytes.as_ptr(), bytes.len(), LITTLE_ENDIAN, SIGNED.into())
        }
    }
}

#[cfg(feature = "num-bigint")]
pub(super) use big_int::{int_from_digits, int_from_le_bytes, int_to_le_bytes, len_of_int};

#[cfg(feature = "num-bigint")]
mod big_int {
    use super::*;

    /// Creates an `int` of digits of 30 bits: `fill` writes all of them, the lowest first. Returns
    /// a new reference, or null with an exception set; `None` if Python's digits are others, or it
    /// has no functions for digits, as before 3.14.
    ///
    /// # Safety
    /// Attached; `len` must not be 0, and `fill` must write digits below 2^30 only.
    pub(crate) unsafe fn int_from_digits(
        is_negative: bool,
        len: usize,
        fill: impl FnOnce(&mut [u32]),
    ) -> Option<*mut ffi::PyObject> {
        if !at_least(14) {
            return None;
        }
        // SAFETY: attached; the layout is a constant of CPython. The new digits are `len` of them,
        // and initialized below before they are used as such.
        unsafe {
            let layout = ffi::PyLong_GetNativeLayout();
            if ((*layout).bits_per_digit, (*layout).digit_size) != (30, 4) {
                return None;
            }
            let mut digits = std::ptr::null_mut();
            let count = len as ffi::Py_ssize_t;
            let writer = ffi::PyLongWriter_Create(is_negative.into(), count, &raw mut digits);
            if writer.is_null() {
                return Some(std::ptr::null_mut());
            }
            let digits = digits.cast::<u32>();
            digits.write_bytes(0, len);
            fill(std::slice::from_raw_parts_mut(digits, len));
            Some(ffi::PyLongWriter_Finish(writer))
        }
    }

    const FLAGS: std::ffi::c_int = ffi::Py_ASNATIVEBYTES_LITTLE_ENDIAN;

    /// Returns the number of bytes that an `int` takes in two's complement, or more.
    ///
    /// # Safety
    /// Attached; `int` must be a live Python `int`.
    pub(crate) unsafe fn len_of_int(py: Python<'_>, int: *mut ffi::PyObject) -> PyResult<usize> {
        if !at_least(13) {
            // SAFETY: attached; a live `int`.
            return match unsafe { ffi::_PyLong_NumBits(int) } {
                usize::MAX => Err(PyErr::fetch(py)),
                bits => Ok(bits / 8 + 1),
            };
        }
        // SAFETY: attached; a live `int`; without a buffer the call only returns the length.
        let len = unsafe { ffi::PyLong_AsNativeBytes(int, std::ptr::null_mut(), 0, FLAGS) };
        usize::try_from(len).map_err(|_| PyErr::fetch(py))
    }

    /// Writes an `int` to `bytes`, in two's complement, little-endian. There must be
    /// [`len_of_int`] of them.
    ///
    /// # Safety
    /// Attached; `int` must be a live Python `int`.
    pub(crate) unsafe fn int_to_le_bytes(
        py: Python<'_>,
        int: *mut ffi::PyObject,
        bytes: &mut [u8],
    ) -> PyResult<()> {
        if !at_least(13) {
            // SAFETY: attached; a live `int`; the pointer and the length are those of `bytes`.
            return error_on_minusone(py, unsafe {
                ffi::_PyLong_AsByteArray(int.cast(), bytes.as_mut_ptr(), bytes.len(), 1, 1)
            });
        }
        let len = bytes.len() as ffi::Py_ssize_t;
        // SAFETY: attached; a live `int`; the pointer and the length are those of `bytes`.
        let needed =
            unsafe { ffi::PyLong_AsNativeBytes(int, bytes.as_mut_ptr().cast(), len, FLAGS) };
        if needed < 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(())
    }

    /// Creates an `int` from bytes in two's complement, little-endian. Returns a new reference, or
    /// null with an exception set.
    ///
    /// # Safety
    /// Attached.
    pub(crate) unsafe fn int_from_le_bytes(bytes: &[u8]) -> *mut ffi::PyObject {
        // SAFETY: attached; the pointer and the length are those of `bytes`.
        unsafe {
            if at_least(13) {
                ffi::PyLong_FromNativeBytes(bytes.as_ptr().cast(), bytes.len(), FLAGS)
            } else {
                ffi::_PyLong_FromByteArray(bytes.as_ptr(), bytes.len(), 1, 1)
            }
        }
    }
}
