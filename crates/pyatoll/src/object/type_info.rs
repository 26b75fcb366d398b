//! [`PyTypeInfo`] and [`PyTypeCheck`]: the Python types that Rust marker types represent.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::{Borrowed, Bound, PyAny, PyType};
use crate::interpreter::Python;

/// A Python type whose handles deref to `Bound<'py, PyAny>`: every one except `PyAny` itself.
///
/// `#[pyclass]` and the exception macros implement it.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{DerefToPyAny, PyList};
///
/// fn length<T: DerefToPyAny>(object: &Bound<'_, T>) -> PyResult<usize> {
///     object.len() // of `PyAnyMethods`
/// }
///
/// Python::attach(|py| assert_eq!(length(&PyList::empty(py)).unwrap(), 0));
/// ```
pub trait DerefToPyAny {}

/// The memory of an instance of `T`, as a crate that defines a Python type in C declares it. The
/// library itself does not use it.
///
/// # Safety
/// An instance of `T` must begin with a valid `Self`.
///
/// ```
/// use pyatoll::type_object::PyLayout;
/// use pyatoll::{ffi, types::PyList};
///
/// #[repr(transparent)]
/// struct List(ffi::PyListObject);
///
/// // SAFETY: CPython's struct of a list.
/// unsafe impl PyLayout<PyList> for List {}
/// ```
pub unsafe trait PyLayout<T> {}

/// A [`PyLayout`] that all instances have, whose size does not vary.
///
/// ```
/// use pyatoll::type_object::{PyLayout, PySizedLayout};
/// use pyatoll::{ffi, types::PyFloat};
///
/// #[repr(transparent)]
/// struct Float(ffi::PyFloatObject);
///
/// // SAFETY: CPython's struct of a float.
/// unsafe impl PyLayout<PyFloat> for Float {}
/// impl PySizedLayout<PyFloat> for Float {}
/// ```
pub trait PySizedLayout<T>: PyLayout<T> + Sized {}

/// A Rust type that represents one Python type, with a type object in each interpreter.
///
/// Implemented by `#[pyclass]` and the exception macros.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::{PyTypeInfo, types::PyList};
///
/// Python::attach(|py| assert_eq!(PyList::type_object(py).name().unwrap(), "list"));
/// ```
///
/// # Safety
/// [`type_object_raw`](PyTypeInfo::type_object_raw) must return a type object of the token's
/// interpreter that stays alive as long as the interpreter, and whose instances are valid `Self`
/// objects.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Python type",
    note = "`#[pyclass]` on the definition of a type makes it a Python class"
)]
pub unsafe trait PyTypeInfo: Sized {
    /// The type's name in type hints.
    #[cfg(feature = "experimental-inspect")]
    const TYPE_HINT: super::inspect::PyStaticExpr = super::inspect::INCOMPLETE;

    /// Returns the type object in the token's interpreter, borrowed.
    #[track_caller]
    fn type_object_raw(py: Python<'_>) -> *mut ffi::PyTypeObject;

    /// Returns the type object in the token's interpreter.
    #[inline]
    #[track_caller]
    fn type_object(py: Python<'_>) -> Bound<'_, PyType> {
        let object = NonNull::new(Self::type_object_raw(py)).expect("a type object");
        // SAFETY: a live type object of the token's interpreter, by the trait's contract.
        unsafe { Borrowed::<PyType>::from_non_null(py, object.cast()).to_owned() }
    }

    /// Returns whether the object is an instance of the type or of a subtype.
    #[inline]
    #[track_caller]
    fn is_type_of(object: &Bound<'_, PyAny>) -> bool {
        let class = Self::type_object_raw(object.py());
        // SAFETY: attached; a live object and a live type object.
        unsafe { ffi::PyObject_TypeCheck(object.as_ptr(), class) != 0 }
    }

    /// Returns whether the object's type is exactly this one.
    #[inline]
    #[track_caller]
    fn is_exact_type_of(object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: attached; a live object.
        let class = unsafe { ffi::Py_TYPE(object.as_ptr()) };
        class == Self::type_object_raw(object.py())
    }
}

/// A Rust type that [`Bound::cast`] can cast to: a Python type, or a protocol such as
/// [`PyMapping`](crate::types::PyMapping).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::{PyTypeCheck, types::PyMapping};
///
/// Python::attach(|py| {
///     assert!(PyMapping::type_check(&py.eval(c"{}", None, None).unwrap()));
/// });
/// ```
///
/// # Safety
/// If [`type_check`](PyTypeCheck::type_check) returns true, the object must be a valid `Self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Python type",
    note = "`#[pyclass]` on the definition of a type makes it a Python class; to convert an \
            object to a Rust value, call `extract::<{Self}>()`"
)]
pub unsafe trait PyTypeCheck {
    /// The type hint of what can be cast to `Self`.
    #[cfg(feature = "experimental-inspect")]
    const TYPE_HINT: super::inspect::PyStaticExpr;

    /// Returns whether the object may be cast to `Self`.
    #[track_caller]
    fn type_check(object: &Bound<'_, PyAny>) -> bool;

    /// Returns the class, or tuple of classes, that the error of a failed cast names.
    #[track_caller]
    fn classinfo_object(py: Python<'_>) -> Bound<'_, PyAny>;
}

// SAFETY: `type_check` is `is_type_of`, and the type's instances are valid `T`s by the contract of
// `PyTypeInfo`.
unsafe impl<T: PyTypeInfo> PyTypeCheck for T {
    super::hint! { TYPE_HINT = <T as PyTypeInfo>::TYPE_HINT }

    #[inline]
    fn type_check(object: &Bound<'_, PyAny>) -> bool {
        T::is_type_of(object)
    }

    fn classinfo_object(py: Python<'_>) -> Bound<'_, PyAny> {
        T::type_object(py).into_any()
    }
}
