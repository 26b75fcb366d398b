//! Construction: `tp_new`.

use pyo3_ffi as ffi;

use crate::class::PyClass;
use crate::class::initializer::{PyClassInitializer, construct};
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;

/// What a `#[new]` function may return: the value, `(value, base)`, a [`PyClassInitializer`], an
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

/// The new instance, of `T` or of the subclass that is being constructed.
///
/// # Safety
/// `class` must be `T`'s type object in the token's interpreter, or derive from it.
///
/// # Errors
/// The function's own, or the allocation's.
#[inline]
pub unsafe fn new_instance<T: PyClass>(
    py: Python<'_>,
    class: *mut ffi::PyTypeObject,
    value: impl NewOutput<T>,
) -> PyResult<*mut ffi::PyObject> {
    let initializer = value.into_initializer()?;
    // SAFETY: passed on to the caller.
    unsafe { construct::<T>(py, class, initializer) }
}
