//! Critical sections: per-object locks of free-threaded Pythons.
//!
//! Where there is a GIL, an attached thread is alone with its interpreter's objects until it runs
//! Python code, and these functions just call their closure.

use crate::object::Bound;
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
/// Source: `PyCriticalSection_Begin`.
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
/// Source: `PyCriticalSection2_Begin`.
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

#[cfg(test)]
mod tests {
    use super::*;
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
