//! [`Timer`]: calls functions at given times, on threads of its own.
//!
//! The functions call foreign code, such as the destructors of closures and wakers, which may wait
//! for a job that only a later function of the timer ends. So while a function runs, another thread
//! watches the time; two are enough for functions that do not wait.
//!
//! Invariants:
//! - The lock is not held while a function runs or is dropped.
//! - The first thread starts with the first function, and the threads end with the pool.
//! - While a function runs, another thread waits for the next one, unless none could be started.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::wait::{wait, wait_for};
use crate::interpreter::process::process;
use crate::interpreter::sync::lock;

/// A function that was scheduled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimerKey {
    at: Instant,
    /// Distinguishes functions with the same time.
    number: u64,
}

type Function = Box<dyn FnOnce() + Send>;

/// The timer of a pool. Dropping it drops the functions that were not called.
pub(super) struct Timer {
    queue: Arc<TimerQueue>,
    process: u32,
}

struct TimerQueue {
    stack_size: usize,
    state: Mutex<TimerState>,
    /// Signals a new first function, or the end of the timer.
    changed: Condvar,
}

#[derive(Default)]
struct TimerState {
    functions: BTreeMap<TimerKey, Function>,
    /// The number of the next function.
    next: u64,
    threads: Vec<ThreadId>,
    /// Number of threads that call a function.
    busy: usize,
    is_closed: bool,
}

impl Timer {
    /// Creates a timer. `stack_size` is that of its threads.
    pub(super) fn new(stack_size: usize) -> Self {
        let queue = TimerQueue {
            stack_size,
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        Self {
            queue: Arc::new(queue),
            process: process(),
        }
    }

    /// Returns whether this is a thread of the timer.
    pub(super) fn is_on_this_thread(&self) -> bool {
        let this = thread::current().id();
        lock(&self.queue.state).threads.contains(&this)
    }

    /// Schedules a function.
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
        // Each thread may be in a function that waits for this one, if another could not be
        // started.
        if state.busy == state.threads.len()
            && let Err(error) = self.queue.add_thread(&mut state)
            && state.threads.is_empty()
        {
            return Err(error);
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
    /// Starts a thread, which waits for the lock.
    fn add_thread(self: &Arc<Self>, state: &mut TimerState) -> io::Result<()> {
        let queue = Arc::clone(self);
        let thread = thread::Builder::new().name("pool-timer".into());
        let thread = thread.stack_size(self.stack_size);
        let thread = thread.spawn(move || queue.run())?;
        state.threads.push(thread.thread().id());
        Ok(())
    }

    /// Calls the functions at their times, until the timer is dropped or two other threads wait.
    fn run(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        while !state.is_closed && state.threads.len() - state.busy <= 2 {
            let first = state.functions.first_key_value().map(|(key, _)| *key);
            let left = first.map(|key| key.at.saturating_duration_since(Instant::now()));
            state = match left {
                None => wait(&self.changed, state),
                Some(left) if !left.is_zero() => wait_for(&self.changed, state, left),
                Some(_) => self.call_first(state),
            };
        }
        let this = thread::current().id();
        state.threads.retain(|thread| *thread != this);
    }

    /// Calls the first function, without the lock.
    fn call_first<'a>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, TimerState>,
    ) -> MutexGuard<'a, TimerState> {
        let first = state.functions.pop_first();
        state.busy += 1;
        if state.busy == state.threads.len() {
            // Without another thread, the functions wait for this one.
            let _ = self.add_thread(&mut state);
        }
        drop(state);
        // Another thread may wait for this function.
        self.changed.notify_one();
        if let Some((_, function)) = first {
            crate::panic::discarding(function);
        }
        let mut state = lock(&self.state);
        state.busy -= 1;
        state
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
        self.queue.changed.notify_all();
        drop(functions);
    }
}
