//! `weakref.ref`.

use pyo3_ffi as ffi;

use super::{PyWeakrefMethods, upgrade};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::object::{Bound, BoundObject};
use crate::types::PyAny;
use crate::types::returned::new_reference;

/// Python's `weakref.ref`. Its methods are in [`PyWeakrefMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PySet, PyWeakrefReference};
///
/// Python::attach(|py| {
///     let set = PySet::empty(py)?;
///     let weak = PyWeakrefReference::new(&set)?;
///     assert!(weak.upgrade().unwrap().is(&set));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyWeakref_CheckRef`.
#[repr(transparent)]
pub struct PyWeakrefReference(PyAny);

native_type!(PyWeakrefReference: ("weakref", "ReferenceType"), _PyWeakref_RefType, PyWeakref_CheckRef);

impl PyWeakrefReference {
    /// Creates a weak reference to the object.
    ///
    /// # Errors
    /// `TypeError` if the class of the object does not support weak references.
    ///
    /// C API: `PyWeakref_NewRef`.
    pub fn new<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyWeakrefReference>> {
        // SAFETY: attached; `object` and `None` are valid objects; returns a new reference or null.
        unsafe {
            let weak = ffi::PyWeakref_NewRef(object.as_ptr(), ffi::Py_None());
            new_reference(object.py(), weak)
        }
    }

    /// Creates a weak reference with a callback that receives it after the object has been
    /// deallocated; see [`new`](PyWeakrefReference::new).
    ///
    /// # Errors
    /// `TypeError` if the class of the object does not support weak references; any error of the
    /// conversion.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyList, PySet, PyWeakrefReference};
    ///
    /// Python::attach(|py| {
    ///     let dead = PyList::empty(py);
    ///     let set = PySet::empty(py)?;
    ///     let _weak = PyWeakrefReference::new_with(&set, dead.getattr("append")?)?;
    ///     drop(set);
    ///     assert_eq!(dead.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyWeakref_NewRef`.
    pub fn new_with<'py, C>(
        object: &Bound<'py, PyAny>,
        callback: C,
    ) -> PyResult<Bound<'py, PyWeakrefReference>>
    where
        C: IntoPyObject<'py>,
    {
        let callback = callback.into_pyobject_or_pyerr(object.py())?;
        // SAFETY: attached; `object` and `callback` are valid objects; returns a new reference or
        // null.
        unsafe {
            let weak = ffi::PyWeakref_NewRef(object.as_ptr(), callback.as_ptr());
            new_reference(object.py(), weak)
        }
    }
}

impl<'py> PyWeakrefMethods<'py> for Bound<'py, PyWeakrefReference> {
    fn upgrade(&self) -> Option<Bound<'py, PyAny>> {
        upgrade(self)
    }
}
