//! The methods of [`Py<T>`] that return an error for a token of another interpreter, where those of
//! the same name without `try_` panic.

use super::{Bound, Py, WrongInterpreter};
use crate::capi as ffi;
use crate::interpreter::Python;

impl<T> Py<T> {
    /// Creates another reference to the same object, unless the token belongs to another
    /// interpreter: [`clone_ref`](Py::clone_ref) without the panic.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    ///
    /// let object: Py<PyAny> = Python::attach(|py| py.None());
    /// Python::attach(|py| assert!(object.try_clone_ref(py).unwrap().is(&object)));
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| object.try_clone_ref(py).is_err())?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_clone_ref(&self, py: Python<'_>) -> Result<Py<T>, WrongInterpreter> {
        Ok(self.try_bind(py)?.clone().unbind())
    }

    /// Releases the reference immediately, unless the token belongs to another interpreter:
    /// [`drop_ref`](Py::drop_ref) without the panic.
    ///
    /// # Errors
    /// [`WrongInterpreter`]; the handle is dropped, and its interpreter releases the reference
    /// later.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::types::PyList;
    ///
    /// let list = Python::attach(|py| PyList::empty(py).unbind());
    /// let (one, two) = Python::attach(|py| (list.clone_ref(py), list.clone_ref(py)));
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| one.try_drop_ref(py).is_err())?);
    /// Python::attach(|py| {
    ///     two.try_drop_ref(py)?;
    ///     assert_eq!(list.get_refcnt(py), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_drop_ref(self, py: Python<'_>) -> Result<(), WrongInterpreter> {
        self.try_into_bound(py).map(drop)
    }

    /// Returns the object's reference count, unless the token belongs to another interpreter:
    /// [`get_refcnt`](Py::get_refcnt) without the panic.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    /// use pyatoll::types::PyList;
    ///
    /// let list = Python::attach(|py| PyList::empty(py).unbind());
    /// Python::attach(|py| assert_eq!(list.try_get_refcnt(py).unwrap(), 1));
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| list.try_get_refcnt(py).is_err())?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_get_refcnt(&self, py: Python<'_>) -> Result<isize, WrongInterpreter> {
        let object = self.try_bind(py)?.as_ptr();
        // SAFETY: attached to the owner, as `try_bind` checks.
        Ok(unsafe { ffi::Py_REFCNT(object) as isize })
    }

    /// Returns whether the object is `None`, unless the token belongs to another interpreter:
    /// [`is_none`](Py::is_none) without the panic.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::SubInterpreter;
    ///
    /// let none: Py<PyAny> = Python::attach(|py| py.None());
    /// Python::attach(|py| assert_eq!(none.try_is_none(py).ok(), Some(true)));
    /// let sub = SubInterpreter::builder().build()?;
    /// assert!(sub.attach(|py| none.try_is_none(py).is_err())?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_is_none(&self, py: Python<'_>) -> Result<bool, WrongInterpreter> {
        // SAFETY: only takes the address of `None`.
        Ok(self.try_bind(py)?.as_ptr() == unsafe { ffi::Py_None() })
    }

    /// Binds and casts the handle, unless the token belongs to another interpreter:
    /// [`cast_bound_unchecked`](Py::cast_bound_unchecked) without the panic.
    ///
    /// # Errors
    /// [`WrongInterpreter`], which becomes a Python `RuntimeError`.
    ///
    /// # Safety
    /// The object must be a `U`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyList;
    ///
    /// Python::attach(|py| {
    ///     let any: Py<PyAny> = py.eval(c"['a']", None, None)?.unbind();
    ///     // SAFETY: a list display evaluates to a `list`.
    ///     let list = unsafe { any.try_cast_bound_unchecked::<PyList>(py) }?;
    ///     assert_eq!(list.len(), 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub unsafe fn try_cast_bound_unchecked<'py, U>(
        &self,
        py: Python<'py>,
    ) -> Result<&Bound<'py, U>, WrongInterpreter> {
        // SAFETY: upheld by the caller: the object is a `U`.
        Ok(unsafe { self.try_bind(py)?.cast_unchecked() })
    }
}
