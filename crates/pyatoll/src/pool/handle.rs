//! [`JobHandle`]: waiting for the result of a job.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::PoolError;
use super::job::{Job, Outcome};
use super::shared::Shared;
use super::worker;
use crate::interpreter::attach;

/// A handle to a submitted job and its result. Dropping it does not cancel the job.
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
#[must_use = "the job runs, but its result or error is lost"]
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
    /// In a job of the same pool this cannot starve: a job that has not started runs immediately on
    /// this thread, in this worker's interpreter.
    ///
    /// # Errors
    /// [`PoolError`]: the exception or panic of the job, or the reason why it never ran.
    ///
    /// # Panics
    /// If it would wait in a `__traverse__`.
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
    #[track_caller]
    pub fn join(self) -> Result<R, PoolError> {
        if self.shared.is_forked() {
            return Err(PoolError::Forked);
        }
        loop {
            if let Some(result) = self.outcome.take() {
                return result;
            }
            if let Some(interpreter) = self.shared.current_worker() {
                if self.outcome.is_running_on_this_thread() {
                    return Err(PoolError::WouldDeadlock);
                }
                let job = self.job();
                self.shared.remove(&job);
                worker::run_inline(interpreter, &*job);
            }
            attach::waiting(|| self.outcome.wait(None));
        }
    }

    /// Waits up to `timeout` for the job to finish, and returns whether it has. A thread that is
    /// attached is detached while it waits.
    ///
    /// # Panics
    /// If it would wait in a `__traverse__`.
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
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        if self.shared.is_forked() {
            return false;
        }
        let deadline = Instant::now().checked_add(timeout);
        self.outcome.is_done() || attach::waiting(|| self.outcome.wait(deadline))
    }

    /// Returns whether the job has finished.
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

    /// Cancels the job if it has not started, and returns whether it did. Joining a cancelled job
    /// returns [`PoolError::Cancelled`].
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
            self.shared.remove(&self.job());
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
