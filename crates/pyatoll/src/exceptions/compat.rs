//! Exception classes that only some versions of CPython have.

#[cfg(Py_3_13)]
builtin_exception! {
    /// Python's `PythonFinalizationError`, since 3.13: the interpreter is shutting down.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyPythonFinalizationError, PyRuntimeError};
    ///
    /// let error = PyPythonFinalizationError::new_err("too late");
    /// Python::attach(|py| assert!(error.is_instance_of::<PyRuntimeError>(py)));
    /// ```
    PyPythonFinalizationError = "PythonFinalizationError"
}

#[cfg(Py_3_15)]
builtin_exception! {
    /// Python's `ImportCycleError`, since 3.15: a lazy import depends on itself.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyImportCycleError, PyImportError};
    ///
    /// let error = PyImportCycleError::new_err("round and round");
    /// Python::attach(|py| assert!(error.is_instance_of::<PyImportError>(py)));
    /// ```
    PyImportCycleError = "ImportCycleError"
}
