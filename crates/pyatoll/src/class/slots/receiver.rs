//! The receiver of a method: `&self`, `&mut self`, or a handle to the instance.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use pyo3_ffi as ffi;

use crate::class::layout::{self, Instance, ThreadCheck};
use crate::class::{PyClass, PyRef, PyRefMut};
use crate::error::PyResult;
use crate::object::{Borrowed, Bound, Py};

/// The value of an instance, borrowed for a method with `&self`. It leaves the reference count as
/// it is: whoever calls a method keeps the instance alive.
pub struct Shared<'a, T: PyClass> {
    object: *mut ffi::PyObject,
    marker: PhantomData<&'a T>,
}

impl<T: PyClass> Shared<'_, T> {
    /// Borrows it.
    ///
    /// # Safety
    /// The object must be an instance of `T` that lives for `'a`.
    ///
    /// # Errors
    /// If it is borrowed mutably.
    #[inline]
    pub unsafe fn new(object: *mut ffi::PyObject) -> PyResult<Self> {
        // SAFETY: passed on to the caller; the destructor ends it.
        unsafe { layout::share::<T>(object)? };
        Ok(Self {
            object,
            marker: PhantomData,
        })
    }

    /// Borrows it where no Python may run, so that nothing can be raised.
    ///
    /// # Safety
    /// The object must be an initialised instance of `T` that lives for `'a`.
    pub(super) unsafe fn for_collector(object: *mut ffi::PyObject) -> Option<Self> {
        // SAFETY: passed on to the caller; the destructor ends what is begun.
        unsafe {
            if !Instance::<T>::of(object).thread.is_here() {
                return None;
            }
            if let Some(flag) = layout::borrow_flag::<T>(object) {
                flag.try_share().ok()?;
            }
        }
        Some(Self {
            object,
            marker: PhantomData,
        })
    }
}

impl<T: PyClass> Deref for Shared<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the instance is alive and initialised, and shared by us.
        unsafe { &*Instance::<T>::of(self.object).value() }
    }
}

impl<T: PyClass> Drop for Shared<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: begun by the constructor.
        unsafe { layout::end_share::<T>(self.object) };
    }
}

/// The value of an instance, borrowed for a method with `&mut self`.
pub struct Locked<'a, T: PyClass> {
    object: *mut ffi::PyObject,
    marker: PhantomData<&'a mut T>,
}

impl<T: PyClass<Frozen = crate::class::False>> Locked<'_, T> {
    /// Borrows it.
    ///
    /// # Safety
    /// The object must be an instance of `T` that lives for `'a`.
    ///
    /// # Errors
    /// If it is borrowed.
    #[inline]
    pub unsafe fn new(object: *mut ffi::PyObject) -> PyResult<Self> {
        // SAFETY: passed on to the caller; the destructor ends it.
        unsafe { layout::lock::<T>(object)? };
        Ok(Self {
            object,
            marker: PhantomData,
        })
    }
}

impl<T: PyClass> Deref for Locked<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the instance is alive and initialised, and ours alone.
        unsafe { &*Instance::<T>::of(self.object).value() }
    }
}

impl<T: PyClass> DerefMut for Locked<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *Instance::<T>::of(self.object).value() }
    }
}

impl<T: PyClass> Drop for Locked<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: begun by the constructor.
        unsafe { layout::end_lock::<T>(self.object) };
    }
}

/// A handle that a method may take as its receiver: `slf: PyRef<'_, Self>`, `slf: Py<Self>`, …; and
/// that a class method may take for its class.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the receiver of this method",
    note = "expected `&self`, `&mut self`, or for `slf` one of `PyRef<'_, Self>`, \
            `PyRefMut<'_, Self>`, `&Bound<'_, Self>`, `Bound<'_, Self>`, `Borrowed<'_, '_, Self>` \
            and `Py<Self>`"
)]
pub trait Receiver<'a, 'py, T>: Sized {
    /// Makes it.
    ///
    /// # Errors
    /// If it borrows the value, and that is borrowed already.
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

impl<'py, T: PyClass<Frozen = crate::class::False>> Receiver<'_, 'py, T> for PyRefMut<'py, T> {
    #[inline]
    fn receive(object: &Bound<'py, T>) -> PyResult<Self> {
        Ok(object.try_borrow_mut()?)
    }
}
