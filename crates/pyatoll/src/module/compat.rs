//! Differences between versions of CPython, as functions with one meaning.

use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyAny;

/// Declares whether a module needs the GIL. Without effect on builds that always have one.
///
/// # Errors
/// On free-threaded builds, if the object is not a module.
pub(super) fn set_gil_used(module: &Bound<'_, PyAny>, gil_used: bool) -> PyResult<()> {
    imp::set_gil_used(module.py(), module, gil_used)
}

#[cfg(Py_GIL_DISABLED)]
mod imp {
    use pyo3_ffi as ffi;

    use super::{Bound, PyAny, PyResult, Python};

    pub(super) fn set_gil_used(
        py: Python<'_>,
        module: &Bound<'_, PyAny>,
        gil_used: bool,
    ) -> PyResult<()> {
        let gil = if gil_used {
            ffi::Py_MOD_GIL_USED
        } else {
            ffi::Py_MOD_GIL_NOT_USED
        };
        // SAFETY: attached (`py`); `module` is alive, and may be any object.
        let status = unsafe { ffi::PyUnstable_Module_SetGIL(module.as_ptr(), gil) };
        crate::types::returned::status(py, status)
    }
}

#[cfg(not(Py_GIL_DISABLED))]
mod imp {
    use super::{Bound, PyAny, PyResult, Python};

    pub(super) fn set_gil_used(_: Python<'_>, _: &Bound<'_, PyAny>, _: bool) -> PyResult<()> {
        Ok(())
    }
}
