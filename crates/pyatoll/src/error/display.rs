//! Printing and reporting a [`PyErr`]; its `Debug` and `Display`.

use std::fmt;

use pyo3_ffi as ffi;

use crate::error::{PyErr, system_exit};
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyTraceback, PyTracebackMethods};

impl PyErr {
    /// Prints the exception with its traceback to `sys.stderr`.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let error = py.run(c"import no_such_module", None, None).unwrap_err();
    ///     error.display(py);
    /// });
    /// ```
    ///
    /// C API: `PyErr_Display`.
    #[track_caller]
    pub fn display(&self, py: Python<'_>) {
        let value = self.value(py);
        let traceback = self.traceback(py);
        let traceback = traceback
            .as_ref()
            .map_or(std::ptr::null_mut(), Bound::as_ptr);
        // SAFETY: attached; all objects are alive, and the traceback may be null.
        unsafe {
            ffi::PyErr_Display(
                ffi::Py_TYPE(value.as_ptr()).cast(),
                value.as_ptr(),
                traceback,
            )
        };
    }

    /// Prints the exception with its traceback to `sys.stderr`, through `sys.excepthook`.
    ///
    /// A `SystemExit` is not printed but **ends the process**, with its code as the exit status,
    /// after finalizing the runtime (`Py_FinalizeEx`). On a thread that is inside a
    /// sub-interpreter, attached or detached, CPython cannot finalize. There, the exit functions of
    /// this interpreter, of the main one and of those created from Rust are called, and the
    /// standard streams flushed, but the runtime is not finalized, and threads that are inside an
    /// interpreter have a second to leave.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let (sys, stderr) = (py.import("sys")?, py.import("io")?.call_method0("StringIO")?);
    ///     sys.setattr("stderr", &stderr)?;
    ///     PyValueError::new_err("bad").print(py);
    ///     assert!(stderr.call_method0("getvalue")?.contains("ValueError: bad")?);
    ///     sys.setattr("stderr", sys.getattr("__stderr__")?)?;
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_PrintEx(0)`.
    #[track_caller]
    pub fn print(&self, py: Python<'_>) {
        system_exit::exit_within_sub(py, self);
        self.clone_ref(py).restore(py);
        // SAFETY: attached; `restore` set the current exception.
        unsafe { ffi::PyErr_PrintEx(0) };
    }

    /// Prints the error as [`print`](PyErr::print) does, and sets `sys.last_exc` and its older
    /// forms.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad");
    ///     error.print_and_set_sys_last_vars(py);
    ///     assert!(py.import("sys")?.getattr("last_value")?.is(error.value(py)));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_PrintEx(1)`.
    #[track_caller]
    pub fn print_and_set_sys_last_vars(&self, py: Python<'_>) {
        system_exit::exit_within_sub(py, self);
        self.clone_ref(py).restore(py);
        // SAFETY: attached; `restore` set the current exception.
        unsafe { ffi::PyErr_PrintEx(1) };
    }

    /// Reports the exception through `sys.unraisablehook`, as Python does with an exception in
    /// `__del__`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let seen = py.eval(c"[]", None, None)?;
    ///     let sys = py.import("sys")?;
    ///     sys.setattr("unraisablehook", seen.getattr("append")?)?;
    ///     PyValueError::new_err("bad").write_unraisable(py, None);
    ///     sys.setattr("unraisablehook", sys.getattr("__unraisablehook__")?)?;
    ///     assert_eq!(seen.get_item(0)?.getattr("exc_value")?.to_string(), "bad");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_WriteUnraisable`.
    pub fn write_unraisable(self, py: Python<'_>, object: Option<&Bound<'_, PyAny>>) {
        self.restore(py);
        let object = object.map_or(std::ptr::null_mut(), Bound::as_ptr);
        // SAFETY: attached; `restore` set the current exception.
        unsafe { ffi::PyErr_WriteUnraisable(object) };
    }
}

impl fmt::Debug for PyErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.state.attach(|py| {
            f.debug_struct("PyErr")
                .field("type", &self.get_type(py))
                .field("value", self.value(py))
                .field("traceback", &self.traceback(py).map(describe_traceback))
                .finish()
        });
        shown.unwrap_or_else(|why| write!(f, "PyErr(cannot be shown: {why})"))
    }
}

/// Returns the traceback's text.
fn describe_traceback(traceback: Bound<'_, PyTraceback>) -> String {
    traceback.format().unwrap_or_else(|error| {
        // Not formatted with its traceback, as that might recurse forever.
        error.write_unraisable(traceback.py(), Some(traceback.as_any()));
        format!("<unformattable {traceback:?}>")
    })
}

impl fmt::Display for PyErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.state.attach(|py| {
            let value = self.value(py);
            let name = crate::types::typeobject::qualname_of_type(value.as_any());
            f.write_str(&name)?;
            // SAFETY: attached; the call returns a new reference, or null with an exception set.
            let text =
                unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyObject_Str(value.as_ptr())) };
            match text {
                Ok(text) => write!(f, ": {}", crate::types::string::to_string_lossy(&text)),
                Err(_) => f.write_str(": <exception str() failed>"),
            }
        });
        shown.unwrap_or_else(|why| write!(f, "a Python exception that cannot be shown: {why}"))
    }
}
