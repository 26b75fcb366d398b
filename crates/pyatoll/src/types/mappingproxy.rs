//! `mappingproxy`: `types.MappingProxyType`.

use pyo3_ffi as ffi;

use super::mapping::PyMappingMethods;
use super::returned::new_reference_or_panic;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyAnyMethods, PyIterator, PyList, PyMapping};

/// Python's `mappingproxy`: a read-only view of a mapping. Its methods are in
/// [`PyMappingProxyMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDict, PyMappingProxy};
///
/// Python::attach(|py| {
///     let dict = PyDict::new(py);
///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
///     dict.set_item("a", "x")?;
///     assert_eq!(proxy.get_item("a")?.to_string(), "x");
///     assert!(proxy.set_item("a", "y").is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDictProxy_Type`.
#[repr(transparent)]
pub struct PyMappingProxy(PyAny);

native_type!(PyMappingProxy: ("types", "MappingProxyType"), PyDictProxy_Type);

impl PyMappingProxy {
    /// Creates a view of the mapping.
    ///
    /// # Panics
    /// If Python runs out of memory, or the object is registered as a mapping but has no
    /// `__getitem__`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyMappingProxy;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
    ///     dict.set_item("c", 3)?;
    ///     assert_eq!(proxy.len()?, 3);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDictProxy_New`.
    #[track_caller]
    pub fn new<'py>(
        py: Python<'py>,
        elements: &Bound<'py, PyMapping>,
    ) -> Bound<'py, PyMappingProxy> {
        // SAFETY: attached; `elements` is a valid object; returns a new proxy or null.
        unsafe { new_reference_or_panic(py, ffi::PyDictProxy_New(elements.as_ptr())) }
    }
}

/// The methods of [`PyMappingProxy`]. Each returns the errors of the mapping's own method.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{IntoPyDict, PyMappingProxy};
///
/// Python::attach(|py| {
///     let dict = [("a", "x")].into_py_dict(py)?;
///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
///     assert!(!proxy.is_empty()?);
///     assert_eq!(proxy.keys()?.to_string(), "['a']");
///     assert_eq!(proxy.values()?.to_string(), "['x']");
///     assert_eq!(proxy.items()?.to_string(), "[('a', 'x')]");
///     for entry in proxy.try_iter()? {
///         let (key, value) = entry?;
///         assert_eq!(format!("{key}{value}"), "ax");
///     }
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyMappingProxy")]
pub trait PyMappingProxyMethods<'py, 'a>: crate::types::sealed::Sealed {
    /// Returns whether the length is 0.
    ///
    /// # Errors
    /// If `__len__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyMappingProxy;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
    ///     assert!(!proxy.is_empty()?);
    ///     dict.clear();
    ///     assert!(proxy.is_empty()?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_Size`.
    fn is_empty(&self) -> PyResult<bool>;

    /// Returns a list of the keys.
    ///
    /// # Errors
    /// If `keys` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyMappingProxy;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
    ///     assert_eq!(proxy.keys()?.to_string(), "['a', 'b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyMapping_Keys`.
    fn keys(&self) -> PyResult<Bound<'py, PyList>>;

    /// Returns a list of the values.
    ///
    /// # Errors
    /// If `values` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyMappingProxy;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
    ///     assert_eq!(proxy.values()?.to_string(), "[1, 2]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyMapping_Values`.
    fn values(&self) -> PyResult<Bound<'py, PyList>>;

    /// Returns a list of the entries as pairs.
    ///
    /// # Errors
    /// If `items` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyMappingProxy;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
    ///     assert_eq!(proxy.items()?.to_string(), "[('a', 1), ('b', 2)]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyMapping_Items`.
    fn items(&self) -> PyResult<Bound<'py, PyList>>;

    /// Returns the same object as a mapping.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyMappingProxy;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
    ///     assert!(proxy.as_mapping().contains("a")?);
    ///     assert!(proxy.as_mapping().set_item("a", 7).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn as_mapping(&self) -> &Bound<'py, PyMapping>;

    /// Returns an iterator over the entries. Each value is looked up when its key is reached.
    ///
    /// # Errors
    /// If `__iter__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::IntoPyDict;
    /// use pyatoll::types::PyMappingProxy;
    ///
    /// Python::attach(|py| {
    ///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
    ///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
    ///     let mut sum = 0;
    ///     for entry in proxy.try_iter()? {
    ///         let (_key, value) = entry?;
    ///         sum += value.extract::<i32>()?;
    ///     }
    ///     assert_eq!(sum, 3);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetIter`, `PyObject_GetItem`.
    fn try_iter(&'a self) -> PyResult<BoundMappingProxyIterator<'py, 'a>>;
}

impl<'py, 'a> PyMappingProxyMethods<'py, 'a> for Bound<'py, PyMappingProxy> {
    fn is_empty(&self) -> PyResult<bool> {
        Ok(self.as_any().len()? == 0)
    }

    fn keys(&self) -> PyResult<Bound<'py, PyList>> {
        self.as_mapping().keys()
    }

    fn values(&self) -> PyResult<Bound<'py, PyList>> {
        self.as_mapping().values()
    }

    fn items(&self) -> PyResult<Bound<'py, PyList>> {
        self.as_mapping().items()
    }

    fn as_mapping(&self) -> &Bound<'py, PyMapping> {
        // SAFETY: a mapping proxy is a mapping.
        unsafe { self.cast_unchecked() }
    }

    fn try_iter(&'a self) -> PyResult<BoundMappingProxyIterator<'py, 'a>> {
        Ok(BoundMappingProxyIterator {
            keys: PyIterator::from_object(self)?,
            proxy: self,
        })
    }
}

/// An iterator over the entries of a mapping proxy: see [`PyMappingProxyMethods::try_iter`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::IntoPyDict;
/// use pyatoll::types::PyMappingProxy;
/// use pyatoll::types::mappingproxy::BoundMappingProxyIterator;
///
/// Python::attach(|py| {
///     let dict = [("a", 1), ("b", 2)].into_py_dict(py)?;
///     let proxy = PyMappingProxy::new(py, dict.as_mapping());
///     let mut entries: BoundMappingProxyIterator<'_, '_> = proxy.try_iter()?;
///     let (key, value) = entries.next().unwrap()?;
///     assert_eq!(format!("{key}{value}"), "a1");
///     dict.set_item("c", 3)?;
///     assert!(entries.next().unwrap().is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyObject_GetIter`, `PyObject_GetItem`.
pub struct BoundMappingProxyIterator<'py, 'a> {
    keys: Bound<'py, PyIterator>,
    proxy: &'a Bound<'py, PyMappingProxy>,
}

impl<'py> Iterator for BoundMappingProxyIterator<'py, '_> {
    type Item = PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = |key: PyResult<Bound<'py, PyAny>>| {
            let key = key?;
            let value = self.proxy.as_any().get_item(&key)?;
            Ok((key, value))
        };
        self.keys.next().map(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::{PyMappingProxy, PyMappingProxyMethods};
    use crate::interpreter::Python;
    use crate::types::{PyAnyMethods, PyDict, PyDictMethods, PyMapping};

    #[test]
    fn a_change_during_iteration_is_an_error() {
        Python::attach(|py| {
            let dict = PyDict::new(py);
            dict.set_item("a", "x").unwrap();
            let proxy = PyMappingProxy::new(py, dict.as_mapping());
            let mut entries = proxy.try_iter().unwrap();
            assert!(entries.next().unwrap().is_ok());
            dict.set_item("b", "x").unwrap();
            assert!(entries.next().unwrap().is_err());
        });
    }

    #[test]
    fn a_missing_key_is_an_error() {
        Python::attach(|py| {
            let names = PyDict::new(py);
            let code = c"
from collections import UserDict
class Odd(UserDict):
    def __iter__(self): return iter(['missing'])
";
            py.run(code, Some(&names), None).unwrap();
            let odd = py.eval(c"Odd(a=1)", Some(&names), None).unwrap();
            let proxy = PyMappingProxy::new(py, odd.cast::<PyMapping>().unwrap());
            assert!(!proxy.is_empty().unwrap());
            let error = proxy.try_iter().unwrap().next().unwrap().unwrap_err();
            assert!(error.to_string().starts_with("KeyError"), "{error}");
            assert!(proxy.as_any().is_instance_of::<PyMappingProxy>());
        });
    }
}
