//! Conversions that every class has, in the form the macro's expansion calls.

use super::PyClass;
use super::guard::PyClassGuard;
use super::initializer::PyClassInitializer;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;

/// Makes an instance of a value: `IntoPyObject` of a class.
///
/// # Errors
/// As for [`Bound::new`].
pub fn value_into_object<T>(py: Python<'_>, value: T) -> PyResult<Bound<'_, T>>
where
    T: PyClass + Into<PyClassInitializer<T>>,
{
    Bound::new(py, value)
}

/// Clones the value of an instance: `FromPyObject` of a class with `from_py_object`.
///
/// # Errors
/// If the object is of another class, or is borrowed mutably.
pub fn clone_value<T: PyClass + Clone>(object: Borrowed<'_, '_, PyAny>) -> PyResult<T> {
    match object.extract::<PyClassGuard<'_, T>>() {
        Ok(guard) => Ok(T::clone(&guard)),
        Err(error) => Err(PyErr::from(error)),
    }
}
