//! Critical sections: per-object locks of free-threaded Pythons.
//!
//! Where there is a GIL, an attached thread is alone with its interpreter's objects until it runs
//! Python code, and these functions just call their closure.

#[cfg(Py_3_14)]
use std::cell::UnsafeCell;

#[cfg(Py_3_14)]
use crate::interpreter::Python;
use crate::object::Bound;
#[cfg(Py_3_14)]
use crate::sync::PyMutexTrait;
use crate::types::PyAny;

#[cfg(Py_GIL_DISABLED)]
mod guard {
    use pyo3_ffi as ffi;
    use std::cell::UnsafeCell;
    use std::marker::PhantomPinned;
    use std::mem::MaybeUninit;
    use std::pin::Pin;

    /// One of CPython's structs for a section. CPython keeps its address while the section is
    /// open, so it must not move.
    pub(super) struct Section<T> {
        section: UnsafeCell<MaybeUninit<T>>,
        end: unsafe extern "C" fn(*mut T),
        _pinned: PhantomPinned,
    }

    impl<T> Section<T> {
        pub(super) fn new(end: unsafe extern "C" fn(*mut T)) -> Self {
            Self {
                section: UnsafeCell::new(MaybeUninit::zeroed()),
                end,
                _pinned: PhantomPinned,
            }
        }

        pub(super) fn as_ptr(self: Pin<&Self>) -> *mut T {
            self.get_ref().section.get().cast()
        }

        /// Ends the section when dropped, also when the closure panics.
        ///
        /// # Safety
        /// The section must have begun, on this thread, and be the innermost one when the guard is
        /// dropped.
        pub(super) unsafe fn begun(self: Pin<&Self>) -> Open<'_, T> {
            Open(self)
        }
    }

    pub(super) struct Open<'a, T>(Pin<&'a Section<T>>);

    impl<T> Drop for Open<'_, T> {
        fn drop(&mut self) {
            // SAFETY: begun, and ended once.
            unsafe { (self.0.end)(self.0.as_ptr()) };
        }
    }

    pub(super) type One = Section<ffi::PyCriticalSection>;
    pub(super) type Two = Section<ffi::PyCriticalSection2>;
}

/// Runs `f` while this thread alone holds the object's lock, on a free-threaded Python.
///
/// It is no mutex: should `f` run Python code, enter another section or detach, the lock may be let
/// go meanwhile, and is taken again before that returns. This is how deadlocks are avoided.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::critical_section::with_critical_section;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let list = PyList::new(py, [1, 2, 3])?;
///     // Nobody adds or removes items between these two calls.
///     let last = with_critical_section(&list, || list.get_item(list.len() - 1))?;
///     assert_eq!(last.extract::<i32>()?, 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyCriticalSection_Begin`.
#[cfg_attr(not(Py_GIL_DISABLED), allow(unused_variables))]
pub fn with_critical_section<F, R>(object: &Bound<'_, PyAny>, f: F) -> R
where
    F: FnOnce() -> R,
{
    #[cfg(Py_GIL_DISABLED)]
    let section = std::pin::pin!(guard::One::new(pyo3_ffi::PyCriticalSection_End));
    #[cfg(Py_GIL_DISABLED)]
    // SAFETY: attached, a live object; the guard ends the section on this thread, innermost first.
    let _open = unsafe {
        pyo3_ffi::PyCriticalSection_Begin(section.as_ref().as_ptr(), object.as_ptr());
        section.as_ref().begun()
    };
    f()
}

/// As [`with_critical_section`], for two objects at once, whatever their order.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::critical_section::with_critical_section2;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let (from, to) = (PyList::new(py, [1])?, PyList::empty(py));
///     with_critical_section2(&from, &to, || {
///         to.append(from.get_item(0)?)?;
///         from.del_item(0)
///     })?;
///     assert_eq!((from.len(), to.len()), (0, 1));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyCriticalSection2_Begin`.
#[cfg_attr(not(Py_GIL_DISABLED), allow(unused_variables))]
pub fn with_critical_section2<F, R>(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>, f: F) -> R
where
    F: FnOnce() -> R,
{
    #[cfg(Py_GIL_DISABLED)]
    let section = std::pin::pin!(guard::Two::new(pyo3_ffi::PyCriticalSection2_End));
    #[cfg(Py_GIL_DISABLED)]
    // SAFETY: as above.
    let _open = unsafe {
        pyo3_ffi::PyCriticalSection2_Begin(section.as_ref().as_ptr(), a.as_ptr(), b.as_ptr());
        section.as_ref().begun()
    };
    f()
}

/// The value of a [`PyMutex`](crate::sync::PyMutex) within a critical section of it.
///
/// An example is at [`with_critical_section_mutex`].
#[cfg(Py_3_14)]
pub struct EnteredCriticalSection<'a, T>(&'a UnsafeCell<T>);

#[cfg(Py_3_14)]
impl<T> EnteredCriticalSection<'_, T> {
    /// The value, to change.
    ///
    /// # Safety
    /// While the reference lives, the closure must not run Python code, enter another section or
    /// detach: that may let the lock go. Nobody may hold the mutex by
    /// [`lock`](crate::sync::PyMutex::lock) in this section, and where there is a GIL, neither may
    /// a thread elsewhere, nor use the mutex in another interpreter: a section excludes the
    /// interpreter's own threads only.
    pub unsafe fn get_mut(&mut self) -> &mut T {
        // SAFETY: passed on to the caller.
        unsafe { &mut *self.0.get() }
    }

    /// The value, to read.
    ///
    /// # Safety
    /// As for [`get_mut`](EnteredCriticalSection::get_mut).
    pub unsafe fn get(&self) -> &T {
        // SAFETY: passed on to the caller.
        unsafe { &*self.0.get() }
    }
}

/// Runs `f` in a critical section of a mutex: as [`with_critical_section`], with the mutex's value.
/// From Python 3.14.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::{PyMutex, critical_section::with_critical_section_mutex};
///
/// Python::attach(|py| {
///     let mutex = PyMutex::new(1);
///     with_critical_section_mutex(py, &mutex, |mut value| {
///         // SAFETY: nothing is called while the value is borrowed, and nobody locks the mutex.
///         unsafe { *value.get_mut() += 1 };
///     });
///     assert_eq!(mutex.into_inner().unwrap(), 2);
/// });
/// ```
///
/// C API: `PyCriticalSection_BeginMutex`.
#[cfg(Py_3_14)]
pub fn with_critical_section_mutex<'a, F, R, T, M>(_py: Python<'_>, mutex: &'a M, f: F) -> R
where
    F: for<'s> FnOnce(EnteredCriticalSection<'s, T>) -> R,
    T: 'a,
    M: PyMutexTrait<'a, T>,
{
    let mutex = mutex.mutex();
    #[cfg(Py_GIL_DISABLED)]
    let section = std::pin::pin!(guard::One::new(pyo3_ffi::PyCriticalSection_End));
    #[cfg(Py_GIL_DISABLED)]
    // SAFETY: attached, a valid mutex; the guard ends the section.
    let _open = unsafe {
        pyo3_ffi::PyCriticalSection_BeginMutex(section.as_ref().as_ptr(), mutex.raw());
        section.as_ref().begun()
    };
    f(EnteredCriticalSection(mutex.data()))
}

/// As [`with_critical_section_mutex`], for two mutexes at once, whatever their order. If both are
/// the same, the second value is `None`. From Python 3.14.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::{PyMutex, critical_section::with_critical_section_mutex2};
///
/// Python::attach(|py| {
///     let (a, b) = (PyMutex::new(1), PyMutex::new(2));
///     with_critical_section_mutex2(py, &a, &b, |mut a, b| {
///         // SAFETY: nothing is called while the values are borrowed, and nobody locks these.
///         unsafe { *a.get_mut() += *b.unwrap().get() };
///     });
///     assert_eq!(a.into_inner().unwrap(), 3);
/// });
/// ```
///
/// C API: `PyCriticalSection2_BeginMutex`.
#[cfg(Py_3_14)]
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
    if first.raw() == second.raw() {
        return with_critical_section_mutex(py, m1, |value| f(value, None));
    }
    #[cfg(Py_GIL_DISABLED)]
    let section = std::pin::pin!(guard::Two::new(pyo3_ffi::PyCriticalSection2_End));
    #[cfg(Py_GIL_DISABLED)]
    // SAFETY: as above.
    let _open = unsafe {
        pyo3_ffi::PyCriticalSection2_BeginMutex(
            section.as_ref().as_ptr(),
            first.raw(),
            second.raw(),
        );
        section.as_ref().begun()
    };
    let first = EnteredCriticalSection(first.data());
    f(first, Some(EnteredCriticalSection(second.data())))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(not(Py_3_14))]
    use crate::Python;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Fails if two threads are here at once.
    fn alone(flag: &AtomicBool) {
        assert!(
            !flag.swap(true, Ordering::SeqCst),
            "two threads are in the section"
        );
        std::thread::sleep(std::time::Duration::from_millis(1));
        flag.store(false, Ordering::SeqCst);
    }

    #[test]
    fn one_thread_at_a_time_is_in_an_objects_section() {
        let inside = AtomicBool::new(false);
        let objects = Python::attach(|py| {
            [c"[]", c"[]"].map(|list| py.eval(list, None, None).unwrap().unbind())
        });
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (objects, inside) = (&objects, &inside);
                scope.spawn(move || {
                    for _ in 0..5 {
                        Python::attach(|py| {
                            let [a, b] = objects.each_ref().map(|object| object.bind(py));
                            match number {
                                0 => with_critical_section(a, || alone(inside)),
                                1 => with_critical_section2(b, a, || alone(inside)),
                                2 => with_critical_section2(a, a, || alone(inside)),
                                _ => with_critical_section2(a, b, || alone(inside)),
                            }
                        });
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_ends_the_section() {
        let object = Python::attach(|py| py.eval(c"[]", None, None).unwrap().unbind());
        Python::attach(|py| {
            let object = object.bind(py);
            let caught = catch_unwind(AssertUnwindSafe(|| {
                with_critical_section(object, || panic!("no"));
            }));
            assert!(caught.is_err());
        });
        std::thread::scope(|scope| {
            scope.spawn(|| {
                Python::attach(|py| with_critical_section(object.bind(py), || ()));
            });
        });
    }
}
