//! The methods of a list, on `Bound`.

use pyo3_ffi as ffi;

use super::{BoundListIterator, PyListMethods};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::object::Bound;
use crate::sync::critical_section::with_critical_section;
use crate::types::returned::{index, new_reference, new_reference_or_panic, status};
use crate::types::sequence::PySequenceMethods;
use crate::types::{PyAny, PyList, PySequence, PyTuple};

impl<'py> PyListMethods<'py> for Bound<'py, PyList> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; a list.
        unsafe { ffi::PyList_Size(self.as_ptr()) as usize }
    }

    sequence_methods!();

    #[inline]
    fn get_item(&self, place: usize) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; a list; a new reference or null comes back.
        unsafe {
            let item = ffi::compat::PyList_GetItemRef(self.as_ptr(), index(place));
            new_reference(self.py(), item)
        }
    }

    #[inline]
    unsafe fn get_item_unchecked(&self, place: usize) -> Bound<'py, PyAny> {
        #[cfg(not(Py_LIMITED_API))]
        // SAFETY: the place exists and nobody else changes the list, as the caller promises.
        unsafe {
            Bound::from_borrowed_ptr(self.py(), ffi::PyList_GET_ITEM(self.as_ptr(), index(place)))
        }
        #[cfg(Py_LIMITED_API)]
        // SAFETY: attached; a list; the place exists.
        unsafe {
            let item = ffi::compat::PyList_GetItemRef(self.as_ptr(), index(place));
            Bound::from_owned_ptr(self.py(), item)
        }
    }

    fn get_slice(&self, low: usize, high: usize) -> Bound<'py, PyList> {
        // SAFETY: attached; a list; a new one or null comes back.
        unsafe {
            let slice = ffi::PyList_GetSlice(self.as_ptr(), index(low), index(high));
            new_reference_or_panic(self.py(), slice)
        }
    }

    fn set_item<I>(&self, place: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_bound_py_any(self.py())?.into_ptr();
        // SAFETY: attached; a list; it takes over the reference even if it fails.
        let result = unsafe { ffi::PyList_SetItem(self.as_ptr(), index(place), item) };
        status(self.py(), result)
    }

    fn del_item(&self, index: usize) -> PyResult<()> {
        self.as_sequence().del_item(index)
    }

    fn set_slice(&self, low: usize, high: usize, items: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: attached; a list and an object.
        let result =
            unsafe { ffi::PyList_SetSlice(self.as_ptr(), index(low), index(high), items.as_ptr()) };
        status(self.py(), result)
    }

    fn del_slice(&self, low: usize, high: usize) -> PyResult<()> {
        self.as_sequence().del_slice(low, high)
    }

    #[inline]
    fn append<I>(&self, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_bound_py_any(self.py())?;
        // SAFETY: attached; a list and an object.
        let result = unsafe { ffi::PyList_Append(self.as_ptr(), item.as_ptr()) };
        status(self.py(), result)
    }

    fn insert<I>(&self, place: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_bound_py_any(self.py())?;
        // SAFETY: attached; a list and an object.
        let result = unsafe { ffi::PyList_Insert(self.as_ptr(), index(place), item.as_ptr()) };
        status(self.py(), result)
    }

    fn iter(&self) -> BoundListIterator<'py> {
        BoundListIterator::new(self.clone())
    }

    fn locked_for_each<F>(&self, closure: F) -> PyResult<()>
    where
        F: Fn(Bound<'py, PyAny>) -> PyResult<()>,
    {
        with_critical_section(self, || self.iter().try_for_each(closure))
    }

    fn sort(&self) -> PyResult<()> {
        // SAFETY: attached; a list.
        status(self.py(), unsafe { ffi::PyList_Sort(self.as_ptr()) })
    }

    fn reverse(&self) -> PyResult<()> {
        // SAFETY: attached; a list.
        status(self.py(), unsafe { ffi::PyList_Reverse(self.as_ptr()) })
    }

    fn to_tuple(&self) -> Bound<'py, PyTuple> {
        // SAFETY: attached; a list; a new tuple or null comes back.
        unsafe { new_reference_or_panic(self.py(), ffi::PyList_AsTuple(self.as_ptr())) }
    }
}
