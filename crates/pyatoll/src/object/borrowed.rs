//! [`Borrowed<'a, 'py, T>`]: a reference that somebody else keeps alive.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::bound::null_object;
use super::{Bound, Py, PyTypeCheck, PyTypeInfo};
use crate::convert::FromPyObject;
use crate::error::{CastError, PyErr, PyResult};
use crate::interpreter::Python;
use crate::types::PyAny;

/// A reference to a Python object that something else keeps alive for `'a`; a `&'a Bound<'py, T>`
/// with one indirection less. It is `Copy` and derefs to [`Bound`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::{Borrowed, types::PyTuple};
///
/// Python::attach(|py| {
///     let tuple = PyTuple::new(py, [1, 2])?;
///     let first: Borrowed<'_, '_, PyAny> = tuple.get_borrowed_item(0)?;
///     assert_eq!(first.extract::<i32>()?, 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(C)]
pub struct Borrowed<'a, 'py, T> {
    pointer: NonNull<ffi::PyObject>,
    py: Python<'py>,
    marker: PhantomData<&'a Py<T>>,
}

impl<'a, 'py, T> Borrowed<'a, 'py, T> {
    /// # Safety
    /// The object must be a `T` and stay alive for `'a`.
    #[inline]
    pub(crate) unsafe fn from_non_null(py: Python<'py>, pointer: NonNull<ffi::PyObject>) -> Self {
        Self {
            pointer,
            py,
            marker: PhantomData,
        }
    }

    /// Makes an owned reference.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a", "b"])?;
    ///     let first: Bound<'_, PyAny> = tuple.get_borrowed_item(0)?.to_owned();
    ///     drop(tuple);
    ///     assert_eq!(first.to_string(), "a");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn to_owned(self) -> Bound<'py, T> {
        // SAFETY: the object is alive; the new reference goes into the handle.
        unsafe {
            ffi::Py_INCREF(self.pointer.as_ptr());
            Bound::from_owned_non_null(self.py, self.pointer)
        }
    }

    /// The object's address: borrowed, valid for `'a`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTuple;
    ///
    /// Python::attach(|py| {
    ///     let tuple = PyTuple::new(py, ["a"])?;
    ///     let (first, again) = (tuple.get_borrowed_item(0)?, tuple.get_item(0)?);
    ///     assert_eq!(first.as_ptr(), again.as_ptr());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn as_ptr(self) -> *mut ffi::PyObject {
        self.pointer.as_ptr()
    }

    /// The token.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyBool;
    ///
    /// fn is_false(object: Borrowed<'_, '_, PyAny>) -> bool {
    ///     object.is(PyBool::new(object.py(), false))
    /// }
    /// Python::attach(|py| assert!(is_false(PyBool::new(py, false).as_any().as_borrowed())));
    /// ```
    #[inline]
    pub fn py(self) -> Python<'py> {
        self.py
    }

    #[inline]
    pub(crate) fn to_any(self) -> Borrowed<'a, 'py, PyAny> {
        Borrowed {
            pointer: self.pointer,
            py: self.py,
            marker: PhantomData,
        }
    }

    /// Converts to a Rust type, which may borrow from the object for `'a`.
    ///
    /// # Errors
    /// The conversion's own, if the object has no such value.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let text = py.eval(c"'atoll'", None, None)?;
    ///     let borrowed: &str = text.as_borrowed().extract()?;
    ///     assert_eq!(borrowed, "atoll");
    ///     assert!(text.as_borrowed().extract::<i32>().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn extract<O: FromPyObject<'a, 'py>>(self) -> Result<O, O::Error> {
        O::extract(self.to_any())
    }

    /// Casts to a Python type, checking that the object is an instance of it or of a subtype.
    ///
    /// # Errors
    /// [`CastError`], which becomes a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let any = py.eval(c"['a']", None, None)?;
    ///     let list: Borrowed<'_, '_, PyList> = any.as_borrowed().cast()?;
    ///     assert_eq!(list.len(), 1);
    ///     assert!(any.as_borrowed().cast::<PyDict>().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn cast<U: PyTypeCheck>(self) -> Result<Borrowed<'a, 'py, U>, CastError<'a, 'py>> {
        if U::type_check(&self.to_any()) {
            // SAFETY: just checked.
            Ok(unsafe { self.cast_unchecked() })
        } else {
            Err(CastError::new(self.to_any(), U::classinfo_object(self.py)))
        }
    }

    /// As [`cast`](Borrowed::cast), but the object's type must be exactly `U`, not a subtype.
    ///
    /// # Errors
    /// [`CastError`], which becomes a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyInt;
    ///
    /// Python::attach(|py| {
    ///     let flag = py.eval(c"True", None, None)?;
    ///     assert!(flag.as_borrowed().cast::<PyInt>().is_ok());
    ///     assert!(flag.as_borrowed().cast_exact::<PyInt>().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn cast_exact<U: PyTypeInfo>(self) -> Result<Borrowed<'a, 'py, U>, CastError<'a, 'py>> {
        if U::is_exact_type_of(&self.to_any()) {
            // SAFETY: just checked.
            Ok(unsafe { self.cast_unchecked() })
        } else {
            Err(CastError::new(
                self.to_any(),
                U::type_object(self.py).into_any(),
            ))
        }
    }

    /// Casts without a check.
    ///
    /// # Safety
    /// The object must be a `U`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let any = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: a list display makes a `list`.
    ///     let list: Borrowed<'_, '_, PyList> = unsafe { any.as_borrowed().cast_unchecked() };
    ///     assert_eq!(list.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub unsafe fn cast_unchecked<U>(self) -> Borrowed<'a, 'py, U> {
        Borrowed {
            pointer: self.pointer,
            py: self.py,
            marker: PhantomData,
        }
    }
}

impl<'py> Borrowed<'_, 'py, PyAny> {
    /// Wraps a pointer to an object that somebody else keeps alive.
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
    ///     // SAFETY: `None` is a static of CPython.
    ///     let none = unsafe { Borrowed::from_ptr(py, ffi::Py_None()) };
    ///     assert!(none.is_none());
    /// });
    /// ```
    #[inline]
    #[track_caller]
    pub unsafe fn from_ptr(py: Python<'py>, ptr: *mut ffi::PyObject) -> Self {
        let pointer = NonNull::new(ptr).unwrap_or_else(|| null_object(py));
        Self {
            pointer,
            py,
            marker: PhantomData,
        }
    }

    /// As [`from_ptr`](Borrowed::from_ptr); `None` for null.
    ///
    /// # Safety
    /// As there, unless `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: `None` is a static of CPython; null is nothing.
    ///     unsafe {
    ///         assert!(Borrowed::from_ptr_or_opt(py, ffi::Py_None()).is_some());
    ///         assert!(Borrowed::from_ptr_or_opt(py, std::ptr::null_mut()).is_none());
    ///     }
    /// });
    /// ```
    #[inline]
    pub unsafe fn from_ptr_or_opt(py: Python<'py>, ptr: *mut ffi::PyObject) -> Option<Self> {
        NonNull::new(ptr).map(|pointer| Self {
            pointer,
            py,
            marker: PhantomData,
        })
    }

    /// As [`from_ptr`](Borrowed::from_ptr); null stands for the exception that is set.
    ///
    /// # Safety
    /// As there, unless `ptr` is null.
    ///
    /// # Errors
    /// The exception that is set, if `ptr` is null.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     let list = py.eval(c"['a']", None, None)?;
    ///     // SAFETY: an item borrowed from the list, or null with an exception set, comes back.
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
            Some(pointer) => Ok(Self {
                pointer,
                py,
                marker: PhantomData,
            }),
            None => Err(PyErr::fetch(py)),
        }
    }
}

impl<T> Clone for Borrowed<'_, '_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Borrowed<'_, '_, T> {}

impl<'py, T> Deref for Borrowed<'_, 'py, T> {
    type Target = Bound<'py, T>;

    #[inline]
    fn deref(&self) -> &Bound<'py, T> {
        // SAFETY: the layouts are the same (pointer, token; both `repr(C)`), and a shared
        // reference to a `Bound` neither drops nor moves it.
        unsafe { &*std::ptr::from_ref(self).cast::<Bound<'py, T>>() }
    }
}

impl<'a, 'py, T> From<&'a Bound<'py, T>> for Borrowed<'a, 'py, T> {
    #[inline]
    fn from(bound: &'a Bound<'py, T>) -> Self {
        bound.as_borrowed()
    }
}

impl<T> AsRef<Py<PyAny>> for Borrowed<'_, '_, T> {
    #[inline]
    fn as_ref(&self) -> &Py<PyAny> {
        self.as_any().as_unbound()
    }
}

impl<T> fmt::Debug for Borrowed<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T> fmt::Display for Borrowed<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<'a, 'py, T: PyTypeCheck> FromPyObject<'a, 'py> for Borrowed<'a, 'py, T> {
    type Error = CastError<'a, 'py>;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object.cast()
    }
}
