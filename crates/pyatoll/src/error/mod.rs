//! Python exceptions as Rust errors: [`PyErr`].
//!
//! | file | concern |
//! |---|---|
//! | `py_err` | [`PyErr`]: creating, fetching, raising and inspecting an exception |
//! | `state` | the lazy or normalized exception in a `PyErr` |
//! | `arguments` | [`PyErrArguments`]: the arguments of a lazy exception |
//! | `chain` | traceback, cause and context |
//! | `display` | printing and reporting an exception |
//! | `raised` | [`RaisedException`]: an exception as plain data |
//! | `system_exit` | `SystemExit` in a sub-interpreter |
//! | `python` | new exception classes, notes, warnings |
//! | `cast` | [`CastError`], [`CastIntoError`] |
//! | `attach` | attaching, with this error type only |
//! | `conversions` | conversions between `PyErr`, exception objects and this library's errors |
//! | `std_errors` | conversions from the standard library's errors |
//! | `pointers` | handles from CPython's return values |
//! | `tests` | unit tests |

mod arguments;
mod attach;
mod cast;
mod chain;
mod conversions;
mod display;
mod pointers;
mod py_err;
mod python;
mod raised;
mod state;
mod std_errors;
mod system_exit;
#[cfg(test)]
mod tests;

pub use arguments::PyErrArguments;
pub use cast::{CastError, CastIntoError};
pub use conversions::ToPyErr;
pub use py_err::PyErr;
pub use raised::RaisedException;

use crate::interpreter::Python;

/// A result whose error is a Python exception.
pub type PyResult<T> = Result<T, PyErr>;

/// Checks the return value of a CPython function that reports failure as -1.
///
/// # Errors
/// The current exception, if `value` is -1.
#[inline]
pub(crate) fn error_on_minusone(py: Python<'_>, value: std::ffi::c_int) -> PyResult<()> {
    if value == -1 {
        Err(PyErr::fetch(py))
    } else {
        Ok(())
    }
}
