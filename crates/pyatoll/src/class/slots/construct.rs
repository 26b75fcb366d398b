//! Construction: `tp_new`.

use std::marker::PhantomData;

use pyo3_ffi as ffi;

use crate::call::output::IntoOutput;
use crate::class::PyClass;
use crate::class::initializer::{PyClassInitializer, construct};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;

/// What a `#[new]` function may return for an instance: the value, `(value, base)`, a [`PyClassInitializer`], an
/// instance that exists, or a `Result` of one of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from `#[new]` of `{T}`",
    note = "expected `Self`, `(Self, BaseClass)`, `PyClassInitializer<Self>`, `Py<Self>`, \
            `Bound<'_, Self>`, or a `Result` of one of these"
)]
pub trait NewOutput<T: PyClass> {
    /// The initialiser.
    ///
    /// # Errors
    /// The function's own.
    fn into_initializer(self) -> PyResult<PyClassInitializer<T>>;
}

impl<T: PyClass, I: Into<PyClassInitializer<T>>> NewOutput<T> for I {
    #[inline]
    fn into_initializer(self) -> PyResult<PyClassInitializer<T>> {
        Ok(self.into())
    }
}

impl<T: PyClass, I: Into<PyClassInitializer<T>>, E: Into<PyErr>> NewOutput<T> for Result<I, E> {
    #[inline]
    fn into_initializer(self) -> PyResult<PyClassInitializer<T>> {
        match self {
            Ok(value) => Ok(value.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What `#[new]` of `T` returned.
///
/// `New::of(value).object(py, class)` takes the inherent method if the value makes an instance of
/// `T`, and that of [`NewObject`] if it is some other object, which Python's `__new__` may also
/// return.
pub struct New<T, V>(V, PhantomData<T>);

impl<T, V> New<T, V> {
    /// From the value.
    #[inline]
    pub fn of(value: V) -> Self {
        Self(value, PhantomData)
    }
}

impl<T: PyClass, V: NewOutput<T>> New<T, V> {
    /// The new instance, of `T` or of the subclass that is being constructed.
    ///
    /// # Safety
    /// `class` must be `T`'s type object in the token's interpreter, or derive from it.
    ///
    /// # Errors
    /// The function's own, or the allocation's.
    #[inline]
    pub unsafe fn object(
        self,
        py: Python<'_>,
        class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject> {
        let initializer = self.0.into_initializer()?;
        // SAFETY: passed on to the caller.
        unsafe { construct::<T>(py, class, initializer) }
    }
}

/// The values that are objects of another kind.
pub trait NewObject<'py> {
    /// The object, whatever the class.
    ///
    /// # Safety
    /// None; as for the inherent method.
    ///
    /// # Errors
    /// The function's own, or the conversion's.
    unsafe fn object(
        self,
        py: Python<'py>,
        class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject>;
}

impl<'py, T, V: IntoOutput<'py, *mut ffi::PyObject>> NewObject<'py> for New<T, V> {
    #[inline]
    unsafe fn object(
        self,
        py: Python<'py>,
        _class: *mut ffi::PyTypeObject,
    ) -> PyResult<*mut ffi::PyObject> {
        self.0.into_output(py)
    }
}
