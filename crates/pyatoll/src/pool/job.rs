//! One job: what is to be done, and what came of it.
//!
//! Invariants:
//! - A job is run at most once: whoever takes the closure out of [`Stage::Queued`] runs or drops it.
//! - The lock is not held while the closure, or a drop of anything of the user's, runs.
//! - A job whose closure was taken comes to [`Stage::Done`], whatever happens.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::error::{PoolError, RaisedException};
use super::shared::{Shared, wait, wait_for};
use crate::error::PyResult;
use crate::interpreter::sync::lock;
use crate::interpreter::{Python, attach};

/// A job as the workers see it.
pub(super) trait Job: Send + Sync {
    /// Runs it, if nobody has, in the interpreter of `py`.
    fn run(&self, py: Python<'_>);
    /// Ends it with this error, if it has not begun; says whether that was so.
    fn refuse(&self, why: PoolError) -> bool;
}

/// A job as those who wait for it see it.
pub(super) trait Outcome<R>: Job {
    fn is_done(&self) -> bool;
    /// What came of it, if it is done.
    fn take(&self) -> Option<Result<R, PoolError>>;
    /// Waits for it; says whether it is done. This thread must be detached.
    fn wait(&self, deadline: Option<Instant>) -> bool;
    /// Whether this thread is running it, further up its stack.
    fn runs_here(&self) -> bool;
}

enum Stage<F, R> {
    Queued(F),
    Running(ThreadId),
    Done(Result<R, PoolError>),
    /// The result went to who asked for it.
    Taken,
}

struct State<F, R> {
    stage: Stage<F, R>,
    /// How many threads wait for it.
    waiting: usize,
}

pub(super) struct Packet<F, R> {
    state: Mutex<State<F, R>>,
    done: Condvar,
}

impl<F, R> Packet<F, R>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send,
    R: Send,
{
    pub(super) fn new(job: F) -> Self {
        Self {
            state: Mutex::new(State {
                stage: Stage::Queued(job),
                waiting: 0,
            }),
            done: Condvar::new(),
        }
    }

    /// The closure of a job that was not queued.
    ///
    /// # Panics
    /// If it has begun.
    pub(super) fn into_job(self) -> F {
        match self.state.into_inner() {
            Ok(State {
                stage: Stage::Queued(job),
                ..
            }) => job,
            _ => unreachable!("a job that was not queued has begun"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<F, R>> {
        lock(&self.state)
    }

    /// Takes the closure, if nobody has.
    fn begin(&self) -> Option<F> {
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
    }
}

impl<F, R> Job for Packet<F, R>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send,
    R: Send,
{
    fn run(&self, py: Python<'_>) {
        let Some(job) = self.begin() else { return };
        let run = || job(py).map_err(|error| PoolError::Raised(RaisedException::new(py, error)));
        let result = catch_unwind(AssertUnwindSafe(run));
        self.finish(result.unwrap_or_else(|payload| Err(PoolError::panicked(payload))));
    }

    fn refuse(&self, why: PoolError) -> bool {
        let Some(job) = self.begin() else {
            return false;
        };
        drop_quietly(job);
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

    fn take(&self) -> Option<Result<R, PoolError>> {
        let mut state = self.state();
        if !matches!(state.stage, Stage::Done(_)) {
            return None;
        }
        match std::mem::replace(&mut state.stage, Stage::Taken) {
            Stage::Done(result) => Some(result),
            _ => None,
        }
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

    fn runs_here(&self) -> bool {
        matches!(self.state().stage, Stage::Running(thread) if thread == thread::current().id())
    }
}

/// Drops what is the user's where a panic has nowhere to go.
pub(super) fn drop_quietly(value: impl Sized) {
    let dropped: Result<(), Box<dyn Any + Send>> =
        catch_unwind(AssertUnwindSafe(move || drop(value)));
    if let Err(payload) = dropped {
        crate::panic::discard(payload);
    }
}

/// What a submitted job will give. Dropping it leaves the job to run.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::JobHandle;
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(2).build()?;
/// let jobs: Vec<JobHandle<u32>> = ["a", "bb", "ccc"]
///     .map(|text| pool.submit(move |py| py.eval(c"len", None, None)?.call1((text,))?.extract()))
///     .into();
/// let sum: u32 = jobs.into_iter().map(JobHandle::join).sum::<Result<_, _>>()?;
/// assert_eq!(sum, 6);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the job runs, but nobody hears of its result or its error"]
pub struct JobHandle<R> {
    outcome: Arc<dyn Outcome<R>>,
    shared: Arc<Shared>,
}

impl<R: Send + 'static> JobHandle<R> {
    pub(super) fn new(outcome: Arc<dyn Outcome<R>>, shared: Arc<Shared>) -> Self {
        Self { outcome, shared }
    }

    fn job(&self) -> Arc<dyn Job> {
        Arc::clone(&self.outcome) as Arc<dyn Job>
    }

    /// Waits for the job's result. A thread that is attached is detached while it waits.
    ///
    /// In a job of the same pool this cannot starve: one that has not begun yet is run here and
    /// now, in this worker's interpreter.
    ///
    /// # Errors
    /// [`PoolError`]: what the job raised, that it panicked, or why it never ran.
    ///
    /// # Panics
    /// In a `__traverse__`, where nothing may be waited for.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    ///
    /// # Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let id = pool.submit(|py| Ok(py.interpreter().id())).join()?;
    /// assert_eq!(id, pool.interpreters()[0].id());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(self) -> Result<R, PoolError> {
        if self.shared.is_forked() {
            return Err(PoolError::Forked);
        }
        loop {
            if let Some(result) = self.outcome.take() {
                return result;
            }
            if let Some(worker) = self.shared.worker_here() {
                if self.outcome.runs_here() {
                    return Err(PoolError::WouldDeadlock);
                }
                let job = self.job();
                self.shared.forget(&job);
                super::worker::run_here(worker, &*job);
            }
            attach::waiting(|| self.outcome.wait(None));
        }
    }

    /// Waits for the job's end for so long, and says whether it has come. A thread that is attached
    /// is detached while it waits.
    ///
    /// # Panics
    /// In a `__traverse__`, where nothing may be waited for.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let job = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// assert!(!job.wait_timeout(Duration::from_millis(5)));
    /// go.send(())?;
    /// assert!(job.wait_timeout(Duration::from_secs(60)));
    /// assert_eq!(job.join(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        if self.shared.is_forked() {
            return false;
        }
        let deadline = Instant::now().checked_add(timeout);
        self.outcome.is_done() || attach::waiting(|| self.outcome.wait(deadline))
    }

    /// Whether the job has come to its end.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let job = pool.submit(|_py| Ok("done"));
    /// while !job.is_finished() {}
    /// assert_eq!(job.join(), Ok("done"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_finished(&self) -> bool {
        !self.shared.is_forked() && self.outcome.is_done()
    }

    /// Takes the job back, if it has not begun; says whether that was so. Joining it gives
    /// [`PoolError::Cancelled`] then.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::PoolError;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let first = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// let second = pool.submit(|_py| Ok(()));
    /// assert!(second.cancel());
    /// assert_eq!(second.join(), Err(PoolError::Cancelled));
    /// go.send(())?;
    /// assert_eq!(first.join(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        if self.shared.is_forked() {
            return false;
        }
        let cancelled = self.outcome.refuse(PoolError::Cancelled);
        if cancelled {
            self.shared.forget(&self.job());
        }
        cancelled
    }
}

impl<R> fmt::Debug for JobHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finished = !self.shared.is_forked() && self.outcome.is_done();
        f.debug_struct("JobHandle")
            .field("finished", &finished)
            .finish_non_exhaustive()
    }
}
