//! `module`.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use super::returned::new_reference;
use crate::call::output::IntoOutput;
use crate::class::PyClass;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::exceptions::PyAttributeError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject};
use crate::types::{PyAny, PyAnyMethods, PyCFunction, PyDict, PyList, PyString};

/// Python's `module`. Its methods are in [`PyModuleMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyModule;
///
/// Python::attach(|py| {
///     let json = PyModule::import(py, "json")?;
///     assert_eq!(json.name()?.to_string(), "json");
///     assert_eq!(json.call_method1("loads", ("[]",))?.to_string(), "[]");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyModule(PyAny);

native_type!(PyModule, PyModule_Type, PyModule_Check);

impl PyModule {
    /// An empty module. It is not put into `sys.modules`.
    ///
    /// A submodule's name is the whole path: `"package.module"`.
    ///
    /// # Errors
    /// If Python has no memory for it, or the name has a NUL character.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     let module = PyModule::new(py, "new_module")?;
    ///     assert_eq!(module.name()?.to_string(), "new_module");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyModule_FromDefAndSpec`, `PyModule_ExecDef`.
    pub fn new<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyModule>> {
        crate::module::definition::plain(py, name)
    }

    /// Imports a module: [`Python::import`].
    ///
    /// # Errors
    /// What the import raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyModule::import(py, "json")?.name()?, "json");
    ///     assert!(PyModule::import(py, "no_such_module").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyImport_Import`.
    pub fn import<'py, N>(py: Python<'py>, name: N) -> PyResult<Bound<'py, PyModule>>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        let name = name.into_pyobject_or_pyerr(py)?;
        // SAFETY: attached; a `str`; a new reference or null comes back. A module may put another
        // object in its place in `sys.modules`: the methods take any object.
        unsafe { new_reference(py, ffi::PyImport_Import(name.as_ptr())) }
    }

    /// Runs Python code as a module of the given name, which is put into `sys.modules`.
    /// `file_name` is for tracebacks; empty, it is `<string>`.
    ///
    /// # Errors
    /// `SyntaxError`; what the code raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     let code = c"def double(x): return 2 * x";
    ///     let module = PyModule::from_code(py, code, c"double.py", c"double")?;
    ///     assert_eq!(module.call_method1("double", ("ab",))?.to_string(), "abab");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `Py_CompileString`, `PyImport_ExecCodeModuleEx`.
    pub fn from_code<'py>(
        py: Python<'py>,
        code: &CStr,
        file_name: &CStr,
        module_name: &CStr,
    ) -> PyResult<Bound<'py, PyModule>> {
        let file_name = if file_name.is_empty() {
            c"<string>"
        } else {
            file_name
        };
        let code =
            super::code::PyCode::compile(py, code, file_name, super::code::PyCodeInput::File)?;
        // SAFETY: attached; valid texts and code; a new reference or null comes back.
        let module: Bound<'_, PyAny> = unsafe {
            let module = ffi::PyImport_ExecCodeModuleEx(
                module_name.as_ptr(),
                code.as_ptr(),
                file_name.as_ptr(),
            );
            new_reference(py, module)?
        };
        Ok(module.cast_into()?)
    }
}

/// The methods of [`PyModule`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyModule;
///
/// Python::attach(|py| {
///     let module = PyModule::new(py, "outer")?;
///     module.add("constant", "value")?;
///     module.add_submodule(&PyModule::new(py, "outer.inner")?)?;
///     assert_eq!(module.getattr("constant")?.to_string(), "value");
///     assert_eq!(module.getattr("inner")?.getattr("__name__")?.to_string(), "outer.inner");
///     assert_eq!(module.index()?.to_string(), "['constant', 'inner']");
///     assert!(module.dict().contains("constant")?);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyModule")]
pub trait PyModuleMethods<'py>: crate::types::sealed::Sealed {
    /// The names in it: its `__dict__`.
    ///
    /// # Panics
    /// If it is no module, but an object that a module put in its place in `sys.modules`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.import("json")?.dict().contains("loads")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyModule_GetDict`.
    fn dict(&self) -> Bound<'py, PyDict>;

    /// The names that `from module import *` gives: its `__all__`, which is made if it has none.
    ///
    /// # Errors
    /// If `__all__` is not a list.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     let module = PyModule::new(py, "module")?;
    ///     assert!(module.index()?.is_empty());
    ///     module.add("constant", "value")?;
    ///     assert_eq!(module.index()?.to_string(), "['constant']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn index(&self) -> PyResult<Bound<'py, PyList>>;

    /// Its `__name__`.
    ///
    /// # Errors
    /// If it has none.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyModule::new(py, "outer.inner")?.name()?, "outer.inner");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyModule_GetNameObject`.
    fn name(&self) -> PyResult<Bound<'py, PyString>>;

    /// Its `__file__`.
    ///
    /// # Errors
    /// If it has none, as built-in modules.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.import("json")?.filename()?.to_str()?.ends_with("__init__.py"));
    ///     assert!(py.import("sys")?.filename().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyModule_GetFilenameObject`.
    fn filename(&self) -> PyResult<Bound<'py, PyString>>;

    /// Adds an attribute, and its name to the [index](PyModuleMethods::index).
    ///
    /// # Errors
    /// What a conversion or the assignment raises; if `__all__` is not a list.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     let module = PyModule::new(py, "module")?;
    ///     module.add("answer", 42)?;
    ///     assert_eq!(module.getattr("answer")?.extract::<i32>()?, 42);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn add<N, V>(&self, name: N, value: V) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>,
        V: IntoPyObject<'py>;

    /// Adds a `#[pyclass]` under its Python name.
    ///
    /// # Errors
    /// What making the class raises; as for [`add`](PyModuleMethods::add).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// #[pyclass]
    /// struct Point;
    ///
    /// Python::attach(|py| {
    ///     let module = PyModule::new(py, "module")?;
    ///     module.add_class::<Point>()?;
    ///     assert!(module.getattr("Point")?.is(py.get_type::<Point>()));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn add_class<T: PyClass>(&self) -> PyResult<()>;

    /// Adds a function, as [`wrap_pyfunction!`](crate::wrap_pyfunction) makes it, under its name.
    ///
    /// # Errors
    /// As for [`add`](PyModuleMethods::add).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// #[pyfunction]
    /// fn double(x: i32) -> i32 {
    ///     2 * x
    /// }
    ///
    /// Python::attach(|py| {
    ///     let module = PyModule::new(py, "module")?;
    ///     module.add_function(wrap_pyfunction!(double, py)?)?;
    ///     assert_eq!(module.call_method1("double", (21,))?.extract::<i32>()?, 42);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn add_function(&self, function: Bound<'_, PyCFunction>) -> PyResult<()>;

    /// Adds what a wrapper makes (`wrap_pyfunction!(f)`, `wrap_pymodule!(m)`), under its
    /// `__name__`.
    ///
    /// # Errors
    /// What the wrapper raises; if there is no `__name__`; as for [`add`](PyModuleMethods::add).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// #[pyfunction]
    /// fn double(x: i32) -> i32 {
    ///     2 * x
    /// }
    ///
    /// Python::attach(|py| {
    ///     let module = PyModule::new(py, "module")?;
    ///     module.add_wrapped(&|py| wrap_pyfunction!(double, py))?;
    ///     assert_eq!(module.call_method1("double", (21,))?.extract::<i32>()?, 42);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn add_wrapped<T>(&self, wrapper: &impl Fn(Python<'py>) -> T) -> PyResult<()>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>;

    /// Adds a module as an attribute, named by the last part of its name.
    ///
    /// It does not become importable by that: put it into `sys.modules` for `import outer.inner`.
    ///
    /// # Errors
    /// If it has no name; as for [`add`](PyModuleMethods::add).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     let outer = PyModule::new(py, "outer")?;
    ///     let inner = PyModule::new(py, "outer.inner")?;
    ///     outer.add_submodule(&inner)?;
    ///     assert!(outer.getattr("inner")?.is(&inner));
    ///     assert!(py.import("outer.inner").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn add_submodule(&self, module: &Bound<'_, PyModule>) -> PyResult<()>;

    /// Says whether the module needs the GIL, to a free-threaded Python. `#[pymodule]` says so
    /// with its option of that name.
    ///
    /// # Errors
    /// If it is no module.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     let module = PyModule::new(py, "module")?;
    ///     assert!(module.gil_used(false).is_ok());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyUnstable_Module_SetGIL`.
    fn gil_used(&self, gil_used: bool) -> PyResult<()>;
}

impl<'py> PyModuleMethods<'py> for Bound<'py, PyModule> {
    fn dict(&self) -> Bound<'py, PyDict> {
        // SAFETY: attached; an object; the dict is borrowed from the module.
        unsafe {
            let dict = ffi::PyModule_GetDict(self.as_ptr());
            Bound::from_borrowed_ptr(self.py(), dict).cast_into_unchecked()
        }
    }

    fn index(&self) -> PyResult<Bound<'py, PyList>> {
        let name = intern!(self.py(), "__all__");
        match self.getattr(name) {
            Ok(index) => Ok(index.cast_into()?),
            Err(error) if error.is_instance_of::<PyAttributeError>(self.py()) => {
                let index = PyList::empty(self.py());
                self.setattr(name, &index)?;
                Ok(index)
            }
            Err(error) => Err(error),
        }
    }

    fn name(&self) -> PyResult<Bound<'py, PyString>> {
        // SAFETY: attached; an object; a new `str` or null comes back.
        unsafe { new_reference(self.py(), ffi::PyModule_GetNameObject(self.as_ptr())) }
    }

    fn filename(&self) -> PyResult<Bound<'py, PyString>> {
        // SAFETY: attached; an object; a new `str` or null comes back.
        unsafe { new_reference(self.py(), ffi::PyModule_GetFilenameObject(self.as_ptr())) }
    }

    fn add<N, V>(&self, name: N, value: V) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>,
        V: IntoPyObject<'py>,
    {
        let name = name.into_pyobject_or_pyerr(self.py())?;
        let value = value.into_pyobject_or_pyerr(self.py())?.into_any();
        add(self, name.as_borrowed(), value.as_borrowed())
    }

    fn add_class<T: PyClass>(&self) -> PyResult<()> {
        crate::class::type_object::add_to_module::<T>(self)
    }

    fn add_function(&self, function: Bound<'_, PyCFunction>) -> PyResult<()> {
        add_named(self, function.as_any().as_borrowed())
    }

    fn add_wrapped<T>(&self, wrapper: &impl Fn(Python<'py>) -> T) -> PyResult<()>
    where
        T: IntoOutput<'py, *mut ffi::PyObject>,
    {
        let py = self.py();
        let object = wrapper(py).into_output(py)?;
        // SAFETY: attached; the conversion gives a new reference.
        let object = unsafe { Bound::from_owned_ptr(py, object) };
        add_named(self, object.as_borrowed())
    }

    fn add_submodule(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let name = module.name()?.to_string();
        let last = name.rsplit('.').next().unwrap_or(&name);
        let name = PyString::new(self.py(), last);
        add(self, name.as_borrowed(), module.as_any().as_borrowed())
    }

    fn gil_used(&self, gil_used: bool) -> PyResult<()> {
        #[cfg(Py_GIL_DISABLED)]
        {
            let gil = if gil_used {
                ffi::Py_MOD_GIL_USED
            } else {
                ffi::Py_MOD_GIL_NOT_USED
            };
            // SAFETY: attached; an object.
            let result = unsafe { ffi::PyUnstable_Module_SetGIL(self.as_ptr(), gil) };
            super::returned::status(self.py(), result)
        }
        #[cfg(not(Py_GIL_DISABLED))]
        {
            let _ = gil_used;
            Ok(())
        }
    }
}

fn add_named(module: &Bound<'_, PyModule>, object: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
    let name = object.getattr(intern!(module.py(), "__name__"))?;
    add(module, name.cast::<PyString>()?.as_borrowed(), object)
}

/// Adds an object under a name that is a Rust string.
///
/// # Errors
/// As for [`add`](PyModuleMethods::add).
pub(crate) fn add_object(
    module: &Bound<'_, PyModule>,
    name: &str,
    value: Borrowed<'_, '_, PyAny>,
) -> PyResult<()> {
    add(
        module,
        PyString::new(module.py(), name).as_borrowed(),
        value,
    )
}

fn add(
    module: &Bound<'_, PyModule>,
    name: Borrowed<'_, '_, PyString>,
    value: Borrowed<'_, '_, PyAny>,
) -> PyResult<()> {
    // SAFETY: attached; three objects. First the attribute: a name in `__all__` must be one.
    super::returned::status(module.py(), unsafe {
        ffi::PyObject_SetAttr(module.as_ptr(), name.as_ptr(), value.as_ptr())
    })?;
    let index = module.index()?;
    // SAFETY: attached; a list and an object.
    super::returned::status(module.py(), unsafe {
        ffi::PyList_Append(index.as_ptr(), name.as_ptr())
    })
}

#[cfg(test)]
mod tests {
    use super::{PyModule, PyModuleMethods};
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyDictMethods};

    #[test]
    fn an_index_that_is_no_list_is_an_error() {
        Python::attach(|py| {
            let module = PyModule::new(py, "odd").unwrap();
            module.setattr("__all__", "names").unwrap();
            assert!(module.index().is_err());
            assert!(module.add("a", "x").is_err());
        });
    }

    #[test]
    fn code_is_run_as_a_module() {
        Python::attach(|py| {
            let code = c"__all__ = ['here']\nhere = __name__, __file__";
            let name = c"pyatoll_test_code";
            let module = PyModule::from_code(py, code, c"code.py", name).unwrap();
            let here = module.getattr("here").unwrap().to_string();
            assert_eq!(here, "('pyatoll_test_code', 'code.py')");
            module.add("there", "x").unwrap();
            assert_eq!(module.index().unwrap().to_string(), "['here', 'there']");
            let modules = py.import("sys").unwrap().getattr("modules").unwrap();
            modules.del_item("pyatoll_test_code").unwrap();
        });
    }

    #[test]
    fn code_that_fails_leaves_no_module() {
        Python::attach(|py| {
            let name = c"pyatoll_test_failing";
            for (code, class) in [(c"1 / 0", "ZeroDivisionError"), (c"1 +", "SyntaxError")] {
                let error = PyModule::from_code(py, code, c"", name).unwrap_err();
                assert!(error.get_type(py).to_string().contains(class), "{error}");
                assert!(PyModule::import(py, "pyatoll_test_failing").is_err());
            }
        });
    }

    #[test]
    fn names_and_files() {
        Python::attach(|py| {
            let json = PyModule::import(py, "json").unwrap();
            assert!(json.filename().unwrap().to_string().contains("json"));
            assert!(json.dict().contains("loads").unwrap());
            let module = PyModule::new(py, "bare").unwrap();
            assert!(module.filename().is_err());
            module.delattr("__name__").unwrap();
            assert!(module.name().is_err());
        });
    }
}
