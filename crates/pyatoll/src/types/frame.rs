//! `frame`: `types.FrameType`.

use std::ffi::CStr;

use super::code::PyCode;
use super::compat;
use super::returned::{new_reference, new_reference_or_panic, status};
use crate::capi as ffi;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyDict};

/// Python's `frame`: a call in progress or a finished one. Its methods are in [`PyFrameMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyFrame, PyFrameMethods};
///
/// Python::attach(|py| {
///     let frame = PyFrame::new(py, c"file.rs", c"function", 42)?;
///     assert_eq!(frame.line_number(), 42);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyFrame_Type`.
#[repr(transparent)]
pub struct PyFrame(PyAny);

native_type!(PyFrame: ("types", "FrameType"), { crate::capi::frame_type() }, PyFrame_Check);

impl PyFrame {
    /// Creates a frame that has never run, for
    /// [`PyTraceback::new`](crate::types::PyTraceback::new).
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyFrame, PyFrameMethods};
    ///
    /// Python::attach(|py| {
    ///     let frame = PyFrame::new(py, c"file.rs", c"function", 42)?;
    ///     let code = frame.code();
    ///     assert_eq!(code.getattr("co_filename")?.to_string(), "file.rs");
    ///     assert_eq!(code.getattr("co_name")?.to_string(), "function");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrame_New`, `PyCode_NewEmpty`.
    pub fn new<'py>(
        py: Python<'py>,
        file_name: &CStr,
        func_name: &CStr,
        line_number: i32,
    ) -> PyResult<Bound<'py, PyFrame>> {
        let code = PyCode::empty(py, file_name, func_name, line_number)?;
        let (globals, locals) = (PyDict::new(py), PyDict::new(py));
        // SAFETY: attached, so there is a current thread state; `code` is a code object, and the
        // namespaces are dicts; returns a new frame or null.
        unsafe {
            let frame = ffi::PyFrame_New(
                ffi::PyThreadState_Get(),
                code.as_ptr().cast(),
                globals.as_ptr(),
                locals.as_ptr(),
            );
            new_reference(py, frame.cast())
        }
    }
}

/// The methods of [`PyFrame`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyFrame, PyFrameMethods};
///
/// Python::attach(|py| {
///     let code = c"def f():\n    here = 'x'\n    return __import__('sys')._getframe()";
///     py.run(code, None, None)?;
///     let frame = py.eval(c"f()", None, None)?.cast_into::<PyFrame>()?;
///     assert_eq!(frame.line_number(), 3);
///     assert_eq!(frame.code().getattr("co_name")?.to_string(), "f");
///     assert_eq!(frame.var(c"here")?.to_string(), "x");
///     assert!(frame.var(c"there").is_err());
///     assert_eq!(frame.locals().get_item("here")?.to_string(), "x");
///     assert!(frame.globals().contains("f")?);
///     assert!(frame.builtins().contains("len")?);
///     assert_eq!(frame.outer().unwrap().code().getattr("co_name")?.to_string(), "<module>");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyFrame")]
pub trait PyFrameMethods<'py>: crate::types::sealed::Sealed {
    /// Returns the current line.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyFrame, PyFrameMethods};
    ///
    /// Python::attach(|py| {
    ///     let frame = PyFrame::new(py, c"file.rs", c"function", 42)?;
    ///     assert_eq!(frame.line_number(), 42);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrame_GetLineNumber`.
    fn line_number(&self) -> i32;

    /// Returns the calling frame. A suspended generator has none.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyFrame, PyFrameMethods};
    ///
    /// Python::attach(|py| {
    ///     py.run(c"def f(): return __import__('sys')._getframe()", None, None)?;
    ///     let frame = py.eval(c"f()", None, None)?.cast_into::<PyFrame>()?;
    ///     assert_eq!(frame.outer().unwrap().code().getattr("co_name")?.to_string(), "<module>");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrame_GetBack`.
    fn outer(&self) -> Option<Bound<'py, PyFrame>>;

    /// Returns the code that the frame runs.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyFrame, PyFrameMethods};
    ///
    /// Python::attach(|py| {
    ///     let frame = PyFrame::new(py, c"file.rs", c"function", 42)?;
    ///     assert_eq!(frame.code().getattr("co_firstlineno")?.extract::<i32>()?, 42);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrame_GetCode`.
    fn code(&self) -> Bound<'py, PyCode>;

    /// Returns the value of a local variable.
    ///
    /// # Errors
    /// `NameError` if the variable does not exist.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyNameError;
    /// use pyatoll::types::{PyFrame, PyFrameMethods};
    ///
    /// Python::attach(|py| {
    ///     let code = c"def f():\n    here = 'x'\n    return __import__('sys')._getframe()";
    ///     py.run(code, None, None)?;
    ///     let frame = py.eval(c"f()", None, None)?.cast_into::<PyFrame>()?;
    ///     assert_eq!(frame.var(c"here")?.to_string(), "x");
    ///     assert!(frame.var(c"there").unwrap_err().is_instance_of::<PyNameError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrame_GetVarString`, since 3.12.
    fn var(&self, name: &CStr) -> PyResult<Bound<'py, PyAny>>;

    /// Returns the built-in namespace of the frame.
    ///
    /// # Panics
    /// If the frame was created with a built-in namespace that is not a `dict`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyFrame, PyFrameMethods};
    ///
    /// Python::attach(|py| {
    ///     let frame = PyFrame::new(py, c"file.rs", c"function", 42)?;
    ///     assert!(frame.builtins().contains("len")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrame_GetBuiltins`.
    #[track_caller]
    fn builtins(&self) -> Bound<'py, PyDict>;

    /// Returns the global namespace of the frame: a copy if that is a `frozendict`, which `eval`
    /// and `exec` accept from Python 3.15 on.
    ///
    /// # Panics
    /// If a copy cannot be made: Python runs out of memory, or a subclass of `frozendict` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyFrame, PyFrameMethods};
    ///
    /// Python::attach(|py| {
    ///     let code = c"def f(): return __import__('sys')._getframe()";
    ///     py.run(code, None, None)?;
    ///     let frame = py.eval(c"f()", None, None)?.cast_into::<PyFrame>()?;
    ///     assert!(frame.globals().contains("f")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrame_GetGlobals`.
    #[track_caller]
    fn globals(&self) -> Bound<'py, PyDict>;

    /// Returns the local namespace of the frame, a mapping.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyFrame, PyFrameMethods};
    ///
    /// Python::attach(|py| {
    ///     let code = c"def f():\n    here = 'x'\n    return __import__('sys')._getframe()";
    ///     py.run(code, None, None)?;
    ///     let frame = py.eval(c"f()", None, None)?.cast_into::<PyFrame>()?;
    ///     assert_eq!(frame.locals().to_string(), "{'here': 'x'}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyFrame_GetLocals`.
    #[track_caller]
    fn locals(&self) -> Bound<'py, PyAny>;
}

fn raw(frame: &Bound<'_, PyFrame>) -> *mut ffi::PyFrameObject {
    frame.as_ptr().cast()
}

impl<'py> PyFrameMethods<'py> for Bound<'py, PyFrame> {
    fn line_number(&self) -> i32 {
        // SAFETY: attached; `self` is a frame.
        unsafe { ffi::PyFrame_GetLineNumber(raw(self)) }
    }

    fn outer(&self) -> Option<Bound<'py, PyFrame>> {
        // SAFETY: attached; `self` is a frame; returns a new reference or null.
        unsafe {
            let outer = ffi::PyFrame_GetBack(raw(self)).cast();
            Some(Bound::from_owned_ptr_or_opt(self.py(), outer)?.cast_into_unchecked())
        }
    }

    fn code(&self) -> Bound<'py, PyCode> {
        // SAFETY: attached; `self` is a frame; returns a new reference.
        unsafe { new_reference_or_panic(self.py(), ffi::PyFrame_GetCode(raw(self)).cast()) }
    }

    fn var(&self, name: &CStr) -> PyResult<Bound<'py, PyAny>> {
        compat::variable_of_frame(self, name)
    }

    fn builtins(&self) -> Bound<'py, PyDict> {
        // SAFETY: attached; `self` is a frame; returns a new reference.
        let names: Bound<'_, PyAny> =
            unsafe { new_reference_or_panic(self.py(), ffi::PyFrame_GetBuiltins(raw(self))) };
        names
            .cast_into()
            .expect("`PyFrame_GetBuiltins` returns a `dict`")
    }

    fn globals(&self) -> Bound<'py, PyDict> {
        // SAFETY: attached; `self` is a frame; returns a new reference.
        let names: Bound<'_, PyAny> =
            unsafe { new_reference_or_panic(self.py(), ffi::PyFrame_GetGlobals(raw(self))) };
        match names.cast_into() {
            Ok(names) => names,
            Err(error) => {
                let (copy, names) = (PyDict::new(self.py()), error.into_inner());
                // SAFETY: attached; a dict, and any object.
                let result = unsafe { ffi::PyDict_Update(copy.as_ptr(), names.as_ptr()) };
                status(self.py(), result).expect("a `frozendict` is a mapping");
                copy
            }
        }
    }

    fn locals(&self) -> Bound<'py, PyAny> {
        // SAFETY: attached; `self` is a frame; returns a new reference or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PyFrame_GetLocals(raw(self))) }
    }
}

#[cfg(test)]
mod tests {
    use super::{PyFrame, PyFrameMethods};
    use crate::exceptions::PyNameError;
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyDict, PyDictMethods};

    #[test]
    fn a_created_frame_has_a_name_and_no_variables() {
        Python::attach(|py| {
            let frame = PyFrame::new(py, c"file.rs", c"function", 42).unwrap();
            let code = frame.code();
            let text = |name| code.getattr(name).unwrap().to_string();
            assert_eq!(text("co_filename"), "file.rs");
            assert_eq!(text("co_name"), "function");
            assert_eq!(frame.line_number(), 42);
            let error = frame.var(c"x").unwrap_err();
            assert!(error.is_instance_of::<PyNameError>(py), "{error}");
        });
    }

    #[test]
    fn frozen_globals_are_copied() {
        // There is no `frozendict` before.
        if !crate::capi::at_least(15) {
            return;
        }
        Python::attach(|py| {
            let code = c"eval('__import__(\"sys\")._getframe()', \
                frozendict(name=7, __builtins__=__builtins__))";
            let frame = py.eval(code, None, None).unwrap();
            let globals = frame.cast_into::<PyFrame>().unwrap().globals();
            assert!(globals.is_exact_instance_of::<PyDict>());
            assert_eq!(globals.get_item("name").unwrap().unwrap().to_string(), "7");
            globals.set_item("other", 8).unwrap();
        });
    }

    #[test]
    fn a_suspended_frame_has_no_caller() {
        Python::attach(|py| {
            let names = PyDict::new(py);
            let code = c"
import sys
def inner(): yield sys._getframe()
def outer():
    for frame in generator:
        return frame, frame.f_back
generator = inner()
frame, caller = outer()
kept = sys._getframe
def callers():
    return sys._getframe(1)
def caller_of():
    mine = callers()
    return mine is sys._getframe()
assert caller_of()
";
            py.run(code, Some(&names), None).unwrap();
            let frame = names.get_item("frame").unwrap().unwrap();
            let frame = frame.cast::<PyFrame>().unwrap();
            // Suspended, so it has no caller.
            assert!(frame.outer().is_none());
            assert_eq!(frame.globals().as_ptr(), names.as_ptr());
        });
    }
}
