//! Tests of tuples.

use super::{PyTuple, PyTupleMethods};
use crate::interpreter::Python;

/// An iterator that reports `.0` items and yields `.1`.
struct Wrong(usize, usize);

impl Iterator for Wrong {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        self.1 = self.1.checked_sub(1)?;
        Some("x")
    }
}

impl ExactSizeIterator for Wrong {
    fn len(&self) -> usize {
        self.0
    }
}

#[test]
#[should_panic(expected = "was smaller than reported")]
fn an_iterator_that_reports_too_many_items_panics() {
    Python::attach(|py| drop(PyTuple::new(py, Wrong(5, 2))));
}

#[test]
#[should_panic(expected = "was larger than reported")]
fn an_iterator_that_reports_too_few_items_panics() {
    Python::attach(|py| drop(PyTuple::new(py, Wrong(2, 5))));
}

#[test]
fn iterators_can_be_consumed_from_both_ends() {
    Python::attach(|py| {
        let tuple = PyTuple::new(py, ["a", "b", "c", "d", "e"]).unwrap();
        let mut items = tuple.iter();
        assert_eq!(items.nth(1).unwrap().to_string(), "b");
        assert_eq!(items.next_back().unwrap().to_string(), "e");
        assert_eq!((items.len(), items.count()), (2, 2));
        let mut items = tuple.iter_borrowed();
        assert_eq!(items.nth_back(1).unwrap().to_string(), "d");
        assert_eq!(items.last().unwrap().to_string(), "c");
        assert!(tuple.iter().nth(5).is_none());
    });
}

#[test]
fn a_slice_of_handles_takes_no_references() {
    Python::attach(|py| {
        let tuple = PyTuple::new(py, ["pyatoll unshared a", "b"]).unwrap();
        // SAFETY: the tuple keeps the object alive.
        let count = || unsafe { pyo3_ffi::Py_REFCNT(tuple.get_item(0).unwrap().as_ptr()) };
        let before = count();
        let items = tuple.as_slice();
        assert_eq!(count(), before);
        assert_eq!(
            items.iter().map(|item| item.to_string().len()).max(),
            Some(18)
        );
        assert_eq!(items.into_iter().count(), 2);
        assert_eq!(count(), before);
        assert!(PyTuple::empty(py).as_slice().is_empty());
    });
}

#[test]
fn indices_do_not_wrap_around() {
    Python::attach(|py| {
        let tuple = PyTuple::new(py, ["a", "b"]).unwrap();
        assert!(tuple.get_item(usize::MAX).is_err());
        assert_eq!(tuple.get_slice(1, usize::MAX).len(), 1);
    });
}
