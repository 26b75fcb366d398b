//! [`Channel`]: the items of a queue, and the threads that wait to add or to take one.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - A thread adds an item within a gate in which it has seen that the channel is open. A channel
//!   is `CLOSING` until all such gates are left: once it is `CLOSED`, no further item is added.
//! - Each item that was added is taken once, or is left when the channel is dropped.

use super::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use super::sync::{ArrayQueue, Gate, SegQueue, pass_all};
use super::waiters::Waiters;

/// The items.
enum Items<T> {
    Unbounded(SegQueue<T>),
    Bounded(ArrayQueue<T>),
    /// The count is at least the number of items, and at most the maximum.
    Counted(SegQueue<T>, AtomicUsize),
}

impl<T> Items<T> {
    fn new(maxsize: usize, allocated: usize) -> Self {
        match maxsize {
            0 => Self::Unbounded(SegQueue::new()),
            _ if maxsize <= allocated => Self::Bounded(ArrayQueue::new(maxsize)),
            _ => Self::Counted(SegQueue::new(), AtomicUsize::new(0)),
        }
    }

    /// Adds an item, or returns it if there is no room.
    #[inline]
    fn push(&self, item: T, maxsize: usize) -> Result<(), T> {
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
    fn pop(&self) -> Option<T> {
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

/// The error of a channel that is closed.
#[derive(Debug)]
pub(crate) struct IsClosed;

/// A first-in, first-out queue for any number of threads on both sides.
pub(crate) struct Channel<T> {
    maxsize: usize,
    items: Items<T>,
    state: AtomicU8,
    /// The threads that wait for an item.
    takers: Waiters,
    /// The threads that wait for room.
    adders: Waiters,
}

impl<T> Channel<T> {
    /// Creates a channel of at most `maxsize` items, or of any number if that is 0. It has room for
    /// them from the start if it needs no more than `allocated`.
    pub(crate) fn new(maxsize: usize, allocated: usize) -> Self {
        Self {
            maxsize,
            items: Items::new(maxsize, allocated),
            state: AtomicU8::new(OPEN),
            takers: Waiters::new(),
            adders: Waiters::new(),
        }
    }

    /// Takes the first item, if there is one.
    ///
    /// # Errors
    /// If the channel is closed and has none left.
    #[inline]
    pub(crate) fn take(&self) -> Result<Option<T>, IsClosed> {
        // Before the look at the items: none is added after it is closed.
        let state = self.state.load(Ordering::SeqCst);
        let item = {
            let _gate = Gate::enter();
            self.items.pop()
        };
        match item {
            Some(item) => {
                if self.maxsize > 0 {
                    self.adders.wake_one();
                }
                Ok(Some(item))
            }
            None if state == CLOSED => Err(IsClosed),
            None if state == CLOSING => {
                // The thread that closes it may be one that a fork has left behind.
                self.finish_closing();
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Adds the item in `item`, and returns whether there was room.
    ///
    /// # Errors
    /// If the channel is closed.
    #[inline]
    pub(crate) fn add(&self, item: &mut Option<T>) -> Result<bool, IsClosed> {
        {
            let _gate = Gate::enter();
            if self.state.load(Ordering::SeqCst) != OPEN {
                return Err(IsClosed);
            }
            let Some(next) = item.take() else {
                return Ok(false);
            };
            if let Err(next) = self.items.push(next, self.maxsize) {
                *item = Some(next);
                return Ok(false);
            }
        }
        self.takers.wake_one();
        Ok(true)
    }

    /// Closes the channel for good.
    pub(crate) fn close(&self) {
        let order = Ordering::SeqCst;
        let _ = self.state.compare_exchange(OPEN, CLOSING, order, order);
        self.adders.wake_all();
        self.finish_closing();
    }

    /// Closes a channel that is about to be closed. Not called within a gate.
    #[cold]
    fn finish_closing(&self) {
        pass_all();
        self.state.store(CLOSED, Ordering::SeqCst);
        self.takers.wake_all();
    }

    /// Returns the threads that wait for an item.
    pub(crate) fn takers(&self) -> &Waiters {
        &self.takers
    }

    /// Returns the threads that wait for room.
    pub(crate) fn adders(&self) -> &Waiters {
        &self.adders
    }

    /// Returns whether the channel is closed, or about to be.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Ordering::SeqCst) != OPEN
    }

    /// Returns whether an attempt to take an item is worth it.
    pub(crate) fn may_be_taken_from(&self) -> bool {
        self.items.len() > 0 || self.state.load(Ordering::Relaxed) != OPEN
    }

    /// Returns whether an attempt to add an item is worth it.
    pub(crate) fn may_be_added_to(&self) -> bool {
        self.items.len() < self.maxsize || self.state.load(Ordering::Relaxed) != OPEN
    }

    pub(crate) fn maxsize(&self) -> usize {
        self.maxsize
    }

    /// Returns the number of items.
    pub(crate) fn len(&self) -> usize {
        let _gate = Gate::enter();
        self.items.len()
    }
}

impl<T> Drop for Channel<T> {
    fn drop(&mut self) {
        let _gate = Gate::enter();
        while self.items.pop().is_some() {}
    }
}
