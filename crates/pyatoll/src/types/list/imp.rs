//! The implementation of [`PyListMethods`].

use super::{BoundListIterator, PyListMethods};
use crate::capi as ffi;
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyResult;
use crate::object::Bound;
use crate::sync::critical_section::with_critical_section;
use crate::types::compat;
use crate::types::returned::{new_reference, new_reference_or_panic, status, to_ssize};
use crate::types::sequence::PySequenceMethods;
use crate::types::{PyAny, PyList, PySequence, PyTuple};

impl<'py> PyListMethods<'py> for Bound<'py, PyList> {
    sequence_methods!(PyList, compat::len_of_list, PyList_GetSlice);

    #[inline]
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; `self` is a list; returns a new reference or null.
        unsafe {
            let item = ffi::compat::PyList_GetItemRef(self.as_ptr(), to_ssize(index));
            new_reference(self.py(), item)
        }
    }

    #[inline]
    unsafe fn get_item_unchecked(&self, index: usize) -> Bound<'py, PyAny> {
        // SAFETY: the caller guarantees that `index` is in bounds and that no other thread changes
        // the list; the borrowed item gets its own reference before anything else runs.
        unsafe {
            let item = ffi::PyList_GET_ITEM(self.as_ptr(), index as ffi::Py_ssize_t);
            Bound::from_borrowed_ptr(self.py(), item)
        }
    }

    fn set_item<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_bound_py_any(self.py())?.into_ptr();
        // SAFETY: attached; `self` is a list; the call takes the reference even if it fails.
        let result = unsafe { ffi::PyList_SetItem(self.as_ptr(), to_ssize(index), item) };
        status(self.py(), result)
    }

    fn del_item(&self, index: usize) -> PyResult<()> {
        self.as_sequence().del_item(index)
    }

    fn set_slice(&self, low: usize, high: usize, items: &Bound<'_, PyAny>) -> PyResult<()> {
        let (low, high) = (to_ssize(low), to_ssize(high));
        // SAFETY: attached; `self` is a list, `items` a valid object.
        let result = unsafe { ffi::PyList_SetSlice(self.as_ptr(), low, high, items.as_ptr()) };
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
        // SAFETY: attached; `self` is a list, `item` a valid object.
        let result = unsafe { ffi::PyList_Append(self.as_ptr(), item.as_ptr()) };
        status(self.py(), result)
    }

    fn insert<I>(&self, index: usize, item: I) -> PyResult<()>
    where
        I: IntoPyObject<'py>,
    {
        let item = item.into_bound_py_any(self.py())?;
        // SAFETY: attached; `self` is a list, `item` a valid object.
        let result = unsafe { ffi::PyList_Insert(self.as_ptr(), to_ssize(index), item.as_ptr()) };
        status(self.py(), result)
    }

    #[inline]
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
        // SAFETY: attached; `self` is a list.
        status(self.py(), unsafe { ffi::PyList_Sort(self.as_ptr()) })
    }

    fn reverse(&self) -> PyResult<()> {
        // SAFETY: attached; `self` is a list.
        status(self.py(), unsafe { ffi::PyList_Reverse(self.as_ptr()) })
    }

    fn to_tuple(&self) -> Bound<'py, PyTuple> {
        // SAFETY: attached; `self` is a list; returns a new tuple or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PyList_AsTuple(self.as_ptr())) }
    }
}
