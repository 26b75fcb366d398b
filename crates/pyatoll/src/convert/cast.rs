//! Checked casts of handles to Python types.

use crate::error::{CastError, CastIntoError, PyResult};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py, PyTypeCheck, PyTypeInfo};

impl<'py, T> Bound<'py, T> {
    /// Casts to a Python type if the object is an instance of it or of a subtype.
    ///
    /// # Errors
    /// [`CastError`], which becomes a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let any = py.eval(c"[]", None, None).unwrap();
    ///     assert!(any.cast::<PyList>().is_ok());
    ///     assert!(any.cast::<PyDict>().is_err());
    /// });
    /// ```
    #[doc(alias = "downcast")]
    #[inline]
    #[track_caller]
    pub fn cast<U: PyTypeCheck>(&self) -> Result<&Bound<'py, U>, CastError<'_, 'py>> {
        if U::type_check(self.as_any()) {
            // SAFETY: the object is a `U`, as just checked.
            Ok(unsafe { self.cast_unchecked() })
        } else {
            Err(CastError::new(
                self.as_any().as_borrowed(),
                U::classinfo_object(self.py()),
            ))
        }
    }

    /// Casts by value; see [`cast`](Bound::cast).
    ///
    /// # Errors
    /// [`CastIntoError`], which returns the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let list: Bound<'_, PyList> = py.eval(c"['a']", None, None)?.cast_into()?;
    ///     assert_eq!(list.len(), 1);
    ///     let error = list.into_any().cast_into::<PyDict>().unwrap_err();
    ///     assert_eq!(error.into_inner().to_string(), "['a']");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[doc(alias = "downcast_into")]
    #[inline]
    #[track_caller]
    pub fn cast_into<U: PyTypeCheck>(self) -> Result<Bound<'py, U>, CastIntoError<'py>> {
        if U::type_check(self.as_any()) {
            // SAFETY: the object is a `U`, as just checked.
            Ok(unsafe { self.cast_into_unchecked() })
        } else {
            let class = U::classinfo_object(self.py());
            Err(CastIntoError::new(self.into_any(), class))
        }
    }

    /// Casts to `U` if the object's type is exactly that, not a subtype.
    ///
    /// # Errors
    /// [`CastError`], which becomes a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyBool, PyInt};
    ///
    /// Python::attach(|py| {
    ///     let flag = py.eval(c"True", None, None)?;
    ///     assert!(flag.cast::<PyInt>().is_ok(), "`bool` is a subtype of `int`");
    ///     assert!(flag.cast_exact::<PyInt>().is_err());
    ///     assert!(flag.cast_exact::<PyBool>().is_ok());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[doc(alias = "downcast_exact")]
    #[inline]
    #[track_caller]
    pub fn cast_exact<U: PyTypeInfo>(&self) -> Result<&Bound<'py, U>, CastError<'_, 'py>> {
        if U::is_exact_type_of(self.as_any()) {
            // SAFETY: the object is a `U`, as just checked.
            Ok(unsafe { self.cast_unchecked() })
        } else {
            let class = U::type_object(self.py()).into_any();
            Err(CastError::new(self.as_any().as_borrowed(), class))
        }
    }

    /// Casts by value; see [`cast_exact`](Bound::cast_exact).
    ///
    /// # Errors
    /// [`CastIntoError`], which returns the object.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyInt;
    ///
    /// Python::attach(|py| {
    ///     let number = py.eval(c"7", None, None)?.cast_into_exact::<PyInt>()?;
    ///     assert_eq!(number.to_string(), "7");
    ///     assert!(py.eval(c"True", None, None)?.cast_into_exact::<PyInt>().is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn cast_into_exact<U: PyTypeInfo>(self) -> Result<Bound<'py, U>, CastIntoError<'py>> {
        if U::is_exact_type_of(self.as_any()) {
            // SAFETY: the object is a `U`, as just checked.
            Ok(unsafe { self.cast_into_unchecked() })
        } else {
            let class = U::type_object(self.py()).into_any();
            Err(CastIntoError::new(self.into_any(), class))
        }
    }
}

impl<'a, 'py, T> Borrowed<'a, 'py, T> {
    /// Casts to a Python type if the object is an instance of it or of a subtype.
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
    #[track_caller]
    pub fn cast<U: PyTypeCheck>(self) -> Result<Borrowed<'a, 'py, U>, CastError<'a, 'py>> {
        if U::type_check(&self.to_any()) {
            // SAFETY: the object is a `U`, as just checked.
            Ok(unsafe { self.cast_unchecked() })
        } else {
            Err(CastError::new(
                self.to_any(),
                U::classinfo_object(self.py()),
            ))
        }
    }

    /// Casts to `U` if the object's type is exactly that, not a subtype.
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
    #[track_caller]
    pub fn cast_exact<U: PyTypeInfo>(self) -> Result<Borrowed<'a, 'py, U>, CastError<'a, 'py>> {
        if U::is_exact_type_of(&self.to_any()) {
            // SAFETY: the object is a `U`, as just checked.
            Ok(unsafe { self.cast_unchecked() })
        } else {
            Err(CastError::new(
                self.to_any(),
                U::type_object(self.py()).into_any(),
            ))
        }
    }
}

impl<T> Py<T> {
    /// Binds and casts the handle; see [`bind`](Py::bind) and [`Bound::cast`].
    ///
    /// # Panics
    /// If the token belongs to another interpreter.
    ///
    /// # Errors
    /// [`CastError`], which becomes a `TypeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// Python::attach(|py| {
    ///     let list: Py<PyAny> = py.eval(c"['a']", None, None)?.unbind();
    ///     assert_eq!(list.cast_bound::<PyList>(py)?.len(), 1);
    ///     assert!(list.cast_bound::<PyDict>(py).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[track_caller]
    pub fn cast_bound<'py, U>(&self, py: Python<'py>) -> Result<&Bound<'py, U>, CastError<'_, 'py>>
    where
        U: PyTypeCheck,
    {
        self.bind(py).cast()
    }

    /// Binds and casts the handle, unless the token belongs to another interpreter:
    /// [`cast_bound`](Py::cast_bound) without the panic.
    ///
    /// # Errors
    /// `RuntimeError` for a token of another interpreter; `TypeError` for an object of another
    /// type.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::exceptions::{PyRuntimeError, PyTypeError};
    /// use pyatoll::types::{PyDict, PyList};
    ///
    /// let list: Py<PyAny> = Python::attach(|py| PyList::empty(py).into_any().unbind());
    /// Python::attach(|py| {
    ///     assert!(list.try_cast_bound::<PyList>(py)?.is_empty());
    ///     let error = list.try_cast_bound::<PyDict>(py).unwrap_err();
    ///     assert!(error.is_instance_of::<PyTypeError>(py));
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// let sub = SubInterpreter::builder().build()?;
    /// sub.attach(|py| {
    ///     let error = list.try_cast_bound::<PyList>(py).unwrap_err();
    ///     assert!(error.is_instance_of::<PyRuntimeError>(py));
    /// })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_cast_bound<'py, U>(&self, py: Python<'py>) -> PyResult<&Bound<'py, U>>
    where
        U: PyTypeCheck,
    {
        Ok(self.try_bind(py)?.cast()?)
    }
}
