//! [`InterpreterPool`]: submitting jobs and shutting down.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::{PoolError, ShutdownError, TrySubmitError};
use super::events;
use super::handle::JobHandle;
use super::job::{Job, Packet};
use super::shared::{Refusal, Shared};
use super::stats::PoolStats;
use super::worker::{self, WorkerSettings};
use crate::error::PyResult;
use crate::interpreter::waits::Wait;
use crate::interpreter::{Interpreter, Python, attach};

/// Worker threads, each with a sub-interpreter of its own, and a queue of jobs for them. See the
/// [module](crate::pool) for the rules.
///
/// Dropping the pool lets the queued jobs finish and waits for the workers to end. It does not wait
/// if the pool was [shut down](InterpreterPool::shutdown) before, or if the thread is inside one of
/// its interpreters, as a job is.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(2).build()?;
/// let jobs: Vec<_> = (0..4)
///     .map(|_| pool.submit(|py| py.eval(c"sum(range(1000))", None, None)?.extract::<u64>()))
///     .collect();
/// for job in jobs {
///     assert_eq!(job.join()?, 499_500);
/// }
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// See: PEP 684, PEP 734, `concurrent.futures.InterpreterPoolExecutor`.
pub struct InterpreterPool {
    pub(super) shared: Arc<Shared>,
    pub(super) size: usize,
    pub(super) settings: Arc<WorkerSettings>,
}

impl InterpreterPool {
    /// Returns the number of workers that the pool was built with.
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// assert_eq!(InterpreterPool::builder().size(2).build()?.size(), 2);
    /// # Ok::<_, pyatoll::pool::PoolBuildError>(())
    /// ```
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the current interpreters of the workers.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(2).build()?;
    /// let interpreters = pool.interpreters();
    /// assert!(interpreters.len() == 2 && interpreters[0] != interpreters[1]);
    /// let at = pool.submit(|py| Ok(py.interpreter())).join()?;
    /// assert!(interpreters.contains(&at));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn interpreters(&self) -> Vec<Interpreter> {
        if self.shared.is_forked() {
            return Vec::new();
        }
        let mut interpreters = self.shared.interpreters();
        interpreters.retain(Interpreter::is_alive);
        interpreters
    }

    /// Returns the number of jobs that wait for a worker.
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// pool.submit(|_py| Ok(())).join()?;
    /// assert_eq!(pool.queued(), 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn queued(&self) -> usize {
        if self.shared.is_forked() {
            return 0;
        }
        self.shared.queued()
    }

    /// Returns the numbers of the pool's jobs, by state, and of replaced interpreters.
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// pool.submit(|_py| Ok(())).join()?;
    /// assert_eq!(pool.stats().completed, 1);
    /// assert_eq!(pool.stats().interpreters_replaced, 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> PoolStats {
        if self.shared.is_forked() {
            return PoolStats::default();
        }
        self.shared.stats()
    }

    /// Queues a job: a closure that a worker runs in its interpreter. If the queue is full, waits
    /// for space; a thread that is attached is detached while it waits.
    ///
    /// In a job of the same pool it does not wait: if the queue is full, the new job runs
    /// immediately on this thread.
    ///
    /// If the pool no longer accepts jobs, the handle returns the error.
    ///
    /// # Panics
    /// If it would wait in a `__traverse__`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(2).build()?;
    /// let text = String::from("a b a");
    /// let job = pool.submit(move |py| {
    ///     let counter = py.import("collections")?.getattr("Counter")?;
    ///     counter.call1((text.split(' ').collect::<Vec<_>>(),))?.get_item("a")?.extract::<u32>()
    /// });
    /// assert_eq!(job.join(), Ok(2));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit<F, R>(&self, job: F) -> JobHandle<R>
    where
        F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send + 'static,
        R: Send + 'static,
    {
        let packet = Arc::new(Packet::new(job, &self.shared.counters));
        let handle = JobHandle::new(packet.clone(), Arc::clone(&self.shared));
        let job: Arc<dyn Job> = packet;
        if !self.shared.is_forked() {
            self.enqueue(&job, None);
        }
        handle
    }

    /// Queues a job, refuses it, or runs it on this thread: see [`InterpreterPool::submit`]. Waits
    /// up to a deadline.
    #[track_caller]
    pub(super) fn enqueue(&self, job: &Arc<dyn Job>, deadline: Option<Instant>) {
        events::job_submitted(job.id().0);
        let refused = match self.shared.try_push(job) {
            Ok(()) => return,
            Err(Refusal::Closed(why)) => Err(why),
            Err(Refusal::Full) => match self.shared.current_worker() {
                Some(current) => return worker::run_inline(&current, &**job),
                None => attach::waiting(|| self.shared.push_waiting(job, deadline)),
            },
        };
        if let Err(why) = refused {
            job.refuse(why);
        }
    }

    /// Queues a job if there is space. Never waits.
    ///
    /// # Errors
    /// [`TrySubmitError`], which returns the job: the queue is full, or the pool no longer accepts
    /// jobs.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    ///
    /// # Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let result = match pool.try_submit(|py| py.eval(c"1 + 1", None, None)?.extract::<i32>()) {
    ///     Ok(handle) => handle.join()?,
    ///     Err(refused) => Python::attach(refused.into_job())?,
    /// };
    /// assert_eq!(result, 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_submit<F, R>(&self, job: F) -> Result<JobHandle<R>, TrySubmitError<F>>
    where
        F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send + 'static,
        R: Send + 'static,
    {
        if self.shared.is_forked() {
            let why = PoolError::Forked;
            return Err(TrySubmitError::Refused { job, why });
        }
        let packet = Arc::new(Packet::new(job, &self.shared.counters));
        let queued: Arc<dyn Job> = packet.clone();
        let refused = match self.shared.try_push(&queued) {
            Ok(()) => {
                events::job_submitted(queued.id().0);
                return Ok(JobHandle::new(packet, Arc::clone(&self.shared)));
            }
            Err(refused) => refused,
        };
        drop(queued);
        let job = Arc::into_inner(packet).map(Packet::into_job);
        let job = job.expect("a job that was not queued is not shared");
        Err(match refused {
            Refusal::Full => TrySubmitError::Full { job },
            Refusal::Closed(why) => TrySubmitError::Refused { job, why },
        })
    }

    /// Stops accepting jobs, and waits up to `timeout` until the queued jobs have run and the
    /// workers have ended their interpreters. A thread that is attached is detached while it waits.
    /// May be called again.
    ///
    /// # Errors
    /// [`ShutdownError`]: not all workers have ended in time. Running and queued jobs continue, and
    /// dropping the pool does not wait for them. A job of this pool, or a thread that is inside one
    /// of its interpreters, gets this error immediately, as it cannot wait for itself; so does a
    /// thread that one of the workers waits for, and a destructor or waker that the pool calls
    /// because of a timeout.
    ///
    /// # Panics
    /// If it would wait in a `__traverse__`.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::PoolError;
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let job = pool.submit(|_py| Ok(1));
    /// pool.shutdown(Duration::from_secs(60))?;
    /// assert_eq!(job.join(), Ok(1));
    /// assert_eq!(pool.submit(|_py| Ok(2)).join(), Err(PoolError::ShutDown));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn shutdown(&self, timeout: Duration) -> Result<(), ShutdownError> {
        if self.shared.is_forked() {
            return Ok(());
        }
        self.shared.close(PoolError::ShutDown);
        self.end(Some(timeout))
    }

    /// Shuts the pool down without running queued jobs: their handles return
    /// [`PoolError::Cancelled`]. Jobs that have started run to completion. See
    /// [`shutdown`](InterpreterPool::shutdown).
    ///
    /// # Errors
    /// Those of [`shutdown`](InterpreterPool::shutdown).
    ///
    /// # Panics
    /// If it would wait in a `__traverse__`.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::PoolError;
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let running = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// while pool.queued() > 0 {}
    /// let queued = pool.submit(|_py| Ok(()));
    /// assert!(pool.shutdown_now(Duration::ZERO).is_err());
    /// assert_eq!(queued.join(), Err(PoolError::Cancelled));
    /// go.send(())?;
    /// pool.shutdown_now(Duration::from_secs(60))?;
    /// assert_eq!(running.join(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn shutdown_now(&self, timeout: Duration) -> Result<(), ShutdownError> {
        if self.shared.is_forked() {
            return Ok(());
        }
        self.shared.close(PoolError::ShutDown);
        self.shared.cancel_queued(&PoolError::Cancelled);
        self.end(Some(timeout))
    }

    /// Waits for the workers to end, unless this thread keeps one of them from ending.
    pub(super) fn end(&self, timeout: Option<Duration>) -> Result<(), ShutdownError> {
        // A job may end only because of the timer, which calls destructors and wakers.
        if self.shared.is_inside() || self.shared.timer.is_on_this_thread() {
            return Err(self.shared.progress());
        }
        // A worker waits for the threads inside its interpreter, and one of them may wait for this
        // thread to leave another one.
        let Some(_wait) = Wait::for_threads(self.shared.worker_threads()) else {
            return Err(self.shared.progress());
        };
        // Beyond the range of the clock means without a limit.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        attach::waiting(|| {
            self.shared.wait_for_end(deadline)?;
            for thread in self.shared.take_threads() {
                let _ = thread.join();
            }
            Ok(())
        })
    }
}

impl Drop for InterpreterPool {
    fn drop(&mut self) {
        if self.shared.is_forked() {
            return;
        }
        let was_open = self.shared.close(PoolError::ShutDown);
        // Otherwise the workers end on their own.
        if was_open && !attach::is_in_traverse() {
            let _ = self.end(None);
        }
    }
}

impl fmt::Debug for InterpreterPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterpreterPool")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
