//! Critical sections: per-object locks of free-threaded Pythons.
//!
//! With a GIL, an attached thread has exclusive access to its interpreter's objects until it runs
//! Python code, and these functions just call their closure.

use super::compat;
use crate::object::Bound;
use crate::types::PyAny;

#[cfg(Py_3_14)]
pub use super::mutex_section::{
    EnteredCriticalSection, with_critical_section_mutex, with_critical_section_mutex2,
};

/// Runs `f` while this thread holds the object's lock, on a free-threaded Python.
///
/// It is not a mutex: to avoid deadlocks, the lock may be released temporarily while `f` runs
/// Python code, enters another section or detaches; it is reacquired before that returns.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::sync::critical_section::with_critical_section;
/// use pyatoll::types::PyList;
///
/// Python::attach(|py| {
///     let list = PyList::new(py, [1, 2, 3])?;
///     // No other thread adds or removes items between these two calls.
///     let last = with_critical_section(&list, || list.get_item(list.len() - 1))?;
///     assert_eq!(last.extract::<i32>()?, 3);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyCriticalSection_Begin`.
pub fn with_critical_section<F, R>(object: &Bound<'_, PyAny>, f: F) -> R
where
    F: FnOnce() -> R,
{
    // SAFETY: attached; the handle keeps the object alive.
    unsafe { compat::with_object(object.as_ptr(), f) }
}

/// Calls `f` in a critical section of two objects, in any order; see [`with_critical_section`].
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
pub fn with_critical_section2<F, R>(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>, f: F) -> R
where
    F: FnOnce() -> R,
{
    // SAFETY: attached; the handles keep the objects alive.
    unsafe { compat::with_objects(a.as_ptr(), b.as_ptr(), f) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Python;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Fails if two threads run this at once.
    fn exclusively(flag: &AtomicBool) {
        assert!(
            !flag.swap(true, Ordering::SeqCst),
            "two threads are in the section"
        );
        std::thread::sleep(std::time::Duration::from_millis(1));
        flag.store(false, Ordering::SeqCst);
    }

    #[test]
    fn an_objects_section_excludes_other_threads() {
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
                                0 => with_critical_section(a, || exclusively(inside)),
                                1 => with_critical_section2(b, a, || exclusively(inside)),
                                2 => with_critical_section2(a, a, || exclusively(inside)),
                                _ => with_critical_section2(a, b, || exclusively(inside)),
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
