//! Critical sections of a [`PyMutex`](crate::sync::PyMutex). From Python 3.14.

use std::cell::UnsafeCell;

use super::compat;
use crate::interpreter::Python;
use crate::sync::PyMutexTrait;

/// The value of a [`PyMutex`](crate::sync::PyMutex) within a critical section of it.
///
/// See [`with_critical_section_mutex`] for an example.
pub struct EnteredCriticalSection<'a, T>(&'a UnsafeCell<T>);

impl<T> EnteredCriticalSection<'_, T> {
    /// Returns a mutable reference to the value.
    ///
    /// # Safety
    /// While the reference is alive, the closure must not run Python code, enter another section or
    /// detach, as that may release the lock. The mutex must not be held through
    /// [`lock`](crate::sync::PyMutex::lock) in this section. With a GIL, it must not be held by any
    /// other thread either, nor be used in another interpreter: a section excludes only threads of
    /// the same interpreter.
    pub unsafe fn get_mut(&mut self) -> &mut T {
        // SAFETY: upheld by the caller: no other thread accesses the value.
        unsafe { &mut *self.0.get() }
    }

    /// Returns a shared reference to the value.
    ///
    /// # Safety
    /// As for [`get_mut`](EnteredCriticalSection::get_mut).
    pub unsafe fn get(&self) -> &T {
        // SAFETY: upheld by the caller: no other thread accesses the value.
        unsafe { &*self.0.get() }
    }
}

/// Runs `f` with the value of a mutex, in a critical section of the mutex. See
/// [`with_critical_section`](super::critical_section::with_critical_section). From Python 3.14.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::{PyMutex, critical_section::with_critical_section_mutex};
///
/// Python::attach(|py| {
///     let mutex = PyMutex::new(1);
///     with_critical_section_mutex(py, &mutex, |mut value| {
///         // SAFETY: nothing is called while the value is borrowed, and no thread locks the mutex.
///         unsafe { *value.get_mut() += 1 };
///     });
///     assert_eq!(mutex.into_inner().unwrap(), 2);
/// });
/// ```
///
/// C API: `PyCriticalSection_BeginMutex`.
pub fn with_critical_section_mutex<'a, F, R, T, M>(_py: Python<'_>, mutex: &'a M, f: F) -> R
where
    F: for<'s> FnOnce(EnteredCriticalSection<'s, T>) -> R,
    T: 'a,
    M: PyMutexTrait<'a, T>,
{
    let mutex = mutex.mutex();
    // SAFETY: attached; the mutex is borrowed, so that it is valid and does not move.
    unsafe { compat::with_mutex(mutex.mutex.get(), || f(EnteredCriticalSection(&mutex.data))) }
}

/// Calls `f` in a critical section of two mutexes, in any order; see
/// [`with_critical_section_mutex`]. If both are the same, the second value is `None`. From Python
/// 3.14.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::{PyMutex, critical_section::with_critical_section_mutex2};
///
/// Python::attach(|py| {
///     let (a, b) = (PyMutex::new(1), PyMutex::new(2));
///     with_critical_section_mutex2(py, &a, &b, |mut a, b| {
///         // SAFETY: nothing is called while the values are borrowed, and no thread locks these.
///         unsafe { *a.get_mut() += *b.unwrap().get() };
///     });
///     assert_eq!(a.into_inner().unwrap(), 3);
/// });
/// ```
///
/// C API: `PyCriticalSection2_BeginMutex`.
pub fn with_critical_section_mutex2<'a, 'b, F, R, T1, T2, M1, M2>(
    py: Python<'_>,
    m1: &'a M1,
    m2: &'b M2,
    f: F,
) -> R
where
    F: for<'s> FnOnce(EnteredCriticalSection<'s, T1>, Option<EnteredCriticalSection<'s, T2>>) -> R,
    T1: 'a,
    T2: 'b,
    M1: PyMutexTrait<'a, T1>,
    M2: PyMutexTrait<'b, T2>,
{
    let (first, second) = (m1.mutex(), m2.mutex());
    if first.mutex.get() == second.mutex.get() {
        return with_critical_section_mutex(py, m1, |value| f(value, None));
    }
    let call = || {
        let second = EnteredCriticalSection(&second.data);
        f(EnteredCriticalSection(&first.data), Some(second))
    };
    // SAFETY: attached; the mutexes are borrowed, so that they are valid and do not move.
    unsafe { compat::with_mutexes(first.mutex.get(), second.mutex.get(), call) }
}
