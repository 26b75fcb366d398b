//! The receivers of methods: `&self`, `&mut self`, or a handle to the instance.

use std::ops::DerefMut;

use pyo3_ffi as ffi;

use crate::call::argument::required;
use crate::class::boolean_struct::False;
use crate::class::guard::{PyClassGuard, PyClassGuardMut};
use crate::class::pyclass::PyClass;
use crate::class::pyref::{PyRef, PyRefMut};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};

/// Borrows the value of an instance for a method with `&self`. Takes no strong reference: the
/// caller of a method keeps the instance alive.
///
/// # Safety
/// The object must be an instance of `T` that the call keeps alive.
///
/// # Errors
/// If the value is mutably borrowed.
#[inline]
pub unsafe fn borrow_receiver<'py, T: PyClass>(
    py: Python<'py>,
    object: *mut ffi::PyObject,
) -> PyResult<PyClassGuard<'py, T>> {
    // SAFETY: upheld by the caller: an instance of `T` that the call keeps alive.
    let object = unsafe { required(py, object).cast_unchecked::<T>() };
    Ok(PyClassGuard::try_borrow(object)?)
}

/// Borrows the value of an instance for a method with `&mut self`.
///
/// # Safety
/// The object must be an instance of `T` that the call keeps alive.
///
/// # Errors
/// If the value is borrowed.
#[inline]
pub unsafe fn borrow_receiver_mut<'py, T: NotFrozen>(
    py: Python<'py>,
    object: *mut ffi::PyObject,
) -> PyResult<impl DerefMut<Target = T> + use<'py, T>> {
    // SAFETY: upheld by the caller: an instance of `T` that the call keeps alive.
    let object = unsafe { required(py, object).cast_unchecked::<T>() };
    Ok(PyClassGuardMut::try_borrow_mut(object)?)
}

/// A class whose methods may take `&mut self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is frozen: no method can take `&mut self`",
    label = "`{Self}` is frozen",
    note = "take `&self`, with atomics or a lock in `{Self}`, or drop `frozen`"
)]
pub trait NotFrozen: PyClass<Frozen = False> {}

#[diagnostic::do_not_recommend]
impl<T: PyClass<Frozen = False>> NotFrozen for T {}

/// A handle that a method may take as its receiver, such as `slf: PyRef<'_, Self>` or
/// `slf: Py<Self>`, or a class method as its class.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the receiver of this method",
    note = "expected `&self`, `&mut self`, or for `slf` one of `PyRef<'_, Self>`, \
            `PyRefMut<'_, Self>`, `PyClassGuard<'_, Self>`, `PyClassGuardMut<'_, Self>`, \
            `&Bound<'_, Self>`, `Bound<'_, Self>`, `Borrowed<'_, '_, Self>` and `Py<Self>`"
)]
pub trait Receiver<'a, 'py, T>: Sized {
    /// Creates the handle.
    ///
    /// # Errors
    /// If the handle is a borrow, and conflicts with an existing one.
    fn receive(object: &'a Bound<'py, T>) -> PyResult<Self>;
}

impl<'a, 'py, T> Receiver<'a, 'py, T> for &'a Bound<'py, T> {
    #[inline]
    fn receive(object: &'a Bound<'py, T>) -> PyResult<Self> {
        Ok(object)
    }
}

impl<'py, T> Receiver<'_, 'py, T> for Bound<'py, T> {
    #[inline]
    fn receive(object: &Bound<'py, T>) -> PyResult<Self> {
        Ok(object.clone())
    }
}

impl<'a, 'py, T> Receiver<'a, 'py, T> for Borrowed<'a, 'py, T> {
    #[inline]
    fn receive(object: &'a Bound<'py, T>) -> PyResult<Self> {
        Ok(object.as_borrowed())
    }
}

impl<T> Receiver<'_, '_, T> for Py<T> {
    #[inline]
    fn receive(object: &Bound<'_, T>) -> PyResult<Self> {
        Ok(object.clone().unbind())
    }
}

impl<'py, T: PyClass> Receiver<'_, 'py, T> for PyRef<'py, T> {
    #[inline]
    fn receive(object: &Bound<'py, T>) -> PyResult<Self> {
        Ok(object.try_borrow()?)
    }
}

impl<'py, T: PyClass<Frozen = False>> Receiver<'_, 'py, T> for PyRefMut<'py, T> {
    #[inline]
    fn receive(object: &Bound<'py, T>) -> PyResult<Self> {
        Ok(object.try_borrow_mut()?)
    }
}

impl<'a, T: PyClass> Receiver<'a, '_, T> for PyClassGuard<'a, T> {
    #[inline]
    fn receive(object: &'a Bound<'_, T>) -> PyResult<Self> {
        Ok(PyClassGuard::try_borrow(object.as_borrowed())?)
    }
}

impl<'a, T: PyClass<Frozen = False>> Receiver<'a, '_, T> for PyClassGuardMut<'a, T> {
    #[inline]
    fn receive(object: &'a Bound<'_, T>) -> PyResult<Self> {
        Ok(PyClassGuardMut::try_borrow_mut(object.as_borrowed())?)
    }
}
