//! The standard library's errors as Python exceptions, and `PyErr` as an `io::Error`.
//!
//! Each becomes a lazy exception, whose text is made on demand.

use std::io;

use crate::error::{PyErr, PyErrArguments};
use crate::exceptions::*;
use crate::interpreter::Python;
use crate::object::Py;
use crate::types::{PyAny, PyString};

fn text(py: Python<'_>, error: impl std::fmt::Display) -> Py<PyAny> {
    PyString::new(py, &error.to_string()).into_any().unbind()
}

/// Implements the conversion of errors whose text is the exception's only argument.
macro_rules! from_text {
    ($($error:ty => $exception:ty;)*) => {$(
        #[doc = concat!("The error's text, as the argument of a [`", stringify!($exception), "`].")]
        impl PyErrArguments for $error {
            fn arguments(self, py: Python<'_>) -> Py<PyAny> {
                text(py, self)
            }
        }

        #[doc = concat!("A [`", stringify!($exception), "`] with the error's text.")]
        impl From<$error> for PyErr {
            #[cold]
            fn from(error: $error) -> PyErr {
                <$exception>::new_err(error)
            }
        }
    )*};
}

from_text! {
    std::array::TryFromSliceError => PyValueError;
    std::char::CharTryFromError => PyValueError;
    std::char::DecodeUtf16Error => PyUnicodeError;
    std::char::ParseCharError => PyValueError;
    std::env::JoinPathsError => PyValueError;
    std::ffi::NulError => PyValueError;
    std::net::AddrParseError => PyValueError;
    std::num::ParseFloatError => PyValueError;
    std::num::ParseIntError => PyValueError;
    std::num::TryFromIntError => PyValueError;
    std::path::StripPrefixError => PyValueError;
    std::str::ParseBoolError => PyValueError;
    std::str::Utf8Error => PyUnicodeError;
    std::string::FromUtf16Error => PyUnicodeError;
    std::time::SystemTimeError => PyValueError;
    std::time::TryFromFloatSecsError => PyValueError;
}

/// Returns the arguments of a `UnicodeDecodeError`.
fn decode_arguments(py: Python<'_>, bytes: &[u8], error: std::str::Utf8Error) -> Py<PyAny> {
    let arguments = PyUnicodeDecodeError::new_utf8(py, bytes, error).and_then(|exception| {
        // SAFETY: attached; the call returns a new reference, or null with an exception set.
        unsafe {
            let arguments = pyo3_ffi::PyObject_GetAttrString(exception.as_ptr(), c"args".as_ptr());
            Py::from_owned_ptr_or_err(py, arguments)
        }
    });
    arguments.unwrap_or_else(|error| error.into_value(py).into_any())
}

/// The arguments of a `UnicodeDecodeError`: the encoding, the bytes, the range, the reason.
impl PyErrArguments for std::string::FromUtf8Error {
    fn arguments(self, py: Python<'_>) -> Py<PyAny> {
        decode_arguments(py, self.as_bytes(), self.utf8_error())
    }
}

/// A [`PyUnicodeDecodeError`] that holds the bytes.
impl From<std::string::FromUtf8Error> for PyErr {
    #[cold]
    fn from(error: std::string::FromUtf8Error) -> PyErr {
        PyUnicodeDecodeError::new_err(error)
    }
}

/// The arguments of a `UnicodeDecodeError`: the encoding, the bytes, the range, the reason.
impl PyErrArguments for std::ffi::IntoStringError {
    fn arguments(self, py: Python<'_>) -> Py<PyAny> {
        let error = self.utf8_error();
        decode_arguments(py, self.into_cstring().as_bytes(), error)
    }
}

/// A [`PyUnicodeDecodeError`] that holds the bytes.
impl From<std::ffi::IntoStringError> for PyErr {
    #[cold]
    fn from(error: std::ffi::IntoStringError) -> PyErr {
        PyUnicodeDecodeError::new_err(error)
    }
}

/// Calls a macro with the kinds of `io::Error` that have a Python class of their own.
macro_rules! with_io_kinds {
    ($then:ident) => {
        $then! {
            AlreadyExists => PyFileExistsError,
            BrokenPipe => PyBrokenPipeError,
            ConnectionAborted => PyConnectionAbortedError,
            ConnectionRefused => PyConnectionRefusedError,
            ConnectionReset => PyConnectionResetError,
            Interrupted => PyInterruptedError,
            IsADirectory => PyIsADirectoryError,
            NotADirectory => PyNotADirectoryError,
            NotFound => PyFileNotFoundError,
            OutOfMemory => PyMemoryError,
            PermissionDenied => PyPermissionError,
            TimedOut => PyTimeoutError,
            WouldBlock => PyBlockingIOError,
        }
    };
}

/// The error's text.
impl PyErrArguments for io::Error {
    fn arguments(self, py: Python<'_>) -> Py<PyAny> {
        text(py, self)
    }
}

/// The subclass of `OSError` (or `MemoryError`) for the error's kind, with its text; if the error
/// was created from a [`PyErr`], that exception.
impl From<io::Error> for PyErr {
    #[cold]
    fn from(error: io::Error) -> PyErr {
        // Recognized by type, since formatting a Python exception may run Python code.
        let error = match error.downcast::<PyErr>() {
            Ok(exception) => return exception,
            Err(error) => error,
        };
        macro_rules! by_kind {
            ($($kind:ident => $exception:ty,)*) => {
                match error.kind() {
                    $(io::ErrorKind::$kind => <$exception>::new_err(error),)*
                    _ => PyOSError::new_err(error),
                }
            };
        }
        with_io_kinds!(by_kind)
    }
}

/// The error's text.
impl<W: Send + Sync> PyErrArguments for io::IntoInnerError<W> {
    fn arguments(self, py: Python<'_>) -> Py<PyAny> {
        text(py, self)
    }
}

/// The exception of the contained `io::Error`.
impl<W> From<io::IntoInnerError<W>> for PyErr {
    fn from(error: io::IntoInnerError<W>) -> PyErr {
        error.into_error().into()
    }
}

/// An `io::Error` that contains the exception; its kind follows from the exception's class, and is
/// `Other` if the exception's interpreter cannot be entered.
///
/// ```
/// use pyatoll::prelude::*;
/// use std::io::{Error, ErrorKind};
///
/// Python::attach(|py| {
///     let error: Error = py.run(c"open('/no/such/file')", None, None).unwrap_err().into();
///     assert_eq!(error.kind(), ErrorKind::NotFound);
///     let back: PyErr = error.into();
///     assert!(back.to_string().starts_with("FileNotFoundError: [Errno 2]"));
/// });
/// ```
impl From<PyErr> for io::Error {
    #[cold]
    fn from(error: PyErr) -> Self {
        let kind = error.state.attach(|py| {
            macro_rules! by_class {
                ($($kind:ident => $exception:ty,)*) => {{
                    $(if error.is_instance_of::<$exception>(py) {
                        return io::ErrorKind::$kind;
                    })*
                    io::ErrorKind::Other
                }};
            }
            with_io_kinds!(by_class)
        });
        io::Error::new(kind.unwrap_or(io::ErrorKind::Other), error)
    }
}
