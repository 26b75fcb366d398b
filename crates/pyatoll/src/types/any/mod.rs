//! [`PyAny`]: any Python object, and the operations common to all objects.
//!
//! | file | concern |
//! |---|---|
//! | `methods.rs` | the trait [`PyAnyMethods`] |
//! | `imp.rs` | its implementation |
//! | `compare_op.rs` | [`CompareOp`], the kind of a comparison |

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

// SAFETY: the type is `object`, the base of every type.
unsafe impl PyTypeInfo for PyAny {
    crate::object::hint! { TYPE_HINT = type_hint_identifier!("typing", "Any") }

    #[inline]
    fn type_object_raw(_py: crate::Python<'_>) -> *mut ffi::PyTypeObject {
        &raw mut ffi::PyBaseObject_Type
    }

    #[inline]
    fn is_type_of(_object: &Bound<'_, PyAny>) -> bool {
        true
    }
}
