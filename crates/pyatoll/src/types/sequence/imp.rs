//! The implementation of [`PySequenceMethods`].

use pyo3_ffi as ffi;

use super::PySequenceMethods;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::object::{Bound, BoundObject};
use crate::types::returned::{new_reference, size, status, to_ssize, truth};
use crate::types::{PyAny, PyList, PySequence, PyTuple};

impl<'py> PySequenceMethods<'py> for Bound<'py, PySequence> {
    fn len(&self) -> PyResult<usize> {
        // SAFETY: attached; `self` is a valid object.
        size(self.py(), unsafe { ffi::PySequence_Size(self.as_ptr()) })
    }

    fn is_empty(&self) -> PyResult<bool> {
        Ok(self.len()? == 0)
    }

    fn concat(&self, other: &Bound<'_, PySequence>) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; `self` and `other` are valid objects; returns a new reference or null.
        unsafe {
            let result = ffi::PySequence_Concat(self.as_ptr(), other.as_ptr());
            new_reference(self.py(), result)
        }
    }

    fn repeat(&self, count: usize) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; `self` is a valid object; returns a new reference or null.
        unsafe {
            let result = ffi::PySequence_Repeat(self.as_ptr(), to_ssize(count));
            new_reference(self.py(), result)
        }
    }

    fn in_place_concat(&self, other: &Bound<'_, PySequence>) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; `self` and `other` are valid objects; returns a new reference or null.
        unsafe {
            let result = ffi::PySequence_InPlaceConcat(self.as_ptr(), other.as_ptr());
            new_reference(self.py(), result)
        }
    }

    fn in_place_repeat(&self, count: usize) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; `self` is a valid object; returns a new reference or null.
        unsafe {
            let result = ffi::PySequence_InPlaceRepeat(self.as_ptr(), to_ssize(count));
            new_reference(self.py(), result)
        }
    }

    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; `self` is a valid object; returns a new reference or null.
        unsafe {
            let item = ffi::PySequence_GetItem(self.as_ptr(), to_ssize(index));
            new_reference(self.py(), item)
        }
    }

    fn get_slice(&self, begin: usize, end: usize) -> PyResult<Bound<'py, PySequence>> {
        // SAFETY: attached; `self` is a valid object; returns a new reference or null.
        unsafe {
            let slice = ffi::PySequence_GetSlice(self.as_ptr(), to_ssize(begin), to_ssize(end));
            new_reference(self.py(), slice)
        }
    }

    fn set_item<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` and `item` are valid objects.
        let result =
            unsafe { ffi::PySequence_SetItem(self.as_ptr(), to_ssize(index), item.as_ptr()) };
        status(self.py(), result)
    }

    fn del_item(&self, index: usize) -> PyResult<()> {
        // SAFETY: attached; `self` is a valid object.
        let result = unsafe { ffi::PySequence_DelItem(self.as_ptr(), to_ssize(index)) };
        status(self.py(), result)
    }

    fn set_slice(&self, begin: usize, end: usize, items: &Bound<'_, PyAny>) -> PyResult<()> {
        let (begin, end) = (to_ssize(begin), to_ssize(end));
        // SAFETY: attached; `self` and `items` are valid objects.
        let result = unsafe { ffi::PySequence_SetSlice(self.as_ptr(), begin, end, items.as_ptr()) };
        status(self.py(), result)
    }

    fn del_slice(&self, begin: usize, end: usize) -> PyResult<()> {
        // SAFETY: attached; `self` is a valid object.
        let result =
            unsafe { ffi::PySequence_DelSlice(self.as_ptr(), to_ssize(begin), to_ssize(end)) };
        status(self.py(), result)
    }

    fn count<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>,
    {
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` and `value` are valid objects.
        let count = unsafe { ffi::PySequence_Count(self.as_ptr(), value.as_ptr()) };
        size(self.py(), count)
    }

    fn contains<V>(&self, value: V) -> PyResult<bool>
    where
        V: IntoPyObject<'py>,
    {
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` and `value` are valid objects.
        let result = unsafe { ffi::PySequence_Contains(self.as_ptr(), value.as_ptr()) };
        truth(self.py(), result)
    }

    fn index<V>(&self, value: V) -> PyResult<usize>
    where
        V: IntoPyObject<'py>,
    {
        let value = value.into_pyobject_or_pyerr(self.py())?;
        // SAFETY: attached; `self` and `value` are valid objects.
        let index = unsafe { ffi::PySequence_Index(self.as_ptr(), value.as_ptr()) };
        size(self.py(), index)
    }

    fn to_list(&self) -> PyResult<Bound<'py, PyList>> {
        // SAFETY: attached; `self` is a valid object; returns a new list or null.
        unsafe { new_reference(self.py(), ffi::PySequence_List(self.as_ptr())) }
    }

    fn to_tuple(&self) -> PyResult<Bound<'py, PyTuple>> {
        // SAFETY: attached; `self` is a valid object; returns a new reference to a tuple, or null.
        unsafe { new_reference(self.py(), ffi::PySequence_Tuple(self.as_ptr())) }
    }
}
