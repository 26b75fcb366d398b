//! [`LocalClass`]: an exception class with one class object per interpreter.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Bound, Py, PyTypeInfo};
use crate::sync::InterpreterLocal;
use crate::types::{PyAny, PyType};

/// The class behind `create_exception!` or `import_exception!`: created or imported on first use
/// in each interpreter, and dropped when the interpreter ends.
pub struct LocalClass {
    class: InterpreterLocal<Py<PyType>>,
}

impl LocalClass {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            class: InterpreterLocal::lasting(),
        }
    }

    /// Returns the class, creating it from its dotted name, doc string and base on first use.
    ///
    /// # Panics
    /// If the class cannot be created.
    #[inline]
    #[track_caller]
    pub fn created<Base: PyTypeInfo>(
        &self,
        py: Python<'_>,
        name: &CStr,
        doc: Option<&CStr>,
    ) -> *mut ffi::PyTypeObject {
        if let Some(class) = self.class.get(py) {
            return class.as_ptr().cast();
        }
        let base = py.get_type::<Base>();
        self.store(py, PyErr::new_type(py, name, doc, Some(&base), None), name)
    }

    /// Returns the class, importing it on first use.
    ///
    /// # Panics
    /// If it cannot be imported, or is not an exception class.
    #[inline]
    #[track_caller]
    pub fn imported(&self, py: Python<'_>, module: &str, name: &str) -> *mut ffi::PyTypeObject {
        if let Some(class) = self.class.get(py) {
            return class.as_ptr().cast();
        }
        self.store(
            py,
            import(py, module, name).map(Bound::unbind),
            format_args!("{module}.{name}"),
        )
    }

    #[cold]
    #[track_caller]
    fn store(
        &self,
        py: Python<'_>,
        class: PyResult<Py<PyType>>,
        what: impl std::fmt::Debug,
    ) -> *mut ffi::PyTypeObject {
        match class {
            Ok(class) => self.class.get_or_init(py, || class).as_ptr().cast(),
            Err(error) => panic!("cannot load the exception class {what:?}: {error}"),
        }
    }
}

/// Imports the module and returns its exception class `name`.
fn import<'py>(py: Python<'py>, module: &str, name: &str) -> PyResult<Bound<'py, PyType>> {
    let module = crate::types::PyString::new(py, module);
    let name = crate::types::PyString::new(py, name);
    // SAFETY: attached; the names are strings; each call returns a new reference or null.
    let class: Bound<'py, PyAny> = unsafe {
        let module = Bound::from_owned_ptr_or_err(py, ffi::PyImport_Import(module.as_ptr()))?;
        Bound::from_owned_ptr_or_err(py, ffi::PyObject_GetAttr(module.as_ptr(), name.as_ptr()))?
    };
    check_exception_class(class)
}

/// Casts an object to an exception class: an imported one may be any object, and a created one is
/// whatever the metaclass of its base returned.
///
/// # Errors
/// `TypeError` if it is anything else.
pub(crate) fn check_exception_class(class: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyType>> {
    let class = class.cast_into::<PyType>()?;
    // SAFETY: `class` is a live type object.
    let flags = unsafe { ffi::PyType_GetFlags(class.as_ptr().cast()) };
    if flags & ffi::Py_TPFLAGS_BASE_EXC_SUBCLASS == 0 {
        return Err(crate::exceptions::PyTypeError::new_err(
            "not a class derived from BaseException",
        ));
    }
    Ok(class)
}
