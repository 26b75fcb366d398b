//! CPython's own mutex, with poisoning like the standard library's. From Python 3.13.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError};

use super::nonpoison;

/// CPython's mutex around a value: [`nonpoison::PyMutex`] with poisoning. As with
/// [`std::sync::Mutex`], a panic while it is held marks the value as possibly inconsistent, and
/// locking is an error from then on.
///
/// ```
/// use pyatoll::sync::PyMutex;
///
/// # pyatoll::Python::initialize();
/// static NAMES: PyMutex<Vec<String>> = PyMutex::new(Vec::new());
/// NAMES.lock().unwrap().push("Pyatoll".into());
/// assert_eq!(NAMES.lock().unwrap().len(), 1);
/// ```
///
/// C API: `PyMutex_Lock`, `PyMutex_Unlock`.
pub struct PyMutex<T: ?Sized> {
    poisoned: AtomicBool,
    pub(super) mutex: nonpoison::PyMutex<T>,
}

impl<T> PyMutex<T> {
    /// Creates an unlocked mutex.
    pub const fn new(value: T) -> Self {
        Self {
            poisoned: AtomicBool::new(false),
            mutex: nonpoison::PyMutex::new(value),
        }
    }

    /// Consumes the mutex and returns the value.
    ///
    /// # Errors
    /// If a thread panicked while it held the mutex; the error contains the value.
    ///
    /// ```
    /// use pyatoll::sync::PyMutex;
    ///
    /// assert_eq!(PyMutex::new(5).into_inner().unwrap(), 5);
    /// ```
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.poisoned.into_inner();
        unless_poisoned(poisoned, self.mutex.into_inner())
    }
}

impl<T: ?Sized> PyMutex<T> {
    /// Locks the mutex until the guard is dropped, waiting until it is free. A thread that already
    /// holds the mutex deadlocks.
    ///
    /// # Errors
    /// If a thread panicked while it held the mutex; the error contains the guard.
    pub fn lock(&self) -> LockResult<PyMutexGuard<'_, T>> {
        let guard = PyMutexGuard {
            guard: self.mutex.lock(),
            poisoned: &self.poisoned,
            was_panicking: std::thread::panicking(),
        };
        unless_poisoned(self.poisoned.load(Ordering::Relaxed), guard)
    }

    /// Returns whether a thread holds the mutex at the time of the call. From Python 3.14.
    #[cfg(Py_3_14)]
    pub fn is_locked(&self) -> bool {
        self.mutex.is_locked()
    }

    /// Marks the value as consistent again after a panic.
    ///
    /// ```
    /// use pyatoll::sync::PyMutex;
    ///
    /// # pyatoll::Python::initialize();
    /// let mutex = PyMutex::new(0);
    /// std::thread::scope(|scope| {
    ///     let panics = scope.spawn(|| {
    ///         let _guard = mutex.lock();
    ///         panic!("while it is held")
    ///     });
    ///     assert!(panics.join().is_err());
    /// });
    /// assert!(mutex.lock().is_err());
    /// mutex.clear_poison();
    /// assert!(mutex.lock().is_ok());
    /// ```
    pub fn clear_poison(&self) {
        self.poisoned.store(false, Ordering::Relaxed);
    }
}

/// Returns the value, in an error if the mutex is poisoned.
fn unless_poisoned<T>(poisoned: bool, value: T) -> LockResult<T> {
    if poisoned {
        Err(PoisonError::new(value))
    } else {
        Ok(value)
    }
}

impl<T: ?Sized> fmt::Debug for PyMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PyMutex")
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}

/// A guard that holds the lock of a [`PyMutex`] and gives access to its value.
///
/// ```
/// use pyatoll::sync::{PyMutex, PyMutexGuard};
///
/// # pyatoll::Python::initialize();
/// let mutex = PyMutex::new(String::new());
/// let mut guard: PyMutexGuard<'_, String> = mutex.lock().unwrap();
/// guard.push('x');
/// ```
pub struct PyMutexGuard<'a, T: ?Sized> {
    guard: nonpoison::PyMutexGuard<'a, T>,
    poisoned: &'a AtomicBool,
    /// Whether the thread already panicked when it locked the mutex: that panic does not poison it.
    was_panicking: bool,
}

impl<T: ?Sized> Deref for PyMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> DerefMut for PyMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T: ?Sized> Drop for PyMutexGuard<'_, T> {
    fn drop(&mut self) {
        // Before the drop of the field `guard`, which unlocks.
        if !self.was_panicking && std::thread::panicking() {
            self.poisoned.store(true, Ordering::Relaxed);
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for PyMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Python;
    use crate::interpreter::SubInterpreter;
    use std::time::Duration;

    #[test]
    fn threads_of_all_interpreters_exclude_one_another() {
        static COUNT: PyMutex<u32> = PyMutex::new(0);
        Python::initialize();
        let sub = SubInterpreter::builder().build().unwrap();
        let count = || {
            for _ in 0..50 {
                let mut count = COUNT.lock().unwrap();
                let before = *count;
                std::thread::sleep(Duration::from_micros(20));
                *count = before + 1;
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| Python::attach(|_| count()));
                scope.spawn(|| sub.attach(|_| count()).unwrap());
                scope.spawn(count);
            }
        });
        assert_eq!(*COUNT.lock().unwrap(), 300);
    }

    #[test]
    fn waiting_for_the_mutex_lets_its_holder_attach() {
        let mutex = PyMutex::new(());
        let barrier = std::sync::Barrier::new(2);
        Python::initialize();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                Python::attach(|py| {
                    let _guard = mutex.lock().unwrap();
                    py.detach(|| {
                        barrier.wait();
                        std::thread::sleep(Duration::from_millis(20));
                    });
                    py.run(c"1 + 1", None, None).unwrap();
                });
            });
            scope.spawn(|| {
                barrier.wait();
                Python::attach(|_| drop(mutex.lock().unwrap()));
            });
        });
    }
}
