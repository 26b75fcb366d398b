//! Conversions between [`PyErr`], exception objects and this library's own errors.

use std::convert::Infallible;

use super::cast::{self, CastError, CastIntoError};
use super::state::ErrorState;
use crate::convert::IntoPyObject;
use crate::error::PyErr;
use crate::exceptions::{PyBaseException, PyRuntimeError};
use crate::interpreter::{AttachError, Python};
use crate::object::{Borrowed, Bound, WrongInterpreter};

/// An exception type, whose objects convert to [`PyErr`]. Implemented by the exception macros.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::exceptions::PyUnicodeDecodeError;
///
/// fn refuse(py: Python<'_>) -> PyResult<()> {
///     Err(PyUnicodeDecodeError::new(py, c"ascii", b"\xff", 0..1, c"not ASCII")?.into())
/// }
/// Python::attach(|py| assert!(refuse(py).is_err()));
/// ```
pub trait ToPyErr {}

impl<'py, T: ToPyErr> From<Bound<'py, T>> for PyErr {
    fn from(exception: Bound<'py, T>) -> PyErr {
        PyErr::from_value(exception.into_any())
    }
}

impl From<CastError<'_, '_>> for PyErr {
    fn from(error: CastError<'_, '_>) -> PyErr {
        cast::into_type_error(error.object(), error.class())
    }
}

impl From<CastIntoError<'_>> for PyErr {
    fn from(error: CastIntoError<'_>) -> PyErr {
        let class = error.class().clone();
        cast::into_type_error(error.into_inner().as_borrowed(), &class)
    }
}

impl From<Infallible> for PyErr {
    fn from(never: Infallible) -> PyErr {
        match never {}
    }
}

impl From<WrongInterpreter> for PyErr {
    fn from(error: WrongInterpreter) -> PyErr {
        PyRuntimeError::new_err(error.to_string())
    }
}

impl From<AttachError> for PyErr {
    fn from(error: AttachError) -> PyErr {
        PyRuntimeError::new_err(error.to_string())
    }
}

/// Converts to the exception object. An exception of another interpreter is refused with a
/// `RuntimeError`.
impl<'py> IntoPyObject<'py> for PyErr {
    type Target = PyBaseException;
    type Output = Bound<'py, PyBaseException>;
    type Error = WrongInterpreter;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::exceptions::PyBaseException>() }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        (&self).into_pyobject(py)
    }
}

/// Converts to the exception object. An exception of another interpreter is refused with a
/// `RuntimeError`.
impl<'py> IntoPyObject<'py> for &PyErr {
    type Target = PyBaseException;
    type Output = Bound<'py, PyBaseException>;
    type Error = WrongInterpreter;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::exceptions::PyBaseException>() }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.state.normalize(py).try_bind(py).cloned()
    }
}

/// Wraps an exception object.
impl<'py> From<Borrowed<'_, 'py, PyBaseException>> for PyErr {
    fn from(exception: Borrowed<'_, 'py, PyBaseException>) -> PyErr {
        Self::from_state(ErrorState::normalized(exception.to_owned().unbind()))
    }
}
