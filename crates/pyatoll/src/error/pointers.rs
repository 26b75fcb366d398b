//! Handles from the raw pointers that CPython's functions return, where null means an exception.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};
use crate::types::PyAny;

impl<'py> Bound<'py, PyAny> {
    /// Takes over a new reference, which is what most CPython functions return.
    ///
    /// # Safety
    /// `ptr` must point to an object of the token's interpreter, and the caller gives up one
    /// reference to it.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: `PyList_New` returns a new reference.
    ///     let list = unsafe { Bound::from_owned_ptr(py, ffi::PyList_New(0)) };
    ///     assert_eq!(list.to_string(), "[]");
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_owned_ptr(py: Python<'py>, ptr: *mut ffi::PyObject) -> Self {
        let pointer = NonNull::new(ptr).unwrap_or_else(|| null_object(py));
        // SAFETY: upheld by the caller: a reference to a valid object, which is not null here.
        unsafe { Self::from_owned_non_null(py, pointer) }
    }

    /// Takes over an owned reference, or takes the current exception if `ptr` is null; see
    /// [`from_owned_ptr`](Bound::from_owned_ptr).
    ///
    /// # Safety
    /// `ptr` must be null, or point to an object of the token's interpreter to which the caller
    /// gives up one reference.
    ///
    /// # Errors
    /// The current exception, if `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{exceptions::PyTypeError, ffi};
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'text'", None, None)?;
    ///     // SAFETY: the call returns a new reference, or null with an exception set.
    ///     let result = unsafe {
    ///         Bound::from_owned_ptr_or_err(py, ffi::PyNumber_Negative(text.as_ptr()))
    ///     };
    ///     assert!(result.unwrap_err().is_instance_of::<PyTypeError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn from_owned_ptr_or_err(
        py: Python<'py>,
        ptr: *mut ffi::PyObject,
    ) -> PyResult<Self> {
        match NonNull::new(ptr) {
            // SAFETY: upheld by the caller: a reference to a valid object, which is not null here.
            Some(pointer) => Ok(unsafe { Self::from_owned_non_null(py, pointer) }),
            None => Err(PyErr::fetch(py)),
        }
    }

    /// Creates a new reference to an object from a borrowed one.
    ///
    /// # Safety
    /// `ptr` must point to a live object of the token's interpreter.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"['a', 'b']", None, None)?;
    ///     // SAFETY: the list has an item 0, and the reference is borrowed from the list.
    ///     let item =
    ///         unsafe { Bound::from_borrowed_ptr(py, ffi::PyList_GetItem(list.as_ptr(), 0)) };
    ///     drop(list);
    ///     assert_eq!(item.to_string(), "a");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_borrowed_ptr(py: Python<'py>, ptr: *mut ffi::PyObject) -> Self {
        // SAFETY: upheld by the caller: a live object of the token's interpreter.
        unsafe { Borrowed::from_ptr(py, ptr).to_owned() }
    }

    /// Creates a new reference, or takes the current exception if `ptr` is null; see
    /// [`from_borrowed_ptr`](Bound::from_borrowed_ptr).
    ///
    /// # Safety
    /// `ptr` must be null or point to a live object of the token's interpreter.
    ///
    /// # Errors
    /// The current exception, if `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{exceptions::PyIndexError, ffi};
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: returns a reference borrowed from the list, or null with an exception set.
    ///     let item = unsafe {
    ///         Bound::from_borrowed_ptr_or_err(py, ffi::PyList_GetItem(list.as_ptr(), 1))
    ///     };
    ///     assert!(item.unwrap_err().is_instance_of::<PyIndexError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn from_borrowed_ptr_or_err(
        py: Python<'py>,
        ptr: *mut ffi::PyObject,
    ) -> PyResult<Self> {
        // SAFETY: upheld by the caller: null or a live object of the token's interpreter.
        unsafe { Borrowed::from_ptr_or_err(py, ptr).map(Borrowed::to_owned) }
    }
}

impl<'py> Borrowed<'_, 'py, PyAny> {
    /// Wraps a pointer to an object that something else keeps alive.
    ///
    /// # Safety
    /// `ptr` must point to an object of the token's interpreter that stays alive for `'a`.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: `None` is alive while the interpreter is.
    ///     let none = unsafe { Borrowed::from_ptr(py, ffi::Py_None()) };
    ///     assert!(none.is_none());
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_ptr(py: Python<'py>, ptr: *mut ffi::PyObject) -> Self {
        let pointer = NonNull::new(ptr).unwrap_or_else(|| null_object(py));
        // SAFETY: upheld by the caller: a live object of the token's interpreter, not null here.
        unsafe { Self::from_non_null(py, pointer) }
    }

    /// Borrows an object, or takes the current exception if `ptr` is null; see
    /// [`from_ptr`](Borrowed::from_ptr).
    ///
    /// # Safety
    /// `ptr` must be null, or point to an object of the token's interpreter that stays alive for
    /// `'a`.
    ///
    /// # Errors
    /// The current exception, if `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: returns a reference borrowed from the list, or null with an exception set.
    ///     let item =
    ///         unsafe { Borrowed::from_ptr_or_err(py, ffi::PyList_GetItem(list.as_ptr(), 0))? };
    ///     assert_eq!(item.to_string(), "a");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn from_ptr_or_err(py: Python<'py>, ptr: *mut ffi::PyObject) -> PyResult<Self> {
        match NonNull::new(ptr) {
            // SAFETY: upheld by the caller: a live object of the token's interpreter.
            Some(pointer) => Ok(unsafe { Self::from_non_null(py, pointer) }),
            None => Err(PyErr::fetch(py)),
        }
    }
}

impl<T> Py<T> {
    /// Takes over a new reference.
    ///
    /// # Safety
    /// `ptr` must point to a `T` of the token's interpreter, and the caller gives up one reference
    /// to it.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{ffi, types::PyList};
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: `PyList_New` returns a new reference to a list.
    ///     let list: Py<PyList> = unsafe { Py::from_owned_ptr(py, ffi::PyList_New(0)) };
    ///     assert!(list.bind(py).is_empty());
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_owned_ptr(py: Python<'_>, ptr: *mut ffi::PyObject) -> Py<T> {
        // SAFETY: upheld by the caller: a reference to a `T`.
        unsafe {
            Bound::from_owned_ptr(py, ptr)
                .cast_into_unchecked()
                .unbind()
        }
    }

    /// Takes over a new reference, or returns the current exception for null.
    ///
    /// # Safety
    /// `ptr` must be null, or point to a `T` of the token's interpreter to which the caller gives
    /// up one reference.
    ///
    /// # Errors
    /// The current exception, if `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::{exceptions::PySystemError, ffi, types::PyList};
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: returns a new reference to a list, or null with an exception set.
    ///     let list: PyResult<Py<PyList>> =
    ///         unsafe { Py::from_owned_ptr_or_err(py, ffi::PyList_New(-1)) };
    ///     assert!(list.unwrap_err().is_instance_of::<PySystemError>(py));
    /// });
    /// ```
    #[inline]
    pub unsafe fn from_owned_ptr_or_err(
        py: Python<'_>,
        ptr: *mut ffi::PyObject,
    ) -> PyResult<Py<T>> {
        // SAFETY: upheld by the caller: null or a reference to a `T`.
        unsafe {
            Ok(Bound::from_owned_ptr_or_err(py, ptr)?
                .cast_into_unchecked()
                .unbind())
        }
    }

    /// Creates a new reference to an object from a borrowed one.
    ///
    /// # Safety
    /// `ptr` must point to a live `T` of the token's interpreter.
    ///
    /// # Panics
    /// If `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: the list has an item 0, and the reference is borrowed from the list.
    ///     let item: Py<PyAny> =
    ///         unsafe { Py::from_borrowed_ptr(py, ffi::PyList_GetItem(list.as_ptr(), 0)) };
    ///     assert_eq!(item.extract::<String>(py)?, "a");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_borrowed_ptr(py: Python<'_>, ptr: *mut ffi::PyObject) -> Py<T> {
        // SAFETY: upheld by the caller: a live `T`.
        unsafe {
            Bound::from_borrowed_ptr(py, ptr)
                .cast_into_unchecked()
                .unbind()
        }
    }
}

/// Panics for a null pointer where an object is required: Python is out of memory, or the caller
/// has a bug.
#[cold]
#[track_caller]
fn null_object(py: Python<'_>) -> ! {
    match PyErr::take(py) {
        Some(error) => panic!("Python raised an exception where none was expected: {error}"),
        None => panic!("a null pointer where a Python object was expected"),
    }
}
