//! `traceback`.

use pyo3_ffi as ffi;

use super::imported::import;
use super::returned::status;
use crate::error::PyResult;
use crate::intern;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyAnyMethods, PyFrame, PyString};

/// Python's `traceback`: the frames that an exception passed through. Its methods are in
/// [`PyTracebackMethods`].
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let error = py.run(c"1 / 0", None, None).unwrap_err();
///     let traceback = error.traceback(py).unwrap();
///     assert!(traceback.format()?.starts_with("Traceback (most recent call last):"));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyTraceBack_Type`.
#[repr(transparent)]
pub struct PyTraceback(PyAny);

native_type!(PyTraceback: ("types", "TracebackType"), PyTraceBack_Type, PyTraceBack_Check);

impl PyTraceback {
    /// Creates a traceback entry for `frame`. `next` is the entry closer to the point where the
    /// exception was raised. `instruction_index` is the frame's `f_lasti`, or -1 if it has none.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    /// use pyatoll::types::{PyFrame, PyTraceback};
    ///
    /// Python::attach(|py| {
    ///     let frame = PyFrame::new(py, c"parser.rs", c"parse", 7)?;
    ///     let traceback = PyTraceback::new(py, None, frame, -1, 7)?;
    ///     let error = PyValueError::new_err("bad input");
    ///     error.set_traceback(py, Some(traceback));
    ///     assert!(error.traceback(py).unwrap().format()?.contains("\"parser.rs\", line 7"));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `types.TracebackType`.
    pub fn new<'py>(
        py: Python<'py>,
        next: Option<Bound<'py, PyTraceback>>,
        frame: Bound<'py, PyFrame>,
        instruction_index: i32,
        line_number: i32,
    ) -> PyResult<Bound<'py, PyTraceback>> {
        let class = py.get_type::<PyTraceback>();
        let traceback = class.call1((next, frame, instruction_index, line_number))?;
        Ok(traceback.cast_into()?)
    }
}

/// The methods of [`PyTraceback`].
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let error = py.run(c"raise ValueError('bad')", None, None).unwrap_err();
///     let text = format!("{}{}", error.traceback(py).unwrap().format()?, error);
///     assert_eq!(
///         text,
///         "Traceback (most recent call last):\n  \
///            File \"<string>\", line 1, in <module>\n\
///          ValueError: bad"
///     );
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyTraceback")]
pub trait PyTracebackMethods<'py>: crate::types::sealed::Sealed {
    /// Returns the text that Python prints for the traceback, without the exception itself.
    ///
    /// # Errors
    /// If printing raises.
    ///
    /// C API: `PyTraceBack_Print`.
    fn format(&self) -> PyResult<String>;
}

impl<'py> PyTracebackMethods<'py> for Bound<'py, PyTraceback> {
    fn format(&self) -> PyResult<String> {
        let py = self.py();
        let file = import(py, c"io", c"StringIO")?.call0()?;
        // SAFETY: attached; `self` is a traceback, and `file` is valid.
        let result = unsafe { ffi::PyTraceBack_Print(self.as_ptr(), file.as_ptr()) };
        status(py, result)?;
        let text = file.call_method0(intern!(py, "getvalue"))?;
        let text = text.cast::<PyString>()?;
        Ok(super::string::to_string_lossy(text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{PyTraceback, PyTracebackMethods};
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyFrame};

    #[test]
    fn a_new_traceback_precedes_its_next() {
        Python::attach(|py| {
            let frame = |name| PyFrame::new(py, c"lib.rs", name, 3).unwrap();
            let inner = PyTraceback::new(py, None, frame(c"inner"), -1, 5).unwrap();
            let outer = PyTraceback::new(py, Some(inner), frame(c"outer"), -1, 4).unwrap();
            assert_eq!(outer.getattr("tb_lineno").unwrap().to_string(), "4");
            let text = outer.format().unwrap();
            let inner = text.find("line 5, in inner").unwrap();
            assert!(text.find("line 4, in outer").unwrap() < inner, "{text}");
        });
    }
}
