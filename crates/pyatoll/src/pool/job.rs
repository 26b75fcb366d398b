//! A job and its result.
//!
//! Invariants:
//! - A job runs at most once: the thread that takes the closure out of [`Stage::Queued`] runs or
//!   drops it.
//! - The lock is not held while the closure, or a destructor of a user's value, runs.
//! - A job whose closure was taken always reaches [`Stage::Done`].
//! - The waker is called after the job is done, and after it was interrupted if it has timed out:
//!   it is foreign code, which may wait for the job to give way.
//! - A job that has timed out is done while its closure may still run; its result is dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::task::Waker;
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::error::PoolError;
use super::events::{self, JobEnd};
use super::running::{JobId, RunningJobs};
use super::stats::Counters;
use super::timer::{Timer, TimerKey};
use super::wait::{wait, wait_for};
use super::waker::WakerSlot;
use crate::error::{PyErr, PyResult, RaisedException};
use crate::exceptions::PyKeyboardInterrupt;
use crate::interpreter::Python;
use crate::interpreter::sync::lock;

/// A job as seen by the workers.
pub(super) trait Job: Send + Sync {
    /// Runs the job in the interpreter of `py`, if it has not started. `running` is the list of
    /// this thread.
    fn run(&self, py: Python<'_>, running: &Arc<RunningJobs>);
    /// Finishes the job with an error if it has not started; returns whether it did.
    fn refuse(&self, why: PoolError) -> bool;
    /// Finishes the job with [`PoolError::TimedOut`], even if its closure runs. In that case,
    /// nothing is reported yet: call [`Job::report_timeout`] once the job has been interrupted.
    fn time_out(&self) -> TimedOut;
    /// Reports that the job has timed out while it ran: calls the subscriber and the waker.
    fn report_timeout(&self);
    /// Sets the function that calls [`Job::time_out`], to be cancelled once the job is done.
    fn set_timer(&self, timer: Arc<Timer>, key: TimerKey);
    /// Interrupts the job if it runs; returns whether it does.
    fn interrupt(&self) -> bool;
    fn is_done(&self) -> bool;
    /// Returns the number of the only worker that may run the job.
    fn worker(&self) -> Option<usize>;
    fn id(&self) -> JobId;
}

/// The stage in which a job has timed out.
pub(super) enum TimedOut {
    Queued,
    Running(Arc<RunningJobs>, JobId),
    /// The job was already done.
    Done,
}

/// A job as seen by the threads that wait for it.
pub(super) trait Outcome<R>: Job {
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
    /// The thread that runs or drops the closure, and its list.
    Running(ThreadId, Option<Arc<RunningJobs>>),
    Done(Result<R, PoolError>),
    /// The result was taken.
    Taken,
}

struct JobState<F, R> {
    stage: Stage<F, R>,
    /// Number of threads that wait for the job.
    waiting: usize,
}

/// Returns the identity of a new job.
pub(super) fn next_id() -> JobId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    JobId(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The closure of a job, and later its result.
pub(super) struct Packet<F, R> {
    state: Mutex<JobState<F, R>>,
    done: Condvar,
    waker: WakerSlot,
    id: JobId,
    worker: Option<usize>,
    timer: OnceLock<(Arc<Timer>, TimerKey)>,
    counters: Arc<Counters>,
}

impl<F, R> Packet<F, R>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send,
    R: Send,
{
    pub(super) fn new(job: F, counters: &Arc<Counters>) -> Self {
        Self {
            state: Mutex::new(JobState {
                stage: Stage::Queued(job),
                waiting: 0,
            }),
            done: Condvar::new(),
            waker: WakerSlot::default(),
            id: next_id(),
            worker: None,
            timer: OnceLock::new(),
            counters: Arc::clone(counters),
        }
    }

    /// Creates a job that only the worker with this number may run.
    pub(super) fn for_worker(worker: usize, job: F, counters: &Arc<Counters>) -> Self {
        Self {
            worker: Some(worker),
            ..Self::new(job, counters)
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

    /// Takes the closure, if the job has not started. `running` is the list of this thread if the
    /// closure is to run.
    fn start(&self, running: Option<&Arc<RunningJobs>>) -> Option<F> {
        let mut state = self.state();
        if !matches!(state.stage, Stage::Queued(_)) {
            return None;
        }
        let running = Stage::Running(thread::current().id(), running.cloned());
        match std::mem::replace(&mut state.stage, running) {
            Stage::Queued(job) => Some(job),
            _ => None,
        }
    }

    /// Sets the result, unless the job has timed out.
    fn finish(&self, result: Result<R, PoolError>) {
        let state = self.state();
        if !matches!(state.stage, Stage::Running(..)) {
            drop(state);
            return drop_discarding_panic(result);
        }
        match &result {
            Ok(_) => self.counters.job_completed(),
            Err(_) => self.counters.job_failed(),
        }
        let end = JobEnd::of(&result);
        self.set_done(state, result);
        self.report(&end);
    }

    fn set_done(&self, mut state: MutexGuard<'_, JobState<F, R>>, result: Result<R, PoolError>) {
        state.stage = Stage::Done(result);
        if state.waiting > 0 {
            self.done.notify_all();
        }
        drop(state);
        if let Some((timer, key)) = self.timer.get() {
            timer.cancel(*key);
        }
    }

    /// Calls foreign code, which may wait: the subscriber and the waker.
    fn report(&self, end: &JobEnd) {
        end.report(self.id.0);
        self.waker.wake();
    }

    /// Drops the closure of a job that has not started, and finishes it with an error.
    fn refuse_started(&self, job: F, why: PoolError) {
        drop_discarding_panic(job);
        self.counters.job_cancelled();
        let end = JobEnd::cancelled(&why);
        self.set_done(self.state(), Err(why));
        self.report(&end);
    }
}

impl<F, R> Job for Packet<F, R>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send,
    R: Send,
{
    fn run(&self, py: Python<'_>, running: &Arc<RunningJobs>) {
        running.push(self.id);
        if let Some(job) = self.start(Some(running)) {
            self.counters.job_starts();
            events::job_started(self.id.0, running.interpreter().id());
            running.open(py);
            let result = catch_unwind(AssertUnwindSafe(|| job(py)));
            if running.is_forked() {
                // Threads that do not exist in this process may have held the locks.
                return std::mem::forget(result);
            }
            // Describing an exception runs the user's code, which may be interrupted as well.
            let is_interrupted = running.is_interrupted();
            let plain = || result_without_objects(py, result, is_interrupted);
            let result = catch_unwind(AssertUnwindSafe(plain));
            running.close(py);
            self.counters.job_ends();
            self.finish(result.unwrap_or_else(|payload| Err(PoolError::panicked(payload))));
        }
        running.pop(py);
    }

    fn refuse(&self, why: PoolError) -> bool {
        let Some(job) = self.start(None) else {
            return false;
        };
        self.refuse_started(job, why);
        true
    }

    fn time_out(&self) -> TimedOut {
        if let Some(job) = self.start(None) {
            self.refuse_started(job, PoolError::TimedOut);
            return TimedOut::Queued;
        }
        let state = self.state();
        let Stage::Running(_, Some(running)) = &state.stage else {
            return TimedOut::Done;
        };
        let running = Arc::clone(running);
        self.counters.job_failed();
        self.set_done(state, Err(PoolError::TimedOut));
        TimedOut::Running(running, self.id)
    }

    fn report_timeout(&self) {
        self.report(&JobEnd::failed(&PoolError::TimedOut));
    }

    fn set_timer(&self, timer: Arc<Timer>, key: TimerKey) {
        let _ = self.timer.set((timer, key));
    }

    fn interrupt(&self) -> bool {
        let running = match &self.state().stage {
            Stage::Running(_, Some(running)) => Arc::clone(running),
            _ => return false,
        };
        running.interrupt(self.id)
    }

    fn is_done(&self) -> bool {
        matches!(self.state().stage, Stage::Done(_) | Stage::Taken)
    }

    fn worker(&self) -> Option<usize> {
        self.worker
    }

    fn id(&self) -> JobId {
        self.id
    }
}

impl<F, R> Outcome<R> for Packet<F, R>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send,
    R: Send,
{
    #[track_caller]
    fn take(&self) -> Option<Result<R, PoolError>> {
        let mut state = self.state();
        match state.stage {
            Stage::Queued(_) | Stage::Running(..) => return None,
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
        while matches!(state.stage, Stage::Queued(_) | Stage::Running(..)) {
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
        matches!(self.state().stage, Stage::Running(thread, _) if thread == thread::current().id())
    }
}

/// Converts the result of a closure. `is_interrupted`: an interrupt was raised while it ran.
fn result_without_objects<R>(
    py: Python<'_>,
    result: thread::Result<PyResult<R>>,
    is_interrupted: bool,
) -> Result<R, PoolError> {
    let is_interrupt = |error: &PyErr| {
        let is_own = error
            .interpreter()
            .is_none_or(|one| one == py.interpreter());
        is_own && error.is_instance_of::<PyKeyboardInterrupt>(py)
    };
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if is_interrupted && is_interrupt(&error) => Err(PoolError::Interrupted),
        Ok(Err(error)) => Err(PoolError::Raised(RaisedException::new(py, &error))),
        Err(payload) => Err(PoolError::panicked(payload)),
    }
}

/// Drops a user's value and discards a panic of its destructor.
pub(super) fn drop_discarding_panic(value: impl Sized) {
    crate::panic::discarding(move || drop(value));
}
