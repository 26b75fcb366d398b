//! The arguments of a call in the form of a tuple and a dict, brought into that of an array and a
//! tuple of names; and tuples as CPython keeps them.

use pyo3_ffi as ffi;

use super::mismatch;
use crate::error::PyResult;
use crate::interpreter::{Python, layout};
use crate::object::Bound;
use crate::types::PyAny;

/// The item of a tuple that has it.
///
/// # Safety
/// Attached; a tuple with that many items, which lives while the item is used.
#[inline(always)]
pub(super) unsafe fn item(tuple: *mut ffi::PyObject, place: usize) -> *mut ffi::PyObject {
    // SAFETY: passed on to the caller.
    unsafe {
        #[cfg(not(Py_LIMITED_API))]
        return ffi::PyTuple_GET_ITEM(tuple, place as ffi::Py_ssize_t);
        #[cfg(Py_LIMITED_API)]
        return ffi::PyTuple_GetItem(tuple, place as ffi::Py_ssize_t);
    }
}

/// The number of items of a tuple.
///
/// # Safety
/// Attached; a live tuple.
#[inline(always)]
pub(super) unsafe fn size(tuple: *mut ffi::PyObject) -> usize {
    // SAFETY: passed on to the caller.
    unsafe {
        #[cfg(not(Py_LIMITED_API))]
        return ffi::PyTuple_GET_SIZE(tuple) as usize;
        #[cfg(Py_LIMITED_API)]
        return ffi::PyTuple_Size(tuple) as usize;
    }
}

/// Fills a place of a new tuple, and takes over the reference.
///
/// # Safety
/// Attached; a tuple seen by nobody else, whose place is empty.
#[inline(always)]
unsafe fn set_item(tuple: *mut ffi::PyObject, place: usize, item: *mut ffi::PyObject) {
    // SAFETY: passed on to the caller.
    unsafe {
        #[cfg(not(Py_LIMITED_API))]
        ffi::PyTuple_SET_ITEM(tuple, place as ffi::Py_ssize_t, item);
        #[cfg(Py_LIMITED_API)]
        ffi::PyTuple_SetItem(tuple, place as ffi::Py_ssize_t, item);
    }
}

/// Lends the items of a tuple.
///
/// # Safety
/// Attached; `tuple` must be a tuple that lives during the call.
#[inline]
pub(crate) unsafe fn with_items<R>(
    tuple: *mut ffi::PyObject,
    f: impl FnOnce(&[*mut ffi::PyObject]) -> R,
) -> R {
    // SAFETY: a tuple, which does not change.
    unsafe {
        #[cfg(not(Py_LIMITED_API))]
        return f(std::slice::from_raw_parts(
            (&raw const (*tuple.cast::<ffi::PyTupleObject>()).ob_item).cast(),
            ffi::PyTuple_GET_SIZE(tuple) as usize,
        ));
        #[cfg(Py_LIMITED_API)]
        return f(&(0..ffi::PyTuple_Size(tuple) as usize)
            .map(|place| item(tuple, place))
            .collect::<Vec<_>>());
    }
}

/// The dict of a `METH_VARARGS | METH_KEYWORDS` call, or `None` if there are no keywords.
///
/// # Safety
/// Attached; null or a dict, which lives during the call.
#[inline]
pub unsafe fn keywords_or_none(kwargs: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: passed on to the caller; `None` is a static of CPython.
    unsafe {
        if kwargs.is_null() || layout::size_of_dict(kwargs) == 0 {
            ffi::Py_None()
        } else {
            kwargs
        }
    }
}

/// A new tuple of objects.
pub(crate) fn tuple_of<'py>(
    py: Python<'py>,
    items: &[*mut ffi::PyObject],
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; each place of the new tuple is set once, to a new reference.
    unsafe {
        let tuple = ffi::PyTuple_New(items.len() as ffi::Py_ssize_t);
        let tuple = Bound::from_owned_ptr_or_err(py, tuple)?;
        for (place, &item) in items.iter().enumerate() {
            set_item(tuple.as_ptr(), place, ffi::Py_NewRef(item));
        }
        Ok(tuple)
    }
}

/// The arguments of a call that came with a dict.
pub(crate) struct Arguments<'py> {
    /// Those by position, which the call's tuple keeps alive, then the values of the names.
    array: Vec<*mut ffi::PyObject>,
    names: Bound<'py, PyAny>,
    /// Keeps the values: anybody could change the dict during the call.
    values: Vec<Bound<'py, PyAny>>,
}

impl<'py> Arguments<'py> {
    /// Takes what is in the tuple and the dict now.
    ///
    /// # Safety
    /// Attached; a tuple, which must outlive the result, and a dict.
    ///
    /// # Errors
    /// A `TypeError` if a key is no `str`; or Python has no memory.
    pub(crate) unsafe fn of_tuple_and_dict(
        py: Python<'py>,
        args: *mut ffi::PyObject,
        kwargs: *mut ffi::PyObject,
    ) -> PyResult<Self> {
        // SAFETY: attached; the pairs keep their items, and are kept by a reference each: another
        // thread can find the list, with `gc.get_objects`.
        unsafe {
            let items = Bound::from_owned_ptr_or_err(py, ffi::PyDict_Items(kwargs))?;
            let len = ffi::PyList_Size(items.as_ptr());
            let names = Bound::from_owned_ptr_or_err(py, ffi::PyTuple_New(len))?;
            let mut array = with_items(args, <[_]>::to_vec);
            let mut values = Vec::with_capacity(len as usize);
            for place in 0..len {
                let pair = ffi::compat::PyList_GetItemRef(items.as_ptr(), place);
                let pair = Bound::from_owned_ptr_or_err(py, pair)?;
                let name = item(pair.as_ptr(), 0);
                if ffi::PyUnicode_Check(name) == 0 {
                    return Err(mismatch::keywords_must_be_strings());
                }
                set_item(names.as_ptr(), place as usize, ffi::Py_NewRef(name));
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

    /// The array, how many of it are by position, and the names of the others. Valid while `self`
    /// lives.
    pub(crate) fn as_array(&self) -> (*const *mut ffi::PyObject, usize, *mut ffi::PyObject) {
        let by_position = self.array.len() - self.values.len();
        (self.array.as_ptr(), by_position, self.names.as_ptr())
    }
}
