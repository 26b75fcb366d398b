//! Tests of `list`.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{PyList, PyListMethods};
use crate::interpreter::{Python, alone};
use crate::object::Bound;
use crate::types::{PyAny, PyString};
use crate::{IntoPyObject, PyErr};

fn letters<'py>(py: Python<'py>, text: &str) -> Bound<'py, PyList> {
    PyList::new(py, text.split("").filter(|letter| !letter.is_empty())).unwrap()
}

fn joined<'py>(items: impl Iterator<Item = Bound<'py, PyAny>>) -> String {
    items.map(|item| item.to_string()).collect()
}

/// An iterator that reports `.0` items and yields `.1`.
struct Wrong(usize, usize);

impl Iterator for Wrong {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        self.1 = self.1.checked_sub(1)?;
        Some("x")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0, None)
    }
}

#[test]
fn a_list_takes_all_items_of_an_iterator_that_reports_too_few() {
    Python::attach(|py| assert_eq!(PyList::new(py, Wrong(2, 5)).unwrap().len(), 5));
}

#[test]
#[should_panic(expected = "was smaller than reported")]
fn a_list_of_an_iterator_that_reports_too_many_panics() {
    Python::attach(|py| drop(PyList::new(py, Wrong(5, 2))));
}

#[test]
fn an_absurd_size_hint_is_a_memory_error() {
    Python::attach(|py| {
        let error = PyList::new(py, Wrong(usize::MAX, 0)).unwrap_err();
        assert!(error.to_string().contains("MemoryError"), "{error}");
    });
}

#[test]
fn a_conversion_that_fails_drops_every_item() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);

    struct Fails(bool);
    impl Drop for Fails {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    impl<'py> IntoPyObject<'py> for Fails {
        type Target = PyString;
        type Output = Bound<'py, PyString>;
        type Error = PyErr;

        fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, PyErr> {
            if self.0 {
                return Err(crate::exceptions::PyValueError::new_err("no"));
            }
            Ok(PyString::new(py, "yes"))
        }
    }
    Python::attach(|py| {
        let items = vec![Fails(false), Fails(true), Fails(false)];
        let error = PyList::new(py, items).unwrap_err();
        assert_eq!(error.to_string(), "ValueError: no");
        assert_eq!(DROPS.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn a_list_under_construction_is_hidden_from_the_garbage_collector() {
    /// The 7th item counts the lists of this length that Python code can find.
    struct Looks(usize);
    impl<'py> IntoPyObject<'py> for Looks {
        type Target = PyAny;
        type Output = Bound<'py, PyAny>;
        type Error = PyErr;

        fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, PyErr> {
            if self.0 != 7 {
                return Ok(PyString::new(py, "x").into_any());
            }
            let code = c"sum(type(o) is list and len(o) == 12345 \
                for o in __import__('gc').get_objects())";
            py.eval(code, None, None)
        }
    }
    // `gc.get_objects` keeps everything alive for a moment, also what another test in the same
    // interpreter expects to be freed.
    alone(|py| {
        let list = PyList::new(py, (0..12345).map(Looks)).unwrap();
        assert_eq!(list.get_item(7).unwrap().to_string(), "0");
        // Once complete, the list is tracked again.
        let seen = Looks(7).into_pyobject(py).unwrap();
        assert_eq!(seen.to_string(), "1");
    });
}

#[test]
fn indices_do_not_wrap_around() {
    Python::attach(|py| {
        let list = letters(py, "abc");
        for index in [3, usize::MAX, isize::MAX as usize + 1] {
            assert!(list.get_item(index).is_err());
            assert!(list.set_item(index, "x").is_err());
            assert!(list.del_item(index).is_err());
        }
        list.insert(usize::MAX, "d").unwrap();
        assert_eq!(joined(list.iter()), "abcd");
        assert_eq!(joined(list.get_slice(2, usize::MAX).iter()), "cd");
        assert!(list.get_slice(usize::MAX, 0).is_empty());
    });
}

#[test]
fn a_list_that_shrinks_ends_the_iteration() {
    Python::attach(|py| {
        let list = letters(py, "abcdef");
        let mut items = list.iter();
        assert_eq!(items.next().unwrap().to_string(), "a");
        list.del_slice(3, 6).unwrap();
        assert_eq!(items.next_back().unwrap().to_string(), "c");
        list.append("z").unwrap();
        assert_eq!(joined(items.by_ref()), "b");
        list.append("y").unwrap();
        assert!(items.next().is_none());
        assert_eq!(items.len(), 0);
    });
}

#[test]
fn the_length_of_an_iterator_follows_the_list() {
    Python::attach(|py| {
        let list = letters(py, "abcd");
        let mut items = list.iter();
        list.del_slice(3, 4).unwrap();
        assert_eq!((items.len(), items.size_hint()), (3, (3, Some(3))));
        items.next();
        assert_eq!(items.len(), 2);
        list.del_slice(0, 3).unwrap();
        assert_eq!((items.len(), items.size_hint()), (0, (0, Some(0))));
        assert_eq!((list.iter().count(), items.count()), (0, 0));
    });
}

#[test]
fn items_added_while_iterating_are_not_visited() {
    Python::attach(|py| {
        let list = letters(py, "abc");
        for item in &list {
            list.append(item).unwrap();
        }
        assert_eq!(joined(list.iter()), "abcabc");
    });
}

#[test]
fn an_iterator_can_be_consumed_from_both_ends() {
    Python::attach(|py| {
        let list = letters(py, "abcdefg");
        let mut items = list.iter();
        assert_eq!(items.nth(1).unwrap().to_string(), "b");
        assert_eq!(items.nth_back(1).unwrap().to_string(), "f");
        assert_eq!(items.len(), 3);
        assert_eq!(joined(items.rev()), "edc");
        assert_eq!(list.iter().count(), 7);
        assert_eq!(list.iter().last().unwrap().to_string(), "g");
    });
}

#[test]
fn locked_iteration_stops_at_an_error() {
    Python::attach(|py| {
        let list = letters(py, "abc");
        let seen = std::cell::Cell::new(0);
        let result = list.locked_for_each(|item| {
            seen.set(seen.get() + 1);
            match item.to_string().as_str() {
                "b" => Err(crate::exceptions::PyValueError::new_err("b")),
                _ => Ok(()),
            }
        });
        assert_eq!((result.is_err(), seen.get()), (true, 2));
    });
}

#[test]
fn other_threads_may_change_a_list_that_is_iterated_over() {
    let list = Python::attach(|py| letters(py, "abcdefgh").unbind());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..500 {
                Python::attach(|py| {
                    let list = list.bind(py);
                    let half = list.get_slice(0, 4);
                    list.del_slice(0, 4).unwrap();
                    list.set_slice(4, 4, &half).unwrap();
                });
            }
        });
        for _ in 0..500 {
            Python::attach(|py| {
                let mut items = list.bind(py).iter().map(|item| item.to_string());
                let halves = items.by_ref().take(4).count() + items.rev().count();
                // Without a GIL, the list may have four items now and eight in a moment.
                assert!(halves <= 8);
            });
        }
    });
    Python::attach(|py| assert_eq!(list.bind(py).len(), 8));
}
