//! [`Borrowed<'a, 'py, T>`]: a borrowed reference to a Python object, with the token.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use super::bound::MayUse;
use super::owner::check_attached;
use super::{Bound, Py, PyAny};
use crate::capi as ffi;
use crate::interpreter::{AnyThread, Python, StoredState};

/// A reference to a Python object that something else keeps alive for `'a`: a `&'a Bound<'py, T>`
/// without the indirection. It is `Copy` and derefs to [`Bound`].
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
    py: StoredState<'py>,
    marker: PhantomData<(Python<'py>, &'a Py<T>)>,
}

// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'a, 'py, T> Send for Borrowed<'a, 'py, T> where AnyThread: MayUse<Borrowed<'a, 'py, T>> {}
// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'a, 'py, T> Sync for Borrowed<'a, 'py, T> where AnyThread: MayUse<Borrowed<'a, 'py, T>> {}

impl<'a, 'py, T> Borrowed<'a, 'py, T> {
    /// Creates a handle that borrows a reference.
    ///
    /// # Safety
    /// `pointer` must point to a `T` of the token's interpreter that stays alive for `'a`.
    #[inline]
    pub(crate) unsafe fn from_non_null(py: Python<'py>, pointer: NonNull<ffi::PyObject>) -> Self {
        Self {
            pointer,
            py: StoredState::new(py.local()),
            marker: PhantomData,
        }
    }

    /// Returns the token, without the check of debug builds.
    #[inline(always)]
    fn token(self) -> Python<'py> {
        Python::new(self.py.get())
    }

    /// Creates an owned reference.
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
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn to_owned(self) -> Bound<'py, T> {
        let py = self.token();
        check_attached(py);
        // SAFETY: attached; the object is alive for `'a`, and the handle takes the new reference.
        unsafe {
            ffi::Py_INCREF(self.pointer.as_ptr());
            Bound::from_owned_non_null(py, self.pointer)
        }
    }

    /// Returns the object's address, borrowed: it is valid for `'a`.
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
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn as_ptr(self) -> *mut ffi::PyObject {
        check_attached(self.token());
        self.pointer.as_ptr()
    }

    /// Returns the token.
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
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn py(self) -> Python<'py> {
        let py = self.token();
        check_attached(py);
        py
    }

    #[inline]
    pub(crate) fn to_any(self) -> Borrowed<'a, 'py, PyAny> {
        Borrowed {
            pointer: self.pointer,
            py: self.py,
            marker: PhantomData,
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
    ///     // SAFETY: a list display evaluates to a `list`.
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
    /// Borrows an object, or returns `None` if `ptr` is null; see [`from_ptr`](Borrowed::from_ptr).
    ///
    /// # Safety
    /// `ptr` must be null, or point to an object of the token's interpreter that stays alive for
    /// `'a`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::ffi;
    ///
    /// Python::attach(|py| {
    ///     // SAFETY: `None` is alive while the interpreter is; null is allowed.
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
            py: StoredState::new(py.local()),
            marker: PhantomData,
        })
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
        // SAFETY: `Borrowed` and `Bound` have the same layout (pointer, token; both `repr(C)`), and
        // a shared reference to a `Bound` neither drops nor moves it.
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
