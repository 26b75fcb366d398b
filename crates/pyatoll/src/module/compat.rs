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

#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
impl super::definition::ModuleDefinition {
    /// Returns the table of slots: the body of `PyModExport_<name>` (PEP 793). Returns null with an
    /// `ImportError` set if the running Python is not one that this binary was built for.
    ///
    /// # Safety
    /// The thread must be attached to an interpreter.
    pub unsafe fn export(&'static self) -> *mut pyo3_ffi::PySlot {
        // SAFETY: attached (upheld by the caller).
        unsafe {
            if !self.is_right_python() {
                return std::ptr::null_mut();
            }
            self.prepare();
            self.table.export()
        }
    }
}

/// Defines the function that the import system looks for before `PyInit_<name>` in a build for
/// `abi3t`, whose modules are tables of slots.
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
#[doc(hidden)]
#[macro_export]
macro_rules! module_export {
    ($symbol:literal, $definition:path) => {
        #[unsafe(export_name = $symbol)]
        unsafe extern "C" fn __pyatoll_export() -> *mut $crate::ffi::PySlot {
            // SAFETY: the import system calls this attached.
            unsafe { $definition.export() }
        }
    };
}

/// Defines nothing: the module is a `PyModuleDef`.
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
#[doc(hidden)]
#[macro_export]
macro_rules! module_export {
    ($symbol:literal, $definition:path) => {};
}

#[cfg(Py_GIL_DISABLED)]
mod imp {
    use crate::capi as ffi;

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
        if !ffi::has::module_gil() {
            return Ok(());
        }
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
