//! The mapping protocol: `collections.abc.Mapping`.

use pyo3_ffi as ffi;

use super::returned::{new_reference, size, status, truth};
use super::{dict::PyDict, imported};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, BoundObject, Py, PyTypeInfo};
use crate::sync::InterpreterLocal;
use crate::types::{PyAny, PyList, PyType};

/// Any `collections.abc.Mapping`: `dict`, `mappingproxy`, and classes that derive from it or are
/// [registered](PyMapping::register). Its methods are in [`PyMappingMethods`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyMapping;
///
/// Python::attach(|py| {
///     let environ = py.eval(c"__import__('os').environ", None, None)?;
///     assert!(environ.cast::<PyMapping>().is_ok());
///     assert!(py.eval(c"[]", None, None)?.cast::<PyMapping>().is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// See: `collections.abc.Mapping`.
#[repr(transparent)]
pub struct PyMapping(PyAny);

impl crate::object::DerefToPyAny for PyMapping {}

// SAFETY: the interpreter's slot keeps the class alive; any object is acceptable, since CPython's
// mapping functions check their argument.
unsafe impl PyTypeInfo for PyMapping {
    crate::object::hint! { TYPE_HINT = type_hint_identifier!("collections.abc", "Mapping") }

    fn type_object_raw(py: Python<'_>) -> *mut ffi::PyTypeObject {
        static CLASS: InterpreterLocal<Py<PyType>> = InterpreterLocal::lasting();
        imported::class(py, &CLASS, c"collections.abc", c"Mapping")
    }

    #[inline]
    fn is_type_of(object: &Bound<'_, PyAny>) -> bool {
        PyDict::is_type_of(object)
            || imported::is_instance(object, Self::type_object_raw(object.py()))
    }
}

impl PyMapping {
    /// Registers a class as a mapping in the token's interpreter: `Mapping.register(T)`.
    ///
    /// # Errors
    /// If `register` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyMapping;
    ///
    /// #[pyclass(mapping)]
    /// struct Answers;
    ///
    /// #[pymethods]
    /// impl Answers {
    ///     fn __getitem__(&self, _question: &str) -> i32 {
    ///         42
    ///     }
    /// }
    ///
    /// Python::attach(|py| {
    ///     PyMapping::register::<Answers>(py)?;
    ///     let answers = Bound::new(py, Answers)?;
    ///     let answers = answers.as_any().cast::<PyMapping>()?;
    ///     assert_eq!(answers.get_item("why?")?.to_string(), "42");
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

/// The methods of [`PyMapping`]. Each returns the errors of the object's own method.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyDict;
///
/// Python::attach(|py| {
///     let mapping = PyDict::new(py).into_mapping();
///     mapping.set_item("a", "x")?;
///     assert_eq!(mapping.len()?, 1);
///     assert!(mapping.contains("a")?);
///     assert_eq!(mapping.get_item("a")?.to_string(), "x");
///     assert!(mapping.get_item("z").is_err());
///     assert_eq!(mapping.keys()?.to_string(), "['a']");
///     assert_eq!(mapping.values()?.to_string(), "['x']");
///     assert_eq!(mapping.items()?.to_string(), "[('a', 'x')]");
///     mapping.del_item("a")?;
///     assert!(mapping.is_empty()?);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PyMapping")]
pub trait PyMappingMethods<'py>: crate::types::sealed::Sealed {
    /// Returns `len(mapping)`.
    ///
    /// # Errors
    /// If `__len__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     assert_eq!(mapping.len()?, 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyMapping_Size`.
    fn len(&self) -> PyResult<usize>;

    /// Returns whether the length is 0.
    ///
    /// # Errors
    /// If `__len__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     assert!(!mapping.is_empty()?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyMapping_Size`.
    fn is_empty(&self) -> PyResult<bool>;

    /// Returns `key in mapping`.
    ///
    /// # Errors
    /// If the conversion fails or `__contains__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     assert!(mapping.contains("a")? && !mapping.contains("x")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Contains`.
    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>;

    /// Returns `mapping[key]`.
    ///
    /// # Errors
    /// `KeyError` if the key is missing; any error of the conversion.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyKeyError;
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     assert_eq!(mapping.get_item("a")?.to_string(), "x");
    ///     assert!(mapping.get_item("b").unwrap_err().is_instance_of::<PyKeyError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_GetItem`.
    fn get_item<K>(&self, key: K) -> PyResult<Bound<'py, PyAny>>
    where
        K: IntoPyObject<'py>;

    /// Sets the value of a key: `mapping[key] = value`.
    ///
    /// # Errors
    /// `TypeError` if the mapping is immutable; any error of a conversion.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     mapping.set_item("a", 5)?;
    ///     assert_eq!(mapping.get_item("a")?.extract::<i32>()?, 5);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_SetItem`.
    fn set_item<K, V>(&self, key: K, value: V) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>;

    /// Deletes an entry: `del mapping[key]`.
    ///
    /// # Errors
    /// `KeyError` if the key is missing; `TypeError` if the mapping is immutable.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     mapping.del_item("a")?;
    ///     assert!(mapping.is_empty()?);
    ///     assert!(mapping.del_item("a").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyObject_DelItem`.
    fn del_item<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>;

    /// Returns a list of the keys.
    ///
    /// # Errors
    /// If `keys` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     assert_eq!(mapping.keys()?.to_string(), "['a']");
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
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     assert_eq!(mapping.values()?.to_string(), "['x']");
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
    /// use pyatoll::types::PyMapping;
    ///
    /// Python::attach(|py| {
    ///     let mapping = py.eval(c"{'a': 'x'}", None, None)?.cast_into::<PyMapping>()?;
    ///     assert_eq!(mapping.items()?.to_string(), "[('a', 'x')]");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyMapping_Items`.
    fn items(&self) -> PyResult<Bound<'py, PyList>>;
}

impl<'py> PyMappingMethods<'py> for Bound<'py, PyMapping> {
    fn len(&self) -> PyResult<usize> {
        // SAFETY: attached; `self` is a valid object.
        size(self.py(), unsafe { ffi::PyMapping_Size(self.as_ptr()) })
    }

    fn is_empty(&self) -> PyResult<bool> {
        Ok(self.len()? == 0)
    }

    fn contains<K>(&self, key: K) -> PyResult<bool>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` and `key` are valid objects.
        let result = unsafe { ffi::PySequence_Contains(self.as_ptr(), key.as_ptr()) };
        truth(self.py(), result)
    }

    fn get_item<K>(&self, key: K) -> PyResult<Bound<'py, PyAny>>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` and `key` are valid objects; returns a new reference or null.
        unsafe {
            let item = ffi::PyObject_GetItem(self.as_ptr(), key.as_ptr());
            new_reference(self.py(), item)
        }
    }

    fn set_item<K, V>(&self, key: K, value: V) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
        V: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self`, `key` and `value` are valid objects.
        let result = unsafe { ffi::PyObject_SetItem(self.as_ptr(), key.as_ptr(), value.as_ptr()) };
        status(self.py(), result)
    }

    fn del_item<K>(&self, key: K) -> PyResult<()>
    where
        K: IntoPyObject<'py>,
    {
        let key = key.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` and `key` are valid objects.
        let result = unsafe { ffi::PyObject_DelItem(self.as_ptr(), key.as_ptr()) };
        status(self.py(), result)
    }

    fn keys(&self) -> PyResult<Bound<'py, PyList>> {
        // SAFETY: attached; `self` is a valid object; returns a new list or null.
        unsafe { new_reference(self.py(), ffi::PyMapping_Keys(self.as_ptr())) }
    }

    fn values(&self) -> PyResult<Bound<'py, PyList>> {
        // SAFETY: attached; `self` is a valid object; returns a new list or null.
        unsafe { new_reference(self.py(), ffi::PyMapping_Values(self.as_ptr())) }
    }

    fn items(&self) -> PyResult<Bound<'py, PyList>> {
        // SAFETY: attached; `self` is a valid object; returns a new list or null.
        unsafe { new_reference(self.py(), ffi::PyMapping_Items(self.as_ptr())) }
    }
}

#[cfg(test)]
mod tests {
    use super::{PyMapping, PyMappingMethods};
    use crate::interpreter::{Python, alone};

    #[test]
    fn only_instances_of_the_abstract_class_are_mappings() {
        Python::attach(|py| {
            for code in [
                c"{}",
                c"type.__dict__",
                c"__import__('collections').ChainMap()",
            ] {
                let object = py.eval(code, None, None).unwrap();
                assert!(object.cast::<PyMapping>().is_ok(), "{object:?}");
            }
            for code in [c"[]", c"{1}", c"'text'", c"None"] {
                let object = py.eval(code, None, None).unwrap();
                let error = object.cast::<PyMapping>().unwrap_err().to_string();
                assert!(
                    error.ends_with("is not an instance of 'Mapping'"),
                    "{error}"
                );
            }
        });
    }

    #[test]
    fn an_instance_check_that_raises_counts_as_false() {
        alone(|py| {
            // The hook is replaced to inspect the exception instead of printing it.
            let code = c"
import sys
class Odd:
    @property
    def __class__(self):
        raise ValueError('odd')
seen = []
before, sys.unraisablehook = sys.unraisablehook, lambda u: seen.append(str(u.exc_value))
odd = Odd()
";
            let names = crate::types::PyDict::new(py);
            py.run(code, Some(&names), None).unwrap();
            let odd = py.eval(c"odd", Some(&names), None).unwrap();
            assert!(odd.cast::<PyMapping>().is_err());
            py.run(c"sys.unraisablehook = before", Some(&names), None)
                .unwrap();
            let seen = py.eval(c"seen", Some(&names), None).unwrap();
            assert_eq!(seen.to_string(), "['odd']");
        });
    }

    #[test]
    fn an_immutable_mapping_refuses_changes() {
        Python::attach(|py| {
            let proxy = py.eval(c"type.__dict__", None, None).unwrap();
            let proxy = proxy.cast::<PyMapping>().unwrap();
            assert!(proxy.set_item("a", "x").is_err());
            assert!(proxy.del_item("mro").is_err());
            assert!(proxy.contains("mro").unwrap());
            let error = proxy.get_item("nothing").unwrap_err();
            assert!(error.to_string().starts_with("KeyError"), "{error}");
        });
    }
}
