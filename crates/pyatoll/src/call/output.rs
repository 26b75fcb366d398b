//! Converts the return value of a user's function to the C value that CPython expects.
//!
//! A trait for each kind of result, so that the compiler's message says which types may be
//! returned. An error's type is checked by [`IntoPyErr`] alone, and named in its message.

use std::ffi::c_int;

use pyo3_ffi as ffi;

use crate::convert::IntoPyObject;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyOverflowError;
use crate::interpreter::Python;

/// Conversion of a return value to the C value of a function (`Target`): a new reference. A
/// `Result` converts its value or raises its error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned to Python",
    note = "`#[pyclass]` and `#[derive(IntoPyObject)]` implement `IntoPyObject`, which a result \
            needs; types of other crates have it with the feature of that crate's name: `chrono`, \
            `uuid`, …",
    note = "instead of a reference to the value of a class, return a clone, or keep a `Py<…>` of \
            it and return that; instead of an iterator, a `Vec` or a class with `__next__`"
)]
pub trait IntoOutput<'py, Target> {
    /// Converts the value.
    ///
    /// # Errors
    /// The error of a `Result`, or of the conversion.
    fn into_output(self, py: Python<'py>) -> PyResult<Target>;
}

#[diagnostic::do_not_recommend]
impl<'py, T: IntoPyObject<'py>> IntoOutput<'py, *mut ffi::PyObject> for T {
    #[inline]
    fn into_output(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject> {
        self.into_return_value(py, crate::convert::traits::private::Token)
    }
}

impl<'py, T, E, Target> IntoOutput<'py, Target> for Result<T, E>
where
    T: IntoOutput<'py, Target>,
    E: IntoPyErr,
{
    #[inline]
    fn into_output(self, py: Python<'py>) -> PyResult<Target> {
        match self {
            Ok(value) => value.into_output(py),
            Err(error) => Err(error.into()),
        }
    }
}

/// An error that a function may return: one that converts to a [`PyErr`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be raised as a Python exception",
    note = "`impl From<{Self}> for PyErr` says which exception it becomes; or return a `PyErr`: \
            `.map_err(|error| PyValueError::new_err(error.to_string()))`"
)]
pub trait IntoPyErr: Into<PyErr> {}

#[diagnostic::do_not_recommend]
impl<E: Into<PyErr>> IntoPyErr for E {}

/// The return value of a function. `Returned(value).into_object(py)` calls the inherent method for
/// a `Result`, and that of [`ReturnedValue`] for any other type: so the compiler names the type
/// that lacks a conversion, not the `Result` around it.
pub struct Returned<T>(pub T);

impl<T, E> Returned<Result<T, E>> {
    /// Converts the value to a new reference.
    ///
    /// # Errors
    /// That of the `Result`, or of the conversion.
    #[inline(always)]
    pub fn into_object<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
        E: IntoPyErr,
    {
        self.0.into_output(py)
    }
}

/// A return value that is not a `Result`.
pub trait ReturnedValue<T> {
    /// Converts the value to a new reference.
    ///
    /// # Errors
    /// That of the conversion.
    fn into_object<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>;
}

impl<T> ReturnedValue<T> for Returned<T> {
    #[inline(always)]
    fn into_object<'py>(self, py: Python<'py>) -> PyResult<*mut ffi::PyObject>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        self.0.into_output(py)
    }
}

/// A return value of `__len__`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `__len__`",
    label = "expected `usize`",
    note = "`__len__` returns `usize`, or a `Result` of it"
)]
pub trait LengthOutput {
    /// Converts the value.
    ///
    /// # Errors
    /// The error of a `Result`; `OverflowError`.
    fn into_length(self) -> PyResult<ffi::Py_ssize_t>;
}

impl LengthOutput for usize {
    #[inline]
    fn into_length(self) -> PyResult<ffi::Py_ssize_t> {
        self.try_into()
            .map_err(|_| PyOverflowError::new_err("the size does not fit in a Py_ssize_t"))
    }
}

impl<T: LengthOutput, E: IntoPyErr> LengthOutput for Result<T, E> {
    #[inline]
    fn into_length(self) -> PyResult<ffi::Py_ssize_t> {
        self.map_err(Into::into)?.into_length()
    }
}

/// A return value of `__bool__` or `__contains__`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `__bool__` or `__contains__`",
    label = "expected `bool`",
    note = "`__bool__` and `__contains__` return `bool`, or a `Result` of it"
)]
pub trait TruthOutput {
    /// Converts the value to 0 or 1.
    ///
    /// # Errors
    /// The error of a `Result`.
    fn into_truth(self) -> PyResult<c_int>;
}

impl TruthOutput for bool {
    #[inline]
    fn into_truth(self) -> PyResult<c_int> {
        Ok(c_int::from(self))
    }
}

impl<T: TruthOutput, E: IntoPyErr> TruthOutput for Result<T, E> {
    #[inline]
    fn into_truth(self) -> PyResult<c_int> {
        self.map_err(Into::into)?.into_truth()
    }
}

/// A return value of a function from which Python expects none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is returned where Python expects no value",
    label = "expected `()`",
    note = "setters, deleters, `__init__`, `__setitem__`, `__delitem__` and their like, and \
            `#[pymodule]` functions return `()` or a `Result<(), E>`"
)]
pub trait UnitOutput {
    /// Converts the value.
    ///
    /// # Errors
    /// The error of a `Result`.
    fn into_unit(self) -> PyResult<()>;
}

impl UnitOutput for () {
    #[inline]
    fn into_unit(self) -> PyResult<()> {
        Ok(())
    }
}

impl<T: UnitOutput, E: IntoPyErr> UnitOutput for Result<T, E> {
    #[inline]
    fn into_unit(self) -> PyResult<()> {
        self.map_err(Into::into)?.into_unit()
    }
}

/// Converts the return value of `__len__`.
///
/// # Errors
/// The error of a `Result`; `OverflowError`.
#[inline]
pub fn length<T: LengthOutput>(value: T) -> PyResult<ffi::Py_ssize_t> {
    value.into_length()
}

/// Converts the return value of `__bool__` or `__contains__`.
///
/// # Errors
/// The error of a `Result`.
#[inline]
pub fn truth<T: TruthOutput>(value: T) -> PyResult<c_int> {
    value.into_truth()
}

/// Converts the return value of a function from which Python expects none.
///
/// # Errors
/// The error of a `Result`.
#[inline]
pub fn unit<T: UnitOutput>(value: T) -> PyResult<()> {
    value.into_unit()
}

/// Converts the return value of a slot from which Python expects a status: 0.
///
/// # Errors
/// The error of a `Result`.
#[inline]
pub fn status<T: UnitOutput>(value: T) -> PyResult<c_int> {
    value.into_unit().map(|()| 0)
}
