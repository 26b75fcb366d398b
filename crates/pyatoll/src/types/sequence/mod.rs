//! The sequence protocol, `collections.abc.Sequence`: the type and the registration of classes.
//!
//! | file | concern |
//! |---|---|
//! | `methods.rs` | the trait [`PySequenceMethods`] |
//! | `imp.rs` | its implementation |

mod imp;
mod methods;
#[cfg(test)]
mod tests;

use pyo3_ffi as ffi;

pub use methods::PySequenceMethods;

use super::imported;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, Py, PyTypeInfo};
use crate::sync::InterpreterLocal;
use crate::types::{PyAny, PyList, PyTuple, PyType};

/// Any `collections.abc.Sequence`: `list`, `tuple`, `str`, `range`, and classes that derive from it
/// or are [registered](PySequence::register). Its methods are in [`PySequenceMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PySequence;
///
/// Python::attach(|py| {
///     let range = py.eval(c"range(5)", None, None)?;
///     assert_eq!(range.cast::<PySequence>()?.len()?, 5);
///     assert!(py.eval(c"{1}", None, None)?.cast::<PySequence>().is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// See: `collections.abc.Sequence`.
#[repr(transparent)]
pub struct PySequence(PyAny);

impl crate::object::DerefToPyAny for PySequence {}

// SAFETY: the interpreter's slot keeps the class alive; any object is acceptable, since CPython's
// sequence functions check their argument.
unsafe impl PyTypeInfo for PySequence {
    crate::object::hint! { TYPE_HINT = type_hint_identifier!("collections.abc", "Sequence") }

    fn type_object_raw(py: Python<'_>) -> *mut ffi::PyTypeObject {
        static CLASS: InterpreterLocal<Py<PyType>> = InterpreterLocal::lasting();
        imported::class(py, &CLASS, c"collections.abc", c"Sequence")
    }

    #[inline]
    fn is_type_of(object: &Bound<'_, PyAny>) -> bool {
        PyList::is_type_of(object)
            || PyTuple::is_type_of(object)
            || imported::is_instance(object, Self::type_object_raw(object.py()))
    }
}

impl PySequence {
    /// Registers a class as a sequence in the token's interpreter: `Sequence.register(T)`.
    ///
    /// # Errors
    /// If `register` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// #[pyclass(sequence)]
    /// struct Numbers;
    ///
    /// #[pymethods]
    /// impl Numbers {
    ///     fn __len__(&self) -> usize {
    ///         3
    ///     }
    /// }
    ///
    /// Python::attach(|py| {
    ///     PySequence::register::<Numbers>(py)?;
    ///     let numbers = Bound::new(py, Numbers)?;
    ///     assert_eq!(numbers.as_any().cast::<PySequence>()?.len()?, 3);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// See: `abc.ABCMeta.register`.
    pub fn register<T: PyTypeInfo>(py: Python<'_>) -> PyResult<()> {
        imported::register(&Self::type_object(py), &T::type_object(py))
    }
}
