//! Waiting for another thread of any interpreter.
//!
//! A thread that waits is detached. It is woken by the thread that changes the object, and wakes by
//! itself after [`SLICE`] to look whether it may go on waiting: whether a signal has arrived, its
//! interpreter has begun to end, or the holder of a lock has ended. The object is looked at and
//! changed only while attached, so a thread that CPython does not let return has taken nothing.

use std::hint::spin_loop;
use std::thread;
use std::time::{Duration, Instant};

use pyatoll::exceptions::PyValueError;
use pyatoll::prelude::*;

use crate::life::InterpreterLife;
use crate::waiters::Waiters;

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
    waiters.wait(
        attempt,
        &mut |sleep| {
            py.detach(|| sleep(deadline.slice()));
            py.check_signals()?;
            life.check()
        },
        &|| deadline.has_passed(),
    )
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
