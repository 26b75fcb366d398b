//! [`Timer`]: calls functions at given times, on one thread per pool.
//!
//! Invariants:
//! - The lock is not held while a function runs or is dropped.
//! - The thread starts with the first function, and ends with the pool.
//! - The functions do not wait: each delays those after it.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use super::wait::{wait, wait_for};
use crate::interpreter::process::process;
use crate::interpreter::sync::lock;

/// A function that was scheduled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimerKey {
    at: Instant,
    /// Distinguishes functions of the same time.
    number: u64,
}

type Function = Box<dyn FnOnce() + Send>;

/// The timer of a pool. Dropping it drops the functions that were not called.
pub(super) struct Timer {
    queue: Arc<TimerQueue>,
    process: u32,
}

#[derive(Default)]
struct TimerQueue {
    state: Mutex<TimerState>,
    /// Signals a new first function, or the end of the timer.
    changed: Condvar,
}

#[derive(Default)]
struct TimerState {
    functions: BTreeMap<TimerKey, Function>,
    /// The number of the next function.
    next: u64,
    has_thread: bool,
    is_closed: bool,
}

impl Timer {
    pub(super) fn new() -> Self {
        Self {
            queue: Arc::default(),
            process: process(),
        }
    }

    /// Schedules a function. It must not wait.
    ///
    /// # Errors
    /// If the operating system cannot start the thread.
    pub(super) fn schedule(
        &self,
        at: Instant,
        function: impl FnOnce() + Send + 'static,
    ) -> io::Result<TimerKey> {
        let function: Function = Box::new(function);
        let mut state = lock(&self.queue.state);
        if !state.has_thread {
            let queue = Arc::clone(&self.queue);
            let thread = thread::Builder::new().name("pool-timer".into());
            // The new thread waits for the lock.
            thread.spawn(move || queue.run())?;
            state.has_thread = true;
        }
        let number = state.next;
        let key = TimerKey { at, number };
        state.next += 1;
        state.functions.insert(key, function);
        let is_first = state.functions.first_key_value().map(|(key, _)| *key) == Some(key);
        drop(state);
        if is_first {
            self.queue.changed.notify_one();
        }
        Ok(key)
    }

    /// Removes a function that was not called yet.
    pub(super) fn cancel(&self, key: TimerKey) {
        let removed = lock(&self.queue.state).functions.remove(&key);
        // Not under the lock.
        drop(removed);
    }
}

impl TimerQueue {
    /// Calls the functions at their times until the timer is dropped.
    fn run(&self) {
        let mut state = lock(&self.state);
        while !state.is_closed {
            let first = state.functions.first_key_value().map(|(key, _)| *key);
            let left = first.map(|key| key.at.saturating_duration_since(Instant::now()));
            state = match left {
                None => wait(&self.changed, state),
                Some(left) if !left.is_zero() => wait_for(&self.changed, state, left),
                Some(_) => self.call_first(state),
            };
        }
    }

    /// Calls the first function, without the lock.
    fn call_first<'a>(
        &'a self,
        mut state: MutexGuard<'a, TimerState>,
    ) -> MutexGuard<'a, TimerState> {
        let first = state.functions.pop_first();
        drop(state);
        if let Some((_, function)) = first {
            crate::panic::discarding(function);
        }
        lock(&self.state)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // After a fork the thread does not exist, and may have held the lock.
        if self.process != process() {
            return;
        }
        let mut state = lock(&self.queue.state);
        state.is_closed = true;
        let functions = std::mem::take(&mut state.functions);
        drop(state);
        self.queue.changed.notify_one();
        drop(functions);
    }
}
