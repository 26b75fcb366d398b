//! `Queue`: a queue of values for any number of threads on both sides.

use pyatoll::exceptions::PyStopIteration;
use pyatoll::prelude::*;

use crate::channel::Channel;
use crate::errors::{Closed, Empty, Full};
use crate::item::Item;
use crate::waiting::{Deadline, wait};

/// The largest maximum for which room is allocated in advance.
const ALLOCATED: usize = 4096;

/// A first-in, first-out queue that all interpreters share, with the methods of `queue.Queue`.
///
/// With a `maxsize` above 0, `put` waits while there are as many items.
#[pyclass(frozen, shareable, generic, weakref)]
pub(crate) struct Queue(Channel<Item>);

impl Queue {
    /// Takes an item; `None` if the deadline has passed.
    #[inline]
    fn take(&self, py: Python<'_>, deadline: Deadline) -> PyResult<Option<Item>> {
        let is_worth_it = || self.0.may_be_taken_from();
        wait(py, self.0.takers(), deadline, Some(&is_worth_it), || {
            self.0
                .take()
                .map_err(|_| closed("is closed and has no items left"))
        })
    }

    #[inline]
    fn add(&self, py: Python<'_>, item: Item, deadline: Deadline) -> PyResult<()> {
        let mut item = Some(item);
        let is_worth_it = || self.0.may_be_added_to();
        let attempt = || {
            let is_added = self.0.add(&mut item).map_err(|_| closed("is closed"))?;
            Ok(is_added.then_some(()))
        };
        let added = wait(py, self.0.adders(), deadline, Some(&is_worth_it), attempt)?;
        added.ok_or_else(|| {
            Full::new_err(format!(
                "the queue has {} items, its maximum",
                self.0.maxsize()
            ))
        })
    }
}

#[cold]
fn closed(state: &str) -> PyErr {
    Closed::new_err(format!("the queue {state}"))
}

#[pymethods]
impl Queue {
    /// Creates a queue of at most `maxsize` items; of any number, if it is 0.
    #[new]
    #[pyo3(signature = (maxsize = 0))]
    fn new(maxsize: isize) -> Self {
        Self(Channel::new(maxsize.try_into().unwrap_or(0), ALLOCATED))
    }

    /// Adds an item. Waits while the queue is full: not at all without `block`, else for `timeout`
    /// seconds, or without a limit.
    ///
    /// Raises `Full` if there was no room in time, and `Closed` if the queue is closed.
    #[pyo3(signature = (item, block = true, timeout = None))]
    fn put(&self, item: &Bound<'_, PyAny>, block: bool, timeout: Option<f64>) -> PyResult<()> {
        let deadline = Deadline::of_queue(block, timeout)?;
        self.add(item.py(), Item::from_object(item)?, deadline)
    }

    /// Adds an item if there is room: `put(item, False)`.
    fn put_nowait(&self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        self.add(item.py(), Item::from_object(item)?, Deadline::Now)
    }

    /// Removes and returns the first item. Waits while the queue is empty: not at all without
    /// `block`, else for `timeout` seconds, or without a limit.
    ///
    /// Raises `Empty` if none came in time, and `Closed` if the queue is closed and has none left.
    #[pyo3(signature = (block = true, timeout = None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        block: bool,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.take(py, Deadline::of_queue(block, timeout)?)? {
            Some(item) => item.to_object(py),
            None => Err(Empty::new_err("the queue is empty")),
        }
    }

    /// Removes and returns the first item if there is one: `get(False)`.
    fn get_nowait<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.get(py, false, None)
    }

    /// Closes the queue for good: `put` raises `Closed`, and so does `get` once the items that are
    /// in it are gone. Threads that wait do so now.
    fn close(&self) {
        self.0.close();
    }

    /// Whether the queue is closed.
    #[getter]
    fn closed(&self) -> bool {
        self.0.is_closed()
    }

    /// The maximum number of items; 0 if there is none.
    #[getter]
    fn maxsize(&self) -> usize {
        self.0.maxsize()
    }

    /// Returns the number of items.
    fn qsize(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no items.
    fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Returns whether there are `maxsize` items.
    fn full(&self) -> bool {
        self.maxsize() > 0 && self.qsize() >= self.maxsize()
    }

    fn __len__(&self) -> usize {
        self.qsize()
    }

    /// Returns the queue: iterating over it gets items until it is closed and has none left.
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.get(py, true, None) {
            Err(error) if error.is_instance_of::<Closed>(py) => Err(PyStopIteration::new_err(())),
            other => other,
        }
    }

    fn __repr__(&self) -> String {
        let (len, is_closed) = (self.qsize(), self.closed());
        let maximum = match self.maxsize() {
            0 => String::new(),
            maxsize => format!(" of at most {maxsize}"),
        };
        let closed = if is_closed { ", closed" } else { "" };
        format!("<interpshare.Queue of {len} items{maximum}{closed}>")
    }
}
