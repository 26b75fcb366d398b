//! [`PyRef`] and [`PyRefMut`]: an owned reference to an instance together with a borrow of its
//! value.

use std::convert::Infallible;
use std::fmt;
use std::ops::{Deref, DerefMut};

use pyo3_ffi as ffi;

use super::PyClass;
use super::boolean_struct::False;
use super::borrow_flag::{PyBorrowError, PyBorrowMutError};
use super::guard::{
    PyClassGuardError, PyClassGuardMutError, PyClassGuardMutSuper, release_own_borrow,
};
use super::layout::{self, Instance};
use crate::convert::{FromPyObject, IntoPyObject};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};
use crate::types::PyAny;

/// The value of an instance, borrowed, with the instance kept alive and the token at hand. It
/// derefs to the value.
///
/// As the type of a method's receiver it gives the method its token:
///
/// ```
/// use pyatoll::prelude::*;
///
/// #[pyclass]
/// struct Word(String);
///
/// Python::attach(|py| {
///     let word = Bound::new(py, Word("tide".into()))?;
///     let value: PyRef<'_, Word> = word.borrow();
///     assert_eq!(value.0, "tide");
///     assert!(word.try_borrow_mut().is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyRef<'py, T: PyClass> {
    object: Bound<'py, T>,
}

impl<'py, T: PyClass> PyRef<'py, T> {
    #[inline]
    pub(super) fn try_borrow(object: Borrowed<'_, 'py, T>) -> Result<Self, PyBorrowError> {
        // SAFETY: an instance of `T`, kept alive by the reference; `drop` ends the borrow.
        unsafe { layout::borrow::<T>(object.as_ptr())? };
        Ok(Self {
            object: object.to_owned(),
        })
    }

    /// The token.
    #[inline]
    pub fn py(&self) -> Python<'py> {
        self.object.py()
    }

    /// The instance's address: borrowed, valid while `self` is.
    #[inline]
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.object.as_ptr()
    }

    /// The instance's address, with a reference: the caller must release it. The borrow ends.
    #[inline]
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        self.object.clone().into_ptr()
    }
}

impl<'py, T> PyRef<'py, T>
where
    T: PyClass,
    T::BaseType: PyClass,
{
    /// The same borrow, seen as one of the base class.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass(subclass)]
    /// struct Base(u8);
    /// #[pyclass(extends = Base)]
    /// struct Derived(u8);
    ///
    /// Python::attach(|py| {
    ///     let derived = Bound::new(py, (Derived(2), Base(1)))?;
    ///     let value = derived.borrow();
    ///     assert_eq!((value.0, value.as_super().0), (2, 1));
    ///     assert_eq!(value.into_super().0, 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn as_super(&self) -> &PyRef<'py, T::BaseType> {
        // SAFETY: `repr(transparent)` over a handle whose layout does not depend on the class; an
        // instance of `T` is one of its base, and a borrow of it is one of the base. A reference
        // neither drops nor moves it.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    /// A borrow of the base class's value; the one of this class ends.
    pub fn into_super(self) -> PyRef<'py, T::BaseType> {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the handle moves out once. Where only this class counts borrows, its count is
        // given back, since what comes back does not.
        unsafe {
            let object = std::ptr::read(&raw const this.object);
            release_own_borrow::<T>(object.as_ptr());
            PyRef {
                object: object.cast_into_unchecked(),
            }
        }
    }
}

impl<T: PyClass> Deref for PyRef<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: initialised (`share` checked) and shared while `self` lives.
        unsafe { &*Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass> Drop for PyRef<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `share` succeeded for it; the reference is dropped after this.
        unsafe { layout::release_borrow::<T>(self.object.as_ptr()) };
    }
}

impl<T, U> AsRef<U> for PyRef<'_, T>
where
    T: PyClass<BaseType = U>,
    U: PyClass,
{
    fn as_ref(&self) -> &U {
        self.as_super()
    }
}

/// The value of an instance, borrowed mutably, with the instance kept alive and the token at hand.
/// It derefs to the value.
///
/// ```
/// use pyatoll::prelude::*;
///
/// #[pyclass]
/// struct Word(String);
///
/// Python::attach(|py| {
///     let word = Bound::new(py, Word("tide".into()))?;
///     let mut value: PyRefMut<'_, Word> = word.borrow_mut();
///     value.0.push('s');
///     drop(value);
///     assert_eq!(word.borrow().0, "tides");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[repr(transparent)]
pub struct PyRefMut<'py, T: PyClass<Frozen = False>> {
    object: Bound<'py, T>,
}

impl<'py, T: PyClass<Frozen = False>> PyRefMut<'py, T> {
    #[inline]
    pub(super) fn try_borrow_mut(object: Borrowed<'_, 'py, T>) -> Result<Self, PyBorrowMutError> {
        // SAFETY: an instance of `T`, kept alive by the reference; `drop` ends the borrow.
        unsafe { layout::borrow_mut::<T>(object.as_ptr())? };
        Ok(Self {
            object: object.to_owned(),
        })
    }

    /// The token.
    #[inline]
    pub fn py(&self) -> Python<'py> {
        self.object.py()
    }

    /// The instance's address: borrowed, valid while `self` is.
    #[inline]
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.object.as_ptr()
    }

    /// The instance's address, with a reference: the caller must release it. The borrow ends.
    #[inline]
    pub fn into_ptr(self) -> *mut ffi::PyObject {
        self.object.clone().into_ptr()
    }
}

impl<'py, T> PyRefMut<'py, T>
where
    T: PyClass<Frozen = False>,
    T::BaseType: PyClass<Frozen = False>,
{
    /// The base class's value.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass(subclass)]
    /// struct Base(u8);
    /// #[pyclass(extends = Base)]
    /// struct Derived(u8);
    ///
    /// Python::attach(|py| {
    ///     let derived = Bound::new(py, (Derived(2), Base(1)))?;
    ///     let mut value = derived.borrow_mut();
    ///     value.as_super().0 += 10;
    ///     assert_eq!(value.into_super().0, 11);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn as_super(&mut self) -> PyClassGuardMutSuper<'_, T::BaseType> {
        // SAFETY: an instance of a class is one of its base, under one lock.
        unsafe { PyClassGuardMutSuper::of(self.object.as_non_null()) }
    }

    /// A mutable borrow of the base class's value.
    pub fn into_super(self) -> PyRefMut<'py, T::BaseType> {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the handle moves out once. The base has the flag, since it is not frozen.
        unsafe {
            PyRefMut {
                object: std::ptr::read(&raw const this.object).cast_into_unchecked(),
            }
        }
    }
}

impl<T: PyClass<Frozen = False>> Deref for PyRefMut<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: initialised and locked while `self` lives.
        unsafe { &*Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> DerefMut for PyRefMut<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: initialised and locked while `self` lives.
        unsafe { &mut *Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> Drop for PyRefMut<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `lock` succeeded for it; the reference is dropped after this.
        unsafe { layout::release_borrow_mut::<T>(self.object.as_ptr()) };
    }
}

impl<T, U> AsRef<U> for PyRefMut<'_, T>
where
    T: PyClass<BaseType = U, Frozen = False>,
    U: PyClass<Frozen = False>,
{
    fn as_ref(&self) -> &U {
        // SAFETY: an instance of `T` is one of its base, locked while `self` lives.
        unsafe { &*Instance::<U>::of(self.object.as_ptr()).value() }
    }
}

impl<T, U> AsMut<U> for PyRefMut<'_, T>
where
    T: PyClass<BaseType = U, Frozen = False>,
    U: PyClass<Frozen = False>,
{
    fn as_mut(&mut self) -> &mut U {
        // SAFETY: an instance of `T` is one of its base, locked while `self` lives.
        unsafe { &mut *Instance::<U>::of(self.object.as_ptr()).value() }
    }
}

macro_rules! conversions {
    ($name:ident, $bound:ident $(<Frozen = $frozen:ty>)?, $try:ident, $error:ident, $borrow:ident) => {
        impl<'a, 'py, T: $bound $(<Frozen = $frozen>)?> FromPyObject<'a, 'py> for $name<'py, T> {
            type Error = $error<'a, 'py>;

            #[inline]
            fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
                let object = object.cast::<T>().map_err(|error| $error(Some(error)))?;
                Self::$try(object).map_err(|_| $error(None))
            }
        }

        impl<'py, T: $bound $(<Frozen = $frozen>)?> IntoPyObject<'py> for $name<'py, T> {
            type Target = T;
            type Output = Bound<'py, T>;
            type Error = Infallible;

            #[inline]
            fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
                Ok(self.object.clone())
            }
        }

        impl<'a, 'py, T: $bound $(<Frozen = $frozen>)?> IntoPyObject<'py> for &'a $name<'py, T> {
            type Target = T;
            type Output = Borrowed<'a, 'py, T>;
            type Error = Infallible;

            #[inline]
            fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
                Ok(self.object.as_borrowed())
            }
        }

        impl<T: $bound $(<Frozen = $frozen>)?> From<$name<'_, T>> for Py<T> {
            fn from(borrow: $name<'_, T>) -> Self {
                borrow.object.clone().unbind()
            }
        }

        impl<T: $bound $(<Frozen = $frozen>)?> From<&$name<'_, T>> for Py<T> {
            fn from(borrow: &$name<'_, T>) -> Self {
                borrow.object.clone().unbind()
            }
        }

        impl<'py, T: $bound $(<Frozen = $frozen>)?> TryFrom<&Bound<'py, T>> for $name<'py, T> {
            type Error = $borrow;

            #[inline]
            fn try_from(object: &Bound<'py, T>) -> Result<Self, $borrow> {
                Self::$try(object.as_borrowed())
            }
        }

        impl<T: $bound $(<Frozen = $frozen>)? + fmt::Debug> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }
    };
}

conversions!(PyRef, PyClass, try_borrow, PyClassGuardError, PyBorrowError);
conversions!(
    PyRefMut,
    PyClass<Frozen = False>,
    try_borrow_mut,
    PyClassGuardMutError,
    PyBorrowMutError
);
