//! `dict`: the type and its constructors.

// | file | concern |
// |---|---|
// | `methods.rs` | the trait `PyDictMethods` |
// | `imp.rs` | its implementation |
// | `iter.rs` | the iterator |
// | `into_py_dict.rs` | `IntoPyDict`, pairs that make up a dict |
// | `views.rs` | the types of the views |

pub(in crate::types) mod imp;
mod into_py_dict;
mod iter;
mod methods;
#[cfg(test)]
mod tests;
mod views;

use pyo3_ffi as ffi;

pub use into_py_dict::IntoPyDict;
pub use iter::BoundDictIterator;
pub use methods::PyDictMethods;
pub use views::{PyDictItems, PyDictKeys, PyDictValues};

use super::returned::{new_reference_or_panic, status};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyAny;

/// Python's `dict`. Its methods are in [`PyDictMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{IntoPyDict, PyDict};
///
/// Python::attach(|py| {
///     let dict = PyDict::new(py);
///     dict.set_item("a", 1)?;
///     let other = [("b", 2), ("c", 3)].into_py_dict(py)?;
///     dict.update(other.as_mapping())?;
///     assert_eq!(dict.to_string(), "{'a': 1, 'b': 2, 'c': 3}");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDict_Type`.
#[repr(transparent)]
pub struct PyDict(PyAny);

native_type!(PyDict: ("builtins", "dict"), PyDict_Type, PyDict_Check);

impl PyDict {
    /// Creates an empty dict.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDict;
    ///
    /// Python::attach(|py| {
    ///     let dict = PyDict::new(py);
    ///     assert!(dict.is_empty());
    ///     dict.set_item("a", 1)?;
    ///     assert_eq!(dict.to_string(), "{'a': 1}");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_New`.
    #[inline]
    #[track_caller]
    pub fn new(py: Python<'_>) -> Bound<'_, PyDict> {
        // SAFETY: attached; returns a new dict or null.
        unsafe { new_reference_or_panic(py, ffi::PyDict_New()) }
    }

    /// Creates a dict from an iterable of pairs, like `dict(pairs)`. Of equal keys, the last one
    /// wins.
    ///
    /// # Errors
    /// If the items are not pairs, or a key is not hashable.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDict;
    ///
    /// Python::attach(|py| {
    ///     let pairs = py.eval(c"[('a', 1), ('b', 2)]", None, None)?;
    ///     assert_eq!(PyDict::from_sequence(&pairs)?.len(), 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_MergeFromSeq2`.
    pub fn from_sequence<'py>(seq: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let dict = Self::new(seq.py());
        // SAFETY: attached; `dict` is a dict, `seq` a valid object.
        let result = unsafe { ffi::PyDict_MergeFromSeq2(dict.as_ptr(), seq.as_ptr(), 1) };
        status(seq.py(), result)?;
        Ok(dict)
    }
}
