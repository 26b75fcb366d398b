//! References to an interpreter's objects, and its values of cells, that were dropped by threads
//! that are not attached to it.
//!
//! Any thread pushes. The interpreter drains the queue at its next entry, when `Python::detach`
//! returns, and at its end, which closes the queue.
//!
//! The items are in one vector under a lock, since an allocation for each item would cost more than
//! the lock does. Only the allocator is called while the lock is held. A fork holds the locks of
//! all queues, so that its child finds none held by another thread.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - Each item that was pushed is passed to one `release`, once, unless the push was refused.
//! - The releasing thread sees all writes of the pushing thread from before the push.
//! - While items are queued, [`DropQueue::has_some`] says so to every thread that sees the push.
//! - A closed queue is empty and stays so.

use super::sync::atomic::{AtomicBool, Ordering};
use super::sync::{Mutex, MutexGuard, lock};

/// The largest capacity, in items, that an empty queue keeps for the next ones. After a burst of
/// more, the memory is returned.
const KEPT: usize = 1024;

struct State<T> {
    is_closed: bool,
    /// Whether an empty queue keeps memory for the next items.
    keeps_memory: bool,
    items: Vec<T>,
}

/// A queue of items to release.
pub(crate) struct DropQueue<T> {
    /// `!state.items.is_empty()`, readable without the lock.
    has_some: AtomicBool,
    state: Mutex<State<T>>,
}

/// The queue's lock, held across a fork.
#[cfg(all(unix, not(loom)))]
pub(crate) struct ForkLock<'a, T>(#[expect(dead_code, reason = "held")] MutexGuard<'a, State<T>>);

impl<T> DropQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            has_some: AtomicBool::new(false),
            state: Mutex::new(State {
                is_closed: false,
                keeps_memory: true,
                items: Vec::new(),
            }),
        }
    }

    /// Returns whether a drain would find something.
    #[inline]
    pub(crate) fn has_some(&self) -> bool {
        self.has_some.load(Ordering::Relaxed)
    }

    /// Pushes one item.
    ///
    /// # Errors
    /// The item, if the queue is closed.
    #[inline]
    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        let mut state = self.state();
        if state.is_closed {
            return Err(item);
        }
        state.items.push(item);
        self.has_some.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Takes everything that is queued and passes each item to `release`, oldest first. Items that
    /// are pushed during the call stay for the next drain, which `release` may begin.
    pub(crate) fn drain(&self, mut release: impl FnMut(T)) {
        let mut items = self.take(&mut self.state());
        items.drain(..).for_each(&mut release);
        if (1..=KEPT).contains(&items.capacity()) {
            let mut state = self.state();
            if state.keeps_memory && !state.is_closed && state.items.capacity() == 0 {
                state.items = items;
            }
        }
    }

    /// Has each drain from now on return the queue's memory: the queue stays, but few items come.
    pub(crate) fn keep_no_memory(&self) {
        self.state().keeps_memory = false;
    }

    /// Drains and closes the queue in one step.
    pub(crate) fn close(&self, release: impl FnMut(T)) {
        let mut state = self.state();
        state.is_closed = true;
        let items = self.take(&mut state);
        drop(state);
        items.into_iter().for_each(release);
    }

    /// Takes the queue's lock.
    #[cfg(all(unix, not(loom)))]
    pub(crate) fn lock_for_fork(&self) -> ForkLock<'_, T> {
        ForkLock(self.state())
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    fn take(&self, state: &mut State<T>) -> Vec<T> {
        self.has_some.store(false, Ordering::Relaxed);
        std::mem::take(&mut state.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_any_thread_pushes_is_drained_once() {
        let queue = DropQueue::new();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let queue = &queue;
                scope.spawn(move || {
                    for number in 0..1000 {
                        assert!(queue.push(thread * 1000 + number).is_ok());
                    }
                });
            }
        });
        assert!(queue.has_some());
        let mut seen = std::collections::HashSet::new();
        queue.drain(|item| assert!(seen.insert(item)));
        assert_eq!(seen.len(), 4000);
        assert!(!queue.has_some());
    }

    #[test]
    fn a_closed_queue_releases_what_it_had_and_refuses_more() {
        let queue = DropQueue::new();
        assert!(queue.push(8).is_ok());
        let mut released = 0;
        queue.close(|_| released += 1);
        queue.close(|_| released += 1);
        assert_eq!(released, 1);
        assert_eq!(queue.push(16), Err(16));
        assert!(!queue.has_some());
        assert_eq!(queue.state().items.capacity(), 0);
    }

    #[test]
    fn a_release_may_push_and_drain() {
        let queue = DropQueue::new();
        assert!(queue.push(2).is_ok());
        let mut outer = Vec::new();
        let mut inner = Vec::new();
        queue.drain(|item| {
            outer.push(item);
            assert!(!queue.has_some());
            assert!(queue.push(item + 1).is_ok());
            queue.drain(|item| inner.push(item));
            assert!(queue.push(item + 2).is_ok());
        });
        assert_eq!((outer, inner), (vec![2], vec![3]));
        let mut left = Vec::new();
        queue.drain(|item| left.push(item));
        assert_eq!(left, [4]);
    }

    #[test]
    fn a_release_may_close_the_queue() {
        let queue = DropQueue::new();
        assert!(queue.push(1).is_ok());
        queue.drain(|_| queue.close(|_| unreachable!("it was taken")));
        assert_eq!(queue.push(2), Err(2));
        assert_eq!(queue.state().items.capacity(), 0);
    }

    #[test]
    fn memory_is_kept_for_a_few_and_returned_after_a_burst() {
        let queue = DropQueue::new();
        let capacity_after = |count| {
            (0..count).for_each(|item| assert!(queue.push(item).is_ok()));
            queue.drain(|_| ());
            queue.state().items.capacity()
        };
        assert!((10..=KEPT).contains(&capacity_after(10)));
        assert_eq!(capacity_after(KEPT + 1), 0);
        assert!((10..=KEPT).contains(&capacity_after(10)));
        queue.keep_no_memory();
        assert_eq!(capacity_after(0), 0);
        assert_eq!(capacity_after(10), 0);
    }

    #[test]
    fn a_panic_in_a_release_leaves_the_queue_usable() {
        let queue = DropQueue::new();
        assert!(queue.push(1).is_ok());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            queue.drain(|_| std::panic::resume_unwind(Box::new(())));
        }));
        assert!(panicked.is_err());
        assert!(queue.push(2).is_ok());
        let mut left = Vec::new();
        queue.drain(|item| left.push(item));
        assert_eq!(left, [2]);
    }
}
