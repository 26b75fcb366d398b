//! Call arguments given as a tuple and a dict, converted to an array and a tuple of names; access
//! to the items of tuples.

use super::mismatch;
use crate::capi as ffi;
use crate::error::PyResult;
use crate::interpreter::{Python, layout};
use crate::object::Bound;
use crate::types::PyAny;

/// Returns an item of a tuple, borrowed.
///
/// # Safety
/// Attached; `tuple` must have more than `index` items and outlive the use of the item.
#[inline(always)]
pub(super) unsafe fn item(tuple: *mut ffi::PyObject, index: usize) -> *mut ffi::PyObject {
    // SAFETY: upheld by the caller: attached, a live tuple, and in bounds.
    unsafe { ffi::PyTuple_GET_ITEM(tuple, index as ffi::Py_ssize_t) }
}

/// Returns the number of items of a tuple.
///
/// # Safety
/// Attached; `tuple` must be a live tuple.
#[inline(always)]
pub(super) unsafe fn size(tuple: *mut ffi::PyObject) -> usize {
    // SAFETY: upheld by the caller: attached, a live tuple.
    unsafe { ffi::PyTuple_GET_SIZE(tuple) as usize }
}

/// Sets an item of a new tuple, stealing the reference.
///
/// # Safety
/// Attached; no other code may have seen `tuple`, and its item at `index` must be unset.
#[inline(always)]
unsafe fn set_item(tuple: *mut ffi::PyObject, index: usize, item: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: attached; a new tuple, whose item is unset.
    unsafe { ffi::PyTuple_SET_ITEM(tuple, index as ffi::Py_ssize_t, item) }
}

/// Calls `f` with the items of a tuple, borrowed.
///
/// # Safety
/// Attached; `tuple` must be a tuple that stays alive during the call.
#[inline]
pub(crate) unsafe fn with_items<R>(
    tuple: *mut ffi::PyObject,
    f: impl FnOnce(&[*mut ffi::PyObject]) -> R,
) -> R {
    // SAFETY: `tuple` is a live tuple, and tuples are immutable.
    unsafe {
        match ffi::tuple_items(tuple) {
            Some(items) => f(std::slice::from_raw_parts(items, size(tuple))),
            None => f(&copied_items(tuple)),
        }
    }
}

/// Returns the items of a tuple, borrowed, one by one.
///
/// # Safety
/// As for [`with_items`].
#[cold]
unsafe fn copied_items(tuple: *mut ffi::PyObject) -> Vec<*mut ffi::PyObject> {
    // SAFETY: a live tuple (upheld by the caller), and in bounds.
    unsafe { (0..size(tuple)).map(|index| item(tuple, index)).collect() }
}

/// Returns the dict of a `METH_VARARGS | METH_KEYWORDS` call, or `None` if there are no keywords.
///
/// # Safety
/// Attached; `kwargs` must be null or a dict that stays alive during the call.
#[inline]
pub unsafe fn keywords_or_none(kwargs: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: attached; null, or a live dict (upheld by the caller); `None` is a static of CPython.
    unsafe {
        if kwargs.is_null() || layout::size_of_dict(kwargs) == 0 {
            ffi::Py_None()
        } else {
            kwargs
        }
    }
}

/// Creates a tuple of objects.
pub(crate) fn tuple_of<'py>(
    py: Python<'py>,
    items: &[*mut ffi::PyObject],
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached (`py`); each item of the new tuple is set once, to a new reference.
    unsafe {
        let tuple = ffi::PyTuple_New(items.len() as ffi::Py_ssize_t);
        let tuple = Bound::from_owned_ptr_or_err(py, tuple)?;
        for (index, &item) in items.iter().enumerate() {
            set_item(tuple.as_ptr(), index, ffi::Py_NewRef(item));
        }
        Ok(tuple)
    }
}

/// The arguments of a call with a keyword dict, as an array.
pub(crate) struct Arguments<'py> {
    /// The positional arguments, kept alive by the call's tuple, then the keyword arguments.
    array: Vec<*mut ffi::PyObject>,
    names: Bound<'py, PyAny>,
    /// Keeps the keyword arguments alive: other code may change the dict during the call.
    values: Vec<Bound<'py, PyAny>>,
}

impl<'py> Arguments<'py> {
    /// Copies the current items of the tuple and the dict.
    ///
    /// # Safety
    /// Attached; `args` must be a tuple that outlives the result, `kwargs` a dict.
    ///
    /// # Errors
    /// A `TypeError` if a key is not a `str`; `MemoryError`.
    pub(crate) unsafe fn of_tuple_and_dict(
        py: Python<'py>,
        args: *mut ffi::PyObject,
        kwargs: *mut ffi::PyObject,
    ) -> PyResult<Self> {
        // SAFETY: attached (`py`). Other code can find and change the list through
        // `gc.get_objects` until the collector does not track it any more: another thread, or on
        // 3.11 a finalizer that the creation of the tuple runs. So each pair is checked, and held
        // by a reference while its items are in use.
        unsafe {
            let items = Bound::from_owned_ptr_or_err(py, ffi::PyDict_Items(kwargs))?;
            ffi::PyObject_GC_UnTrack(items.as_ptr().cast());
            let len = ffi::PyList_Size(items.as_ptr());
            let names = Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(len))?;
            ffi::PyObject_GC_UnTrack(names.as_ptr().cast());
            let mut array = with_items(args, <[_]>::to_vec);
            let mut values = Vec::with_capacity(len as usize);
            for index in 0..len {
                let pair = ffi::compat::PyList_GetItemRef(items.as_ptr(), index);
                let pair = Bound::from_owned_ptr_or_err(py, pair)?;
                let is_pair = ffi::PyTuple_CheckExact(pair.as_ptr()) != 0
                    && ffi::PyTuple_Size(pair.as_ptr()) == 2;
                if !is_pair || ffi::PyUnicode_Check(item(pair.as_ptr(), 0)) == 0 {
                    return Err(mismatch::keywords_must_be_strings());
                }
                let name = item(pair.as_ptr(), 0);
                set_item(names.as_ptr(), index as usize, ffi::Py_NewRef(name));
                let value = Bound::from_borrowed_ptr(py, item(pair.as_ptr(), 1));
                array.push(value.as_ptr());
                values.push(value);
            }
            Ok(Self {
                array,
                names,
                values,
            })
        }
    }

    /// Returns the array, the number of positional arguments in it, and the names of the others.
    /// Valid while `self` lives.
    pub(crate) fn as_array(&self) -> (*const *mut ffi::PyObject, usize, *mut ffi::PyObject) {
        let positional = self.array.len() - self.values.len();
        (self.array.as_ptr(), positional, self.names.as_ptr())
    }
}
