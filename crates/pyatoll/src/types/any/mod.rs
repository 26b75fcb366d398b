//! `object`: any Python object, and what can be done with every one of them.
//!
//! The type is here, its trait in `methods`, and what that does in `imp`.

mod compare_op;
mod imp;
mod methods;
#[cfg(test)]
mod tests;

use std::cell::UnsafeCell;

use pyo3_ffi as ffi;

pub use compare_op::CompareOp;
pub use methods::PyAnyMethods;

use crate::object::{Bound, PyTypeInfo};

/// Any Python object. `Bound<'py, PyAny>` has the methods of [`PyAnyMethods`]; the handles of all
/// other types deref to it.
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
#[repr(transparent)]
pub struct PyAny(UnsafeCell<ffi::PyObject>);

// SAFETY: `object`, the base of every type.
unsafe impl PyTypeInfo for PyAny {
    #[inline]
    fn type_object_raw(_py: crate::Python<'_>) -> *mut ffi::PyTypeObject {
        &raw mut ffi::PyBaseObject_Type
    }

    #[inline]
    fn is_type_of(_object: &Bound<'_, PyAny>) -> bool {
        true
    }
}
