//! [`PyErrArguments`]: the arguments of a lazy exception.

use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyErr;
use crate::interpreter::Python;
use crate::object::Py;
use crate::types::PyAny;

/// The arguments of a lazy exception, converted when the exception object is created.
///
/// Implemented by every `Send + Sync` type that converts to a Python object: a tuple gives
/// several arguments, any other value one.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::exceptions::PyOSError;
///
/// let error = PyOSError::new_err((2, "no such file"));
/// assert_eq!(error.to_string(), "FileNotFoundError: [Errno 2] no such file");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the arguments of a Python exception",
    note = "give a text, a tuple, or any value that implements `IntoPyObject` and is `Send` and \
            `Sync`"
)]
pub trait PyErrArguments: Send + Sync {
    /// Converts to a tuple of arguments, or to a single argument.
    fn arguments(self, py: Python<'_>) -> Py<PyAny>;
}

impl<T> PyErrArguments for T
where
    T: for<'py> IntoPyObject<'py> + Send + Sync,
{
    fn arguments(self, py: Python<'_>) -> Py<PyAny> {
        match self.into_py_any(py) {
            Ok(arguments) => arguments,
            // The exception of the failed conversion serves as the argument.
            Err(error) => PyErr::into_value(error, py).into_any(),
        }
    }
}
