//! `weakref.proxy`.

use pyo3_ffi as ffi;

use super::{PyWeakrefMethods, upgrade};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, BoundObject, PyTypeCheck};
use crate::types::PyAny;
use crate::types::imported::import;
use crate::types::returned::new_reference;

/// Python's `weakref.proxy`: an object that stands for another one while that lives. Its methods
/// are in [`PyWeakrefMethods`]; those of any object act on the other one.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PySet, PyWeakrefProxy};
///
/// Python::attach(|py| {
///     let set = PySet::new(py, ["a"])?;
///     let proxy = PyWeakrefProxy::new(&set)?;
///     assert_eq!(proxy.as_any().len()?, 1);
///     drop(set);
///     assert!(proxy.as_any().len().is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyWeakrefProxy(PyAny);

impl crate::object::DerefToPyAny for PyWeakrefProxy {}

// SAFETY: CPython's own check.
unsafe impl PyTypeCheck for PyWeakrefProxy {
    #[inline]
    fn type_check(object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: attached; an object.
        unsafe { ffi::PyWeakref_CheckProxy(object.as_ptr()) != 0 }
    }

    fn classinfo_object(py: Python<'_>) -> Bound<'_, PyAny> {
        match import(py, c"weakref", c"ProxyTypes") {
            Ok(classes) => classes,
            Err(error) => panic!("cannot import weakref.ProxyTypes: {error}"),
        }
    }
}

impl PyWeakrefProxy {
    /// A proxy of the object.
    ///
    /// # Errors
    /// `TypeError` if its class does not allow weak references.
    ///
    /// C API: `PyWeakref_NewProxy`.
    pub fn new<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyWeakrefProxy>> {
        // SAFETY: attached; an object and `None`; returns a new reference or null.
        unsafe {
            let weak = ffi::PyWeakref_NewProxy(object.as_ptr(), ffi::Py_None());
            new_reference(object.py(), weak)
        }
    }

    /// Like [`new`](PyWeakrefProxy::new), with a function that is called with the proxy when the
    /// object has died.
    ///
    /// # Errors
    /// `TypeError` if its class does not allow weak references; what the conversion raises.
    pub fn new_with<'py, C>(
        object: &Bound<'py, PyAny>,
        callback: C,
    ) -> PyResult<Bound<'py, PyWeakrefProxy>>
    where
        C: IntoPyObject<'py>,
    {
        let callback = callback.into_pyobject_or_pyerr(object.py())?;
        // SAFETY: attached; two objects; returns a new reference or null.
        unsafe {
            let weak = ffi::PyWeakref_NewProxy(object.as_ptr(), callback.as_ptr());
            new_reference(object.py(), weak)
        }
    }
}

impl<'py> PyWeakrefMethods<'py> for Bound<'py, PyWeakrefProxy> {
    fn upgrade(&self) -> Option<Bound<'py, PyAny>> {
        upgrade(self)
    }
}
