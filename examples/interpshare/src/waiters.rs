//! [`Waiters`]: the threads that wait for an object to change.
//!
//! Invariants, checked with loom in `tests/loom`:
//! - A thread is in the list before it looks at the object for the last time, and a thread that has
//!   changed the object looks at the list after that, both with a `SeqCst` fence in between: the
//!   waiting thread sees the change, or the other one sees the waiting thread in the list.
//! - A thread that was woken and leaves without success wakes the next one: what it was woken for
//!   is still there.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use super::sync::{Arc, Gate, Mutex, lock, thread};

/// A thread that sleeps, or is about to.
struct Waiter {
    thread: thread::Thread,
    is_woken: AtomicBool,
}

impl Waiter {
    fn current() -> Arc<Self> {
        Arc::new(Self {
            thread: thread::current(),
            is_woken: AtomicBool::new(false),
        })
    }

    fn is_woken(&self) -> bool {
        self.is_woken.load(Ordering::Acquire)
    }

    fn sleep(&self, limit: Duration) {
        let end = Instant::now() + limit;
        while !self.is_woken() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::park_timeout(left);
        }
    }
}

/// A function that puts the waiting thread to sleep for at most the given time.
pub(crate) type Sleep<'a> = &'a (dyn Fn(Duration) + Sync);

/// The threads that wait for an object.
pub(crate) struct Waiters {
    /// The length of the list, so that nothing is locked if nobody waits.
    count: AtomicUsize,
    list: Mutex<VecDeque<Arc<Waiter>>>,
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            list: Mutex::new(VecDeque::new()),
        }
    }

    /// Wakes the thread that has waited longest. Called after the object was changed, by a thread
    /// that has released its lock.
    #[inline]
    pub(crate) fn wake_one(&self) {
        self.wake(1);
    }

    /// Wakes all threads. Called like [`wake_one`](Self::wake_one).
    #[inline]
    pub(crate) fn wake_all(&self) {
        self.wake(usize::MAX);
    }

    #[inline]
    fn wake(&self, limit: usize) {
        // Between the change and the look.
        fence(Ordering::SeqCst);
        if self.count.load(Ordering::Relaxed) > 0 {
            self.wake_some(limit);
        }
    }

    #[cold]
    fn wake_some(&self, limit: usize) {
        let woken = {
            let _gate = Gate::enter();
            let mut list = lock(&self.list);
            let len = list.len();
            let woken: Vec<_> = list.drain(..limit.min(len)).collect();
            self.count.store(list.len(), Ordering::Relaxed);
            for waiter in &woken {
                // Under the lock, so that a thread that is no longer in the list knows why.
                waiter.is_woken.store(true, Ordering::Release);
            }
            woken
        };
        for waiter in woken {
            waiter.thread.unpark();
        }
    }

    fn add(&self, waiter: &Arc<Waiter>) {
        {
            let _gate = Gate::enter();
            let mut list = lock(&self.list);
            list.push_back(Arc::clone(waiter));
            self.count.store(list.len(), Ordering::Relaxed);
        }
        // Between that and the thread's last look at the object.
        fence(Ordering::SeqCst);
    }

    /// Removes a thread, unless it was woken.
    fn remove(&self, waiter: &Arc<Waiter>) {
        let _gate = Gate::enter();
        let mut list = lock(&self.list);
        list.retain(|other| !Arc::ptr_eq(other, waiter));
        self.count.store(list.len(), Ordering::Relaxed);
    }

    /// Calls `attempt` whenever the object may have changed, until it succeeds or `is_over` returns
    /// true.
    ///
    /// In between, it calls `pause` with a function that lets the thread sleep; `pause` fails if
    /// the thread must stop waiting.
    ///
    /// # Errors
    /// That of `attempt` or `pause`.
    pub(crate) fn wait<R, E>(
        &self,
        attempt: &mut dyn FnMut() -> Result<Option<R>, E>,
        pause: &mut dyn FnMut(Sleep<'_>) -> Result<(), E>,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Option<R>, E> {
        loop {
            let waiter = Waiter::current();
            self.add(&waiter);
            // A change before the thread was in the list has woken nobody.
            match attempt() {
                Ok(None) => {}
                done => {
                    self.remove(&waiter);
                    if waiter.is_woken() {
                        // It was woken for a change that another thread may wait for.
                        self.wake_one();
                    }
                    return done;
                }
            }
            let paused = pause(&|limit| {
                waiter.sleep(limit);
                // Here, since the thread may not be able to return from `pause`.
                self.remove(&waiter);
            });
            match paused.and_then(|()| attempt()) {
                Ok(None) if !is_over() => {}
                result => {
                    if waiter.is_woken() && !matches!(result, Ok(Some(_))) {
                        // What it was woken for is there for another one.
                        self.wake_one();
                    }
                    return result;
                }
            }
        }
    }
}
