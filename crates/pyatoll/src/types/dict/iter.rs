//! The iterator over a `dict`, which may change during iteration.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::object::{Borrowed, Bound};
use crate::sync::critical_section::with_critical_section;
use crate::types::compat;
use crate::types::dict::PyDictMethods;
use crate::types::{PyAny, PyDict};

/// An iterator over the entries of a dict: see [`PyDictMethods::iter`].
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::IntoPyDict;
/// use pyatoll::types::iter::BoundDictIterator;
///
/// Python::attach(|py| {
///     let mut entries: BoundDictIterator<'_> = [("a", 1), ("b", 2)].into_py_dict(py)?.iter();
///     let (key, value) = entries.next().unwrap();
///     assert_eq!(format!("{key}{value}"), "a1");
///     assert_eq!(entries.len(), 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDict_Next`.
pub struct BoundDictIterator<'py> {
    dict: Bound<'py, PyDict>,
    /// The position that `PyDict_Next` maintains.
    position: ffi::Py_ssize_t,
    /// The size at the start; `usize::MAX` after a change has been detected.
    size: usize,
    remaining: usize,
}

const CHANGED_SIZE: &str = "dictionary changed size during iteration";

impl<'py> BoundDictIterator<'py> {
    #[inline]
    pub(super) fn new(dict: Bound<'py, PyDict>) -> Self {
        let size = dict.len();
        Self {
            dict,
            position: 0,
            size,
            remaining: size,
        }
    }

    #[inline]
    fn has_changed_size(&self) -> bool {
        self.dict.len() != self.size
    }

    /// Returns the next entry. The dict must be locked on free-threaded builds.
    // The two handles would otherwise be returned in memory, and moved from there: see
    // `interpreter/stored.rs`.
    #[inline(always)]
    #[track_caller]
    fn next_locked(&mut self) -> Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        if self.has_changed_size() {
            self.changed(CHANGED_SIZE);
        }
        let (mut key, mut value) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: attached; `self.dict` is a dict.
        let found = unsafe {
            ffi::PyDict_Next(
                self.dict.as_ptr(),
                &raw mut self.position,
                key.as_mut_ptr(),
                value.as_mut_ptr(),
            )
        };
        if found == 0 {
            // Fewer than expected if keys were replaced.
            self.remaining = 0;
            return None;
        }
        match self.remaining.checked_sub(1) {
            Some(remaining) => self.remaining = remaining,
            None => self.changed("dictionary keys changed during iteration"),
        }
        let py = self.dict.py();
        // SAFETY: `PyDict_Next` has set both, to objects of the dict. With the lock or the GIL
        // held, no other code runs before they get their own references.
        unsafe {
            let key = NonNull::new_unchecked(key.assume_init());
            let value = NonNull::new_unchecked(value.assume_init());
            Some((
                Borrowed::from_non_null(py, key).to_owned(),
                Borrowed::from_non_null(py, value).to_owned(),
            ))
        }
    }

    #[cold]
    #[track_caller]
    fn changed(&mut self, message: &str) -> ! {
        self.size = usize::MAX;
        self.remaining = 0;
        panic!("{message}");
    }
}

impl<'py> Iterator for BoundDictIterator<'py> {
    type Item = (Bound<'py, PyAny>, Bound<'py, PyAny>);

    #[inline(always)]
    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if compat::FREE_THREADED {
            // Cloned, as the closure borrows all of `self`.
            let dict = self.dict.clone();
            with_critical_section(&dict, || self.next_locked())
        } else {
            self.next_locked()
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.len();
        (len, Some(len))
    }

    #[track_caller]
    fn count(mut self) -> usize {
        if self.has_changed_size() {
            self.changed(CHANGED_SIZE);
        }
        self.remaining
    }

    /// Locks the dict only once on free-threaded builds.
    #[track_caller]
    fn fold<B, F>(mut self, init: B, mut f: F) -> B
    where
        F: FnMut(B, Self::Item) -> B,
    {
        let dict = self.dict.clone();
        with_critical_section(&dict, || {
            let mut result = init;
            while let Some(entry) = self.next_locked() {
                result = f(result, entry);
            }
            result
        })
    }
}

/// Like a Python iterator, it has no entries left once the dict has changed size; the next call
/// panics.
impl ExactSizeIterator for BoundDictIterator<'_> {
    #[inline]
    fn len(&self) -> usize {
        if self.has_changed_size() {
            0
        } else {
            self.remaining
        }
    }
}

into_iterator!(
    PyDict,
    BoundDictIterator,
    (Bound<'py, PyAny>, Bound<'py, PyAny>)
);

#[cfg(test)]
mod tests {
    use crate::interpreter::Python;
    use crate::object::Bound;
    use crate::types::PyDict;
    use crate::types::dict::{IntoPyDict, PyDictMethods};

    fn abc(py: Python<'_>) -> Bound<'_, PyDict> {
        [("a", "1"), ("b", "2"), ("c", "3")]
            .into_py_dict(py)
            .unwrap()
    }

    #[test]
    fn entries_are_visited_in_insertion_order() {
        Python::attach(|py| {
            let dict = abc(py);
            let mut entries = dict.iter();
            assert_eq!(entries.len(), 3);
            assert_eq!(entries.next().unwrap().0.to_string(), "a");
            assert_eq!(entries.len(), 2);
            let rest: String = entries
                .map(|(key, value)| format!("{key}{value}"))
                .collect();
            assert_eq!(rest, "b2c3");
            assert_eq!(dict.iter().count(), 3);
        });
    }

    #[test]
    fn values_may_change_during_iteration() {
        Python::attach(|py| {
            let dict = abc(py);
            for (key, _) in &dict {
                dict.set_item(key, "x").unwrap();
            }
            assert_eq!(dict.to_string(), "{'a': 'x', 'b': 'x', 'c': 'x'}");
        });
    }

    #[test]
    #[should_panic(expected = "dictionary changed size during iteration")]
    fn adding_a_key_during_iteration_panics() {
        Python::attach(|py| {
            let dict = abc(py);
            for (key, _) in &dict {
                dict.set_item(format!("{key}{key}"), "x").unwrap();
            }
        });
    }

    #[test]
    #[should_panic(expected = "dictionary keys changed during iteration")]
    fn replacing_a_key_during_iteration_panics() {
        Python::attach(|py| {
            let dict = abc(py);
            for (key, _) in &dict {
                dict.set_item(format!("{key}{key}"), "x").unwrap();
                dict.del_item(key).unwrap();
            }
        });
    }

    #[test]
    fn an_iterator_that_has_panicked_panics_again() {
        Python::attach(|py| {
            let dict = abc(py);
            let mut entries = dict.iter();
            dict.del_item("a").unwrap();
            for _ in 0..2 {
                let next = std::panic::AssertUnwindSafe(|| entries.next().is_some());
                assert!(std::panic::catch_unwind(next).is_err());
            }
            assert_eq!(entries.len(), 0);
        });
    }

    #[test]
    fn an_iterator_over_a_dict_of_another_size_has_no_entries_left() {
        Python::attach(|py| {
            let dict = abc(py);
            let mut entries = dict.iter();
            entries.next();
            dict.clear();
            assert_eq!((entries.len(), entries.size_hint()), (0, (0, Some(0))));
            let count = std::panic::AssertUnwindSafe(|| entries.count());
            assert!(std::panic::catch_unwind(count).is_err());
        });
    }

    #[test]
    fn an_iterator_that_has_ended_has_no_entries_left() {
        Python::attach(|py| {
            let dict = PyDict::new(py);
            for key in ["a", "b", "c", "d", "e"] {
                dict.set_item(key, "x").unwrap();
            }
            dict.del_item("a").unwrap();
            dict.del_item("b").unwrap();
            let mut entries = dict.iter();
            entries.next();
            // The table is full: the new key moves all entries, to before the iterator's position.
            dict.del_item("d").unwrap();
            dict.set_item("f", "x").unwrap();
            assert_eq!(entries.len(), 2);
            assert!(entries.next().is_none());
            assert_eq!(entries.len(), 0);
        });
    }

    #[test]
    fn a_locked_iteration_stops_at_an_error() {
        Python::attach(|py| {
            let seen = std::cell::Cell::new(0);
            let result = abc(py).locked_for_each(|key, _| {
                seen.set(seen.get() + 1);
                match key.to_string().as_str() {
                    "b" => Err(crate::exceptions::PyValueError::new_err("b")),
                    _ => Ok(()),
                }
            });
            assert_eq!((result.is_err(), seen.get()), (true, 2));
        });
    }

    #[test]
    fn a_locked_iteration_sees_no_changes_by_other_threads() {
        let dict = Python::attach(|py| abc(py).unbind());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..500 {
                    Python::attach(|py| {
                        let dict = dict.bind(py);
                        dict.set_item(round, "x").unwrap();
                        dict.del_item(round).unwrap();
                    });
                }
            });
            for _ in 0..500 {
                Python::attach(|py| {
                    let seen = std::cell::Cell::new(0);
                    let dict = dict.bind(py);
                    let count = |_, _| {
                        seen.set(seen.get() + 1);
                        Ok(())
                    };
                    dict.locked_for_each(count).unwrap();
                    assert!(matches!(seen.get(), 3 | 4), "{}", seen.get());
                });
            }
        });
    }
}
