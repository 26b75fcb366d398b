//! What the code of `#[derive(FromPyObject)]` and `#[derive(IntoPyObject)]` calls.
//!
//! The functions with a type parameter are thin: the work and the messages are in the others.

use std::fmt::Write;

use pyo3_ffi as ffi;

use crate::convert::{FromPyObject, IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::exceptions::PyTypeError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyDict, PyString, PyTuple};

/// `object.name`.
pub fn get_attribute<'py>(
    object: Borrowed<'_, 'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached, both valid; a new reference or null comes back.
    unsafe {
        let value = ffi::PyObject_GetAttr(object.as_ptr(), name.as_ptr());
        Bound::from_owned_ptr_or_err(object.py(), value)
    }
}

/// `object[key]`.
pub fn get_item<'py>(
    object: Borrowed<'_, 'py, PyAny>,
    key: impl IntoPyObject<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let key = key.into_bound_py_any(object.py())?;
    // SAFETY: attached, both valid; a new reference or null comes back.
    unsafe {
        let value = ffi::PyObject_GetItem(object.as_ptr(), key.as_ptr());
        Bound::from_owned_ptr_or_err(object.py(), value)
    }
}

/// The items of a tuple of this length.
pub fn tuple_items<'a, 'py, const N: usize>(
    object: Borrowed<'a, 'py, PyAny>,
) -> PyResult<[Borrowed<'a, 'py, PyAny>; N]> {
    let tuple = super::tuple::check(object, N)?;
    // SAFETY: its length is `N`.
    Ok(std::array::from_fn(|place| unsafe {
        crate::types::tuple::item_unchecked(tuple, place)
    }))
}

/// Extracts a field.
#[inline]
pub fn extract_field<'a, 'py, T: FromPyObject<'a, 'py>>(
    value: Borrowed<'a, 'py, PyAny>,
    container: &'static str,
    field: &'static str,
) -> PyResult<T> {
    T::extract(value).map_err(|error| failed_to_extract_field(value.py(), error, container, field))
}

/// Extracts a field with the function of `from_py_with`.
#[inline]
pub fn extract_field_with<'a, 'py, T, E: Into<PyErr>>(
    function: fn(&'a Bound<'py, PyAny>) -> Result<T, E>,
    value: &'a Bound<'py, PyAny>,
    container: &'static str,
    field: &'static str,
) -> PyResult<T> {
    function(value).map_err(|error| failed_to_extract_field(value.py(), error, container, field))
}

#[cold]
fn failed_to_extract_field(
    py: Python<'_>,
    cause: impl Into<PyErr>,
    container: &'static str,
    field: &'static str,
) -> PyErr {
    let error = PyTypeError::new_err(format!("failed to extract field {container}.{field}"));
    error.set_cause(py, Some(cause.into()));
    error
}

/// A variant that could not be extracted, and why.
pub struct FailedVariant {
    /// The variant.
    pub name: &'static str,
    /// What to call it.
    pub annotation: &'static str,
    /// Why.
    pub error: PyErr,
}

/// No variant could be extracted: says why for each.
#[cold]
pub fn failed_to_extract_enum(py: Python<'_>, name: &str, failures: &[FailedVariant]) -> PyErr {
    let annotations: Vec<_> = failures.iter().map(|failure| failure.annotation).collect();
    let mut text = format!(
        "failed to extract enum {name} ('{}')",
        annotations.join(" | ")
    );
    for FailedVariant {
        name,
        annotation,
        error,
    } in failures
    {
        // Writing to a `String` never fails.
        let _ = write!(text, "\n- variant {name} ({annotation}): {error}");
        let mut cause = error.cause(py);
        while let Some(error) = cause {
            let _ = write!(text, ", caused by {error}");
            cause = error.cause(py);
        }
    }
    PyTypeError::new_err(text)
}

/// Converts a field.
#[inline]
pub fn into_any<'py>(
    value: impl IntoPyObject<'py>,
    py: Python<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    value.into_bound_py_any(py)
}

/// A result without the object's type.
#[inline]
pub fn untyped<T>(result: PyResult<Bound<'_, T>>) -> PyResult<Bound<'_, PyAny>> {
    result.map(Bound::into_any)
}

/// A tuple of the items.
pub fn new_tuple<'py, const N: usize>(
    py: Python<'py>,
    items: [Bound<'py, PyAny>; N],
) -> PyResult<Bound<'py, PyTuple>> {
    super::tuple::new(py, items)
}

/// `dict[key] = value`.
pub fn set_item<'py>(
    dict: &Bound<'py, PyDict>,
    key: impl IntoPyObject<'py>,
    value: Bound<'py, PyAny>,
) -> PyResult<()> {
    let py = dict.py();
    let key = key.into_bound_py_any(py)?;
    // SAFETY: attached, all valid; the dict takes its own references.
    error_on_minusone(py, unsafe {
        ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr())
    })
}
