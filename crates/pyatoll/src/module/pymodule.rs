//! [`PyModule`]: Python's `module`.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use super::export::ModuleClass;
use super::{compat, definition, submodules};
use crate::call::output::IntoOutput;
use crate::class::statics::ClassStatics;
use crate::class::type_lookup;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::exceptions::PyAttributeError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject};
use crate::types::code::{PyCode, PyCodeInput};
use crate::types::macros::native_type;
use crate::types::returned::{new_reference, status};
use crate::types::{PyAny, PyAnyMethods, PyCFunction, PyDict, PyDictMethods, PyList, PyString};

/// A Python `module`. Its methods are in [`PyModuleMethods`].
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

native_type!(PyModule: ("types", "ModuleType"), PyModule_Type, PyModule_Check);

impl PyModule {
    /// Creates an empty module. It is not added to `sys.modules`.
    ///
    /// The name of a submodule is its whole path: `"package.module"`.
    ///
    /// # Errors
    /// `ValueError` if the name contains a NUL character; `MemoryError`.
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
        definition::plain(py, name)
    }

    /// Imports a module. Same as [`Python::import`].
    ///
    /// # Errors
    /// Any exception raised by the import.
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
        // SAFETY: attached (`py`); `name` is a `str`; returns a new reference or null. A module may
        // replace itself in `sys.modules` by any object, which the methods of `PyModule` accept.
        unsafe { new_reference(py, ffi::PyImport_Import(name.as_ptr())) }
    }

    /// Runs Python code as a module of the given name and adds it to `sys.modules`. `file_name` is
    /// shown in tracebacks; an empty one becomes `<string>`.
    ///
    /// # Errors
    /// `SyntaxError`; any exception raised by the code.
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
        let code = PyCode::compile(py, code, file_name, PyCodeInput::File)?;
        // SAFETY: attached (`py`); `code` is a code object; returns a new reference or null.
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
    /// Returns the module's `__dict__`.
    ///
    /// # Panics
    /// If the object is not a module, but one that replaced a module in `sys.modules`.
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
    #[track_caller]
    fn dict(&self) -> Bound<'py, PyDict>;

    /// Returns the module's `__all__`, the names that `from module import *` binds. Creates it if
    /// it does not exist.
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
    ///
    /// C API: `PyObject_GetAttr`.
    fn index(&self) -> PyResult<Bound<'py, PyList>>;

    /// Returns the module's `__name__`.
    ///
    /// # Errors
    /// If the module has none.
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

    /// Returns the module's `__file__`.
    ///
    /// # Errors
    /// If the module has none, such as a built-in module.
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
    /// If a conversion or the assignment fails, or `__all__` is not a list.
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
    ///
    /// C API: `PyObject_SetAttr`.
    fn add<N, V>(&self, name: N, value: V) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>,
        V: IntoPyObject<'py>;

    /// Adds a `#[pyclass]` under its Python name.
    ///
    /// # Errors
    /// If the class cannot be created; as for [`add`](PyModuleMethods::add).
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
    fn add_class<T: ModuleClass>(&self) -> PyResult<()>;

    /// Adds a function, created by [`wrap_pyfunction!`](crate::wrap_pyfunction), under its name.
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

    /// Adds the object that a wrapper (`wrap_pyfunction!(f)`, `wrap_pymodule!(m)`) returns, under
    /// its `__name__`.
    ///
    /// # Errors
    /// If the wrapper fails or the object has no `__name__`; as for [`add`](PyModuleMethods::add).
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

    /// Adds a module as an attribute, under the last component of its name, and makes it
    /// importable: `import outer.inner` works if `outer` is being imported or has been.
    ///
    /// If the name lacks that of the parent, such as `inner`, or the parent's package, it gets it:
    /// as the module's `__name__` and as the `__module__` of its functions and classes, so that
    /// `pickle` finds them. A module that can already be imported by its name keeps the name, and
    /// so does one whose name contradicts the parent's.
    ///
    /// # Errors
    /// If the module has no name; as for [`add`](PyModuleMethods::add).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyModule;
    ///
    /// Python::attach(|py| {
    ///     let outer = PyModule::new(py, "outer")?;
    ///     let inner = PyModule::new(py, "inner")?;
    ///     outer.add_submodule(&inner)?;
    ///     assert!(outer.getattr("inner")?.is(&inner));
    ///     assert_eq!(inner.name()?, "outer.inner");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn add_submodule(&self, module: &Bound<'_, PyModule>) -> PyResult<()>;

    /// Declares to a free-threaded Python whether the module needs the GIL. The `gil_used` option
    /// of `#[pymodule]` does the same.
    ///
    /// # Errors
    /// If the object is not a module.
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
        // SAFETY: attached (`self`); any object is accepted; the dict is borrowed from the module.
        unsafe {
            let dict = ffi::PyModule_GetDict(self.as_ptr());
            Bound::from_borrowed_ptr(self.py(), dict).cast_into_unchecked()
        }
    }

    fn index(&self) -> PyResult<Bound<'py, PyList>> {
        let name = intern!(self.py(), "__all__");
        // The dict may hold a lazy import (PEP 810), which only `getattr` resolves.
        if let Some(dict) = dict_if_exact(self)
            && let Some(index) = dict.get_item(name)?
            && let Ok(index) = index.cast_into()
        {
            return Ok(index);
        }
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
        // SAFETY: attached (`self`); any object is accepted; returns a new `str` or null.
        unsafe { new_reference(self.py(), ffi::PyModule_GetNameObject(self.as_ptr())) }
    }

    fn filename(&self) -> PyResult<Bound<'py, PyString>> {
        // SAFETY: attached (`self`); any object is accepted; returns a new `str` or null.
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

    fn add_class<T: ModuleClass>(&self) -> PyResult<()> {
        T::add_to(self)
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
        // SAFETY: attached (`py`); the conversion returns a new reference.
        let object = unsafe { Bound::from_owned_ptr(py, object) };
        if let Ok(module) = object.cast::<PyModule>() {
            return self.add_submodule(module);
        }
        add_named(self, object.as_borrowed())
    }

    fn add_submodule(&self, module: &Bound<'_, PyModule>) -> PyResult<()> {
        let name = module.name()?.to_string();
        let last = name.rsplit('.').next().unwrap_or(&name);
        let name = PyString::new(self.py(), last);
        add(self, name.as_borrowed(), module.as_any().as_borrowed())?;
        submodules::adopt(self, module)
    }

    fn gil_used(&self, gil_used: bool) -> PyResult<()> {
        compat::set_gil_used(self, gil_used)
    }
}

/// Adds a class under its Python name, creating it in `module` if it does not exist yet.
#[inline(never)]
pub(super) fn add_class(
    module: &Bound<'_, PyModule>,
    statics: &'static ClassStatics,
) -> PyResult<()> {
    let py = module.py();
    let class = type_lookup::create(py, statics, Some(module.as_any()))?;
    // The class may be older than the module.
    type_lookup::set_module(py, statics, class, module.as_any())?;
    // SAFETY: attached (`py`); the class lives as long as the interpreter.
    let class: Borrowed<'_, '_, PyAny> = unsafe { Borrowed::from_ptr(py, class.cast()) };
    let name = PyString::intern(py, statics.name());
    if let Some(dict) = dict_if_exact(module)
        && !statics.name().starts_with("__")
    {
        let index = module.index()?;
        // Same as `setattr`: the data descriptors of the module type all have dunder names.
        dict.set_item(&name, class)?;
        return append(&index, name.as_borrowed());
    }
    add(module, name.as_borrowed(), class)
}

/// Returns the `__dict__` of a module whose type is exactly `module`: a subclass may override
/// attribute access. `None` for a subclass, or if the garbage collector has cleared the dict.
fn dict_if_exact<'py>(module: &Bound<'py, PyModule>) -> Option<Bound<'py, PyDict>> {
    // SAFETY: attached (`module`); a live object, and a module once that has been checked; the dict
    // is borrowed from it.
    unsafe {
        if ffi::PyModule_CheckExact(module.as_ptr()) == 0 {
            return None;
        }
        let dict = ffi::PyModule_GetDict(module.as_ptr());
        let dict = Bound::from_borrowed_ptr_or_opt(module.py(), dict)?;
        Some(dict.cast_into_unchecked())
    }
}

/// Adds an object under its `__name__`.
fn add_named(module: &Bound<'_, PyModule>, object: Borrowed<'_, '_, PyAny>) -> PyResult<()> {
    let name = object.getattr(intern!(module.py(), "__name__"))?;
    add(module, name.cast::<PyString>()?.as_borrowed(), object)
}

fn add(
    module: &Bound<'_, PyModule>,
    name: Borrowed<'_, '_, PyString>,
    value: Borrowed<'_, '_, PyAny>,
) -> PyResult<()> {
    // Fetched before the attribute is set: if that is `__all__` itself, the new value stays
    // unchanged.
    let index = module.index()?;
    // SAFETY: attached (`module`); all three objects are alive.
    status(module.py(), unsafe {
        ffi::PyObject_SetAttr(module.as_ptr(), name.as_ptr(), value.as_ptr())
    })?;
    append(&index, name)
}

/// Appends the name of an attribute that exists to the module's `__all__`.
fn append(index: &Bound<'_, PyList>, name: Borrowed<'_, '_, PyString>) -> PyResult<()> {
    // SAFETY: attached (`index`); `index` is a list, `name` an object.
    status(index.py(), unsafe {
        ffi::PyList_Append(index.as_ptr(), name.as_ptr())
    })
}

#[cfg(test)]
mod tests {
    use super::{PyModule, PyModuleMethods};
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyDictMethods};

    #[test]
    fn an_index_that_is_not_a_list_is_an_error() {
        Python::attach(|py| {
            let module = PyModule::new(py, "odd").unwrap();
            module.setattr("__all__", "names").unwrap();
            assert!(module.index().is_err());
            assert!(module.add("a", "x").is_err());
            assert!(!module.hasattr("a").unwrap());
        });
    }

    #[test]
    fn an_index_that_is_added_stays_as_it_is() {
        #[crate::pyclass(crate = "crate")]
        struct Scanner;

        Python::attach(|py| {
            let module = PyModule::new(py, "scanner").unwrap();
            module.add("hidden", 0).unwrap();
            module.add("__all__", vec!["scan"]).unwrap();
            assert_eq!(module.index().unwrap().to_string(), "['scan']");
            module.add("version", 1).unwrap();
            module.add_class::<Scanner>().unwrap();
            let index = "['scan', 'version', 'Scanner']";
            assert_eq!(module.index().unwrap().to_string(), index);
            module.add("__all__", ("scan", "Scanner")).unwrap();
            let index = module.getattr("__all__").unwrap().to_string();
            assert_eq!(index, "('scan', 'Scanner')");
            assert!(module.add("late", 1).is_err() && module.add_class::<Scanner>().is_err());
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
    fn modules_know_their_name_and_file() {
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
