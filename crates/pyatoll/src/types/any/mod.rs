//! `object`: any Python object, and what can be done with every one of them.
//!
//! The type is here, its trait in `methods`, and what that does in `imp`.

mod compare_op;
mod imp;
mod methods;
#[cfg(test)]
mod tests;

use pyo3_ffi as ffi;

pub use compare_op::CompareOp;
pub use methods::PyAnyMethods;

pub use crate::object::PyAny;
use crate::object::{Bound, PyTypeInfo};

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
