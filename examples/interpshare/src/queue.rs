//! `Queue`: a queue of values for any number of threads on both sides.
//!
//! Invariants:
//! - A thread adds an item within a gate in which it has seen that the queue is open. A queue is
//!   `CLOSING` until all such gates are left: once it is `CLOSED`, no item is added any more.
//! - A thread that waits is in the list before it looks at the queue again, and a thread that has
//!   changed the queue looks at the list afterwards, both with a `SeqCst` fence in between.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering, fence};

use crossbeam_queue::{ArrayQueue, SegQueue};
use pyatoll::exceptions::PyStopIteration;
use pyatoll::prelude::*;

use crate::errors::{Closed, Empty, Full};
use crate::gate::{self, Gate};
use crate::item::Item;
use crate::waiting::{Deadline, Waiters, wait};

/// The largest maximum for which room is allocated in advance.
const ALLOCATED: usize = 4096;

/// The items.
enum Items {
    Unbounded(SegQueue<Item>),
    Bounded(ArrayQueue<Item>),
    /// The number of items, or more while one is added or removed, is below the maximum.
    Counted(SegQueue<Item>, AtomicUsize),
}

impl Items {
    fn new(maxsize: usize) -> Self {
        match maxsize {
            0 => Self::Unbounded(SegQueue::new()),
            1..=ALLOCATED => Self::Bounded(ArrayQueue::new(maxsize)),
            _ => Self::Counted(SegQueue::new(), AtomicUsize::new(0)),
        }
    }

    /// Adds an item, or returns it if there is no room.
    #[inline]
    fn push(&self, item: Item, maxsize: usize) -> Result<(), Item> {
        match self {
            Self::Unbounded(items) => items.push(item),
            Self::Bounded(items) => return items.push(item),
            Self::Counted(items, count) => {
                let more = |count| (count < maxsize).then_some(count + 1);
                if count
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more)
                    .is_err()
                {
                    return Err(item);
                }
                items.push(item);
            }
        }
        Ok(())
    }

    #[inline]
    fn pop(&self) -> Option<Item> {
        match self {
            Self::Unbounded(items) => items.pop(),
            Self::Bounded(items) => items.pop(),
            Self::Counted(items, count) => {
                let item = items.pop()?;
                count.fetch_sub(1, Ordering::SeqCst);
                Some(item)
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Unbounded(items) | Self::Counted(items, _) => items.len(),
            Self::Bounded(items) => items.len(),
        }
    }
}

const OPEN: u8 = 0;
const CLOSING: u8 = 1;
const CLOSED: u8 = 2;

/// A first-in, first-out queue that all interpreters share, with the methods of `queue.Queue`.
///
/// With a `maxsize` above 0, `put` waits while there are as many items.
#[pyclass(frozen, shareable, generic, weakref)]
pub(crate) struct Queue {
    maxsize: usize,
    items: Items,
    state: AtomicU8,
    getters: Waiters,
    putters: Waiters,
}

impl Queue {
    /// Takes an item; `None` if the deadline has passed.
    #[inline]
    fn take(&self, py: Python<'_>, deadline: Deadline) -> PyResult<Option<Item>> {
        let is_worth_it = || self.len() > 0 || self.state.load(Ordering::Relaxed) != OPEN;
        let taken = wait(py, &self.getters, deadline, Some(&is_worth_it), || {
            // Before the look at the items: none is added after it is closed.
            let state = self.state.load(Ordering::SeqCst);
            let _gate = Gate::enter();
            match self.items.pop() {
                Some(item) => Ok(Some(item)),
                None if state == CLOSED => Err(closed("is closed and has no items left")),
                None => Ok(None),
            }
        })?;
        if self.maxsize > 0 && taken.is_some() {
            fence(Ordering::SeqCst);
            self.putters.wake_one();
        }
        Ok(taken)
    }

    #[inline]
    fn add(&self, py: Python<'_>, item: Item, deadline: Deadline) -> PyResult<()> {
        let mut item = Some(item);
        let is_worth_it =
            || self.len() < self.maxsize || self.state.load(Ordering::Relaxed) != OPEN;
        let added = wait(py, &self.putters, deadline, Some(&is_worth_it), || {
            let _gate = Gate::enter();
            if self.state.load(Ordering::SeqCst) != OPEN {
                return Err(closed("is closed"));
            }
            let Some(next) = item.take() else {
                return Ok(None);
            };
            match self.items.push(next, self.maxsize) {
                Ok(()) => Ok(Some(())),
                Err(back) => {
                    item = Some(back);
                    Ok(None)
                }
            }
        })?;
        match added {
            Some(()) => {
                fence(Ordering::SeqCst);
                self.getters.wake_one();
                Ok(())
            }
            None => Err(Full::new_err(format!(
                "the queue has {} items, its maximum",
                self.maxsize
            ))),
        }
    }

    fn len(&self) -> usize {
        self.items.len()
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
        let maxsize = maxsize.try_into().unwrap_or(0);
        Self {
            maxsize,
            items: Items::new(maxsize),
            state: AtomicU8::new(OPEN),
            getters: Waiters::default(),
            putters: Waiters::default(),
        }
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
        let order = Ordering::SeqCst;
        let _ = self.state.compare_exchange(OPEN, CLOSING, order, order);
        self.putters.wake_all();
        gate::pass_all();
        self.state.store(CLOSED, order);
        self.getters.wake_all();
    }

    /// Whether the queue is closed.
    #[getter]
    fn closed(&self) -> bool {
        self.state.load(Ordering::SeqCst) != OPEN
    }

    /// The maximum number of items; 0 if there is none.
    #[getter]
    fn maxsize(&self) -> usize {
        self.maxsize
    }

    /// Returns the number of items.
    fn qsize(&self) -> usize {
        let _gate = Gate::enter();
        self.len()
    }

    /// Returns whether there are no items.
    fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Returns whether there are `maxsize` items.
    fn full(&self) -> bool {
        self.maxsize > 0 && self.qsize() >= self.maxsize
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
        let maximum = match self.maxsize {
            0 => String::new(),
            maxsize => format!(" of at most {maxsize}"),
        };
        let closed = if is_closed { ", closed" } else { "" };
        format!("<interpshare.Queue of {len} items{maximum}{closed}>")
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let _gate = Gate::enter();
        while self.items.pop().is_some() {}
    }
}
