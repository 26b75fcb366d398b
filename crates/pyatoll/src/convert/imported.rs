//! Classes of Python's standard library, imported once in each interpreter.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use crate::convert::IntoPyObject;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Bound, Py};
use crate::sync::InterpreterLocal;
use crate::types::{PyAny, PyTuple};

/// An attribute of a module, imported at first use and cached per interpreter.
pub(super) struct Imported {
    module: &'static CStr,
    name: &'static CStr,
    object: InterpreterLocal<Py<PyAny>>,
}

impl Imported {
    pub(super) const fn new(module: &'static CStr, name: &'static CStr) -> Self {
        Self {
            module,
            name,
            object: InterpreterLocal::lasting(),
        }
    }

    pub(super) fn get<'py>(&'py self, py: Python<'py>) -> PyResult<&'py Bound<'py, PyAny>> {
        let object = self.object.get_or_try_init(py, || {
            crate::types::imported::import(py, self.module, self.name).map(Bound::unbind)
        })?;
        Ok(object.bind(py))
    }

    /// Calls the attribute.
    pub(super) fn call<'py>(
        &self,
        py: Python<'py>,
        arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (callable, arguments) = (self.get(py)?, arguments.into_pyobject(py)?);
        // SAFETY: attached; a live object and a tuple; the call returns a new reference, or null
        // with an exception set.
        unsafe {
            let result = ffi::PyObject_CallObject(callable.as_ptr(), arguments.as_ptr());
            Bound::from_owned_ptr_or_err(py, result)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use crate::convert::IntoPyObjectExt;
    use crate::error::{PyErr, PyResult};
    use crate::interpreter::{Python, SubInterpreter};
    use crate::object::Py;
    use crate::types::{PyAny, PyAnyMethods};

    /// Converts a path to Python and back, and returns the class of its object.
    fn path_class(py: Python<'_>) -> PyResult<Py<PyAny>> {
        let path = Path::new("a").into_bound_py_any(py)?;
        assert_eq!(path.extract::<PathBuf>()?, Path::new("a"));
        Ok(path.getattr("__class__")?.unbind())
    }

    #[test]
    fn each_interpreter_has_its_own_class() {
        let main = Python::attach(path_class).unwrap();
        let sub = SubInterpreter::builder().build().unwrap();
        let class = sub.attach(path_class).unwrap().unwrap();
        assert!(!class.is(&main));
        assert!(class.interpreter() != main.interpreter());
        drop(class);
        sub.close().unwrap();
        let again = Python::attach(path_class).unwrap();
        assert!(again.is(&main));
    }

    #[test]
    fn a_failed_import_is_an_error_each_time() {
        static ABSENT: super::Imported = super::Imported::new(c"builtins", c"no_such_name");
        Python::attach(|py| {
            for _ in 0..2 {
                let error = ABSENT.get(py).unwrap_err();
                assert!(error.to_string().starts_with("AttributeError: "), "{error}");
            }
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}
