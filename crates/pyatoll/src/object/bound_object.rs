//! [`BoundObject`]: the common interface of [`Bound`] and [`Borrowed`].

use pyo3_ffi as ffi;

use super::{Borrowed, Bound, Py, PyAny};
use crate::interpreter::Python;

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Bound<'_, T> {}
    impl<T> Sealed for super::Borrowed<'_, '_, T> {}
}

/// [`Bound`] or [`Borrowed`]: the result of a conversion to Python, which is owned or not.
///
/// ```
/// use pyatoll::prelude::*;
///
/// fn text<'py>(object: impl BoundObject<'py, PyAny>) -> String {
///     object.as_borrowed().to_string()
/// }
///
/// Python::attach(|py| {
///     let number = py.eval(c"7", None, None).unwrap();
///     assert_eq!(text(number.as_borrowed()), "7");
///     assert_eq!(text(number), "7");
/// });
/// ```
pub trait BoundObject<'py, T>: sealed::Sealed {
    /// The same kind of handle without the object's type.
    type Any: BoundObject<'py, PyAny>;

    /// Returns a copyable reference to the object.
    fn as_borrowed(&self) -> Borrowed<'_, 'py, T>;
    /// Converts into an owned reference.
    fn into_bound(self) -> Bound<'py, T>;
    /// Converts into a handle without the object's type.
    fn into_any(self) -> Self::Any;
    /// Converts into an owned reference and returns its address; the caller must release it.
    fn into_ptr(self) -> *mut ffi::PyObject;
    /// Returns the object's address, borrowed.
    fn as_ptr(&self) -> *mut ffi::PyObject;
    /// Converts into an owned reference without the token.
    fn unbind(self) -> Py<T>;
    /// Returns the token.
    fn py(&self) -> Python<'py>;
}

impl<'py, T> BoundObject<'py, T> for Bound<'py, T> {
    type Any = Bound<'py, PyAny>;

    #[inline]
    fn as_borrowed(&self) -> Borrowed<'_, 'py, T> {
        Bound::as_borrowed(self)
    }

    #[inline]
    fn into_bound(self) -> Bound<'py, T> {
        self
    }

    #[inline]
    fn into_any(self) -> Self::Any {
        Bound::into_any(self)
    }

    #[inline]
    fn into_ptr(self) -> *mut ffi::PyObject {
        Bound::into_ptr(self)
    }

    #[inline]
    fn as_ptr(&self) -> *mut ffi::PyObject {
        Bound::as_ptr(self)
    }

    #[inline]
    fn unbind(self) -> Py<T> {
        Bound::unbind(self)
    }

    #[inline]
    fn py(&self) -> Python<'py> {
        Bound::py(self)
    }
}

impl<'a, 'py, T> BoundObject<'py, T> for Borrowed<'a, 'py, T> {
    type Any = Borrowed<'a, 'py, PyAny>;

    #[inline]
    fn as_borrowed(&self) -> Borrowed<'_, 'py, T> {
        *self
    }

    #[inline]
    fn into_bound(self) -> Bound<'py, T> {
        self.to_owned()
    }

    #[inline]
    fn into_any(self) -> Self::Any {
        self.to_any()
    }

    #[inline]
    fn into_ptr(self) -> *mut ffi::PyObject {
        self.to_owned().into_ptr()
    }

    #[inline]
    fn as_ptr(&self) -> *mut ffi::PyObject {
        Borrowed::as_ptr(*self)
    }

    #[inline]
    fn unbind(self) -> Py<T> {
        self.to_owned().unbind()
    }

    #[inline]
    fn py(&self) -> Python<'py> {
        Borrowed::py(*self)
    }
}
