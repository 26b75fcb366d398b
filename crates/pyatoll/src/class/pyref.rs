//! [`PyRef`] and [`PyRefMut`]: a strong reference to an instance and a borrow of its value.

use std::convert::Infallible;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr;

use pyo3_ffi as ffi;

use super::boolean_struct::False;
use super::borrow_flag::{PyBorrowError, PyBorrowMutError};
use super::guard::{Failure, PyClassGuardError, PyClassGuardMutError, release_own_borrow};
use super::layout::{self, Instance};
use super::pyclass::PyClass;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};
use crate::types::PyAny;

/// A borrow of an instance's value, with a strong reference to the instance and its token. It
/// derefs to the value.
///
/// As the receiver of a method, it gives the method access to the token.
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
    #[track_caller]
    pub(super) fn try_borrow(object: Borrowed<'_, 'py, T>) -> Result<Self, PyBorrowError> {
        // SAFETY: an instance of `T`, kept alive by the reference; `drop` releases the borrow.
        unsafe { layout::borrow::<T>(object.as_ptr())? };
        Ok(Self {
            object: object.to_owned(),
        })
    }

    /// Returns the token.
    #[inline]
    pub fn py(&self) -> Python<'py> {
        self.object.py()
    }

    /// Returns the instance's address, a borrowed reference: valid while `self` is.
    #[inline]
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.object.as_ptr()
    }

    /// Returns the instance's address, a new reference that the caller must release. Releases the
    /// borrow.
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
    /// Returns the same borrow, as one of the base class.
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
        // SAFETY: `repr(transparent)` over a handle whose layout does not depend on the class. An
        // instance of `T` is an instance of its base, and borrowing it borrows the base. A shared
        // reference neither drops nor moves the `PyRef`.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    /// Converts to a borrow of the base class's value, releasing that of this class.
    pub fn into_super(self) -> PyRef<'py, T::BaseType> {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the handle is moved out exactly once. A borrow that the base does not count is
        // released here, since the result will not.
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
        // SAFETY: `self` holds a borrow, so the value is initialized and shared.
        unsafe { &*Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass> Drop for PyRef<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` holds a borrow; the reference to the instance is dropped after this.
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

/// A mutable borrow of an instance's value, with a strong reference to the instance and its token.
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
    #[track_caller]
    pub(super) fn try_borrow_mut(object: Borrowed<'_, 'py, T>) -> Result<Self, PyBorrowMutError> {
        // SAFETY: an instance of `T`, kept alive by the reference; `drop` releases the borrow.
        unsafe { layout::borrow_mut::<T>(object.as_ptr())? };
        Ok(Self {
            object: object.to_owned(),
        })
    }

    /// Returns the token.
    #[inline]
    pub fn py(&self) -> Python<'py> {
        self.object.py()
    }

    /// Returns the instance's address, a borrowed reference: valid while `self` is.
    #[inline]
    pub fn as_ptr(&self) -> *mut ffi::PyObject {
        self.object.as_ptr()
    }

    /// Returns the instance's address, a new reference that the caller must release. Releases the
    /// borrow.
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
    /// Returns the base class's value.
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
    pub fn as_super(&mut self) -> &mut PyRefMutSuper<'py, T::BaseType> {
        // SAFETY: `self` holds the instance's mutable borrow, and is itself borrowed as long as the
        // result.
        unsafe { PyRefMutSuper::of(&mut self.object) }
    }

    /// Converts to a mutable borrow of the base class's value.
    pub fn into_super(self) -> PyRefMut<'py, T::BaseType> {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the handle is moved out exactly once. The flag is the base's, which is not
        // frozen.
        unsafe {
            PyRefMut {
                object: std::ptr::read(&raw const this.object).cast_into_unchecked(),
            }
        }
    }
}

/// The value of a base class of a mutably borrowed instance: see [`PyRefMut::as_super`].
///
/// It is unsized, so that safe code cannot swap two of them: each `PyRefMut` would then release the
/// borrow of the other's instance, which may be of another class.
#[repr(C)]
pub struct PyRefMutSuper<'py, T: PyClass<Frozen = False>> {
    object: Bound<'py, T>,
    unsized_tail: [()],
}

impl<'py, T: PyClass<Frozen = False>> PyRefMutSuper<'py, T> {
    /// Reinterprets a handle as a reference to the base's value.
    ///
    /// # Safety
    /// The instance must be mutably borrowed while the result lives.
    unsafe fn of<'a, U>(object: &'a mut Bound<'py, U>) -> &'a mut Self
    where
        U: PyClass<BaseType = T>,
    {
        let handle = ptr::slice_from_raw_parts_mut(ptr::from_mut(object).cast::<()>(), 0);
        // SAFETY: `Bound` has the same layout for every class, and the empty slice after it takes
        // no space; an instance of `U` is an instance of its base.
        unsafe { &mut *(handle as *mut Self) }
    }

    /// Returns the token of the interpreter.
    pub fn py(&self) -> Python<'py> {
        self.object.py()
    }
}

impl<'py, T> PyRefMutSuper<'py, T>
where
    T: PyClass<Frozen = False>,
    T::BaseType: PyClass<Frozen = False>,
{
    /// Returns the value of the next base class.
    pub fn as_super(&mut self) -> &mut PyRefMutSuper<'py, T::BaseType> {
        // SAFETY: one mutable borrow covers the values of all classes of an instance.
        unsafe { PyRefMutSuper::of(&mut self.object) }
    }
}

impl<T: PyClass<Frozen = False>> Deref for PyRefMutSuper<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the instance is mutably borrowed, so the value is initialized and unaliased.
        unsafe { &*Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> DerefMut for PyRefMutSuper<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the instance is mutably borrowed, so the value is initialized and unaliased.
        unsafe { &mut *Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> Deref for PyRefMut<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `self` holds a mutable borrow, so the value is initialized and unaliased.
        unsafe { &*Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> DerefMut for PyRefMut<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: `self` holds a mutable borrow, so the value is initialized and unaliased.
        unsafe { &mut *Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> Drop for PyRefMut<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` holds a mutable borrow; the reference to the instance is dropped after
        // this.
        unsafe { layout::release_borrow_mut::<T>(self.object.as_ptr()) };
    }
}

impl<T, U> AsRef<U> for PyRefMut<'_, T>
where
    T: PyClass<BaseType = U, Frozen = False>,
    U: PyClass<Frozen = False>,
{
    fn as_ref(&self) -> &U {
        // SAFETY: an instance of `T` is an instance of its base; `self` holds a mutable borrow of
        // both.
        unsafe { &*Instance::<U>::of(self.object.as_ptr()).value() }
    }
}

impl<T, U> AsMut<U> for PyRefMut<'_, T>
where
    T: PyClass<BaseType = U, Frozen = False>,
    U: PyClass<Frozen = False>,
{
    fn as_mut(&mut self) -> &mut U {
        // SAFETY: an instance of `T` is an instance of its base; `self` holds a mutable borrow of
        // both.
        unsafe { &mut *Instance::<U>::of(self.object.as_ptr()).value() }
    }
}

/// Implements the conversions and `Debug` for [`PyRef`] and [`PyRefMut`].
macro_rules! conversions {
    ($name:ident, $bound:ident $(<Frozen = $frozen:ty>)?, $try:ident, $error:ident, $borrow:ident) => {
        impl<'a, 'py, T: $bound $(<Frozen = $frozen>)?> FromPyObject<'a, 'py> for $name<'py, T> {
            type Error = $error<'a, 'py>;

            crate::object::hint! { INPUT_TYPE = of::<T>() }

            #[inline]
            fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
                let object = object
                    .cast::<T>()
                    .map_err(|error| $error(Failure::Cast(error)))?;
                Self::$try(object).map_err(|error| $error(Failure::Borrow(error)))
            }
        }

        impl<'py, T: $bound $(<Frozen = $frozen>)?> IntoPyObject<'py> for $name<'py, T> {
            type Target = T;
            type Output = Bound<'py, T>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<T>() }

            #[inline]
            fn into_pyobject(self, _py: Python<'py>) -> Result<Self::Output, Self::Error> {
                Ok(self.object.clone())
            }
        }

        impl<'a, 'py, T: $bound $(<Frozen = $frozen>)?> IntoPyObject<'py> for &'a $name<'py, T> {
            type Target = T;
            type Output = Borrowed<'a, 'py, T>;
            type Error = Infallible;

            crate::object::hint! { OUTPUT_TYPE = of::<T>() }

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
