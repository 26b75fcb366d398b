//! What a Rust marker type says of the Python type it stands for.

use pyo3_ffi as ffi;

use super::{Borrowed, Bound};
use crate::interpreter::Python;
use crate::types::{PyAny, PyType};

/// The marker's handles deref to `Bound<'py, PyAny>`. Every Python type but `PyAny` itself.
#[doc(hidden)]
pub trait DerefToPyAny {}

/// A Rust type that stands for one Python type, with a type object in each interpreter.
///
/// `#[pyclass]` and the exception macros implement it.
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
/// interpreter that stays alive while that lives, and whose instances are valid `Self` objects.
pub unsafe trait PyTypeInfo: Sized {
    /// The type object in the token's interpreter, borrowed.
    fn type_object_raw(py: Python<'_>) -> *mut ffi::PyTypeObject;

    /// The type object in the token's interpreter.
    #[inline]
    fn type_object(py: Python<'_>) -> Bound<'_, PyType> {
        let object = Self::type_object_raw(py).cast();
        // SAFETY: a live type object, by the trait's contract.
        unsafe { Borrowed::from_ptr(py, object).cast_unchecked().to_owned() }
    }

    /// Whether the object is an instance of the type or of a subtype.
    #[inline]
    fn is_type_of(object: &Bound<'_, PyAny>) -> bool {
        let class = Self::type_object_raw(object.py());
        // SAFETY: both are valid.
        unsafe { ffi::PyObject_TypeCheck(object.as_ptr(), class) != 0 }
    }

    /// Whether the object's type is exactly this one.
    #[inline]
    fn is_exact_type_of(object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: the object is valid.
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
pub unsafe trait PyTypeCheck {
    /// Whether the object may be cast to `Self`.
    fn type_check(object: &Bound<'_, PyAny>) -> bool;

    /// The class, or tuple of classes, to name in the error when it may not.
    fn classinfo_object(py: Python<'_>) -> Bound<'_, PyAny>;
}

// SAFETY: `is_type_of` is the check, and the type's instances are valid `T`s by its contract.
unsafe impl<T: PyTypeInfo> PyTypeCheck for T {
    #[inline]
    fn type_check(object: &Bound<'_, PyAny>) -> bool {
        T::is_type_of(object)
    }

    fn classinfo_object(py: Python<'_>) -> Bound<'_, PyAny> {
        T::type_object(py).into_any()
    }
}
