//! [`IntoPyObject`] and [`FromPyObject`].

use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject, Py};
use crate::types::PyAny;

/// A value that converts to a Python object.
///
/// Derive it for a struct or enum (`#[derive(IntoPyObject)]`); `#[pyclass]` implements it for the
/// class itself.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let list: Bound<'_, PyAny> = vec![1, 2].into_pyobject(py)?;
///     assert!(list.is_instance_of::<PyList>());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[doc(alias = "IntoPy")]
#[doc(alias = "ToPyObject")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be converted to a Python object",
    note = "`#[pyclass]` and `#[derive(IntoPyObject)]` implement `IntoPyObject`; types of other \
            crates have it with the feature of that crate's name: `chrono`, `uuid`, …"
)]
pub trait IntoPyObject<'py>: Sized {
    /// The Python type of the result.
    type Target;
    /// The handle: [`Bound`], or [`Borrowed`] if the value already holds the object.
    type Output: BoundObject<'py, Self::Target>;
    /// The error of the conversion; [`Infallible`](std::convert::Infallible) if it cannot fail.
    type Error: Into<PyErr>;

    /// The type hint of the result.
    #[cfg(feature = "experimental-inspect")]
    const OUTPUT_TYPE: crate::inspect::PyStaticExpr = crate::object::inspect::INCOMPLETE;

    crate::object::hint! {
        /// The type hint of the value as a function's return value: that of `()` is `None`.
        #[doc(hidden)]
        RETURN_TYPE = Self::OUTPUT_TYPE
    }

    crate::object::hint! {
        /// The type hint of a sequence of such values.
        #[doc(hidden)]
        SEQUENCE_OUTPUT_TYPE = type_hint_subscript!(of::<crate::types::PyList>(), Self::OUTPUT_TYPE)
    }

    /// Converts to a Python object.
    ///
    /// # Errors
    /// If the value has no Python object, or Python fails to create it.
    #[doc(alias = "into_py")]
    #[doc(alias = "to_object")]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error>;

    /// Converts the return value of a function: like
    /// [`into_pyobject`](IntoPyObject::into_pyobject), but `()` becomes `None`. The result may be
    /// null with an exception set, if Python is out of memory.
    #[doc(hidden)]
    #[inline]
    fn into_return_value(
        self,
        py: Python<'py>,
        _: private::Token,
    ) -> PyResult<*mut pyo3_ffi::PyObject> {
        match self.into_pyobject(py) {
            Ok(object) => Ok(object.into_ptr()),
            Err(error) => Err(error.into()),
        }
    }

    /// Converts a sequence of values to a list, or to `bytes` for `u8`.
    #[doc(hidden)]
    fn owned_sequence_into_pyobject<I>(
        values: I,
        py: Python<'py>,
        _: private::Token,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        I: IntoIterator<Item = Self> + AsRef<[Self]>,
        I::IntoIter: ExactSizeIterator<Item = Self>,
    {
        Ok(crate::types::PyList::new(py, values)?.into_any())
    }

    /// Does what `owned_sequence_into_pyobject` does, for values behind references.
    #[doc(hidden)]
    fn borrowed_sequence_into_pyobject<I>(
        values: I,
        py: Python<'py>,
        _: private::Token,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        Self: private::Reference,
        I: IntoIterator<Item = Self> + AsRef<[<Self as private::Reference>::Target]>,
        I::IntoIter: ExactSizeIterator<Item = Self>,
    {
        Ok(crate::types::PyList::new(py, values)?.into_any())
    }
}

pub(crate) mod private {
    /// A type that makes the hidden methods of the conversion traits private to this library.
    pub struct Token;

    /// The scalar type that a type is, or `Other`. For a scalar,
    /// [`extract_plain`](super::FromPyObject::extract_plain) extracts the common values. None is
    /// zero, which ends a list of them.
    #[derive(Clone, Copy, PartialEq, Eq)]
    #[repr(u8)]
    pub enum Scalar {
        I8 = 1,
        I16,
        I32,
        I64,
        Isize,
        U8,
        U16,
        U32,
        U64,
        Usize,
        F32,
        F64,
        Bool,
        Other,
    }

    /// A shared reference.
    pub trait Reference {
        type Target;
    }

    impl<T> Reference for &T {
        type Target = T;
    }
}

/// Shorthands for [`IntoPyObject`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::IntoPyObjectExt;
///
/// Python::attach(|py| {
///     let text: Bound<'_, PyAny> = "text".into_bound_py_any(py)?;
///     let kept: Py<PyAny> = 3.into_py_any(py)?;
///     assert_eq!((text.to_string(), kept.to_string()), ("text".into(), "3".into()));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait IntoPyObjectExt<'py>: IntoPyObject<'py> {
    /// Converts to an owned object without its type.
    ///
    /// # Errors
    /// Those of [`IntoPyObject::into_pyobject`].
    #[inline]
    fn into_bound_py_any(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.into_pyobject(py) {
            Ok(object) => Ok(object.into_any().into_bound()),
            Err(error) => Err(error.into()),
        }
    }

    /// Converts to an owned object without its type and without the token.
    ///
    /// # Errors
    /// Those of [`IntoPyObject::into_pyobject`].
    #[inline]
    fn into_py_any(self, py: Python<'py>) -> PyResult<Py<PyAny>> {
        match self.into_pyobject(py) {
            Ok(object) => Ok(object.into_any().unbind()),
            Err(error) => Err(error.into()),
        }
    }

    /// Converts, with the error as a [`PyErr`].
    ///
    /// # Errors
    /// Those of [`IntoPyObject::into_pyobject`].
    #[inline]
    fn into_pyobject_or_pyerr(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.into_pyobject(py).map_err(Into::into)
    }
}

impl<'py, T: IntoPyObject<'py>> IntoPyObjectExt<'py> for T {}

/// A value that can be extracted from a Python object.
///
/// Derive it for a struct or enum (`#[derive(FromPyObject)]`). A type that borrows from the object
/// uses `'a`: `&'a str`.
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| {
///     let numbers: Vec<i32> = py.eval(c"[1, 2]", None, None)?.extract()?;
///     assert_eq!(numbers, [1, 2]);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a Python object",
    note = "`#[derive(FromPyObject)]` implements it; types of other crates have it with the \
            feature of that crate's name: `chrono`, `uuid`, …",
    note = "for a class, take `&{Self}` or `PyRef<'_, {Self}>`, or give it `Clone` and \
            `#[pyclass(from_py_object)]`; for a Python type, take `Bound<'_, {Self}>`"
)]
pub trait FromPyObject<'a, 'py>: Sized {
    /// The error of the conversion.
    type Error: Into<PyErr>;

    /// The type hint of the objects that can be converted.
    #[cfg(feature = "experimental-inspect")]
    const INPUT_TYPE: crate::inspect::PyStaticExpr = crate::object::inspect::INCOMPLETE;

    /// Converts from a Python object.
    ///
    /// # Errors
    /// If the object has no such value.
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error>;

    /// Extracts the value if that runs no code and the value does not borrow from the object: then
    /// nothing needs to keep the object alive. `None` means that `extract` must be used.
    #[doc(hidden)]
    #[inline(always)]
    fn extract_plain(_object: Borrowed<'_, '_, PyAny>, _: private::Token) -> Option<Self> {
        None
    }

    /// Whether [`extract_plain`](FromPyObject::extract_plain) extracts most values, in a few
    /// instructions.
    #[doc(hidden)]
    const PLAIN: bool = false;

    /// The scalar type that this is, if any: several such parameters are converted together.
    #[doc(hidden)]
    const SCALAR: private::Scalar = private::Scalar::Other;

    /// Returns the time zone if the type is `chrono::Local`, in which a `datetime` without a time
    /// zone is understood to be.
    #[cfg(feature = "chrono-local")]
    #[inline]
    fn as_local_tz(_: private::Token) -> Option<Self> {
        None
    }

    /// Extracts a `Vec` of values directly from objects of known layout: `bytes` for `u8`.
    #[doc(hidden)]
    #[inline(always)]
    fn extract_vec(
        _object: Borrowed<'a, 'py, PyAny>,
        _: private::Token,
    ) -> Option<PyResult<Vec<Self>>> {
        None
    }
}

/// A value that can be extracted from a Python object without borrowing from it.
///
/// ```
/// use pyatoll::prelude::*;
///
/// fn first<'py, T: FromPyObjectOwned<'py>>(list: &Bound<'py, PyAny>) -> PyResult<T> {
///     list.get_item(0)?.extract().map_err(Into::into)
/// }
/// # Python::attach(|py| {
/// #     assert_eq!(first::<String>(&py.eval(c"['a']", None, None)?)?, "a");
/// #     Ok::<_, PyErr>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a Python object",
    note = "`#[derive(FromPyObject)]` implements it; a `#[pyclass]` needs `Clone` and \
            `#[pyclass(from_py_object)]`; types of other crates have it with the feature of that \
            crate's name: `chrono`, `uuid`, …"
)]
pub trait FromPyObjectOwned<'py>: for<'a> FromPyObject<'a, 'py> {}

#[diagnostic::do_not_recommend]
impl<'py, T> FromPyObjectOwned<'py> for T where T: for<'a> FromPyObject<'a, 'py> {}

impl<'a, 'py, T: ?Sized> IntoPyObject<'py> for &&'a T
where
    &'a T: IntoPyObject<'py>,
{
    type Target = <&'a T as IntoPyObject<'py>>::Target;
    type Output = <&'a T as IntoPyObject<'py>>::Output;
    type Error = <&'a T as IntoPyObject<'py>>::Error;

    crate::object::hint! { OUTPUT_TYPE = <&'a T as IntoPyObject<'py>>::OUTPUT_TYPE }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        (*self).into_pyobject(py)
    }
}
