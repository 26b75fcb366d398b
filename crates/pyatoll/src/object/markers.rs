//! [`PyAny`] and [`PyType`]: the two types that the handles themselves refer to.
//!
//! Their methods, like all other types, are in `types/`.

use std::cell::UnsafeCell;

use pyo3_ffi as ffi;

/// Any Python object. `Bound<'py, PyAny>` has the methods of
/// [`PyAnyMethods`](crate::types::PyAnyMethods); the handles of all other types deref to it.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let any: Bound<'_, PyAny> = PyList::new(py, ["a", "b"])?.into_any();
///     assert_eq!(any.len()?, 2);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyBaseObject_Type`.
#[repr(transparent)]
pub struct PyAny(UnsafeCell<ffi::PyObject>);

/// Python's `type`: a class. Its methods are in [`PyTypeMethods`](crate::types::PyTypeMethods).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyBool, PyType};
///
/// Python::attach(|py| {
///     let class: Bound<'_, PyType> = py.get_type::<PyBool>();
///     assert_eq!(class.name()?.to_string(), "bool");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyType_Type`.
#[repr(transparent)]
pub struct PyType(PyAny);
