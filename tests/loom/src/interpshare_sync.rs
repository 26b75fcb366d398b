//! Takes the place of `interpshare`'s `sync`: loom's atomics and locks, and stand-ins for what it
//! takes from elsewhere.

pub(crate) use loom::sync::{Arc, Mutex, atomic};

use std::collections::VecDeque;

use loom::sync::MutexGuard;
use loom::sync::atomic::{AtomicUsize, Ordering};

/// Parking, with a lock: loom's own `unpark` also resumes a thread that waits for a lock.
pub(crate) mod thread {
    use std::time::Duration;

    use loom::sync::{Arc, Condvar, Mutex};

    /// Whether the thread has been unparked.
    #[derive(Clone)]
    pub(crate) struct Thread(Arc<(Mutex<bool>, Condvar)>);

    loom::thread_local! {
        static OWN: Thread = Thread(Arc::new((Mutex::new(false), Condvar::new())));
    }

    impl Thread {
        pub(crate) fn unpark(&self) {
            let (is_unparked, changed) = &*self.0;
            *super::lock(is_unparked) = true;
            changed.notify_one();
        }
    }

    pub(crate) fn current() -> Thread {
        OWN.with(Thread::clone)
    }

    /// Parks the thread without a limit, so that a model in which nobody wakes it fails.
    pub(crate) fn park_timeout(_limit: Duration) {
        let own = current();
        let (is_unparked, changed) = &*own.0;
        let mut is_unparked = super::lock(is_unparked);
        while !*is_unparked {
            is_unparked = changed.wait(is_unparked).unwrap();
        }
        *is_unparked = false;
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// The number of gates: one for each thread of a model.
const GATES: usize = 3;

loom::lazy_static! {
    static ref ALL: [Mutex<()>; GATES] = [const { () }; GATES].map(Mutex::new);
    static ref NEXT: AtomicUsize = AtomicUsize::new(0);
}

loom::thread_local! {
    static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed);
}

/// A thread's gate, for which `pass_all` waits.
pub(crate) struct Gate(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Gate {
    pub(crate) fn enter() -> Self {
        let all: &'static [Mutex<()>; GATES] = &ALL;
        Self(lock(&all[OWN.with(|own| *own)]))
    }
}

/// Waits until each thread has left the gate that it is in.
pub(crate) fn pass_all() {
    for gate in ALL.iter() {
        drop(lock(gate));
    }
}

/// Stands in for crossbeam's queue without a maximum, whose own orderings are not modeled.
pub(crate) struct SegQueue<T>(Mutex<VecDeque<T>>);

impl<T> SegQueue<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    pub(crate) fn push(&self, item: T) {
        lock(&self.0).push_back(item);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        lock(&self.0).pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

/// Stands in for the one with a maximum.
pub(crate) struct ArrayQueue<T> {
    items: Mutex<VecDeque<T>>,
    maxsize: usize,
}

impl<T> ArrayQueue<T> {
    pub(crate) fn new(maxsize: usize) -> Self {
        Self {
            items: Mutex::new(VecDeque::new()),
            maxsize,
        }
    }

    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        let mut items = lock(&self.items);
        if items.len() == self.maxsize {
            return Err(item);
        }
        items.push_back(item);
        Ok(())
    }

    pub(crate) fn pop(&self) -> Option<T> {
        lock(&self.items).pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.items).len()
    }
}
