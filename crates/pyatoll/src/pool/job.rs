//! A job and its result.
//!
//! Invariants:
//! - A job runs at most once: the thread that takes the closure out of [`Stage::Queued`] runs or
//!   drops it.
//! - The lock is not held while the closure, or a destructor of a user's value, runs.
//! - A job whose closure was taken always reaches [`Stage::Done`].
//! - The waker is called after the job is done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::error::PoolError;
use super::wait::{wait, wait_for};
use super::waker::WakerSlot;
use crate::error::{PyResult, RaisedException};
use crate::interpreter::Python;
use crate::interpreter::sync::lock;

/// A job as seen by the workers.
pub(super) trait Job: Send + Sync {
    /// Runs the job in the interpreter of `py`, if it has not started.
    fn run(&self, py: Python<'_>);
    /// Finishes the job with an error if it has not started; returns whether it did.
    fn refuse(&self, why: PoolError) -> bool;
}

/// A job as seen by the threads that wait for it.
pub(super) trait Outcome<R>: Job {
    fn is_done(&self) -> bool;
    /// Takes the result, if the job is done.
    ///
    /// # Panics
    /// If it was taken before.
    #[track_caller]
    fn take(&self) -> Option<Result<R, PoolError>>;
    /// Sets the waker to be called when the job is done. Call it before [`Outcome::take`].
    fn set_waker(&self, waker: &Waker);
    /// Removes the waker.
    fn clear_waker(&self);
    /// Waits for the job; returns whether it is done. This thread must be detached.
    fn wait(&self, deadline: Option<Instant>) -> bool;
    /// Returns whether this thread is running the job, further up its stack.
    fn is_running_on_this_thread(&self) -> bool;
}

enum Stage<F, R> {
    Queued(F),
    Running(ThreadId),
    Done(Result<R, PoolError>),
    /// The result was taken.
    Taken,
}

struct JobState<F, R> {
    stage: Stage<F, R>,
    /// Number of threads that wait for the job.
    waiting: usize,
}

/// The closure of a job, and later its result.
pub(super) struct Packet<F, R> {
    state: Mutex<JobState<F, R>>,
    done: Condvar,
    waker: WakerSlot,
}

impl<F, R> Packet<F, R>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send,
    R: Send,
{
    pub(super) fn new(job: F) -> Self {
        Self {
            state: Mutex::new(JobState {
                stage: Stage::Queued(job),
                waiting: 0,
            }),
            done: Condvar::new(),
            waker: WakerSlot::default(),
        }
    }

    /// Returns the closure of a job that was not queued.
    ///
    /// # Panics
    /// If the job has started.
    pub(super) fn into_job(self) -> F {
        match self.state.into_inner() {
            Ok(JobState {
                stage: Stage::Queued(job),
                ..
            }) => job,
            _ => unreachable!("a job that was not queued has started"),
        }
    }

    fn state(&self) -> MutexGuard<'_, JobState<F, R>> {
        lock(&self.state)
    }

    /// Takes the closure, if the job has not started.
    fn start(&self) -> Option<F> {
        let mut state = self.state();
        if !matches!(state.stage, Stage::Queued(_)) {
            return None;
        }
        let running = Stage::Running(thread::current().id());
        match std::mem::replace(&mut state.stage, running) {
            Stage::Queued(job) => Some(job),
            _ => None,
        }
    }

    fn finish(&self, result: Result<R, PoolError>) {
        let mut state = self.state();
        state.stage = Stage::Done(result);
        if state.waiting > 0 {
            self.done.notify_all();
        }
        drop(state);
        self.waker.wake();
    }
}

impl<F, R> Job for Packet<F, R>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send,
    R: Send,
{
    fn run(&self, py: Python<'_>) {
        let Some(job) = self.start() else { return };
        let run = || job(py).map_err(|error| PoolError::Raised(RaisedException::new(py, &error)));
        let result = catch_unwind(AssertUnwindSafe(run));
        self.finish(result.unwrap_or_else(|payload| Err(PoolError::panicked(payload))));
    }

    fn refuse(&self, why: PoolError) -> bool {
        let Some(job) = self.start() else {
            return false;
        };
        drop_discarding_panic(job);
        self.finish(Err(why));
        true
    }
}

impl<F, R> Outcome<R> for Packet<F, R>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send,
    R: Send,
{
    fn is_done(&self) -> bool {
        matches!(self.state().stage, Stage::Done(_) | Stage::Taken)
    }

    #[track_caller]
    fn take(&self) -> Option<Result<R, PoolError>> {
        let mut state = self.state();
        match state.stage {
            Stage::Queued(_) | Stage::Running(_) => return None,
            Stage::Done(_) | Stage::Taken => {}
        }
        let taken = std::mem::replace(&mut state.stage, Stage::Taken);
        drop(state);
        match taken {
            Stage::Done(result) => Some(result),
            _ => panic!("the result of this job was taken before"),
        }
    }

    fn set_waker(&self, waker: &Waker) {
        self.waker.set(waker);
    }

    fn clear_waker(&self) {
        self.waker.clear();
    }

    fn wait(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state();
        while matches!(state.stage, Stage::Queued(_) | Stage::Running(_)) {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            state.waiting += 1;
            state = match left {
                None => wait(&self.done, state),
                Some(left) => wait_for(&self.done, state, left),
            };
            state.waiting -= 1;
        }
        true
    }

    fn is_running_on_this_thread(&self) -> bool {
        matches!(self.state().stage, Stage::Running(thread) if thread == thread::current().id())
    }
}

/// Drops a user's value and discards a panic of its destructor.
pub(super) fn drop_discarding_panic(value: impl Sized) {
    crate::panic::discarding(move || drop(value));
}
