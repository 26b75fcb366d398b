//! [`AppendList`]: a list of records that binaries share, to which records are only added.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - A record is complete when another thread sees it, and is not moved while the list is shared.
//! - Of several equal records, only one is added, however many threads try at once.

use std::ptr::{NonNull, null_mut};

use super::sync::atomic::{AtomicPtr, Ordering};
use super::sync::const_unless_loom;

/// A record in a list. Its layout is an ABI, if that of `T` is one.
#[repr(C)]
pub(super) struct Node<T> {
    /// The next older one.
    next: *mut Node<T>,
    pub(super) record: T,
}

impl<T> Node<T> {
    pub(super) fn new(record: T) -> Box<Self> {
        Box::new(Self {
            next: null_mut(),
            record,
        })
    }
}

/// The list. It does not own its records: they are freed by whoever allocated them.
#[repr(transparent)]
pub(super) struct AppendList<T> {
    newest: AtomicPtr<Node<T>>,
}

impl<T> AppendList<T> {
    const_unless_loom! {
        pub(super) fn new() -> Self {
            Self {
                newest: AtomicPtr::new(null_mut()),
            }
        }
    }

    /// Returns the records, newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        // SAFETY: null, or a record that was added, which lives as long as the list is shared.
        let node = |pointer: *mut Node<T>| unsafe { pointer.cast_const().as_ref() };
        let newest = node(self.newest.load(Ordering::Acquire));
        std::iter::successors(newest, move |one| node(one.next)).map(|one| &one.record)
    }

    /// Adds a record, unless `is_same` holds for one that is in the list.
    ///
    /// # Errors
    /// The equal record in the list, and the one that was not added.
    pub(super) fn add(
        &self,
        node: Box<Node<T>>,
        is_same: impl Fn(&T) -> bool,
    ) -> Result<&T, (&T, Box<Node<T>>)> {
        let node = Box::into_raw(node);
        loop {
            // Before the search: if it finds none, and this is the newest still, there is none.
            let newest = self.newest.load(Ordering::Acquire);
            if let Some(first) = self.iter().find(|record| is_same(record)) {
                // SAFETY: from `Box::into_raw` above, and not shared.
                return Err((first, unsafe { Box::from_raw(node) }));
            }
            // SAFETY: not shared until the exchange succeeds; after it, `next` is only read.
            unsafe { (*node).next = newest };
            let added =
                self.newest
                    .compare_exchange(newest, node, Ordering::AcqRel, Ordering::Acquire);
            if added.is_ok() {
                // SAFETY: it lives as long as the list is shared.
                return Ok(unsafe { &(*node).record });
            }
        }
    }

    /// Takes all records out of the list, which must no longer be shared.
    pub(super) fn take_all(&self) -> impl Iterator<Item = NonNull<Node<T>>> + use<T> {
        let mut node = self.newest.swap(null_mut(), Ordering::AcqRel);
        std::iter::from_fn(move || {
            let taken = NonNull::new(node)?;
            // SAFETY: it was added, and is the caller's only after this.
            node = unsafe { taken.as_ref().next };
            Some(taken)
        })
    }
}
