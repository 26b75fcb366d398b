//! Types that the C API does not export, imported once per interpreter.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use super::returned::new_reference;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::interpreter::compat::avoid_single_phase_modules;
use crate::object::{Bound, Py};
use crate::sync::InterpreterLocal;
use crate::types::{PyAny, PyType};

/// Imports a module and returns one of its attributes.
pub(crate) fn import<'py>(
    py: Python<'py>,
    module: &CStr,
    name: &CStr,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; each call returns a new reference or null.
    unsafe {
        avoid_single_phase_modules();
        let module: Bound<'_, PyAny> =
            new_reference(py, ffi::PyImport_ImportModule(module.as_ptr()))?;
        new_reference(
            py,
            ffi::PyObject_GetAttrString(module.as_ptr(), name.as_ptr()),
        )
    }
}

/// Returns the address of a class that `slot` keeps for the interpreter, importing it on first use.
/// For [`PyTypeInfo`](crate::PyTypeInfo).
///
/// # Panics
/// If the class cannot be imported.
#[track_caller]
pub(super) fn class(
    py: Python<'_>,
    slot: &InterpreterLocal<Py<PyType>>,
    module: &CStr,
    name: &CStr,
) -> *mut ffi::PyTypeObject {
    let class = slot.get_or_try_init(py, || Ok(import(py, module, name)?.cast_into()?.unbind()));
    match class {
        Ok(class) => class.as_ptr().cast(),
        Err(error) => {
            let error: crate::PyErr = error;
            panic!(
                "cannot import {}.{}: {error}",
                module.to_string_lossy(),
                name.to_string_lossy()
            )
        }
    }
}

/// Returns `isinstance(object, class)`; if that raises, reports the exception to
/// `sys.unraisablehook` and returns `false`.
pub(super) fn is_instance(object: &Bound<'_, PyAny>, class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: attached; the object and the class are valid.
    let result = unsafe { ffi::PyObject_IsInstance(object.as_ptr(), class.cast()) };
    super::returned::truth(object.py(), result).unwrap_or_else(|error| {
        error.write_unraisable(object.py(), Some(object));
        false
    })
}

/// Registers a class with an abstract base class.
pub(super) fn register(
    abstract_class: &Bound<'_, PyType>,
    class: &Bound<'_, PyType>,
) -> PyResult<()> {
    // SAFETY: attached; both classes are valid, and null ends the argument list; each call returns
    // a new reference or null.
    unsafe {
        let register: Bound<'_, PyAny> = new_reference(
            class.py(),
            ffi::PyObject_GetAttrString(abstract_class.as_ptr(), c"register".as_ptr()),
        )?;
        let result = ffi::PyObject_CallFunctionObjArgs(
            register.as_ptr(),
            class.as_ptr(),
            std::ptr::null_mut::<ffi::PyObject>(),
        );
        new_reference::<PyAny>(class.py(), result).map(drop)
    }
}
