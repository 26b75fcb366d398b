//! CPython's own mutex, without poisoning. From Python 3.13.

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use pyo3_ffi as ffi;

/// CPython's mutex around a value. A thread that waits for it lets go of its GIL, or lets a
/// free-threaded Python's garbage collection go on: it can be locked while attached, and be held
/// while Python code runs. It is one byte.
///
/// It is the process's, not an interpreter's: threads of all interpreters exclude one another.
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
    mutex: UnsafeCell<ffi::PyMutex>,
    data: UnsafeCell<T>,
}

// SAFETY: the mutex owns its value, which moves with it.
unsafe impl<T: ?Sized + Send> Send for PyMutex<T> {}
// SAFETY: the mutex gives the value to one thread at a time.
unsafe impl<T: ?Sized + Send> Sync for PyMutex<T> {}

impl<T> PyMutex<T> {
    /// A mutex that nobody holds.
    pub const fn new(value: T) -> Self {
        Self {
            mutex: UnsafeCell::new(ffi::PyMutex::new()),
            data: UnsafeCell::new(value),
        }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> PyMutex<T> {
    /// Waits until nobody else holds it, and holds it until the guard is dropped. A thread that
    /// holds it already waits for ever.
    pub fn lock(&self) -> PyMutexGuard<'_, T> {
        // SAFETY: the mutex is valid, and does not move while it is borrowed.
        unsafe { ffi::PyMutex_Lock(self.mutex.get()) };
        PyMutexGuard {
            mutex: self,
            _stays_on_thread: PhantomData,
        }
    }

    /// Whether somebody held it at the moment of the call. From Python 3.14.
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
        // SAFETY: as in `lock`.
        unsafe { ffi::PyMutex_IsLocked(self.mutex.get()) != 0 }
    }

    #[cfg(Py_3_14)]
    pub(super) fn data(&self) -> &UnsafeCell<T> {
        &self.data
    }

    #[cfg(Py_3_14)]
    pub(super) fn raw(&self) -> *mut ffi::PyMutex {
        self.mutex.get()
    }
}

impl<T: ?Sized> fmt::Debug for PyMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyMutex").finish_non_exhaustive()
    }
}

/// Holds a [`PyMutex`] and lends its value.
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
    /// Not `Send`: the thread that locked it unlocks it.
    _stays_on_thread: PhantomData<*const ()>,
}

// SAFETY: shared, it lends `&T`.
unsafe impl<T: ?Sized + Sync> Sync for PyMutexGuard<'_, T> {}

impl<T: ?Sized> Deref for PyMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: while the mutex is held, the value is the guard's alone.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: ?Sized> DerefMut for PyMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: ?Sized> Drop for PyMutexGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: `lock` locked it, on this thread.
        unsafe { ffi::PyMutex_Unlock(self.mutex.mutex.get()) };
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for PyMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
