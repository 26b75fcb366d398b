//! The methods of [`Python`] that need Python types: constants, evaluating code, importing.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::{PyResult, error_on_minusone};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject, Py, PyTypeInfo};
use crate::types::code::{PyCode, PyCodeInput};
use crate::types::{PyAny, PyDict, PyModule, PyString, PyType};
use crate::version::PythonVersionInfo;

impl<'py> Python<'py> {
    /// Returns Python's `None`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(py.None().to_string(), "None");
    ///     assert_eq!(py.Ellipsis().to_string(), "Ellipsis");
    ///     assert_eq!(py.NotImplemented().to_string(), "NotImplemented");
    /// });
    /// ```
    #[allow(non_snake_case)]
    #[inline]
    pub fn None(self) -> Py<PyAny> {
        // SAFETY: attached; a constant of CPython is always alive.
        unsafe { Borrowed::from_ptr(self, ffi::Py_None()).to_owned().unbind() }
    }

    /// Returns Python's `Ellipsis`, also written `...`.
    #[allow(non_snake_case)]
    #[inline]
    pub fn Ellipsis(self) -> Py<PyAny> {
        // SAFETY: attached; a constant of CPython is always alive.
        unsafe {
            Borrowed::from_ptr(self, ffi::Py_Ellipsis())
                .to_owned()
                .unbind()
        }
    }

    /// Returns Python's `NotImplemented`, the result of an operator's method for unsupported
    /// operands.
    #[allow(non_snake_case)]
    #[inline]
    pub fn NotImplemented(self) -> Py<PyAny> {
        // SAFETY: attached; a constant of CPython is always alive.
        unsafe {
            Borrowed::from_ptr(self, ffi::Py_NotImplemented())
                .to_owned()
                .unbind()
        }
    }

    /// Evaluates an expression, in the namespace of `__main__` if `globals` is `None`.
    ///
    /// # Errors
    /// The exception that the expression raises, or a `SyntaxError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(py.eval(c"sorted({'b', 'a'})", None, None)?.to_string(), "['a', 'b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyEval_EvalCode`.
    pub fn eval(
        self,
        code: &CStr,
        globals: Option<&Bound<'py, PyDict>>,
        locals: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        PyCode::run_source(self, code, PyCodeInput::Eval, globals, locals)
    }

    /// Runs statements, in the namespace of `__main__` if `globals` is `None`.
    ///
    /// # Errors
    /// The exception that the code raises, or a `SyntaxError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDict;
    ///
    /// Python::attach(|py| {
    ///     let names = PyDict::new(py);
    ///     py.run(c"def greet(name):\n    return f'Hello, {name}'", Some(&names), None)?;
    ///     let greet = names.get_item("greet")?.unwrap();
    ///     assert_eq!(greet.call1(("atoll",))?.to_string(), "Hello, atoll");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyEval_EvalCode`.
    pub fn run(
        self,
        code: &CStr,
        globals: Option<&Bound<'py, PyDict>>,
        locals: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        PyCode::run_source(self, code, PyCodeInput::File, globals, locals).map(drop)
    }

    /// Returns the type object of `T` in this interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| assert_eq!(py.get_type::<PyList>().to_string(), "<class 'list'>"));
    /// ```
    #[inline]
    #[track_caller]
    pub fn get_type<T: PyTypeInfo>(self) -> Bound<'py, PyType> {
        T::type_object(self)
    }

    /// Imports a module by its full name.
    ///
    /// # Errors
    /// The exception that the import raises, such as a `ModuleNotFoundError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let e: f64 = py.import("math")?.getattr("e")?.extract()?;
    ///     assert!(e > 2.71);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyImport_Import`.
    pub fn import<N>(self, name: N) -> PyResult<Bound<'py, PyModule>>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        let name = name.into_pyobject_or_pyerr(self)?.into_bound();
        // SAFETY: attached; a live `str`; the call returns a new reference, or null with an
        // exception. The object counts as a module, even if the module replaced itself in
        // `sys.modules`.
        unsafe {
            let module = ffi::PyImport_Import(name.as_ptr());
            Ok(Bound::from_owned_ptr_or_err(self, module)?.cast_into_unchecked())
        }
    }

    /// Returns the version of the running Python, as in `sys.version`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| assert!(py.version().starts_with("3.")));
    /// ```
    ///
    /// C API: `Py_GetVersion`.
    pub fn version(self) -> &'static str {
        Python::version_str()
    }

    /// Returns the version of the running Python in parts, comparable with tuples.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     assert!(py.version_info() >= (3, 11));
    ///     assert!(py.version_info() < (4, 0, 0));
    /// });
    /// ```
    pub fn version_info(self) -> PythonVersionInfo {
        PythonVersionInfo::of_runtime()
    }

    /// Runs the Python handlers of pending signals. Python code does so by itself; long-running
    /// Rust code should call this regularly, so that Ctrl-C works.
    ///
    /// Python handles signals in the main thread of the main interpreter only: elsewhere this does
    /// nothing.
    ///
    /// # Errors
    /// The exception that a handler raises: a `KeyboardInterrupt` for Ctrl-C.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// fn long_running(py: Python<'_>) -> PyResult<u64> {
    ///     let mut sum = 0;
    ///     for i in 0..1_000_000 {
    ///         if i % 10_000 == 0 {
    ///             py.check_signals()?;
    ///         }
    ///         sum += i;
    ///     }
    ///     Ok(sum)
    /// }
    /// # Python::attach(|py| assert_eq!(long_running(py).unwrap(), 499_999_500_000));
    /// ```
    ///
    /// C API: `PyErr_CheckSignals`.
    pub fn check_signals(self) -> PyResult<()> {
        // SAFETY: attached (`self`).
        error_on_minusone(self, unsafe { ffi::PyErr_CheckSignals() })
    }
}

impl Python<'_> {
    /// Returns the version of the running Python, as in `sys.version`. Needs no interpreter.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// assert!(Python::version_str().starts_with("3."));
    /// ```
    ///
    /// C API: `Py_GetVersion`.
    pub fn version_str() -> &'static str {
        // SAFETY: may be called at any time; returns a static C string.
        let version = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) };
        version.to_str().expect("Python's version is ASCII")
    }

    /// Does what [`Python::attach`] does. In PyO3 this attaches where `attach` refuses; here
    /// `attach` refuses only if there is no interpreter to attach to.
    ///
    /// # Safety
    /// No requirements; it is unsafe for compatibility with PyO3.
    ///
    /// # Panics
    /// The same as [`Python::attach`].
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// # Python::initialize();
    /// // SAFETY: there are no requirements.
    /// let id = unsafe { Python::attach_unchecked(|py| py.interpreter().id()) };
    /// assert_eq!(id, 0);
    /// ```
    #[track_caller]
    pub unsafe fn attach_unchecked<F, R>(f: F) -> R
    where
        F: for<'py> FnOnce(Python<'py>) -> R,
    {
        Python::attach(f)
    }
}
