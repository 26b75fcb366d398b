//! Converts the return value of a user's function to the C value that CPython expects.

use std::ffi::c_int;

use pyo3_ffi as ffi;

use crate::convert::IntoPyObject;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyOverflowError;
use crate::interpreter::Python;

/// Conversion of a return value to the C value of a slot or function (`Target`): a new reference, a
/// size, a truth value, or nothing. A `Result` converts its value or raises its error.
pub trait IntoOutput<'py, Target> {
    /// Converts the value.
    ///
    /// # Errors
    /// The error of a `Result`, or of the conversion.
    fn into_output(self, py: Python<'py>) -> PyResult<Target>;
}

impl<'py, T: IntoPyObject<'py>> IntoOutput<'py, *mut ffi::PyObject> for T {
    #[inline]
    fn into_output(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject> {
        self.into_return_value(py, crate::convert::traits::private::Token)
    }
}

impl<'py, T, E, Target> IntoOutput<'py, Target> for Result<T, E>
where
    T: IntoOutput<'py, Target>,
    E: Into<PyErr>,
{
    #[inline]
    fn into_output(self, py: Python<'py>) -> PyResult<Target> {
        match self {
            Ok(value) => value.into_output(py),
            Err(error) => Err(error.into()),
        }
    }
}

impl IntoOutput<'_, ()> for () {
    #[inline]
    fn into_output(self, _py: Python<'_>) -> PyResult<()> {
        Ok(())
    }
}

/// 0, for slots that return a status.
impl IntoOutput<'_, c_int> for () {
    #[inline]
    fn into_output(self, _py: Python<'_>) -> PyResult<c_int> {
        Ok(0)
    }
}

impl IntoOutput<'_, c_int> for bool {
    #[inline]
    fn into_output(self, _py: Python<'_>) -> PyResult<c_int> {
        Ok(c_int::from(self))
    }
}

impl IntoOutput<'_, ffi::Py_ssize_t> for usize {
    #[inline]
    fn into_output(self, _py: Python<'_>) -> PyResult<ffi::Py_ssize_t> {
        self.try_into()
            .map_err(|_| PyOverflowError::new_err("the size does not fit in a Py_ssize_t"))
    }
}

/// Converts the return value of a function to a new reference.
///
/// # Errors
/// The error of a `Result`, or of the conversion.
#[inline]
pub fn return_value<'py, T>(py: Python<'py>, value: T) -> PyResult<*mut ffi::PyObject>
where
    T: IntoOutput<'py, *mut ffi::PyObject>,
{
    value.into_output(py)
}
