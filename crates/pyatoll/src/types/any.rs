//! `object`: any Python object.

use std::cell::UnsafeCell;

use pyo3_ffi as ffi;

/// Any Python object.
#[repr(transparent)]
pub struct PyAny(UnsafeCell<ffi::PyObject>);

// SAFETY: `object`, the base of every type.
unsafe impl crate::object::PyTypeInfo for PyAny {
    const NAME: &'static str = "object";
    const MODULE: Option<&'static str> = None;

    #[inline]
    fn type_object_raw(_py: crate::Python<'_>) -> *mut ffi::PyTypeObject {
        &raw mut ffi::PyBaseObject_Type
    }

    #[inline]
    fn is_type_of(_object: &crate::Bound<'_, PyAny>) -> bool {
        true
    }
}
