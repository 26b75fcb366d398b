//! The methods of `Py<T>`, `Bound<T>` and `Borrowed<T>` for classes: creating instances and
//! borrowing their values.

use pyo3_ffi as ffi;

use super::boolean_struct::{False, True};
use super::borrow_flag::{PyBorrowError, PyBorrowMutError};
use super::initializer::PyClassInitializer;
use super::layout::{self, Instance};
use super::pyclass::PyClass;
use super::pyref::{PyRef, PyRefMut};
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};

impl<'py, T> Bound<'py, T>
where
    T: PyClass,
{
    /// Creates an instance of the class.
    ///
    /// # Errors
    /// If the class itself cannot be created; `MemoryError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass]
    /// struct Counter(u32);
    ///
    /// Python::attach(|py| {
    ///     let counter = Bound::new(py, Counter(5))?;
    ///     counter.borrow_mut().0 += 1;
    ///     assert_eq!(counter.borrow().0, 6);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn new(
        py: Python<'py>,
        value: impl Into<PyClassInitializer<T>>,
    ) -> PyResult<Bound<'py, T>> {
        value.into().create(py)
    }

    /// Borrows the value.
    ///
    /// # Panics
    /// If the value is mutably borrowed: [`try_borrow`](Bound::try_borrow) returns an error
    /// instead. If the class is `unsendable` and this is not the instance's thread.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass]
    /// struct Counter(u32);
    ///
    /// Python::attach(|py| {
    ///     let counter = Bound::new(py, Counter(5))?;
    ///     assert_eq!(counter.borrow().0, 5);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn borrow(&self) -> PyRef<'py, T> {
        match self.try_borrow() {
            Ok(value) => value,
            Err(error) => refused(&error),
        }
    }

    /// Borrows the value mutably.
    ///
    /// # Panics
    /// If the value is borrowed: [`try_borrow_mut`](Bound::try_borrow_mut) returns an error
    /// instead. If the class is `unsendable` and this is not the instance's thread.
    #[inline]
    #[track_caller]
    pub fn borrow_mut(&self) -> PyRefMut<'py, T>
    where
        T: PyClass<Frozen = False>,
    {
        match self.try_borrow_mut() {
            Ok(value) => value,
            Err(error) => refused(&error),
        }
    }

    /// Borrows the value.
    ///
    /// # Errors
    /// [`PyBorrowError`] if the value is mutably borrowed.
    ///
    /// # Panics
    /// If the class is `unsendable` and this is not the instance's thread.
    #[inline]
    #[track_caller]
    pub fn try_borrow(&self) -> Result<PyRef<'py, T>, PyBorrowError> {
        PyRef::try_borrow(self.as_borrowed())
    }

    /// Borrows the value mutably.
    ///
    /// # Errors
    /// [`PyBorrowMutError`] if the value is borrowed.
    ///
    /// # Panics
    /// If the class is `unsendable` and this is not the instance's thread.
    #[inline]
    #[track_caller]
    pub fn try_borrow_mut(&self) -> Result<PyRefMut<'py, T>, PyBorrowMutError>
    where
        T: PyClass<Frozen = False>,
    {
        PyRefMut::try_borrow_mut(self.as_borrowed())
    }

    /// Returns the value of a `frozen` class, without a borrow.
    ///
    /// # Panics
    /// If the class is `unsendable` and this is not the instance's thread.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass(frozen)]
    /// struct Name(String);
    ///
    /// Python::attach(|py| {
    ///     let name = Bound::new(py, Name("tide".into()))?;
    ///     let text: &str = &name.get().0;
    ///     assert_eq!(text, "tide");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn get(&self) -> &T
    where
        T: PyClass<Frozen = True> + Sync,
    {
        // SAFETY: the handle keeps an instance of `T` alive while `self` is borrowed.
        unsafe { value_of_frozen(self.as_ptr()) }
    }

    /// Returns the same object, as an instance of the base class.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass(subclass)]
    /// struct Base(u8);
    /// #[pyclass(extends = Base)]
    /// struct Derived;
    ///
    /// Python::attach(|py| {
    ///     let derived = Bound::new(py, (Derived, Base(1)))?;
    ///     assert_eq!(derived.as_super().borrow().0, 1);
    ///     let base: Bound<'_, Base> = derived.into_super();
    ///     assert_eq!(base.borrow().0, 1);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn as_super(&self) -> &Bound<'py, T::BaseType> {
        // SAFETY: an instance of a class is an instance of its base.
        unsafe { self.cast_unchecked() }
    }

    /// Returns the same object, as an instance of the base class.
    #[inline]
    pub fn into_super(self) -> Bound<'py, T::BaseType> {
        // SAFETY: an instance of a class is an instance of its base.
        unsafe { self.cast_into_unchecked() }
    }
}

impl<'a, T> Borrowed<'a, '_, T>
where
    T: PyClass<Frozen = True> + Sync,
{
    /// Returns the value of a `frozen` class, for the lifetime of the borrowed object. See
    /// [`Bound::get`].
    #[inline]
    #[track_caller]
    pub fn get(self) -> &'a T {
        // SAFETY: an instance of `T`, alive for `'a`.
        unsafe { value_of_frozen(self.as_ptr()) }
    }
}

/// Returns the value of an instance of a frozen class.
///
/// # Safety
/// The object must be an instance of `T`, alive for `'a`.
#[inline]
#[track_caller]
unsafe fn value_of_frozen<'a, T>(object: *mut ffi::PyObject) -> &'a T
where
    T: PyClass<Frozen = True> + Sync,
{
    // SAFETY: an instance of `T`, alive for `'a` (upheld by the caller). The value of a frozen
    // class is never borrowed mutably, so it can be shared once it is initialized.
    unsafe {
        if layout::owner::<T>(object).is_null() {
            not_constructed::<T>();
        }
        layout::check_thread::<T>(object);
        &*Instance::<T>::of(object).value()
    }
}

/// Panics with the error of a borrow.
#[cold]
#[inline(never)]
#[track_caller]
fn refused(error: &dyn std::error::Error) -> ! {
    panic!("{error}: {error:?}")
}

#[cold]
#[track_caller]
fn not_constructed<T: PyClass>() -> ! {
    panic!(
        "this instance of `{}` has not been constructed: its `__new__` has not returned",
        T::NAME
    )
}

impl<T> Py<T>
where
    T: PyClass,
{
    /// Creates an instance of the class.
    ///
    /// # Errors
    /// If the class itself cannot be created; `MemoryError`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass]
    /// struct Counter(u32);
    ///
    /// let counter: Py<Counter> = Python::attach(|py| Py::new(py, Counter(5)))?;
    /// Python::attach(|py| {
    ///     counter.borrow_mut(py).0 += 1;
    ///     assert_eq!(counter.borrow(py).0, 6);
    /// });
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    pub fn new(py: Python<'_>, value: impl Into<PyClassInitializer<T>>) -> PyResult<Py<T>> {
        Bound::new(py, value).map(Bound::unbind)
    }

    /// Borrows the value. See [`Bound::borrow`].
    ///
    /// # Panics
    /// As for [`Bound::borrow`], and if the token is of another interpreter.
    #[inline]
    #[track_caller]
    pub fn borrow<'py>(&self, py: Python<'py>) -> PyRef<'py, T> {
        self.bind(py).borrow()
    }

    /// Borrows the value mutably. See [`Bound::borrow_mut`].
    ///
    /// # Panics
    /// As for [`Bound::borrow_mut`], and if the token is of another interpreter.
    #[inline]
    #[track_caller]
    pub fn borrow_mut<'py>(&self, py: Python<'py>) -> PyRefMut<'py, T>
    where
        T: PyClass<Frozen = False>,
    {
        self.bind(py).borrow_mut()
    }

    /// Borrows the value. See [`Bound::try_borrow`].
    ///
    /// # Errors
    /// [`PyBorrowError`] if the value is mutably borrowed, or the token is of another interpreter.
    ///
    /// # Panics
    /// As for [`Bound::try_borrow`].
    #[inline]
    #[track_caller]
    pub fn try_borrow<'py>(&self, py: Python<'py>) -> Result<PyRef<'py, T>, PyBorrowError> {
        match self.try_bind(py) {
            Ok(this) => this.try_borrow(),
            Err(_) => Err(PyBorrowError::FOREIGN),
        }
    }

    /// Borrows the value mutably. See [`Bound::try_borrow_mut`].
    ///
    /// # Errors
    /// [`PyBorrowMutError`] if the value is borrowed, or the token is of another interpreter.
    ///
    /// # Panics
    /// As for [`Bound::try_borrow_mut`].
    #[inline]
    #[track_caller]
    pub fn try_borrow_mut<'py>(&self, py: Python<'py>) -> Result<PyRefMut<'py, T>, PyBorrowMutError>
    where
        T: PyClass<Frozen = False>,
    {
        match self.try_bind(py) {
            Ok(this) => this.try_borrow_mut(),
            Err(_) => Err(PyBorrowMutError::FOREIGN),
        }
    }

    /// Returns the value of a `frozen` class, without a borrow and without a token: any thread can
    /// read it, attached to any interpreter or detached. The handle keeps the object alive, even
    /// after its interpreter has ended: CPython does not free an object that is still referenced.
    ///
    /// # Panics
    /// If the class is `unsendable` and this is not the instance's thread.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    ///
    /// #[pyclass(frozen)]
    /// struct Name(String);
    ///
    /// let name: Py<Name> = Python::attach(|py| Py::new(py, Name("tide".into())))?;
    /// assert_eq!(name.get().0, "tide");
    /// # Ok::<_, PyErr>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn get(&self) -> &T
    where
        T: PyClass<Frozen = True> + Sync,
    {
        // SAFETY: the handle keeps an instance of `T` alive while `self` is borrowed, even after
        // the interpreter has ended: a referenced object is never deallocated, and CPython does not
        // free the arenas of an interpreter that has blocks in use.
        unsafe { value_of_frozen(self.as_ptr()) }
    }

    /// Returns the same object, as an instance of the base class.
    #[inline]
    pub fn as_super(&self) -> &Py<T::BaseType> {
        // SAFETY: an instance of a class is an instance of its base; the layout of `Py<T>` does not
        // depend on `T`.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }

    /// Returns the same object, as an instance of the base class.
    #[inline]
    pub fn into_super(self) -> Py<T::BaseType> {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: an instance of a class is an instance of its base; the layout of `Py<T>` does not
        // depend on `T`, and the reference is moved exactly once.
        unsafe { std::mem::transmute_copy::<Py<T>, Py<T::BaseType>>(&this) }
    }
}
