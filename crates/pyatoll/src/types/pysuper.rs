//! `super`.

use crate::error::PyResult;
use crate::object::Bound;
use crate::types::{PyAny, PyAnyMethods, PyType};

/// Python's `super`: the methods of an object's base classes.
#[repr(transparent)]
pub struct PySuper(PyAny);

native_type!(PySuper, "super", PySuper_Type);

impl PySuper {
    /// Python's `super(ty, obj)`.
    ///
    /// # Errors
    /// A `TypeError` if `obj` is neither an instance nor a subclass of `ty`.
    pub fn new<'py>(
        ty: &Bound<'py, PyType>,
        obj: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PySuper>> {
        let class = ty.py().get_type::<PySuper>();
        // SAFETY: a call of the class itself makes an instance.
        Ok(unsafe { class.call1((ty, obj))?.cast_into_unchecked() })
    }
}
