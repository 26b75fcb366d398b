//! [`Map`]: a function applied to many items by a pool, the results in order.

use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;
use std::sync::Arc;

use super::InterpreterPool;
use super::error::PoolError;
use super::job::{Job, JobHandle, Packet};
use super::shared::Refusal;
use crate::error::PyResult;
use crate::interpreter::Python;

/// The results of [`InterpreterPool::map`], in the order of the items.
///
/// It takes items as it goes: no more are under way than the pool has workers and room in its queue.
/// Dropping it takes back those that have not begun.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::Map;
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(2).build()?;
/// // Never the whole of an endless iterator.
/// let squares: Map<'_, _, _, u64> = pool.map(0u64.., |_py, n| Ok(n * n));
/// let first: Vec<u64> = squares.take(4).collect::<Result<_, _>>()?;
/// assert_eq!(first, [0, 1, 4, 9]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it takes items only as results are asked for"]
pub struct Map<'pool, I: Iterator, F, R: Send + 'static> {
    pool: &'pool InterpreterPool,
    items: Fuse<I>,
    function: Arc<F>,
    /// Those under way, in order.
    ahead: VecDeque<JobHandle<R>>,
    /// The next one, for which there was no room.
    waiting: Option<(Arc<dyn Job>, JobHandle<R>)>,
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
            ahead: VecDeque::new(),
            waiting: None,
        };
        this.send_ahead();
        this
    }

    /// Submits items while there is room.
    fn send_ahead(&mut self) {
        let shared = &self.pool.shared;
        if shared.is_forked() {
            return;
        }
        let limit = self.pool.size() + shared.capacity();
        while self.ahead.len() < limit {
            let Some((job, handle)) = self.waiting.take().or_else(|| self.next_job()) else {
                return;
            };
            match self.pool.shared.try_push(&job) {
                Ok(()) => {}
                Err(Refusal::Full) => {
                    self.waiting = Some((job, handle));
                    return;
                }
                Err(Refusal::Closed(why)) => {
                    job.refuse(why);
                }
            }
            self.ahead.push_back(handle);
        }
    }

    fn next_job(&mut self) -> Option<(Arc<dyn Job>, JobHandle<R>)> {
        let item = self.items.next()?;
        let function = Arc::clone(&self.function);
        let job = Arc::new(Packet::new(move |py: Python<'_>| function(py, item)));
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
        self.send_ahead();
        let handle = match self.ahead.pop_front() {
            Some(handle) => handle,
            None => {
                // Others' jobs fill the queue.
                let (job, handle) = self.waiting.take().or_else(|| self.next_job())?;
                self.pool.enqueue(&job);
                handle
            }
        };
        let result = handle.join();
        self.send_ahead();
        Some(result)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let ahead = self.ahead.len() + usize::from(self.waiting.is_some());
        let (least, most) = self.items.size_hint();
        let most = most.and_then(|most| most.checked_add(ahead));
        (least.saturating_add(ahead), most)
    }
}

impl<I: Iterator, F, R: Send + 'static> Drop for Map<'_, I, F, R> {
    fn drop(&mut self) {
        for handle in &self.ahead {
            handle.cancel();
        }
    }
}

impl<I: Iterator, F, R: Send + 'static> fmt::Debug for Map<'_, I, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("ahead", &self.ahead.len())
            .finish_non_exhaustive()
    }
}
