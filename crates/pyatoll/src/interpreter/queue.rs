//! References to an interpreter's objects, and its values of cells, that were dropped by threads
//! that are not attached to it.
//!
//! Any thread pushes. The interpreter drains the queue at its next entry and at its end, which
//! closes the queue.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - Each item that was pushed is passed to one `release`, once, unless the push was refused.
//! - The releasing thread sees all writes of the pushing thread from before the push.
//! - A closed queue is empty and stays so.

use std::ptr::null_mut;

use super::sync::atomic::{AtomicPtr, Ordering};

struct Node<T> {
    item: T,
    next: *mut Node<T>,
}

/// Returns the head of a closed queue.
const fn closed<T>() -> *mut Node<T> {
    std::ptr::without_provenance_mut(1)
}

/// A lock-free stack of items to release.
pub(crate) struct DropQueue<T> {
    /// Null when empty, [`closed`] once closed.
    head: AtomicPtr<Node<T>>,
}

impl<T> DropQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            head: AtomicPtr::new(null_mut()),
        }
    }

    /// Returns whether a drain would find something.
    #[inline]
    pub(crate) fn has_some(&self) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        !head.is_null() && head != closed()
    }

    /// Pushes one item.
    ///
    /// # Errors
    /// The item, if the queue is closed.
    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        let node = Box::into_raw(Box::new(Node {
            item,
            next: null_mut(),
        }));
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == closed() {
                // SAFETY: from `Box::into_raw` above, not shared.
                return Err(unsafe { Box::from_raw(node) }.item);
            }
            // SAFETY: not shared before the exchange succeeds.
            unsafe { (*node).next = head };
            match self
                .head
                .compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(other) => head = other,
            }
        }
    }

    /// Takes everything that is queued and passes each item to `release`.
    pub(crate) fn drain(&self, release: impl FnMut(T)) {
        let mut head = self.head.load(Ordering::Relaxed);
        while !head.is_null() && head != closed() {
            match self.head.compare_exchange_weak(
                head,
                null_mut(),
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Self::release_all(head, release),
                Err(other) => head = other,
            }
        }
    }

    /// Drains and closes the queue in one step.
    pub(crate) fn close(&self, release: impl FnMut(T)) {
        let head = self.head.swap(closed(), Ordering::Acquire);
        if head != closed() {
            Self::release_all(head, release);
        }
    }

    fn release_all(mut node: *mut Node<T>, mut release: impl FnMut(T)) {
        while !node.is_null() {
            // SAFETY: every node came from `push`, and the list was taken out of `head`, so it is
            // not shared.
            let Node { item, next } = *unsafe { Box::from_raw(node) };
            release(item);
            node = next;
        }
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
    }
}
