//! The type object of a class in the token's interpreter, created on first use.

use std::sync::atomic::Ordering;

use pyo3_ffi as ffi;

use super::pyclass::PyClass;
use super::statics::ClassStatics;
use super::type_object::{
    TypeObject, has_module, imported_name, initialization_error, rename_module,
};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Bound, Py};
use crate::types::{PyAny, PyType};

/// Returns the record of `T` in the token's interpreter, if it exists.
#[inline]
pub(super) fn existing<T: PyClass>(py: Python<'_>) -> Option<&TypeObject> {
    T::statics().types.get(py)
}

/// Returns the type object of `T` in the token's interpreter, borrowed. Creates it on first use, as
/// a class of `module`.
///
/// # Errors
/// If Python rejects the class, or a class attribute fails.
#[inline]
pub(crate) fn get_or_create<T: PyClass>(
    py: Python<'_>,
    module: Option<&Bound<'_, PyAny>>,
) -> PyResult<*mut ffi::PyTypeObject> {
    match complete_type::<T>(py) {
        Some(ready) => Ok(ready),
        None => create(py, T::statics(), module),
    }
}

/// Returns the type object of `T` if it is complete: the fast path.
#[inline(always)]
fn complete_type<T: PyClass>(py: Python<'_>) -> Option<*mut ffi::PyTypeObject> {
    let ready = existing::<T>(py)?.ready();
    (!ready.is_null()).then_some(ready)
}

/// Implements [`get_or_create`] without the fast path.
///
/// # Errors
/// As for [`get_or_create`].
#[cold]
#[inline(never)]
pub(crate) fn create(
    py: Python<'_>,
    statics: &'static ClassStatics,
    module: Option<&Bound<'_, PyAny>>,
) -> PyResult<*mut ffi::PyTypeObject> {
    let spec = &statics.spec;
    (spec.base.type_object)(py, module)
        .and_then(|base| {
            let cell = statics.types.get_or_init(py, || {
                TypeObject::new(spec.options.freelist, &statics.first)
            });
            cell.complete(py, spec, statics.tables(), base, module)
        })
        .map_err(|error| {
            let message = format!("An error occurred while initializing class {}", spec.name);
            initialization_error(py, message, error)
        })
}

/// Sets the `__module__` of a class that is added to `module`, unless the class was created with
/// that module or adopted from another binary.
///
/// # Errors
/// Any exception raised by Python.
pub(crate) fn set_module(
    py: Python<'_>,
    statics: &'static ClassStatics,
    class: *mut ffi::PyTypeObject,
    module: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let spec = &statics.spec;
    // SAFETY: attached (`py`); the class and `module` are alive.
    let is_of_module = unsafe { has_module(class, module.as_ptr()) };
    if is_of_module || statics.types.get(py).is_some_and(TypeObject::is_adopted) {
        // Its `__module__` was set when it was created.
        return Ok(());
    }
    if let (Some(declared), true) = (spec.module_name, spec.options.inherits_module) {
        // SAFETY: attached (`py`); the class lives as long as the interpreter.
        let class: Bound<'_, PyType> =
            unsafe { Bound::from_borrowed_ptr(py, class.cast()).cast_into_unchecked() };
        let name = imported_name(py, declared, module)?;
        rename_module(&class, declared, &name)?;
    }
    Ok(())
}

/// Returns whether an object is an instance of `T`, or of a subclass.
#[inline]
#[track_caller]
pub fn is_instance<T: PyClass>(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the handle keeps the object alive.
    let class = unsafe { ffi::Py_TYPE(object.as_ptr()) };
    // `first` is reset before that type dies, so a type with this address that an object refers to
    // is that type.
    class == T::statics().first.load(Ordering::Relaxed) || derives::<T>(object.py(), class)
}

/// Returns whether a type is `T`'s type in the token's interpreter, or derives from it.
#[inline(never)]
#[track_caller]
fn derives<T: PyClass>(py: Python<'_>, class: *mut ffi::PyTypeObject) -> bool {
    let own = type_object_raw::<T>(py);
    // SAFETY: both type objects are alive.
    class == own || unsafe { ffi::PyType_IsSubtype(class, own) != 0 }
}

/// Returns the type object of `T` in the token's interpreter, for callers that cannot return an
/// error.
///
/// # Panics
/// If the class cannot be created.
#[inline]
#[track_caller]
pub fn type_object_raw<T: PyClass>(py: Python<'_>) -> *mut ffi::PyTypeObject {
    match complete_type::<T>(py) {
        Some(ready) => ready,
        None => create_or_panic(py, T::statics()),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn create_or_panic(py: Python<'_>, statics: &'static ClassStatics) -> *mut ffi::PyTypeObject {
    match create(py, statics, None) {
        Ok(class) => class,
        Err(error) => creation_failed(py, statics.spec.name, error),
    }
}

#[cold]
#[track_caller]
fn creation_failed(py: Python<'_>, name: &str, error: PyErr) -> ! {
    error.write_unraisable(py, None);
    panic!("failed to create type object for `{name}`")
}

/// Returns the type object of `T`, as the class attribute of an enum for one of its variants.
///
/// # Errors
/// If the class cannot be created.
pub fn class_object<T: PyClass>(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let class = get_or_create::<T>(py, None)?;
    // SAFETY: attached (`py`); the type object lives as long as the interpreter.
    Ok(unsafe { Bound::from_borrowed_ptr(py, class.cast()) }.unbind())
}
