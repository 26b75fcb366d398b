//! The sequence protocol: `collections.abc.Sequence`.

use pyo3_ffi as ffi;

use super::returned::{index, new_reference, size, status, truth};
use super::{imported, list::PyList, tuple::PyTuple};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, BoundObject, Py, PyTypeInfo};
use crate::sync::InterpreterLocal;
use crate::types::{PyAny, PyType};

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
#[repr(transparent)]
pub struct PySequence(PyAny);

impl crate::object::DerefToPyAny for PySequence {}

// SAFETY: the class is kept by its interpreter; any object will do, since CPython's sequence
// functions check what they are given.
unsafe impl PyTypeInfo for PySequence {
    fn type_object_raw(py: Python<'_>) -> *mut ffi::PyTypeObject {
        static CLASS: InterpreterLocal<Py<PyType>> = InterpreterLocal::new();
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
    /// Registers a class as a sequence, in the token's interpreter: `Sequence.register(T)`.
    ///
    /// # Errors
    /// What `register` raises.
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
    pub fn register<T: PyTypeInfo>(py: Python<'_>) -> PyResult<()> {
        imported::register(&Self::type_object(py), &T::type_object(py))
    }
}

/// The methods of [`PySequence`]. Every one may raise what the object's own method raises.
///
/// Indices are counted from the front, and too large ones are never wrapped round.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let sequence = PyList::new(py, ["a", "b"])?.into_sequence();
///     let twice = sequence.concat(&sequence)?;
///     assert_eq!(twice.len()?, 4);
///     assert_eq!(twice.count("b")?, 2);
///     assert_eq!(twice.index("b")?, 1);
///     assert!(twice.contains("a")?);
///     assert_eq!(twice.get_item(3)?.to_string(), "b");
///     assert_eq!(twice.get_slice(1, 3)?.to_string(), "['b', 'a']");
///     assert_eq!(sequence.repeat(2)?.to_string(), twice.to_string());
///
///     twice.set_item(0, "x")?;
///     twice.del_item(1)?;
///     twice.set_slice(1, 3, sequence.as_any())?;
///     assert_eq!(twice.to_tuple()?.to_string(), "('x', 'a', 'b')");
///     twice.del_slice(0, 2)?;
///     assert_eq!(twice.to_list()?.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "PySequence")]
pub trait PySequenceMethods<'py>: crate::types::sealed::Sealed {
    /// `len(sequence)`.
    ///
    /// # Errors
    /// What `__len__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.len()?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Size`.
    fn len(&self) -> PyResult<usize>;

    /// Whether its length is 0.
    ///
    /// # Errors
    /// What `__len__` raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert!(!sequence.is_empty()?);
    ///     assert!(sequence.get_slice(1, 1)?.is_empty()?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    fn is_empty(&self) -> PyResult<bool>;

    /// `sequence + other`.
    ///
    /// # Errors
    /// What the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.concat(&sequence)?.to_string(), "['a', 'b', 'a', 'b']");
    ///     assert_eq!(sequence.len()?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Concat`.
    fn concat(&self, other: &Bound<'_, PySequence>) -> PyResult<Bound<'py, PySequence>>;

    /// `sequence * count`.
    ///
    /// # Errors
    /// What the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.repeat(2)?.to_string(), "['a', 'b', 'a', 'b']");
    ///     assert_eq!(sequence.len()?, 2);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Repeat`.
    fn repeat(&self, count: usize) -> PyResult<Bound<'py, PySequence>>;

    /// `sequence += other`; the result may be another object.
    ///
    /// # Errors
    /// What the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     let same = sequence.in_place_concat(&sequence)?;
    ///     assert!(same.is(&sequence), "a list grows in place");
    ///     assert_eq!(sequence.len()?, 4);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_InPlaceConcat`.
    fn in_place_concat(&self, other: &Bound<'_, PySequence>) -> PyResult<Bound<'py, PySequence>>;

    /// `sequence *= count`; the result may be another object.
    ///
    /// # Errors
    /// What the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     let same = sequence.in_place_repeat(3)?;
    ///     assert!(same.is(&sequence), "a list grows in place");
    ///     assert_eq!(sequence.len()?, 6);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_InPlaceRepeat`.
    fn in_place_repeat(&self, count: usize) -> PyResult<Bound<'py, PySequence>>;

    /// `sequence[index]`.
    ///
    /// # Errors
    /// `IndexError`, beyond the end.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::exceptions::PyIndexError;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.get_item(1)?.to_string(), "b");
    ///     assert!(sequence.get_item(2).unwrap_err().is_instance_of::<PyIndexError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_GetItem`.
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>>;

    /// `sequence[begin:end]`.
    ///
    /// # Errors
    /// What the operation raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.get_slice(1, 9)?.to_string(), "['b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_GetSlice`.
    fn get_slice(&self, begin: usize, end: usize) -> PyResult<Bound<'py, PySequence>>;

    /// `sequence[index] = item`.
    ///
    /// # Errors
    /// `IndexError`, beyond the end; `TypeError`, if it cannot change; what the conversion raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     sequence.set_item(0, "x")?;
    ///     assert_eq!(sequence.to_string(), "['x', 'b']");
    ///     assert!(sequence.set_item(2, "y").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_SetItem`.
    fn set_item<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>;

    /// `del sequence[index]`.
    ///
    /// # Errors
    /// `IndexError`, beyond the end; `TypeError`, if it cannot change.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     sequence.del_item(0)?;
    ///     assert_eq!(sequence.to_string(), "['b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_DelItem`.
    fn del_item(&self, index: usize) -> PyResult<()>;

    /// `sequence[begin:end] = items`.
    ///
    /// # Errors
    /// `TypeError`, if it cannot change or `items` cannot be iterated over.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     sequence.set_slice(1, 2, &py.eval(c"'xyz'", None, None)?)?;
    ///     assert_eq!(sequence.to_string(), "['a', 'x', 'y', 'z']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_SetSlice`.
    fn set_slice(&self, begin: usize, end: usize, items: &Bound<'_, PyAny>) -> PyResult<()>;

    /// `del sequence[begin:end]`.
    ///
    /// # Errors
    /// `TypeError`, if it cannot change.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     sequence.del_slice(0, 1)?;
    ///     assert_eq!(sequence.to_string(), "['b']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_DelSlice`.
    fn del_slice(&self, begin: usize, end: usize) -> PyResult<()>;

    /// How many items equal `value`.
    ///
    /// # Errors
    /// What the conversion or a comparison raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.count("a")?, 1);
    ///     assert_eq!(sequence.count("x")?, 0);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Count`.
    fn count<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>;

    /// `value in sequence`.
    ///
    /// # Errors
    /// What the conversion or a comparison raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert!(sequence.contains("a")? && !sequence.contains("x")?);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Contains`.
    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>;

    /// The index of the first item that equals `value`.
    ///
    /// # Errors
    /// `ValueError`, if there is none; what the conversion or a comparison raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.index("b")?, 1);
    ///     assert!(sequence.index("x").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Index`.
    fn index<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>;

    /// A new list of the items.
    ///
    /// # Errors
    /// What iteration raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     let list = sequence.to_list()?;
    ///     assert!(list.eq(&sequence)? && !list.is(&sequence));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_List`.
    fn to_list(&self) -> PyResult<Bound<'py, PyList>>;

    /// A tuple of the items.
    ///
    /// # Errors
    /// What iteration raises.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySequence;
    ///
    /// Python::attach(|py| {
    ///     let sequence = py.eval(c"['a', 'b']", None, None)?.cast_into::<PySequence>()?;
    ///     assert_eq!(sequence.to_tuple()?.to_string(), "('a', 'b')");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySequence_Tuple`.
    fn to_tuple(&self) -> PyResult<Bound<'py, PyTuple>>;
}

impl<'py> PySequenceMethods<'py> for Bound<'py, PySequence> {
    fn len(&self) -> PyResult<usize> {
        // SAFETY: attached; an object.
        size(self.py(), unsafe { ffi::PySequence_Size(self.as_ptr()) })
    }

    fn is_empty(&self) -> PyResult<bool> {
        Ok(self.len()? == 0)
    }

    fn concat(&self, other: &Bound<'_, PySequence>) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; two objects; a new reference or null comes back.
        unsafe {
            let result = ffi::PySequence_Concat(self.as_ptr(), other.as_ptr());
            new_reference(self.py(), result)
        }
    }

    fn repeat(&self, count: usize) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; an object; a new reference or null comes back.
        unsafe {
            let result = ffi::PySequence_Repeat(self.as_ptr(), index(count));
            new_reference(self.py(), result)
        }
    }

    fn in_place_concat(&self, other: &Bound<'_, PySequence>) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; two objects; a new reference or null comes back.
        unsafe {
            let result = ffi::PySequence_InPlaceConcat(self.as_ptr(), other.as_ptr());
            new_reference(self.py(), result)
        }
    }

    fn in_place_repeat(&self, count: usize) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; an object; a new reference or null comes back.
        unsafe {
            let result = ffi::PySequence_InPlaceRepeat(self.as_ptr(), index(count));
            new_reference(self.py(), result)
        }
    }

    fn get_item(&self, place: usize) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; an object; a new reference or null comes back.
        unsafe {
            let item = ffi::PySequence_GetItem(self.as_ptr(), index(place));
            new_reference(self.py(), item)
        }
    }

    fn get_slice(&self, begin: usize, end: usize) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; an object; a new reference or null comes back.
        unsafe {
            let slice = ffi::PySequence_GetSlice(self.as_ptr(), index(begin), index(end));
            new_reference(self.py(), slice)
        }
    }

    fn set_item<I>(&self, place: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; two objects.
        let result = unsafe { ffi::PySequence_SetItem(self.as_ptr(), index(place), item.as_ptr()) };
        status(self.py(), result)
    }

    fn del_item(&self, place: usize) -> PyResult<()> {
        // SAFETY: attached; an object.
        let result = unsafe { ffi::PySequence_DelItem(self.as_ptr(), index(place)) };
        status(self.py(), result)
    }

    fn set_slice(&self, begin: usize, end: usize, items: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: attached; two objects.
        let result = unsafe {
            ffi::PySequence_SetSlice(self.as_ptr(), index(begin), index(end), items.as_ptr())
        };
        status(self.py(), result)
    }

    fn del_slice(&self, begin: usize, end: usize) -> PyResult<()> {
        // SAFETY: attached; an object.
        let result = unsafe { ffi::PySequence_DelSlice(self.as_ptr(), index(begin), index(end)) };
        status(self.py(), result)
    }

    fn count<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>,
    {
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; two objects.
        let count = unsafe { ffi::PySequence_Count(self.as_ptr(), value.as_ptr()) };
        size(self.py(), count)
    }

    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>,
    {
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; two objects.
        let result = unsafe { ffi::PySequence_Contains(self.as_ptr(), value.as_ptr()) };
        truth(self.py(), result)
    }

    fn index<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>,
    {
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; two objects.
        let place = unsafe { ffi::PySequence_Index(self.as_ptr(), value.as_ptr()) };
        size(self.py(), place)
    }

    fn to_list(&self) -> PyResult<Bound<'py, PyList>> {
        // SAFETY: attached; an object; a new list or null comes back.
        unsafe { new_reference(self.py(), ffi::PySequence_List(self.as_ptr())) }
    }

    fn to_tuple(&self) -> PyResult<Bound<'py, PyTuple>> {
        // SAFETY: attached; an object; a new reference to a tuple or null comes back.
        unsafe { new_reference(self.py(), ffi::PySequence_Tuple(self.as_ptr())) }
    }
}

#[cfg(test)]
mod tests {
    use super::{PySequence, PySequenceMethods};
    use crate::interpreter::Python;
    use crate::types::{PyList, PyListMethods};

    #[test]
    fn what_is_a_sequence() {
        Python::attach(|py| {
            for code in [c"[]", c"()", c"''", c"b''", c"range(1)", c"memoryview(b'')"] {
                let object = py.eval(code, None, None).unwrap();
                assert!(object.cast::<PySequence>().is_ok(), "{object:?}");
            }
            for code in [c"{}", c"{1}", c"1", c"iter([])", c"None"] {
                let object = py.eval(code, None, None).unwrap();
                let error = object.cast::<PySequence>().unwrap_err().to_string();
                assert!(
                    error.ends_with("is not an instance of 'Sequence'"),
                    "{error}"
                );
            }
        });
    }

    #[test]
    fn each_interpreter_has_its_own_class() {
        use crate::PyTypeInfo;
        let main = Python::attach(|py| PySequence::type_object_raw(py) as usize);
        let sub = crate::SubInterpreter::builder().build().unwrap();
        let other = sub.attach(|py| PySequence::type_object_raw(py) as usize);
        assert_ne!(main, other.unwrap());
    }

    #[test]
    fn operations_in_place_keep_the_object() {
        Python::attach(|py| {
            let list = PyList::new(py, ["a"]).unwrap().into_sequence();
            let other = PyList::new(py, ["b"]).unwrap().into_sequence();
            let same = list.in_place_concat(&other).unwrap();
            assert!(same.as_unbound().is(list.as_unbound()));
            let same = list.in_place_repeat(2).unwrap();
            assert!(same.as_unbound().is(list.as_unbound()));
            assert_eq!(list.to_string(), "['a', 'b', 'a', 'b']");
        });
    }

    #[test]
    fn what_cannot_change_says_so() {
        Python::attach(|py| {
            let text = py.eval(c"'abc'", None, None).unwrap();
            let text = text.cast::<PySequence>().unwrap();
            assert!(text.set_item(0, "x").is_err());
            assert!(text.del_item(0).is_err());
            assert!(text.set_slice(0, 1, text.as_any()).is_err());
            assert!(text.del_slice(0, 1).is_err());
            assert!(text.get_item(usize::MAX).is_err());
            assert!(text.index("z").is_err());
        });
    }
}
