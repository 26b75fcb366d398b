//! `code`: `types.CodeType`.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::types::{PyCode, PyCodeMethods, code::PyCodeInput};
//!
//! Python::attach(|py| {
//!     let code = PyCode::compile(py, c"2 ** 5", c"power.py", PyCodeInput::Eval)?;
//!     assert_eq!(code.run(None, None)?.extract::<i32>()?, 32);
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

use std::ffi::CStr;

use super::dict::PyDictMethods;
use super::returned::new_reference;
use crate::capi as ffi;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyTypeError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyAnyMethods, PyDict, PyTuple, PyTupleMethods};

/// Python's `code`: the result of `compile`. Its methods are in [`PyCodeMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyCode, PyCodeMethods, code::PyCodeInput};
///
/// Python::attach(|py| {
///     let code = PyCode::compile(py, c"1 + 1", c"sum.py", PyCodeInput::Eval)?;
///     assert_eq!(code.run(None, None)?.to_string(), "2");
///     assert_eq!(code.run(None, None)?.to_string(), "2");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyCode_Type`.
#[repr(transparent)]
pub struct PyCode(PyAny);

native_type!(PyCode: ("types", "CodeType"), { crate::capi::code_type() }, PyCode_Check);

/// The kind of source that [`PyCode::compile`] expects.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyCode, code::PyCodeInput};
///
/// Python::attach(|py| {
///     let assignment = c"x = 1";
///     assert!(PyCode::compile(py, assignment, c"x.py", PyCodeInput::File).is_ok());
///     assert!(PyCode::compile(py, assignment, c"x.py", PyCodeInput::Eval).is_err());
/// });
/// ```
///
/// C API: `Py_eval_input`, `Py_file_input`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PyCodeInput {
    /// An expression, whose value is the result of running it.
    Eval,
    /// Statements.
    File,
}

impl PyCode {
    /// Compiles Python code. `filename` appears in tracebacks.
    ///
    /// # Errors
    /// `SyntaxError`, and any other error that `compile` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{exceptions::PySyntaxError, types::{PyCode, code::PyCodeInput}};
    ///
    /// Python::attach(|py| {
    ///     let code = PyCode::compile(py, c"1 + 1", c"sum.py", PyCodeInput::Eval)?;
    ///     assert_eq!(code.getattr("co_filename")?.to_string(), "sum.py");
    ///     let error = PyCode::compile(py, c"1 +", c"sum.py", PyCodeInput::Eval).unwrap_err();
    ///     assert!(error.is_instance_of::<PySyntaxError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `Py_CompileString`.
    pub fn compile<'py>(
        py: Python<'py>,
        code: &CStr,
        filename: &CStr,
        input: PyCodeInput,
    ) -> PyResult<Bound<'py, PyCode>> {
        let start = match input {
            PyCodeInput::Eval => ffi::Py_eval_input,
            PyCodeInput::File => ffi::Py_file_input,
        };
        // SAFETY: attached; the names are C strings; returns a new code object or null.
        unsafe {
            let code = ffi::Py_CompileString(code.as_ptr(), filename.as_ptr(), start);
            new_reference(py, code)
        }
    }

    /// Compiles Python code and runs it once.
    pub(crate) fn run_source<'py>(
        py: Python<'py>,
        code: &CStr,
        input: PyCodeInput,
        globals: Option<&Bound<'py, PyDict>>,
        locals: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let code = Self::compile(py, code, c"<string>", input)?;
        // SAFETY: top-level code has no free variables.
        unsafe { run_without_cells(&code, globals, locals) }
    }

    /// Creates a code object that does nothing, for an entry of a traceback.
    pub(super) fn empty<'py>(
        py: Python<'py>,
        file_name: &CStr,
        function_name: &CStr,
        first_line: i32,
    ) -> PyResult<Bound<'py, PyCode>> {
        // SAFETY: attached; the names are C strings; returns a new code object or null.
        unsafe {
            let code = ffi::PyCode_NewEmpty(file_name.as_ptr(), function_name.as_ptr(), first_line);
            new_reference(py, code.cast())
        }
    }
}

/// The methods of [`PyCode`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyCode, PyCodeMethods, PyDict, code::PyCodeInput};
///
/// Python::attach(|py| {
///     let code = PyCode::compile(py, c"b = a * 2", c"double.py", PyCodeInput::File)?;
///     let names = PyDict::new(py);
///     names.set_item("a", "x")?;
///     code.run(Some(&names), None)?;
///     assert_eq!(names.get_item("b")?.unwrap().to_string(), "xx");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyCodeMethods<'py>: crate::types::sealed::Sealed {
    /// Runs the code and returns the value of an expression. `globals` defaults to the namespace of
    /// `__main__`, `locals` to `globals`. If `globals` has no `__builtins__`, it is added.
    ///
    /// # Errors
    /// If the code raises; `TypeError` if it has free variables (`co_freevars`).
    ///
    /// C API: `PyEval_EvalCode`.
    fn run(
        &self,
        globals: Option<&Bound<'py, PyDict>>,
        locals: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>>;
}

impl<'py> PyCodeMethods<'py> for Bound<'py, PyCode> {
    fn run(
        &self,
        globals: Option<&Bound<'py, PyDict>>,
        locals: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let free = self.getattr(intern!(self.py(), "co_freevars"))?;
        let free = free.cast_into::<PyTuple>()?;
        if !free.is_empty() {
            return Err(not_closed(&free));
        }
        // SAFETY: checked above.
        unsafe { run_without_cells(self, globals, locals) }
    }
}

/// Implements [`PyCodeMethods::run`].
///
/// # Safety
/// The code must have no free variables: CPython would read their cells from a closure, and none is
/// passed.
unsafe fn run_without_cells<'py>(
    code: &Bound<'py, PyCode>,
    globals: Option<&Bound<'py, PyDict>>,
    locals: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = code.py();
    let main;
    let globals = match globals {
        Some(globals) => globals,
        None => {
            main = main_names(py)?;
            &main
        }
    };
    // SAFETY: attached; `PyEval_GetBuiltins` returns a borrowed dict or null; `code` is a code
    // object without free variables (upheld by the caller), and the namespaces are dicts; the
    // result is a new reference or null.
    unsafe {
        let builtins = Bound::from_borrowed_ptr_or_err(py, ffi::PyEval_GetBuiltins())?;
        globals.set_default(intern!(py, "__builtins__"), builtins)?;
        let locals = locals.unwrap_or(globals);
        let result = ffi::PyEval_EvalCode(code.as_ptr(), globals.as_ptr(), locals.as_ptr());
        new_reference(py, result)
    }
}

#[cold]
fn not_closed(free: &Bound<'_, PyTuple>) -> PyErr {
    PyTypeError::new_err(format!(
        "cannot run a code object with free variables: {free}"
    ))
}

/// Returns the namespace of `__main__`.
fn main_names(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    // SAFETY: attached; returns a new reference to the module or null; its dict is borrowed from
    // it.
    unsafe {
        let main = ffi::compat::PyImport_AddModuleRef(c"__main__".as_ptr());
        let main: Bound<'_, PyAny> = new_reference(py, main)?;
        let names = ffi::PyModule_GetDict(main.as_ptr());
        Ok(Bound::from_borrowed_ptr_or_err(py, names)?.cast_into_unchecked())
    }
}

#[cfg(test)]
mod tests {
    use super::{PyCode, PyCodeInput, PyCodeMethods};
    use crate::interpreter::Python;
    use crate::types::{PyDict, PyDictMethods};

    #[test]
    fn code_sees_built_in_names_unless_globals_replace_them() {
        Python::attach(|py| {
            let code = PyCode::compile(py, c"len([])", c"f.py", PyCodeInput::Eval).unwrap();
            let names = PyDict::new(py);
            assert_eq!(code.run(Some(&names), None).unwrap().to_string(), "0");
            assert!(names.contains("__builtins__").unwrap());
            names.set_item("__builtins__", PyDict::new(py)).unwrap();
            assert!(code.run(Some(&names), None).is_err());
        });
    }

    #[test]
    fn locals_are_separate_from_globals() {
        Python::attach(|py| {
            let code = PyCode::compile(py, c"x = y", c"f.py", PyCodeInput::File).unwrap();
            let (globals, locals) = (PyDict::new(py), PyDict::new(py));
            globals.set_item("y", "value").unwrap();
            code.run(Some(&globals), Some(&locals)).unwrap();
            assert!(!globals.contains("x").unwrap());
            assert_eq!(locals.to_string(), "{'x': 'value'}");
        });
    }

    #[test]
    fn code_with_free_variables_is_refused() {
        Python::attach(|py| {
            let closure = c"(lambda x, y: lambda: x + y)(1, 2).__code__";
            let code = py.eval(closure, None, None).unwrap();
            let code = code.cast_into::<PyCode>().unwrap();
            let error = code.run(None, None).unwrap_err();
            assert_eq!(
                error.to_string(),
                "TypeError: cannot run a code object with free variables: ('x', 'y')"
            );
            let code = py.eval(c"(lambda: 7).__code__", None, None).unwrap();
            let code = code.cast_into::<PyCode>().unwrap();
            assert_eq!(code.run(None, None).unwrap().to_string(), "7");
        });
    }

    #[test]
    fn invalid_code_is_a_syntax_error() {
        Python::attach(|py| {
            let error = PyCode::compile(py, c"x = 1", c"f.py", PyCodeInput::Eval).unwrap_err();
            assert!(error.to_string().starts_with("SyntaxError"), "{error}");
        });
    }
}
