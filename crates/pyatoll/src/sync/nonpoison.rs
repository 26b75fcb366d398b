//! CPython's own mutex, without poisoning. From Python 3.13.

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::capi as ffi;

/// CPython's mutex around a value. A waiting thread releases its GIL, or does not block the garbage
/// collection of a free-threaded Python: the mutex may be locked while attached, and held while
/// Python code runs. It takes one byte, or a word in a build for the stable ABI.
///
/// It belongs to the process, not to an interpreter: threads of all interpreters exclude one
/// another.
///
/// ```
/// use pyatoll::sync::nonpoison::PyMutex;
///
/// # pyatoll::Python::initialize();
/// static COUNT: PyMutex<u32> = PyMutex::new(0);
/// *COUNT.lock() += 1;
/// assert_eq!(*COUNT.lock(), 1);
/// assert_eq!(PyMutex::new(5).into_inner(), 5);
/// ```
///
/// C API: `PyMutex_Lock`, `PyMutex_Unlock`.
pub struct PyMutex<T: ?Sized> {
    pub(super) mutex: UnsafeCell<ffi::PyMutex>,
    pub(super) data: UnsafeCell<T>,
}

// SAFETY: the mutex owns its value.
unsafe impl<T: ?Sized + Send> Send for PyMutex<T> {}
// SAFETY: the mutex gives one thread at a time access to the value.
unsafe impl<T: ?Sized + Send> Sync for PyMutex<T> {}

impl<T> PyMutex<T> {
    /// Creates an unlocked mutex.
    pub const fn new(value: T) -> Self {
        Self {
            mutex: UnsafeCell::new(ffi::PyMutex::new()),
            data: UnsafeCell::new(value),
        }
    }

    /// Consumes the mutex and returns the value.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> PyMutex<T> {
    /// Locks the mutex until the guard is dropped, waiting until it is free. A thread that already
    /// holds the mutex deadlocks.
    pub fn lock(&self) -> PyMutexGuard<'_, T> {
        // SAFETY: the mutex is borrowed, so that it is valid and does not move.
        unsafe { ffi::PyMutex_Lock(self.mutex.get()) };
        PyMutexGuard {
            mutex: self,
            _stays_on_thread: PhantomData,
        }
    }

    /// Returns whether a thread holds the mutex at the time of the call. From Python 3.14.
    ///
    /// ```
    /// use pyatoll::sync::nonpoison::PyMutex;
    ///
    /// # pyatoll::Python::initialize();
    /// let mutex = PyMutex::new(());
    /// let guard = mutex.lock();
    /// assert!(mutex.is_locked());
    /// drop(guard);
    /// assert!(!mutex.is_locked());
    /// ```
    #[cfg(Py_3_14)]
    pub fn is_locked(&self) -> bool {
        // SAFETY: the mutex is borrowed, so that it is valid.
        unsafe { ffi::PyMutex_IsLocked(self.mutex.get()) != 0 }
    }
}

impl<T: ?Sized> fmt::Debug for PyMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyMutex").finish_non_exhaustive()
    }
}

/// A guard that holds the lock of a [`PyMutex`] and gives access to its value.
///
/// ```
/// use pyatoll::sync::nonpoison::{PyMutex, PyMutexGuard};
///
/// # pyatoll::Python::initialize();
/// let mutex = PyMutex::new(String::new());
/// let mut guard: PyMutexGuard<'_, String> = mutex.lock();
/// guard.push('x');
/// ```
pub struct PyMutexGuard<'a, T: ?Sized> {
    mutex: &'a PyMutex<T>,
    /// Not `Send`: the thread that locked the mutex must unlock it.
    _stays_on_thread: PhantomData<*const ()>,
}

// SAFETY: a shared guard only gives `&T`.
unsafe impl<T: ?Sized + Sync> Sync for PyMutexGuard<'_, T> {}

impl<T: ?Sized> Deref for PyMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard holds the mutex, so no other thread accesses the value.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: ?Sized> DerefMut for PyMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the mutex, and is borrowed exclusively.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: ?Sized> Drop for PyMutexGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: `lock` locked the mutex on this thread.
        unsafe { ffi::PyMutex_Unlock(self.mutex.mutex.get()) };
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for PyMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
