//! [`PyClassGuard`] and [`PyClassGuardMut`]: borrows of an instance's value that hold no reference
//! to the instance.

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::base::ClassBase;
use super::boolean_struct::False;
use super::borrow_flag::{PyBorrowError, PyBorrowMutError};
use super::layout::{self, Instance};
use super::pyclass::PyClass;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{CastError, PyErr};
use crate::interpreter::{AnyThread, Interpreter, Python};
use crate::object::{Borrowed, Bound, Py};
use crate::types::PyAny;

/// A borrow of an instance's value, while something else keeps the instance alive for `'a`. Used
/// for `&self` methods; it does not change the reference count.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::pyclass::PyClassGuard;
///
/// #[pyclass]
/// struct Word(String);
///
/// Python::attach(|py| {
///     let word = Bound::new(py, Word("tide".into()))?;
///     let guard: PyClassGuard<'_, Word> = PyClassGuard::try_from(&word)?;
///     assert_eq!(guard.0, "tide");
///     assert!(word.try_borrow_mut().is_err());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct PyClassGuard<'a, T: PyClass> {
    object: NonNull<ffi::PyObject>,
    // Not `Send`: with a GIL, the flag is not atomic.
    marker: PhantomData<(&'a T, *mut ())>,
}

/// The bound that keeps guards from being `Send` and `Sync`: no type implements it.
#[diagnostic::on_unimplemented(
    message = "`{T}` stays on its thread, and in its attachment: drop it first",
    label = "uses a borrow of an instance where the thread is not attached",
    note = "copy what is needed out of the value, or send a `Py<…>` and borrow its value where a \
            thread is attached"
)]
pub trait MayUseBorrow<T> {}

// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'a, T: PyClass> Send for PyClassGuard<'a, T> where
    AnyThread: MayUseBorrow<PyClassGuard<'a, T>>
{
}
// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'a, T: PyClass> Sync for PyClassGuard<'a, T> where
    AnyThread: MayUseBorrow<PyClassGuard<'a, T>>
{
}

impl<'a, T: PyClass> PyClassGuard<'a, T> {
    /// Borrows the value.
    ///
    /// # Errors
    /// [`PyBorrowError`] if the value is mutably borrowed.
    ///
    /// # Panics
    /// If the class is `unsendable` and this is not the instance's thread.
    #[inline]
    #[track_caller]
    pub fn try_borrow<'py: 'a>(object: Borrowed<'a, 'py, T>) -> Result<Self, PyBorrowError> {
        // SAFETY: an instance of `T`, alive for `'a`; `drop` releases the borrow.
        unsafe {
            layout::borrow::<T>(object.as_ptr())?;
            Ok(Self::of(object.as_non_null()))
        }
    }

    /// Creates a guard that takes over a borrow.
    ///
    /// # Safety
    /// The object must be an instance of `T`, alive for `'a`, with a borrow owned by the caller.
    #[inline]
    unsafe fn of(object: NonNull<ffi::PyObject>) -> Self {
        Self {
            object,
            marker: PhantomData,
        }
    }

    /// Converts to a borrow of a part of the value.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::pyclass::PyClassGuard;
    ///
    /// #[pyclass]
    /// struct Word(String);
    ///
    /// Python::attach(|py| {
    ///     let word = Bound::new(py, Word("tide".into()))?;
    ///     let text = PyClassGuard::try_from(&word)?.map(|word| word.0.as_str());
    ///     assert_eq!(&*text, "tide");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn map<F, U: ?Sized>(self, f: F) -> PyClassGuardMap<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let part = NonNull::from(f(&self));
        let this = ManuallyDrop::new(self);
        PyClassGuardMap {
            part,
            object: this.object,
            release: layout::release_borrow::<T>,
            marker: PhantomData,
        }
    }
}

impl<'a, T: PyClass> PyClassGuard<'a, T>
where
    T::BaseType: PyClass,
{
    /// Returns the same borrow, as one of the base class.
    pub fn as_super(&self) -> &PyClassGuard<'a, T::BaseType> {
        // SAFETY: the layout does not depend on the class. An instance of `T` is an instance of its
        // base, and borrowing it borrows the base (see `layout::borrow_flag`). A shared reference
        // does not drop the guard.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    /// Converts to a borrow of the base class's value, releasing that of this class.
    pub fn into_super(self) -> PyClassGuard<'a, T::BaseType> {
        let this = ManuallyDrop::new(self);
        // SAFETY: an instance of `T` is an instance of its base. A borrow that the base counts
        // moves to the new guard; one that it does not count is released here.
        unsafe {
            release_own_borrow::<T>(this.object.as_ptr());
            PyClassGuard::of(this.object)
        }
    }
}

/// Releases a shared borrow of `T` unless its base counts it.
///
/// # Safety
/// The object must be an instance of `T`, with a borrow owned by the caller.
pub(super) unsafe fn release_own_borrow<T: PyClass>(object: *mut ffi::PyObject) {
    // SAFETY: upheld by the caller: an instance of `T`, whose borrow the caller owns.
    unsafe {
        if <T::BaseType as ClassBase>::borrow_flag(object).is_none() {
            layout::release_borrow::<T>(object);
        }
    }
}

impl<T: PyClass> Deref for PyClassGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `self` holds a borrow, so the value is initialized and shared.
        unsafe { &*Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass> Drop for PyClassGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` holds a borrow; the instance is alive for `'a`.
        unsafe { layout::release_borrow::<T>(self.object.as_ptr()) };
    }
}

/// A mutable borrow of an instance's value, while something else keeps the instance alive for `'a`.
/// Used for `&mut self` methods.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::pyclass::PyClassGuardMut;
///
/// #[pyclass]
/// struct Word(String);
///
/// Python::attach(|py| {
///     let word = Bound::new(py, Word("tide".into()))?;
///     PyClassGuardMut::try_from(&word)?.0.push('s');
///     assert_eq!(word.borrow().0, "tides");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub struct PyClassGuardMut<'a, T: PyClass<Frozen = False>> {
    object: NonNull<ffi::PyObject>,
    /// Neither `Send` nor `Sync`. The value is only reachable through the borrow, so a panic leaves
    /// it as it would leave any other value in a cell.
    marker: PhantomData<(&'a Py<T>, *mut ())>,
}

// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'a, T: PyClass<Frozen = False>> Send for PyClassGuardMut<'a, T> where
    AnyThread: MayUseBorrow<PyClassGuardMut<'a, T>>
{
}
// SAFETY: the bound never holds: no type implements the trait.
unsafe impl<'a, T: PyClass<Frozen = False>> Sync for PyClassGuardMut<'a, T> where
    AnyThread: MayUseBorrow<PyClassGuardMut<'a, T>>
{
}

impl<'a, T: PyClass<Frozen = False>> PyClassGuardMut<'a, T> {
    /// Borrows the value mutably.
    ///
    /// # Errors
    /// [`PyBorrowMutError`] if the value is borrowed.
    ///
    /// # Panics
    /// If the class is `unsendable` and this is not the instance's thread.
    #[inline]
    #[track_caller]
    pub fn try_borrow_mut<'py: 'a>(object: Borrowed<'a, 'py, T>) -> Result<Self, PyBorrowMutError> {
        // SAFETY: an instance of `T`, alive for `'a`; `drop` releases the borrow.
        unsafe { layout::borrow_mut::<T>(object.as_ptr())? };
        Ok(Self {
            object: object.as_non_null(),
            marker: PhantomData,
        })
    }

    /// Converts to a mutable borrow of a part of the value.
    pub fn map<F, U: ?Sized>(mut self, f: F) -> PyClassGuardMapMut<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let part = NonNull::from(f(&mut self));
        let this = ManuallyDrop::new(self);
        PyClassGuardMapMut {
            map: PyClassGuardMap {
                part,
                object: this.object,
                release: layout::release_borrow_mut::<T>,
                marker: PhantomData,
            },
            marker: PhantomData,
        }
    }
}

impl<'a, T: PyClass<Frozen = False>> PyClassGuardMut<'a, T>
where
    T::BaseType: PyClass<Frozen = False>,
{
    /// Returns the base class's value.
    pub fn as_super(&mut self) -> PyClassGuardMutSuper<'_, 'a, T::BaseType> {
        // SAFETY: an instance of a class is an instance of its base, and one mutable borrow covers
        // both.
        unsafe { PyClassGuardMutSuper::of(self.object) }
    }

    /// Converts to a mutable borrow of the base class's value.
    pub fn into_super(self) -> PyClassGuardMut<'a, T::BaseType> {
        let this = ManuallyDrop::new(self);
        // The flag is the base's, which is not frozen.
        PyClassGuardMut {
            object: this.object,
            marker: PhantomData,
        }
    }
}

impl<T: PyClass<Frozen = False>> Deref for PyClassGuardMut<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `self` holds a mutable borrow, so the value is initialized and unaliased.
        unsafe { &*Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> DerefMut for PyClassGuardMut<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: `self` holds a mutable borrow, so the value is initialized and unaliased.
        unsafe { &mut *Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> Drop for PyClassGuardMut<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` holds a mutable borrow; the instance is alive for `'a`.
        unsafe { layout::release_borrow_mut::<T>(self.object.as_ptr()) };
    }
}

/// The value of a base class of a mutably borrowed instance: see [`PyClassGuardMut::as_super`].
///
/// Not a `&mut` to another guard, which could be swapped with the guard of an instance of the base
/// class itself.
pub struct PyClassGuardMutSuper<'g, 'a, T: PyClass<Frozen = False>> {
    object: NonNull<ffi::PyObject>,
    marker: PhantomData<(&'g mut &'a mut T, *mut ())>,
}

impl<'a, T: PyClass<Frozen = False>> PyClassGuardMutSuper<'_, 'a, T> {
    /// Creates a guard.
    ///
    /// # Safety
    /// The object must be an instance of `T`, mutably borrowed while the result lives.
    pub(super) unsafe fn of(object: NonNull<ffi::PyObject>) -> Self {
        Self {
            object,
            marker: PhantomData,
        }
    }

    /// Returns the value of the next base class.
    pub fn as_super(&mut self) -> PyClassGuardMutSuper<'_, 'a, T::BaseType>
    where
        T::BaseType: PyClass<Frozen = False>,
    {
        // SAFETY: an instance of a class is an instance of its base, and one mutable borrow covers
        // both.
        unsafe { PyClassGuardMutSuper::of(self.object) }
    }
}

impl<T: PyClass<Frozen = False>> Deref for PyClassGuardMutSuper<'_, '_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `self` holds a mutable borrow, so the value is initialized and unaliased.
        unsafe { &*Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

impl<T: PyClass<Frozen = False>> DerefMut for PyClassGuardMutSuper<'_, '_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: `self` holds a mutable borrow, so the value is initialized and unaliased.
        unsafe { &mut *Instance::<T>::of(self.object.as_ptr()).value() }
    }
}

/// A part of a borrowed value: see [`PyClassGuard::map`].
pub struct PyClassGuardMap<'a, U: ?Sized> {
    part: NonNull<U>,
    object: NonNull<ffi::PyObject>,
    /// Releases the borrow of the value.
    release: unsafe fn(*mut ffi::PyObject),
    marker: PhantomData<&'a U>,
}

impl<U: ?Sized> Deref for PyClassGuardMap<'_, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: part of a value that is borrowed while `self` lives.
        unsafe { self.part.as_ref() }
    }
}

impl<U: ?Sized> Drop for PyClassGuardMap<'_, U> {
    fn drop(&mut self) {
        // SAFETY: `self` took over the borrow of the guard it was created from.
        unsafe { (self.release)(self.object.as_ptr()) };
    }
}

/// A part of a mutably borrowed value: see [`PyClassGuardMut::map`].
pub struct PyClassGuardMapMut<'a, U: ?Sized> {
    map: PyClassGuardMap<'a, U>,
    // Invariant in `U`, since a `U` can be written through it.
    marker: PhantomData<&'a mut U>,
}

impl<U: ?Sized> Deref for PyClassGuardMapMut<'_, U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.map
    }
}

impl<U: ?Sized> DerefMut for PyClassGuardMapMut<'_, U> {
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: part of a value that is mutably borrowed while `self` lives.
        unsafe { self.map.part.as_mut() }
    }
}

/// Why an object cannot be extracted as a guard.
pub(super) enum Failure<'a, 'py, B> {
    /// It is no instance of the class.
    Cast(CastError<'a, 'py>),
    /// Its value cannot be borrowed.
    Borrow(B),
}

/// The error of extracting a borrow from an object: it has another class, or is mutably borrowed.
pub struct PyClassGuardError<'a, 'py>(pub(super) Failure<'a, 'py, PyBorrowError>);

/// The error of extracting a mutable borrow from an object: it has another class, or is borrowed.
pub struct PyClassGuardMutError<'a, 'py>(pub(super) Failure<'a, 'py, PyBorrowMutError>);

macro_rules! guard_error {
    ($name:ident) => {
        impl fmt::Display for $name<'_, '_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match &self.0 {
                    Failure::Cast(error) => fmt::Display::fmt(error, f),
                    Failure::Borrow(error) => fmt::Display::fmt(error, f),
                }
            }
        }

        impl fmt::Debug for $name<'_, '_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::error::Error for $name<'_, '_> {}

        impl From<$name<'_, '_>> for PyErr {
            fn from(error: $name<'_, '_>) -> Self {
                match error.0 {
                    Failure::Cast(error) => error.into(),
                    Failure::Borrow(error) => error.into(),
                }
            }
        }
    };
}

guard_error!(PyClassGuardError);
guard_error!(PyClassGuardMutError);

impl<'a, 'py: 'a, T: PyClass> FromPyObject<'a, 'py> for PyClassGuard<'a, T> {
    type Error = PyClassGuardError<'a, 'py>;

    crate::object::hint! { INPUT_TYPE = of::<T>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        let object = object
            .cast::<T>()
            .map_err(|error| PyClassGuardError(Failure::Cast(error)))?;
        Self::try_borrow(object).map_err(|error| PyClassGuardError(Failure::Borrow(error)))
    }
}

impl<'a, 'py: 'a, T: PyClass<Frozen = False>> FromPyObject<'a, 'py> for PyClassGuardMut<'a, T> {
    type Error = PyClassGuardMutError<'a, 'py>;

    crate::object::hint! { INPUT_TYPE = of::<T>() }

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Self::Error> {
        let object = object
            .cast::<T>()
            .map_err(|error| PyClassGuardMutError(Failure::Cast(error)))?;
        Self::try_borrow_mut(object).map_err(|error| PyClassGuardMutError(Failure::Borrow(error)))
    }
}

impl<'a, 'py, T: PyClass> TryFrom<&'a Bound<'py, T>> for PyClassGuard<'a, T> {
    type Error = PyBorrowError;

    #[inline]
    fn try_from(object: &'a Bound<'py, T>) -> Result<Self, PyBorrowError> {
        Self::try_borrow(object.as_borrowed())
    }
}

impl<'a, 'py, T: PyClass<Frozen = False>> TryFrom<&'a Bound<'py, T>> for PyClassGuardMut<'a, T> {
    type Error = PyBorrowMutError;

    #[inline]
    fn try_from(object: &'a Bound<'py, T>) -> Result<Self, PyBorrowMutError> {
        Self::try_borrow_mut(object.as_borrowed())
    }
}

macro_rules! into_instance {
    ($($guard:ty $(, Frozen = $frozen:ty)?;)*) => {$(
        impl<'a, 'py, T: PyClass$(<Frozen = $frozen>)?> IntoPyObject<'py> for $guard {
            type Target = T;
            type Output = Borrowed<'a, 'py, T>;
            type Error = crate::WrongInterpreter;

            crate::object::hint! { OUTPUT_TYPE = of::<T>() }

            fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
                // SAFETY: an instance of `T`, alive for the guard's `'a`.
                unsafe { bind_instance(py, self.object) }
            }
        }
    )*};
}

into_instance! {
    PyClassGuard<'a, T>;
    &PyClassGuard<'a, T>;
    PyClassGuardMut<'a, T>, Frozen = False;
    &PyClassGuardMut<'a, T>, Frozen = False;
}

/// Binds an instance to a token, unless it belongs to another interpreter.
///
/// # Safety
/// The object must be an instance of `T` that is alive for `'a`.
unsafe fn bind_instance<'a, 'py, T: PyClass>(
    py: Python<'py>,
    object: NonNull<ffi::PyObject>,
) -> Result<Borrowed<'a, 'py, T>, crate::WrongInterpreter> {
    // SAFETY: alive for `'a` (upheld by the caller). A guard is not `Send`, and exists only while
    // its thread is attached to the instance's interpreter.
    unsafe {
        let owner = layout::token_of_instance::<T>(object.as_ptr()).owner();
        if !std::ptr::eq(owner, py.owner()) {
            return Err(crate::WrongInterpreter::of::<T>(
                Interpreter::new(owner),
                py,
            ));
        }
        Ok(Borrowed::from_non_null(py, object))
    }
}

impl<T: PyClass + fmt::Debug> fmt::Debug for PyClassGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: PyClass<Frozen = False> + fmt::Debug> fmt::Debug for PyClassGuardMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
