//! Waiting for another thread of any interpreter.
//!
//! A thread that waits is detached. It is woken by the thread that changes the object, and wakes by
//! itself after [`SLICE`] to look whether it may go on waiting: whether a signal has arrived, its
//! interpreter has begun to end, or the holder of a lock has ended. The object is looked at and
//! changed only while attached, so a thread that CPython does not let return has taken nothing.

use std::collections::VecDeque;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;

use crate::gate::{Gate, lock};
use crate::life::InterpreterLife;

/// After this time, a thread that waits looks whether it may go on.
const SLICE: Duration = Duration::from_millis(50);

/// The number of looks at an object before a thread sleeps: some 10 µs, about the cost of sleeping
/// and being woken.
const SPINS: usize = 250;

/// The number of these after which the thread offers its processor to others between two looks.
const BUSY_SPINS: usize = 240;

/// Until when a thread waits.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Deadline {
    /// It does not wait.
    Now,
    At(Instant),
    Never,
}

impl Deadline {
    /// Returns the deadline after a number of seconds; never, without one.
    ///
    /// # Errors
    /// If the number is negative or no number.
    pub(crate) fn after(timeout: Option<f64>) -> PyResult<Self> {
        let Some(seconds) = timeout else {
            return Ok(Self::Never);
        };
        if seconds.is_nan() || seconds < 0.0 {
            return Err(PyValueError::new_err(
                "'timeout' must be a non-negative number",
            ));
        }
        let limit = Duration::try_from_secs_f64(seconds).ok();
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        Ok(end.map_or(Self::Never, Self::At))
    }

    /// Returns the deadline of a call as those of `queue.Queue`.
    ///
    /// # Errors
    /// As for [`after`](Self::after).
    pub(crate) fn of_queue(block: bool, timeout: Option<f64>) -> PyResult<Self> {
        if block {
            Self::after(timeout)
        } else {
            Ok(Self::Now)
        }
    }

    /// Returns the deadline of a call as those of `threading.Lock`.
    ///
    /// # Errors
    /// As for [`after`](Self::after); also if there is a timeout without blocking.
    pub(crate) fn of_lock(blocking: bool, timeout: f64) -> PyResult<Self> {
        match (blocking, timeout == -1.0) {
            (false, true) => Ok(Self::Now),
            (false, false) => Err(PyValueError::new_err(
                "can't specify a timeout for a non-blocking call",
            )),
            (true, true) => Ok(Self::Never),
            (true, false) => Self::after(Some(timeout)),
        }
    }

    /// Returns how long to sleep now.
    fn slice(self) -> Duration {
        match self {
            Self::At(end) => SLICE.min(end.saturating_duration_since(Instant::now())),
            Self::Now => Duration::ZERO,
            Self::Never => SLICE,
        }
    }

    fn has_passed(self) -> bool {
        match self {
            Self::Now => true,
            Self::At(end) => Instant::now() >= end,
            Self::Never => false,
        }
    }
}

/// A thread that sleeps, or is about to.
struct Waiter {
    thread: Thread,
    is_woken: AtomicBool,
}

impl Waiter {
    fn sleep(&self, limit: Duration) {
        let end = Instant::now() + limit;
        while !self.is_woken.load(Ordering::Acquire) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::park_timeout(left);
        }
    }
}

/// The threads that wait for an object.
#[derive(Default)]
pub(crate) struct Waiters {
    /// The length of the list, so that nothing is locked if nobody waits.
    count: AtomicUsize,
    list: Mutex<VecDeque<Arc<Waiter>>>,
}

impl Waiters {
    /// Wakes the thread that has waited longest. Called after the object was changed, by a thread
    /// that has released its lock.
    #[inline]
    pub(crate) fn wake_one(&self) {
        if self.count.load(Ordering::SeqCst) > 0 {
            self.wake(1);
        }
    }

    /// Wakes all threads.
    #[inline]
    pub(crate) fn wake_all(&self) {
        if self.count.load(Ordering::SeqCst) > 0 {
            self.wake(usize::MAX);
        }
    }

    #[cold]
    fn wake(&self, limit: usize) {
        let woken: Vec<_> = {
            let _gate = Gate::enter();
            let mut list = lock(&self.list);
            let len = list.len();
            let woken = list.drain(..limit.min(len)).collect();
            self.count.store(list.len(), Ordering::SeqCst);
            woken
        };
        for waiter in woken {
            waiter.is_woken.store(true, Ordering::Release);
            waiter.thread.unpark();
        }
    }

    fn add(&self, waiter: &Arc<Waiter>) {
        let _gate = Gate::enter();
        let mut list = lock(&self.list);
        list.push_back(Arc::clone(waiter));
        self.count.store(list.len(), Ordering::SeqCst);
    }

    /// Removes a thread, unless it was woken.
    fn remove(&self, waiter: &Arc<Waiter>) {
        let _gate = Gate::enter();
        let mut list = lock(&self.list);
        list.retain(|other| !Arc::ptr_eq(other, waiter));
        self.count.store(list.len(), Ordering::SeqCst);
    }
}

/// Tries something until it succeeds or the deadline has passed. `attempt` runs while attached, and
/// `is_worth_it`, a guess whether it would succeed, also while detached; without one, the thread
/// sleeps at once.
///
/// # Errors
/// That of `attempt`; the exception of a signal's handler; [`InterpreterEnding`], if the
/// interpreter has begun to end.
///
/// [`InterpreterEnding`]: crate::errors::InterpreterEnding
#[inline]
pub(crate) fn wait<R>(
    py: Python<'_>,
    waiters: &Waiters,
    deadline: Deadline,
    is_worth_it: Option<&(dyn Fn() -> bool + Sync)>,
    mut attempt: impl FnMut() -> PyResult<Option<R>>,
) -> PyResult<Option<R>> {
    if let Some(result) = attempt()? {
        return Ok(Some(result));
    }
    if deadline == Deadline::Now {
        return Ok(None);
    }
    sleep(py, waiters, deadline, is_worth_it, &mut attempt)
}

#[cold]
fn sleep<R>(
    py: Python<'_>,
    waiters: &Waiters,
    deadline: Deadline,
    is_worth_it: Option<&(dyn Fn() -> bool + Sync)>,
    attempt: &mut dyn FnMut() -> PyResult<Option<R>>,
) -> PyResult<Option<R>> {
    let life = InterpreterLife::of(py)?;
    life.prepare(py)?;
    if let Some(is_worth_it) = is_worth_it
        && py.detach(|| spin(is_worth_it))
        && let Some(result) = attempt()?
    {
        return Ok(Some(result));
    }
    loop {
        let waiter = Arc::new(Waiter {
            thread: thread::current(),
            is_woken: AtomicBool::new(false),
        });
        waiters.add(&waiter);
        fence(Ordering::SeqCst);
        // A change before the thread was in the list has woken nobody.
        let result = match attempt() {
            Ok(None) => {
                py.detach(|| {
                    waiter.sleep(deadline.slice());
                    // Here, since the thread may not be able to return.
                    waiters.remove(&waiter);
                });
                py.check_signals().and_then(|()| life.check())
            }
            done => {
                waiters.remove(&waiter);
                if waiter.is_woken.load(Ordering::Acquire) {
                    // By a change that another thread waits for.
                    waiters.wake_one();
                }
                return done;
            }
        };
        let result = result.and_then(|()| attempt());
        match result {
            Ok(None) if !deadline.has_passed() => {}
            result => {
                if waiter.is_woken.load(Ordering::Acquire) && !matches!(result, Ok(Some(_))) {
                    // What it was woken for is there for another one.
                    waiters.wake_one();
                }
                return result;
            }
        }
    }
}

/// Waits for a moment without sleeping. Returns whether an attempt is worth it.
fn spin(is_worth_it: &(dyn Fn() -> bool + Sync)) -> bool {
    for count in 0..SPINS {
        if is_worth_it() {
            return true;
        }
        if count < BUSY_SPINS {
            spin_loop();
        } else {
            thread::yield_now();
        }
    }
    false
}
