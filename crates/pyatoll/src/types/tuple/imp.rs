//! The implementation of [`PyTupleMethods`].

use super::{BorrowedTupleIterator, BoundTupleIterator, PyTupleMethods, TupleSlice};
use crate::capi as ffi;
use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::object::{Borrowed, Bound};
use crate::types::returned::{new_reference_or_panic, to_ssize};
use crate::types::sequence::PySequenceMethods;
use crate::types::{PyAny, PyList, PySequence, PyTuple};

impl<'py> PyTupleMethods<'py> for Bound<'py, PyTuple> {
    sequence_methods!(PyTuple, ffi::PyTuple_GET_SIZE, PyTuple_GetSlice);

    #[inline]
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>> {
        self.get_borrowed_item(index).map(Borrowed::to_owned)
    }

    #[inline]
    fn get_borrowed_item<'a>(&'a self, index: usize) -> PyResult<Borrowed<'a, 'py, PyAny>> {
        // SAFETY: attached; `self` is a tuple, which keeps the item alive.
        unsafe {
            let item = ffi::PyTuple_GetItem(self.as_ptr(), to_ssize(index));
            Borrowed::from_ptr_or_err(self.py(), item)
        }
    }

    #[inline]
    unsafe fn get_item_unchecked(&self, index: usize) -> Bound<'py, PyAny> {
        // SAFETY: the caller guarantees that `index` is in bounds.
        unsafe { self.get_borrowed_item_unchecked(index).to_owned() }
    }

    #[inline]
    unsafe fn get_borrowed_item_unchecked<'a>(&'a self, index: usize) -> Borrowed<'a, 'py, PyAny> {
        // SAFETY: the caller guarantees that `index` is in bounds.
        unsafe { item_unchecked(self.as_borrowed(), index) }
    }

    fn as_slice(&self) -> TupleSlice<'_, 'py> {
        TupleSlice::new(self.as_borrowed())
    }

    #[inline]
    fn iter(&self) -> BoundTupleIterator<'py> {
        BoundTupleIterator::new(self.clone())
    }

    #[inline]
    fn iter_borrowed<'a>(&'a self) -> BorrowedTupleIterator<'a, 'py> {
        self.as_borrowed().iter_borrowed()
    }

    fn to_list(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; `self` is a tuple; returns a new list or null.
        unsafe { new_reference_or_panic(self.py(), ffi::PySequence_List(self.as_ptr())) }
    }
}

/// Returns the item at `index`, which the tuple keeps alive.
///
/// # Safety
/// `index` must be in bounds.
#[inline]
pub(crate) unsafe fn item_unchecked<'a, 'py>(
    tuple: Borrowed<'a, 'py, PyTuple>,
    index: usize,
) -> Borrowed<'a, 'py, PyAny> {
    // SAFETY: attached; the caller guarantees that `index` is in bounds; the tuple keeps the item
    // alive.
    unsafe {
        let item = ffi::PyTuple_GET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t);
        Borrowed::from_ptr(tuple.py(), item)
    }
}
