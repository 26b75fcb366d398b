//! [`Map`]: a job for each item of an iterator, with the results in order.

use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;
use std::sync::Arc;

use super::error::PoolError;
use super::events;
use super::handle::JobHandle;
use super::interpreter_pool::InterpreterPool;
use super::job::{Job, Packet};
use super::shared::Refusal;
use crate::error::PyResult;
use crate::interpreter::Python;

impl InterpreterPool {
    /// Runs `function` for each item and returns an iterator over the results, in the order of the
    /// items. Items are consumed as results are requested: no more jobs are in progress than there
    /// are workers and slots in the queue.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    ///
    /// # Python::initialize();
    /// let pool = InterpreterPool::builder().size(2).build()?;
    /// let words = ["one", "two", "three"];
    /// let upper = pool.map(words, |py, word| {
    ///     word.into_pyobject(py)?.call_method0("upper")?.extract::<String>()
    /// });
    /// assert_eq!(upper.collect::<Result<Vec<_>, _>>()?, ["ONE", "TWO", "THREE"]);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn map<I, F, R>(&self, items: I, function: F) -> Map<'_, I::IntoIter, F, R>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: for<'py> Fn(Python<'py>, I::Item) -> PyResult<R> + Send + Sync + 'static,
        R: Send + 'static,
    {
        Map::new(self, items.into_iter(), function)
    }
}

/// The results of [`InterpreterPool::map`], in the order of the items.
///
/// Items are consumed on demand: no more jobs are in progress than the pool has workers and slots
/// in its queue. Dropping the iterator cancels the jobs that have not started.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::Map;
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(2).build()?;
/// // The iterator of items may be endless.
/// let squares: Map<'_, _, _, u64> = pool.map(0u64.., |_py, n| Ok(n * n));
/// let first: Vec<u64> = squares.take(4).collect::<Result<_, _>>()?;
/// assert_eq!(first, [0, 1, 4, 9]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "items are consumed only as results are requested"]
pub struct Map<'pool, I: Iterator, F, R: Send + 'static> {
    pool: &'pool InterpreterPool,
    items: Fuse<I>,
    function: Arc<F>,
    /// The submitted jobs, in order.
    submitted: VecDeque<JobHandle<R>>,
    /// The next job, for which the queue had no space.
    pending: Option<(Arc<dyn Job>, JobHandle<R>)>,
}

impl<'pool, I, F, R> Map<'pool, I, F, R>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: for<'py> Fn(Python<'py>, I::Item) -> PyResult<R> + Send + Sync + 'static,
    R: Send + 'static,
{
    pub(super) fn new(pool: &'pool InterpreterPool, items: I, function: F) -> Self {
        let mut this = Self {
            pool,
            items: items.fuse(),
            function: Arc::new(function),
            submitted: VecDeque::new(),
            pending: None,
        };
        this.submit_items();
        this
    }

    /// Submits items while the queue has space.
    fn submit_items(&mut self) {
        let shared = &self.pool.shared;
        if shared.is_forked() {
            return;
        }
        let limit = self.pool.size() + shared.capacity();
        while self.submitted.len() < limit {
            let Some((job, handle)) = self.pending.take().or_else(|| self.next_job()) else {
                return;
            };
            match self.pool.shared.try_push(&job) {
                Ok(()) => events::job_submitted(job.id().0),
                Err(Refusal::Full) => {
                    self.pending = Some((job, handle));
                    return;
                }
                Err(Refusal::Closed(why)) => {
                    job.refuse(why);
                }
            }
            self.submitted.push_back(handle);
        }
    }

    fn next_job(&mut self) -> Option<(Arc<dyn Job>, JobHandle<R>)> {
        let item = self.items.next()?;
        let function = Arc::clone(&self.function);
        let run = move |py: Python<'_>| function(py, item);
        let job = Arc::new(Packet::new(run, &self.pool.shared.counters));
        let handle = JobHandle::new(job.clone(), Arc::clone(&self.pool.shared));
        Some((job, handle))
    }
}

impl<I, F, R> Iterator for Map<'_, I, F, R>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: for<'py> Fn(Python<'py>, I::Item) -> PyResult<R> + Send + Sync + 'static,
    R: Send + 'static,
{
    type Item = Result<R, PoolError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.submit_items();
        let handle = match self.submitted.pop_front() {
            Some(handle) => handle,
            None => {
                // The queue is full of other jobs.
                let (job, handle) = self.pending.take().or_else(|| self.next_job())?;
                self.pool.enqueue(&job, None);
                handle
            }
        };
        let result = handle.join();
        self.submit_items();
        Some(result)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let taken = self.submitted.len() + usize::from(self.pending.is_some());
        let (lower, upper) = self.items.size_hint();
        let upper = upper.and_then(|upper| upper.checked_add(taken));
        (lower.saturating_add(taken), upper)
    }
}

impl<I: Iterator, F, R: Send + 'static> Drop for Map<'_, I, F, R> {
    fn drop(&mut self) {
        for handle in &self.submitted {
            handle.cancel();
        }
    }
}

impl<I: Iterator, F, R: Send + 'static> fmt::Debug for Map<'_, I, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("submitted", &self.submitted.len())
            .finish_non_exhaustive()
    }
}
