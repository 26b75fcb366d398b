//! `Queue`: a queue of values for any number of threads on both sides.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::exceptions::PyStopIteration;
use pyatoll::prelude::*;

use crate::errors::{Closed, Empty, Full};
use crate::gate::{Gate, lock};
use crate::value::Held;
use crate::waiting::{Deadline, Waiters, wait};

struct State {
    items: VecDeque<Held>,
    is_closed: bool,
}

/// A first-in, first-out queue that all interpreters share, with the methods of `queue.Queue`.
///
/// With a `maxsize` above 0, `put` waits while there are as many items.
#[pyclass(frozen, shareable, generic, weakref)]
pub(crate) struct Queue {
    maxsize: usize,
    state: Mutex<State>,
    /// The number of items, and whether it is closed, for threads that are detached: see `is_open`.
    hint: AtomicUsize,
    getters: Waiters,
    putters: Waiters,
}

/// Added to `hint` once the queue is closed.
const CLOSED: usize = 1 << (usize::BITS - 1);

impl Queue {
    /// Uses the state; threads that are detached see its length afterwards.
    #[inline]
    fn with<R>(&self, function: impl FnOnce(&mut State) -> R) -> R {
        let _gate = Gate::enter();
        let mut state = lock(&self.state);
        let result = function(&mut state);
        let closed = if state.is_closed { CLOSED } else { 0 };
        self.hint
            .store(state.items.len() | closed, Ordering::Relaxed);
        result
    }

    /// Takes an item; `None` if the deadline has passed.
    fn take(&self, py: Python<'_>, deadline: Deadline) -> PyResult<Option<Held>> {
        let is_worth_it = || self.hint.load(Ordering::Relaxed) != 0;
        let taken = wait(py, &self.getters, deadline, Some(&is_worth_it), || {
            self.with(|state| match state.items.pop_front() {
                Some(item) => Ok(Some(item)),
                None if state.is_closed => Err(closed("is closed and has no items left")),
                None => Ok(None),
            })
        })?;
        if self.maxsize > 0 && taken.is_some() {
            self.putters.wake_one();
        }
        Ok(taken)
    }

    fn add(&self, py: Python<'_>, item: Held, deadline: Deadline) -> PyResult<()> {
        let mut item = Some(item);
        let is_worth_it = || {
            let hint = self.hint.load(Ordering::Relaxed);
            hint & CLOSED != 0 || hint < self.maxsize
        };
        let added = wait(py, &self.putters, deadline, Some(&is_worth_it), || {
            self.with(|state| {
                if state.is_closed {
                    return Err(closed("is closed"));
                }
                if self.maxsize > 0 && state.items.len() >= self.maxsize {
                    return Ok(None);
                }
                state.items.extend(item.take());
                Ok(Some(()))
            })
        })?;
        match added {
            Some(()) => {
                self.getters.wake_one();
                Ok(())
            }
            None => Err(Full::new_err(format!(
                "the queue has {} items, its maximum",
                self.maxsize
            ))),
        }
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
        Self {
            maxsize: maxsize.try_into().unwrap_or(0),
            state: Mutex::new(State {
                items: VecDeque::new(),
                is_closed: false,
            }),
            hint: AtomicUsize::new(0),
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
        self.add(item.py(), Held::from_object(item)?, deadline)
    }

    /// Adds an item if there is room: `put(item, False)`.
    fn put_nowait(&self, item: &Bound<'_, PyAny>) -> PyResult<()> {
        self.add(item.py(), Held::from_object(item)?, Deadline::Now)
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
            Some(item) => item.get().to_object(py),
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
        self.with(|state| state.is_closed = true);
        self.getters.wake_all();
        self.putters.wake_all();
    }

    /// Whether the queue is closed.
    #[getter]
    fn closed(&self) -> bool {
        self.with(|state| state.is_closed)
    }

    /// The maximum number of items; 0 if there is none.
    #[getter]
    fn maxsize(&self) -> usize {
        self.maxsize
    }

    /// Returns the number of items.
    fn qsize(&self) -> usize {
        self.with(|state| state.items.len())
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
        let (len, is_closed) = self.with(|state| (state.items.len(), state.is_closed));
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
        lock(&self.state).items.clear();
    }
}
