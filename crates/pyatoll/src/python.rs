//! The methods of [`Python`] that need Python types: evaluating, importing, singletons.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py, PyTypeInfo};
use crate::types::{PyAny, PyDict, PyType};

impl<'py> Python<'py> {
    /// Python's `None`.
    #[allow(non_snake_case)]
    #[inline]
    pub fn None(self) -> Py<PyAny> {
        // SAFETY: a static of CPython.
        unsafe { Borrowed::from_ptr(self, ffi::Py_None()).to_owned().unbind() }
    }

    /// Evaluates an expression, in `__main__`'s names if `globals` is `None`.
    ///
    /// # Errors
    /// What the expression raises, or a `SyntaxError`.
    pub fn eval(
        self,
        code: &CStr,
        globals: Option<&Bound<'py, PyDict>>,
        locals: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run_code(code, ffi::Py_eval_input, globals, locals)
    }

    /// Runs statements, in `__main__`'s names if `globals` is `None`.
    ///
    /// # Errors
    /// What the code raises, or a `SyntaxError`.
    pub fn run(
        self,
        code: &CStr,
        globals: Option<&Bound<'py, PyDict>>,
        locals: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        self.run_code(code, ffi::Py_file_input, globals, locals)
            .map(drop)
    }

    fn run_code(
        self,
        code: &CStr,
        start: std::ffi::c_int,
        globals: Option<&Bound<'py, PyDict>>,
        locals: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; all objects are valid or checked, new references are owned by handles.
        unsafe {
            let globals = match globals {
                Some(globals) => globals.as_any().clone(),
                None => {
                    let main = ffi::compat::PyImport_AddModuleRef(c"__main__".as_ptr());
                    let main = Bound::from_owned_ptr_or_err(self, main)?;
                    Bound::from_borrowed_ptr(self, ffi::PyModule_GetDict(main.as_ptr()))
                }
            };
            let locals = locals.map_or(globals.as_ptr(), Bound::as_ptr);
            let builtins = c"__builtins__".as_ptr();
            if ffi::PyDict_GetItemString(globals.as_ptr(), builtins).is_null() {
                ffi::PyDict_SetItemString(globals.as_ptr(), builtins, ffi::PyEval_GetBuiltins());
            }
            let compiled = Bound::from_owned_ptr_or_err(
                self,
                ffi::Py_CompileString(code.as_ptr(), c"<string>".as_ptr(), start),
            )?;
            let result = ffi::PyEval_EvalCode(compiled.as_ptr(), globals.as_ptr(), locals);
            Bound::from_owned_ptr_or_err(self, result)
        }
    }

    /// The class that `T` stands for, in this interpreter.
    #[inline]
    pub fn get_type<T: PyTypeInfo>(self) -> Bound<'py, PyType> {
        T::type_object(self)
    }
}
