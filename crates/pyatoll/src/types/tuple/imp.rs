//! The methods of a tuple, on `Bound`.

use pyo3_ffi as ffi;

use super::{BorrowedTupleIterator, BoundTupleIterator, PyTupleMethods, TupleSlice};
use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::object::{Borrowed, Bound};
use crate::types::returned::{index, new_reference_or_panic};
use crate::types::sequence::PySequenceMethods;
use crate::types::{PyAny, PyList, PySequence, PyTuple};

impl<'py> PyTupleMethods<'py> for Bound<'py, PyTuple> {
    #[inline]
    fn len(&self) -> usize {
        // SAFETY: attached; a tuple.
        unsafe { ffi::PyTuple_Size(self.as_ptr()) as usize }
    }

    sequence_methods!();

    fn get_slice(&self, low: usize, high: usize) -> Bound<'py, PyTuple> {
        // SAFETY: attached; a tuple; a new reference to one or null comes back.
        unsafe {
            let slice = ffi::PyTuple_GetSlice(self.as_ptr(), index(low), index(high));
            new_reference_or_panic(self.py(), slice)
        }
    }

    #[inline]
    fn get_item(&self, index: usize) -> PyResult<Bound<'py, PyAny>> {
        self.get_borrowed_item(index).map(Borrowed::to_owned)
    }

    #[inline]
    fn get_borrowed_item<'a>(&'a self, place: usize) -> PyResult<Borrowed<'a, 'py, PyAny>> {
        // SAFETY: attached; a tuple; it keeps the item as long as it lives.
        unsafe {
            let item = ffi::PyTuple_GetItem(self.as_ptr(), index(place));
            Borrowed::from_ptr_or_err(self.py(), item)
        }
    }

    #[inline]
    unsafe fn get_item_unchecked(&self, index: usize) -> Bound<'py, PyAny> {
        // SAFETY: passed on to the caller.
        unsafe { self.get_borrowed_item_unchecked(index).to_owned() }
    }

    #[inline]
    unsafe fn get_borrowed_item_unchecked<'a>(&'a self, place: usize) -> Borrowed<'a, 'py, PyAny> {
        // SAFETY: the place exists, as the caller promises; the tuple keeps the item.
        unsafe { item_unchecked(self.as_borrowed(), place) }
    }

    fn as_slice(&self) -> TupleSlice<'_, 'py> {
        TupleSlice::of(self.as_borrowed())
    }

    fn iter(&self) -> BoundTupleIterator<'py> {
        BoundTupleIterator::new(self.clone())
    }

    fn iter_borrowed<'a>(&'a self) -> BorrowedTupleIterator<'a, 'py> {
        self.as_borrowed().iter_borrowed()
    }

    fn to_list(&self) -> Bound<'py, PyList> {
        // SAFETY: attached; a tuple; a new list or null comes back.
        unsafe { new_reference_or_panic(self.py(), ffi::PySequence_List(self.as_ptr())) }
    }
}

/// # Safety
/// The tuple must have that place.
#[inline]
pub(crate) unsafe fn item_unchecked<'a, 'py>(
    tuple: Borrowed<'a, 'py, PyTuple>,
    place: usize,
) -> Borrowed<'a, 'py, PyAny> {
    #[cfg(not(Py_LIMITED_API))]
    // SAFETY: the place exists; the tuple keeps the item as long as it lives.
    unsafe {
        Borrowed::from_ptr(
            tuple.py(),
            ffi::PyTuple_GET_ITEM(tuple.as_ptr(), index(place)),
        )
    }
    #[cfg(Py_LIMITED_API)]
    // SAFETY: as above.
    unsafe {
        Borrowed::from_ptr(
            tuple.py(),
            ffi::PyTuple_GetItem(tuple.as_ptr(), index(place)),
        )
    }
}
