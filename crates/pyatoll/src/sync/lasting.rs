//! [`LastingLocal<T>`]: an [`InterpreterLocal`] whose values live as long as the cell, so that they
//! can be borrowed for as long.

use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use super::InterpreterLocal;
use crate::interpreter::Python;

/// A cell with one value per interpreter, which outlives the interpreter.
pub(super) struct LastingLocal<T: 'static> {
    current: InterpreterLocal<Link<T>>,
    /// The list of all values, including those of interpreters that have ended. A value is removed
    /// only with an exclusive borrow of the cell.
    newest: AtomicPtr<Node<T>>,
    /// The cell owns values, and lends them to any thread.
    marker: PhantomData<(T, InterpreterLocal<T>)>,
}

struct Node<T> {
    value: T,
    next: *mut Node<T>,
}

/// A pointer into the list of a cell.
struct Link<T>(NonNull<Node<T>>);

// SAFETY: only the cell dereferences it, and the cell's values are `Send + Sync` (`new`).
unsafe impl<T> Send for Link<T> {}
// SAFETY: as for `Send`.
unsafe impl<T> Sync for Link<T> {}

impl<T: Send + Sync + 'static> LastingLocal<T> {
    /// Creates a cell without values.
    pub(super) const fn new() -> Self {
        Self {
            current: InterpreterLocal::new(),
            newest: AtomicPtr::new(ptr::null_mut()),
            marker: PhantomData,
        }
    }

    /// Returns this interpreter's value, if there is one.
    #[inline]
    pub(super) fn get(&self, py: Python<'_>) -> Option<&T> {
        let link = self.current.get(py)?;
        // SAFETY: a node of this cell's list, which lives as long as the cell.
        Some(unsafe { &link.0.as_ref().value })
    }

    /// Returns this interpreter's value for writing, if there is one.
    pub(super) fn get_mut(&mut self, py: Python<'_>) -> Option<&mut T> {
        let link = self.current.get_mut(py)?;
        // SAFETY: as in `get`; the exclusive borrow of the cell excludes other references.
        Some(unsafe { &mut link.0.as_mut().value })
    }

    /// Returns this interpreter's value, creating it with `f` if there is none. If another thread
    /// sets a value first, that one stays; the result of `f` is kept, unused.
    #[track_caller]
    pub(super) fn get_or_init(&self, py: Python<'_>, f: impl FnOnce() -> T) -> &T {
        let link = self.current.get_or_init(py, || self.push(f()));
        // SAFETY: as in `get`.
        unsafe { &link.0.as_ref().value }
    }

    /// Takes the value that [`InterpreterLocal::take_without_token`] would take.
    pub(super) fn take_without_token(&mut self) -> Option<T> {
        let taken = self.current.take_without_token()?.0.as_ptr();
        let mut place: *mut *mut Node<T> = self.newest.get_mut();
        // SAFETY: the exclusive borrow of the cell excludes other references to its list, which has
        // the node. It was created by `push`, and no link to it is left.
        unsafe {
            while *place != taken {
                place = &raw mut (**place).next;
            }
            let node = Box::from_raw(taken);
            *place = node.next;
            Some(node.value)
        }
    }

    fn push(&self, value: T) -> Link<T> {
        let mut next = self.newest.load(Ordering::Relaxed);
        let node = NonNull::from(Box::leak(Box::new(Node { value, next })));
        // Released to `drop`, which has the cell for itself.
        while let Err(newer) = self.newest.compare_exchange_weak(
            next,
            node.as_ptr(),
            Ordering::Release,
            Ordering::Relaxed,
        ) {
            next = newer;
            // SAFETY: no other thread has the node yet.
            unsafe { (*node.as_ptr()).next = next };
        }
        Link(node)
    }
}

impl<T: 'static> Drop for LastingLocal<T> {
    fn drop(&mut self) {
        let mut node = *self.newest.get_mut();
        while !node.is_null() {
            // SAFETY: created by `push`, owned by this list, and not borrowed: the cell is dropped.
            let owned = unsafe { Box::from_raw(node) };
            node = owned.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::interpreter::SubInterpreter;
    use crate::object::Py;
    use crate::types::{PyList, PyListMethods};

    #[test]
    fn a_value_outlives_its_interpreter_until_the_cell_is_dropped() {
        let mut cell: LastingLocal<Arc<()>> = LastingLocal::new();
        let shared = Arc::new(());
        for _ in 0..2 {
            let sub = SubInterpreter::builder().build().unwrap();
            let value = sub
                .attach(|py| {
                    assert!(cell.get(py).is_none());
                    let value = cell.get_or_init(py, || shared.clone());
                    assert!(std::ptr::eq(value, cell.get(py).unwrap()));
                    value
                })
                .unwrap();
            sub.close().unwrap();
            assert!(Arc::ptr_eq(value, &shared));
        }
        assert_eq!(Arc::strong_count(&shared), 3);
        Python::attach(|py| {
            cell.get_or_init(py, Default::default);
            *cell.get_mut(py).unwrap() = shared.clone();
            assert!(Arc::ptr_eq(&cell.take_without_token().unwrap(), &shared));
            assert!(cell.get(py).is_none());
            cell.get_or_init(py, || shared.clone());
        });
        assert_eq!(Arc::strong_count(&shared), 4);
        drop(cell);
        assert_eq!(Arc::strong_count(&shared), 1);
    }

    #[test]
    fn a_value_that_is_taken_leaves_nothing_behind() {
        let mut cell: LastingLocal<usize> = LastingLocal::new();
        let sub = SubInterpreter::builder().build().unwrap();
        sub.attach(|py| assert_eq!(cell.get_or_init(py, || 0), &0))
            .unwrap();
        Python::attach(|py| {
            for value in 1..4 {
                assert_eq!(cell.get_or_init(py, || value), &value);
                assert_eq!(cell.take_without_token(), Some(value));
                assert_eq!(cell.get(py), None);
            }
        });
        // The values in between, the newest and the oldest one.
        assert_eq!(sub.attach(|py| cell.get(py).copied()).unwrap(), Some(0));
        Python::attach(|py| assert_eq!(cell.get_or_init(py, || 4), &4));
        sub.attach(|_| assert_eq!(cell.take_without_token(), Some(0)))
            .unwrap();
        Python::attach(|_| assert_eq!(cell.take_without_token(), Some(4)));
        assert!(cell.newest.get_mut().is_null());
        sub.close().unwrap();
    }

    #[test]
    fn threads_that_race_get_one_value() {
        let cell: LastingLocal<usize> = LastingLocal::new();
        let values: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let cell = &cell;
                    scope.spawn(move || Python::attach(|py| *cell.get_or_init(py, || number)))
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(values.iter().all(|value| *value == values[0]));
    }

    #[test]
    fn an_object_is_refused_elsewhere_and_after_the_end() {
        let cell: LastingLocal<Option<Py<PyList>>> = LastingLocal::new();
        let sub = SubInterpreter::builder().build().unwrap();
        let list = sub
            .attach(|py| {
                let list = cell.get_or_init(py, || Some(PyList::empty(py).unbind()));
                let list = list.as_ref().unwrap();
                list.bind(py).append(1).unwrap();
                assert_eq!(list.bind(py).len(), 1);
                list
            })
            .unwrap();
        Python::attach(|py| {
            assert!(list.try_bind(py).is_err());
            sub.close().unwrap();
            assert!(list.try_bind(py).is_err());
        });
        drop(cell);
    }
}
