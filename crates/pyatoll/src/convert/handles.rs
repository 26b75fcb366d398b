//! Extraction through handles, and the conversions of the handles themselves.

use std::convert::Infallible;

use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{CastError, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py, PyTypeCheck, WrongInterpreter};
use crate::types::PyAny;

impl<'a, 'py, T> Borrowed<'a, 'py, T> {
    /// Converts to a Rust type, which may borrow from the object for `'a`.
    ///
    /// # Errors
    /// Those of the conversion, if the object has no such value.
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
}

impl<T> Py<T> {
    /// Converts to a Rust type. A value that borrows from the object (a `&str`) must not outlive
    /// the token: the interpreter may end after that, and the object with it.
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    ///
    /// # Errors
    /// Those of the conversion, if the object has no such value.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// Python::attach(|py| {
    ///     let number: Py<PyAny> = py.eval(c"6 * 7", None, None)?.unbind();
    ///     assert_eq!(number.extract::<i32>(py)?, 42);
    ///     assert!(number.extract::<String>(py).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn extract<'a, 'py, D>(&'a self, py: Python<'py>) -> Result<D, D::Error>
    where
        D: FromPyObject<'a, 'py>,
    {
        self.bind_borrowed(py).extract()
    }

    /// Converts to a Rust type, unless the token belongs to another interpreter:
    /// [`extract`](Py::extract) without the panic.
    ///
    /// # Errors
    /// `RuntimeError` for a token of another interpreter; else those of the conversion.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::exceptions::{PyRuntimeError, PyTypeError};
    ///
    /// let number: Py<PyAny> =
    ///     Python::attach(|py| py.eval(c"6 * 7", None, None).map(Bound::unbind))?;
    /// Python::attach(|py| {
    ///     assert_eq!(number.try_extract::<i32>(py)?, 42);
    ///     let error = number.try_extract::<String>(py).unwrap_err();
    ///     assert!(error.is_instance_of::<PyTypeError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// let sub = SubInterpreter::builder().build()?;
    /// sub.attach(|py| {
    ///     let error = number.try_extract::<i32>(py).unwrap_err();
    ///     assert!(error.is_instance_of::<PyRuntimeError>(py));
    /// })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_extract<'a, 'py, D>(&'a self, py: Python<'py>) -> PyResult<D>
    where
        D: FromPyObject<'a, 'py>,
    {
        self.try_bind_borrowed(py)?.extract().map_err(Into::into)
    }
}

impl<'a, 'py, T: PyTypeCheck> FromPyObject<'a, 'py> for Borrowed<'a, 'py, T> {
    type Error = CastError<'a, 'py>;

    crate::object::hint! { INPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object.cast()
    }
}

impl<'a, 'py, T: PyTypeCheck + 'a> FromPyObject<'a, 'py> for Py<T> {
    type Error = CastError<'a, 'py>;

    crate::object::hint! { INPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object.cast::<T>().map(Py::from)
    }
}

impl<'a, 'py, T: PyTypeCheck + 'a> FromPyObject<'a, 'py> for Bound<'py, T> {
    type Error = CastError<'a, 'py>;

    crate::object::hint! { INPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        object.cast::<T>().map(Borrowed::to_owned)
    }
}

impl<'py, T: PyTypeCheck> IntoPyObject<'py> for Bound<'py, T> {
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(self)
    }
}

impl<'a, 'py, T: PyTypeCheck> IntoPyObject<'py> for &'a Bound<'py, T> {
    type Target = T;
    type Output = Borrowed<'a, 'py, T>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(self.as_borrowed())
    }
}

impl<'a, 'py, T: PyTypeCheck> IntoPyObject<'py> for Borrowed<'a, 'py, T> {
    type Target = T;
    type Output = Borrowed<'a, 'py, T>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(self)
    }
}

impl<'a, 'py, T: PyTypeCheck> IntoPyObject<'py> for &Borrowed<'a, 'py, T> {
    type Target = T;
    type Output = Borrowed<'a, 'py, T>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(*self)
    }
}

/// A `Py` of another interpreter is refused with a `RuntimeError`.
impl<'py, T: PyTypeCheck> IntoPyObject<'py> for Py<T> {
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = WrongInterpreter;

    crate::object::hint! { OUTPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.try_into_bound(py)
    }
}

/// A `Py` of another interpreter is refused with a `RuntimeError`.
impl<'a, 'py, T: PyTypeCheck> IntoPyObject<'py> for &'a Py<T> {
    type Target = T;
    type Output = Borrowed<'a, 'py, T>;
    type Error = WrongInterpreter;

    crate::object::hint! { OUTPUT_TYPE = T::TYPE_HINT }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        self.try_bind_borrowed(py)
    }
}
