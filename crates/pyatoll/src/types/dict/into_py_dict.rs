//! [`IntoPyDict`]: pairs that make up a dict.

use super::{PyDict, PyDictMethods};
use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;

/// Pairs that can be collected into a dict, for example for keyword arguments.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::IntoPyDict;
///
/// Python::attach(|py| {
///     let dict = vec![("a", 1), ("b", 2)].into_py_dict(py)?;
///     assert_eq!(dict.to_string(), "{'a': 1, 'b': 2}");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDict_SetItem`.
pub trait IntoPyDict<'py>: Sized {
    /// Creates the dict. Of equal keys, the last one wins.
    ///
    /// # Errors
    /// If a key is not hashable, or a conversion or a comparison fails.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2), ("a", 3)].into_py_dict(py)?;
    ///     assert_eq!(dict.to_string(), "{'a': 3, 'b': 2}");
    ///     assert!([(PyList::empty(py), 1)].into_py_dict(py).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDict_SetItem`.
    fn into_py_dict(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>>;
}

impl<'py, T, I> IntoPyDict<'py> for I
where
    T: PyDictItem<'py>,
    I: IntoIterator<Item = T>,
{
    fn into_py_dict(self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for item in self {
            item.set_in(&dict)?;
        }
        Ok(dict)
    }
}

/// A pair or a reference to one. Private, so that only this module implements it.
trait PyDictItem<'py> {
    fn set_in(self, dict: &Bound<'py, PyDict>) -> PyResult<()>;
}

impl<'py, K, V> PyDictItem<'py> for (K, V)
where
    K: IntoPyObject<'py>,
    V: IntoPyObject<'py>,
{
    fn set_in(self, dict: &Bound<'py, PyDict>) -> PyResult<()> {
        dict.set_item(self.0, self.1)
    }
}

impl<'a, 'py, K, V> PyDictItem<'py> for &'a (K, V)
where
    &'a K: IntoPyObject<'py>,
    &'a V: IntoPyObject<'py>,
{
    fn set_in(self, dict: &Bound<'py, PyDict>) -> PyResult<()> {
        dict.set_item(&self.0, &self.1)
    }
}
