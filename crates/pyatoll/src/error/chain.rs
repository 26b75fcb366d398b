//! The traceback, cause and context of a [`PyErr`].

use pyo3_ffi as ffi;

use crate::error::PyErr;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyTraceback;

impl PyErr {
    /// Returns the exception's `__traceback__`, which tells where it was raised.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let raised = py.run(c"raise ValueError", None, None).unwrap_err();
    ///     assert!(raised.traceback(py).is_some());
    ///     assert!(PyValueError::new_err("not raised").traceback(py).is_none());
    /// });
    /// ```
    #[track_caller]
    pub fn traceback<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyTraceback>> {
        // SAFETY: attached; the call returns a new reference or null.
        let traceback = unsafe {
            let traceback = ffi::PyException_GetTraceback(self.value(py).as_ptr());
            Bound::from_owned_ptr_or_opt(py, traceback)?
        };
        // Before 3.12, a traceback that was set to `None` is returned as `None`.
        traceback.cast_into().ok()
    }

    /// Sets the exception's `__traceback__`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let error = py.run(c"raise ValueError", None, None).unwrap_err();
    ///     error.set_traceback(py, None);
    ///     assert!(error.traceback(py).is_none());
    /// });
    /// ```
    #[track_caller]
    pub fn set_traceback<'py>(&self, py: Python<'_>, traceback: Option<Bound<'py, PyTraceback>>) {
        let traceback = traceback.as_ref().map_or(
            // SAFETY: only takes the address of `None`.
            unsafe { ffi::Py_None() },
            Bound::as_ptr,
        );
        // SAFETY: attached; both objects are alive, and a traceback or `None` is always accepted.
        unsafe { ffi::PyException_SetTraceback(self.value(py).as_ptr(), traceback) };
    }

    /// Returns the exception's `__cause__`: the exception it was raised from.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let code = c"raise KeyError('a') from ValueError('b')";
    ///     let error = py.run(code, None, None).unwrap_err();
    ///     assert_eq!(error.cause(py).unwrap().to_string(), "ValueError: b");
    ///     assert!(PyValueError::new_err("bad").cause(py).is_none());
    /// });
    /// ```
    #[track_caller]
    pub fn cause(&self, py: Python<'_>) -> Option<PyErr> {
        // SAFETY: attached; the call returns a new reference or null.
        let cause = unsafe {
            let cause = ffi::PyException_GetCause(self.value(py).as_ptr());
            Bound::from_owned_ptr_or_opt(py, cause)
        };
        cause.map(Self::from_value)
    }

    /// Sets the exception's `__cause__`.
    ///
    /// # Panics
    /// If either exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyKeyError, PyValueError};
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     error.set_cause(py, Some(PyKeyError::new_err("why")));
    ///     assert!(error.cause(py).unwrap().is_instance_of::<PyKeyError>(py));
    ///     error.set_cause(py, None);
    ///     assert!(error.cause(py).is_none());
    /// });
    /// ```
    #[track_caller]
    pub fn set_cause(&self, py: Python<'_>, cause: Option<PyErr>) {
        let cause = match cause {
            Some(cause) => cause.into_value(py).into_ptr(),
            None => std::ptr::null_mut(),
        };
        // SAFETY: attached; the call takes over the reference to the cause.
        unsafe { ffi::PyException_SetCause(self.value(py).as_ptr(), cause) };
    }

    /// Returns the exception's `__context__`: the exception that was being handled when it was
    /// raised.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyZeroDivisionError;
    ///
    /// Python::attach(|py| {
    ///     let code = c"try: 1 / 0\nexcept ZeroDivisionError: raise KeyError('a')";
    ///     let error = py.run(code, None, None).unwrap_err();
    ///     assert!(error.context(py).unwrap().is_instance_of::<PyZeroDivisionError>(py));
    /// });
    /// ```
    #[track_caller]
    pub fn context(&self, py: Python<'_>) -> Option<PyErr> {
        // SAFETY: attached; the call returns a new reference or null.
        let context = unsafe {
            let context = ffi::PyException_GetContext(self.value(py).as_ptr());
            Bound::from_owned_ptr_or_opt(py, context)
        };
        context.map(Self::from_value)
    }

    /// Sets the exception's `__context__`.
    ///
    /// # Panics
    /// If either exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::{PyKeyError, PyValueError};
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     error.set_context(py, Some(PyKeyError::new_err("why")));
    ///     assert!(error.context(py).unwrap().is_instance_of::<PyKeyError>(py));
    ///     error.set_context(py, None);
    ///     assert!(error.context(py).is_none());
    /// });
    /// ```
    #[track_caller]
    pub fn set_context(&self, py: Python<'_>, context: Option<PyErr>) {
        let context = match context {
            Some(context) => context.into_value(py).into_ptr(),
            None => std::ptr::null_mut(),
        };
        // SAFETY: attached; the call takes over the reference to the context.
        unsafe { ffi::PyException_SetContext(self.value(py).as_ptr(), context) };
    }
}
