//! Differences between CPython versions that conversions depend on.

use pyo3_ffi as ffi;

/// Whether items of a `list` or `dict` stay valid, borrowed, while this thread runs no Python code.
/// Without a GIL, other threads may change the container at any time.
pub(super) const BORROWED_ITEMS_ARE_STABLE: bool = cfg!(not(Py_GIL_DISABLED));

pub(super) use int::{int_from_bytes, int_to_bytes};

#[cfg(Py_3_13)]
mod int {
    use super::ffi;
    use crate::error::{PyErr, PyResult};
    use crate::exceptions::{PyOverflowError, PyValueError};
    use crate::interpreter::Python;

    /// Writes the value of an `int` to `bytes`, in native byte order.
    ///
    /// # Errors
    /// An `OverflowError` if it does not fit, or is negative and not `SIGNED`.
    ///
    /// # Safety
    /// Attached; `int` must be a live Python `int`.
    pub(crate) unsafe fn int_to_bytes<const SIGNED: bool>(
        py: Python<'_>,
        int: *mut ffi::PyObject,
        bytes: &mut [u8; 16],
    ) -> PyResult<()> {
        let len = bytes.len() as ffi::Py_ssize_t;
        let mut flags = ffi::Py_ASNATIVEBYTES_NATIVE_ENDIAN;
        if !SIGNED {
            flags |= ffi::Py_ASNATIVEBYTES_UNSIGNED_BUFFER | ffi::Py_ASNATIVEBYTES_REJECT_NEGATIVE;
        }
        // SAFETY: attached; a live `int`, and `bytes` has `len` bytes.
        let needed =
            unsafe { ffi::PyLong_AsNativeBytes(int, bytes.as_mut_ptr().cast(), len, flags) };
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
    pub(crate) unsafe fn int_from_bytes<const SIGNED: bool>(bytes: [u8; 16]) -> *mut ffi::PyObject {
        let mut flags = ffi::Py_ASNATIVEBYTES_NATIVE_ENDIAN;
        if !SIGNED {
            flags |= ffi::Py_ASNATIVEBYTES_UNSIGNED_BUFFER;
        }
        // SAFETY: attached; the pointer and the length are those of `bytes`.
        unsafe { ffi::PyLong_FromNativeBytes(bytes.as_ptr().cast(), bytes.len(), flags) }
    }
}

#[cfg(not(Py_3_13))]
mod int {
    use super::ffi;
    use crate::error::{PyResult, error_on_minusone};
    use crate::interpreter::Python;

    const LITTLE_ENDIAN: std::ffi::c_int = cfg!(target_endian = "little") as std::ffi::c_int;

    /// Writes the value of an `int` to `bytes`, in native byte order.
    ///
    /// # Errors
    /// An `OverflowError` if it does not fit, or is negative and not `SIGNED`.
    ///
    /// # Safety
    /// Attached; `int` must be a live Python `int`.
    pub(crate) unsafe fn int_to_bytes<const SIGNED: bool>(
        py: Python<'_>,
        int: *mut ffi::PyObject,
        bytes: &mut [u8; 16],
    ) -> PyResult<()> {
        // SAFETY: attached; a live `int`; the pointer and the length are those of `bytes`.
        error_on_minusone(py, unsafe {
            ffi::_PyLong_AsByteArray(
                int.cast(),
                bytes.as_mut_ptr(),
                bytes.len(),
                LITTLE_ENDIAN,
                SIGNED.into(),
            )
        })
    }

    /// Creates an `int` from bytes in native byte order. Returns a new reference, or null with an
    /// exception set.
    ///
    /// # Safety
    /// Attached.
    pub(crate) unsafe fn int_from_bytes<const SIGNED: bool>(bytes: [u8; 16]) -> *mut ffi::PyObject {
        // SAFETY: attached; the pointer and the length are those of `bytes`.
        unsafe {
            ffi::_PyLong_FromByteArray(bytes.as_ptr(), bytes.len(), LITTLE_ENDIAN, SIGNED.into())
        }
    }
}
