//! [`PyMutexTrait`]: the mutexes that critical sections accept. From Python 3.14.

use std::ops::Deref;

use super::{mutex, nonpoison};

mod sealed {
    pub trait Sealed<'a, T: ?Sized + 'a> {}
}
use sealed::Sealed;

/// [`PyMutex`](crate::sync::PyMutex), with poisoning or without, or a pointer to one. From Python
/// 3.14.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::{PyMutex, critical_section::with_critical_section_mutex};
/// use std::sync::Arc;
///
/// Python::attach(|py| {
///     let mutex = Arc::new(PyMutex::new(1));
///     with_critical_section_mutex(py, &mutex, |value| {
///         // SAFETY: nothing is called while the value is borrowed, and no thread locks the mutex.
///         assert_eq!(unsafe { *value.get() }, 1);
///     });
/// });
/// ```
pub trait PyMutexTrait<'a, T: ?Sized + 'a>: Sealed<'a, T> {
    #[doc(hidden)]
    fn mutex(&'a self) -> &'a nonpoison::PyMutex<T>;
}

impl<'a, T: ?Sized + 'a> Sealed<'a, T> for mutex::PyMutex<T> {}
impl<'a, T: ?Sized + 'a> PyMutexTrait<'a, T> for mutex::PyMutex<T> {
    fn mutex(&'a self) -> &'a nonpoison::PyMutex<T> {
        &self.mutex
    }
}

impl<'a, T: ?Sized + 'a> Sealed<'a, T> for nonpoison::PyMutex<T> {}
impl<'a, T: ?Sized + 'a> PyMutexTrait<'a, T> for nonpoison::PyMutex<T> {
    fn mutex(&'a self) -> &'a nonpoison::PyMutex<T> {
        self
    }
}

impl<'a, T, U, P> Sealed<'a, T> for P
where
    T: ?Sized + 'a,
    U: PyMutexTrait<'a, T> + ?Sized + 'a,
    P: Deref<Target = U> + ?Sized,
{
}
impl<'a, T, U, P> PyMutexTrait<'a, T> for P
where
    T: ?Sized + 'a,
    U: PyMutexTrait<'a, T> + ?Sized + 'a,
    P: Deref<Target = U> + ?Sized,
{
    fn mutex(&'a self) -> &'a nonpoison::PyMutex<T> {
        (**self).mutex()
    }
}
