//! Jobs with a timeout: interrupting them, and replacing a worker whose job does not give way.
//!
//! The timer's functions hold no strong reference to the pool or the job.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::error::PoolError;
use super::handle::JobHandle;
use super::interpreter_pool::InterpreterPool;
use super::job::{Job, Packet, TimedOut};
use super::options::JobOptions;
use super::running::{JobId, RunningJobs};
use super::shared::Shared;
use super::worker::{self, WorkerSettings};
use crate::error::PyResult;
use crate::interpreter::Python;

impl InterpreterPool {
    /// Queues a job with options, such as a timeout; see [`submit`](InterpreterPool::submit).
    ///
    /// It waits for space in the queue no longer than the timeout.
    ///
    /// # Panics
    /// If it would wait in a `__traverse__`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::{JobOptions, PoolError};
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let options = JobOptions::new().timeout(Duration::from_millis(50));
    /// let code = c"
    /// try:
    ///     while True:
    ///         pass
    /// except KeyboardInterrupt:
    ///     interrupted = True
    /// ";
    /// let job = pool.submit_with(options, |py| py.run(code, None, None));
    /// assert_eq!(job.join(), Err(PoolError::TimedOut));
    /// let seen = pool.submit(|py| py.eval(c"interrupted", None, None)?.extract::<bool>());
    /// assert_eq!(seen.join(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit_with<F, R>(&self, options: JobOptions, job: F) -> JobHandle<R>
    where
        F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send + 'static,
        R: Send + 'static,
    {
        let now = Instant::now();
        // A time beyond the range of the clock means no limit.
        let deadline = options.timeout.and_then(|time| now.checked_add(time));
        let packet = Arc::new(Packet::new(job, &self.shared.counters));
        let handle = JobHandle::new(packet.clone(), Arc::clone(&self.shared));
        let job: Arc<dyn Job> = packet;
        if self.shared.is_forked() {
            return handle;
        }
        if let Some(deadline) = deadline
            && let Err(error) = self.watch(&job, deadline, options.grace)
        {
            job.refuse(PoolError::Thread(error.to_string()));
            return handle;
        }
        self.enqueue(&job, deadline);
        if deadline.is_some() && handle.is_finished() {
            // It may have timed out before it was in the queue, from which the timer removes jobs.
            self.shared.remove(&job);
        }
        handle
    }

    /// Has the timer end a job at its deadline.
    fn watch(&self, job: &Arc<dyn Job>, deadline: Instant, grace: Duration) -> std::io::Result<()> {
        let watched = Arc::downgrade(job);
        let watch = Watch {
            shared: Arc::downgrade(&self.shared),
            settings: Arc::clone(&self.settings),
            grace,
        };
        let timer = &self.shared.timer;
        let key = timer.schedule(deadline, move || {
            if let Some(job) = watched.upgrade() {
                watch.time_out(&job);
            }
        })?;
        job.set_timer(Arc::clone(timer), key);
        Ok(())
    }
}

/// The pool of a job with a timeout.
struct Watch {
    shared: Weak<Shared>,
    settings: Arc<WorkerSettings>,
    grace: Duration,
}

impl Watch {
    /// Ends a job that is not done: called by the timer. Foreign code, which may wait for the job
    /// to give way, is called last.
    fn time_out(self, job: &Arc<dyn Job>) {
        match job.time_out() {
            TimedOut::Done => {}
            TimedOut::Queued => {
                if let Some(shared) = self.shared.upgrade() {
                    shared.remove(job);
                }
            }
            TimedOut::Running(running, id) => {
                self.schedule_replacement(&running, id);
                running.interrupt(id);
                job.report_timeout();
            }
        }
    }

    /// Has the timer replace the worker after the grace, unless that is beyond the range of the
    /// clock.
    fn schedule_replacement(self, running: &Arc<RunningJobs>, id: JobId) {
        let at = Instant::now().checked_add(self.grace);
        if let Some(at) = at
            && let Some(shared) = self.shared.upgrade()
        {
            let timer = Arc::clone(&shared.timer);
            let running = Arc::clone(running);
            // Cannot fail: the timer already has a thread, this one.
            let _ = timer.schedule(at, move || self.replace(&running, id));
        }
    }

    /// Replaces the worker if it still runs the job: called by the timer.
    fn replace(self, running: &Arc<RunningJobs>, id: JobId) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        if running.abandon(id) {
            worker::replace(&shared, &self.settings, running);
        }
    }
}
