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

/// Python's `weakref.proxy`: an object that forwards operations to its referent while that lives.
/// Its own methods are in [`PyWeakrefMethods`]; the methods of [`PyAny`] act on the referent.
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
///
/// C API: `PyWeakref_CheckProxy`.
#[repr(transparent)]
pub struct PyWeakrefProxy(PyAny);

impl crate::object::DerefToPyAny for PyWeakrefProxy {}

// SAFETY: the check is CPython's own.
unsafe impl PyTypeCheck for PyWeakrefProxy {
    crate::object::hint! {
        TYPE_HINT = type_hint_union!(
            type_hint_identifier!("weakref", "ProxyType"),
            type_hint_identifier!("weakref", "CallableProxyType")
        )
    }

    #[inline]
    fn type_check(object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: the object is valid.
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
    /// Creates a proxy of the object.
    ///
    /// # Errors
    /// `TypeError` if the class of the object does not support weak references.
    ///
    /// C API: `PyWeakref_NewProxy`.
    pub fn new<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyWeakrefProxy>> {
        // SAFETY: attached; `object` and `None` are valid objects; returns a new reference or null.
        unsafe {
            let weak = ffi::PyWeakref_NewProxy(object.as_ptr(), ffi::Py_None());
            new_reference(object.py(), weak)
        }
    }

    /// Creates a proxy with a callback that receives the proxy after the object has been
    /// deallocated; see [`new`](PyWeakrefProxy::new).
    ///
    /// # Errors
    /// `TypeError` if the class of the object does not support weak references; any error of the
    /// conversion.
    ///
    /// C API: `PyWeakref_NewProxy`.
    pub fn new_with<'py, C>(
        object: &Bound<'py, PyAny>,
        callback: C,
    ) -> PyResult<Bound<'py, PyWeakrefProxy>>
    where
        C: IntoPyObject<'py>,
    {
        let callback = callback.into_pyobject_or_pyerr(object.py())?;
        // SAFETY: attached; `object` and `callback` are valid objects; returns a new reference or
        // null.
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
