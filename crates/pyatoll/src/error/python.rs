//! Exceptions through Python's own functions: new classes, notes, warnings.

use std::ffi::CStr;

use crate::capi as ffi;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult, error_on_minusone};
use crate::exceptions::class::check_exception_class;
use crate::interpreter::Python;
use crate::object::{Bound, BoundObject, Py};
use crate::types::{PyAny, PyDict, PyString, PyType};

impl PyErr {
    /// Creates a new exception class in this interpreter. For a class known at compile time,
    /// [`create_exception!`](crate::create_exception) is simpler.
    ///
    /// `name` is dotted: `module.Name`. `base` is a class (`Exception` if `None`), `dict` a dict of
    /// class attributes.
    ///
    /// # Panics
    /// If `dict` belongs to another interpreter.
    ///
    /// # Errors
    /// If the name has no dot, or Python refuses the base or the attributes; `TypeError` if the
    /// base is not an exception class, or its metaclass returns anything else.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let class = PyErr::new_type(py, c"device.NotReady", Some(c"Not ready."), None, None)?;
    ///     let error = PyErr::from_type(class.into_bound(py), "no cable");
    ///     assert_eq!(error.to_string(), "NotReady: no cable");
    ///     assert!(PyErr::new_type(py, c"no_dot", None, None, None).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_NewExceptionWithDoc`.
    #[track_caller]
    pub fn new_type<'py>(
        py: Python<'py>,
        name: &CStr,
        doc: Option<&CStr>,
        base: Option<&Bound<'py, PyType>>,
        dict: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyType>> {
        let doc = doc.map_or(std::ptr::null(), CStr::as_ptr);
        let base = base.map_or(std::ptr::null_mut(), Bound::as_ptr);
        let dict = dict.map(|dict| dict.try_into_bound(py)).transpose()?;
        // CPython does not check the type.
        let dict = dict.map(Bound::cast_into::<PyDict>).transpose()?;
        let dict = dict.as_ref().map_or(std::ptr::null_mut(), Bound::as_ptr);
        // SAFETY: attached; `name` is valid, the others are valid or null; the call returns a new
        // reference, or null with an exception set.
        let class = unsafe {
            let class = ffi::PyErr_NewExceptionWithDoc(name.as_ptr(), doc, base, dict);
            Bound::from_owned_ptr_or_err(py, class)?
        };
        check_exception_class(class).map(Bound::unbind)
    }

    /// Adds a note that is shown below the exception's message in a traceback.
    ///
    /// # Panics
    /// If the exception belongs to another interpreter.
    ///
    /// # Errors
    /// Those of the conversion, and those of an overridden `add_note`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyValueError;
    ///
    /// Python::attach(|py| {
    ///     let error = PyValueError::new_err("bad value");
    ///     error.add_note(py, "in line 3")?;
    ///     let notes: Vec<String> = error.value(py).getattr("__notes__")?.extract()?;
    ///     assert_eq!(notes, ["in line 3"]);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn add_note<'py, N>(&self, py: Python<'py>, note: N) -> PyResult<()>
    where
        N: IntoPyObject<'py, Target = PyString>,
    {
        let note = note.into_pyobject_or_pyerr(py)?;
        let note = note.as_borrowed();
        // SAFETY: attached; all objects are alive; both calls return a new reference, or null with
        // an exception set.
        unsafe {
            let method = ffi::PyObject_GetAttrString(self.value(py).as_ptr(), c"add_note".as_ptr());
            let method = Bound::from_owned_ptr_or_err(py, method)?;
            let result = ffi::PyObject_CallOneArg(method.as_ptr(), note.as_ptr());
            Bound::from_owned_ptr_or_err(py, result).map(drop)
        }
    }

    /// Issues a warning, like `warnings.warn`. `stacklevel` is the frame to report: 1 for the
    /// running one, 2 for its caller.
    ///
    /// # Errors
    /// The warning, if the filters turn it into an error.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyUserWarning;
    ///
    /// Python::attach(|py| {
    ///     let category = py.get_type::<PyUserWarning>();
    ///     PyErr::warn(py, &category, c"be careful", 0)?;
    ///     PyErr::warn_explicit(py, &category, c"here too", c"file.py", 7, None, None)
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyErr_WarnEx`.
    pub fn warn<'py>(
        py: Python<'py>,
        category: &Bound<'py, PyAny>,
        message: &CStr,
        stacklevel: i32,
    ) -> PyResult<()> {
        // SAFETY: attached; the category is alive and the message is a C string.
        error_on_minusone(py, unsafe {
            ffi::PyErr_WarnEx(
                category.as_ptr(),
                message.as_ptr(),
                stacklevel as ffi::Py_ssize_t,
            )
        })
    }

    /// Issues a warning about a line of a file, like `warnings.warn_explicit`.
    ///
    /// # Errors
    /// The warning, if the filters turn it into an error.
    ///
    /// C API: `PyErr_WarnExplicit`.
    pub fn warn_explicit<'py>(
        py: Python<'py>,
        category: &Bound<'py, PyAny>,
        message: &CStr,
        filename: &CStr,
        lineno: i32,
        module: Option<&CStr>,
        registry: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let module = module.map_or(std::ptr::null(), CStr::as_ptr);
        let registry = registry.map_or(std::ptr::null_mut(), Bound::as_ptr);
        // SAFETY: attached; all pointers are valid, and the module and the registry may be null.
        error_on_minusone(py, unsafe {
            ffi::PyErr_WarnExplicit(
                category.as_ptr(),
                message.as_ptr(),
                filename.as_ptr(),
                lineno,
                module,
                registry,
            )
        })
    }
}
