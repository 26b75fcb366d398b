//! [`InterpreterPool::broadcast`]: a job for each worker.

use std::sync::Arc;

use super::events;
use super::handle::JobHandle;
use super::interpreter_pool::InterpreterPool;
use super::job::{Job, Packet};
use crate::error::PyResult;
use crate::interpreter::Python;

impl InterpreterPool {
    /// Runs a function once in each worker, before the jobs in the queue; for example, to reload a
    /// module. Returns a handle for each worker, in a fixed order.
    ///
    /// A worker runs it when its current job is done, or while that job waits for another job of
    /// the pool on another thread ([`join`](JobHandle::join), `await`). `broadcast` does not wait,
    /// even if the queue is full. Interpreters that are created later do not run the function, but
    /// the [initializer](crate::pool::InterpreterPoolBuilder::initializer).
    ///
    /// If the pool no longer accepts jobs, or a worker could not replace its interpreter, the
    /// handles return the error.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::JobHandle;
    ///
    /// # Python::initialize();
    /// let pool = InterpreterPool::builder().size(2).build()?;
    /// let reloads = pool.broadcast(|py| {
    ///     let json = py.import("json")?;
    ///     py.import("importlib")?.call_method1("reload", (json,))?;
    ///     Ok(py.interpreter())
    /// });
    /// let reloaded: Vec<_> = reloads.into_iter().map(JobHandle::join).collect::<Result<_, _>>()?;
    /// assert_eq!(reloaded, pool.interpreters());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn broadcast<F, R>(&self, function: F) -> Vec<JobHandle<R>>
    where
        F: for<'py> Fn(Python<'py>) -> PyResult<R> + Send + Sync + 'static,
        R: Send + 'static,
    {
        let function = Arc::new(function);
        let submit = |number| {
            let function = Arc::clone(&function);
            let run = move |py: Python<'_>| function(py);
            let packet = Arc::new(Packet::for_worker(number, run, &self.shared.counters));
            let handle = JobHandle::new(packet.clone(), Arc::clone(&self.shared));
            let job: Arc<dyn Job> = packet;
            if self.shared.is_forked() {
                return handle;
            }
            events::job_submitted(job.id().0);
            if let Err(why) = self.shared.push_for(number, &job) {
                job.refuse(why);
            }
            handle
        };
        (0..self.size).map(submit).collect()
    }
}
