//! [`PoolStats`]: counters of a pool.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counters of a pool: its jobs by state, and replaced interpreters. See
/// [`InterpreterPool::stats`](crate::InterpreterPool::stats).
///
/// While jobs start and end, the numbers are not a snapshot of one moment. A handle may return the
/// result of a job just before the job leaves `queued`, and one that has timed out before it leaves
/// `running`.
///
/// ```
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::PoolStats;
///
/// # pyatoll::Python::initialize();
/// let pool = InterpreterPool::builder().size(1).build()?;
/// pool.submit(|py| py.run(c"1 + 1", None, None)).join()?;
/// pool.submit(|py| py.run(c"1 / 0", None, None)).join().unwrap_err();
/// let stats: PoolStats = pool.stats();
/// assert_eq!((stats.completed, stats.failed), (1, 1));
/// assert_eq!((stats.queued, stats.running), (0, 0));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PoolStats {
    /// Jobs that wait for a worker.
    pub queued: usize,
    /// Jobs that run. One that has timed out counts until its code returns. One that runs on the
    /// thread of a job that waits for it counts as well, so there may be more than workers.
    pub running: usize,
    /// Jobs that have returned a value.
    pub completed: u64,
    /// Jobs that have started and ended with an error: an exception, a panic, an interrupt or a
    /// timeout.
    pub failed: u64,
    /// Jobs that never started: cancelled, refused, or timed out in the queue.
    pub cancelled: u64,
    /// Interpreters that replaced another one, because other code had ended it or because its job
    /// did not give way after a timeout.
    pub interpreters_replaced: u64,
}

/// The counters of a pool.
#[derive(Default)]
pub(super) struct Counters {
    running: AtomicUsize,
    completed: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    interpreters_replaced: AtomicU64,
}

impl Counters {
    pub(super) fn job_starts(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn job_ends(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn job_completed(&self) {
        self.completed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn job_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn job_cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn interpreter_replaced(&self) {
        self.interpreters_replaced.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the numbers. That of the queued jobs is not counted here.
    pub(super) fn stats(&self, queued: usize) -> PoolStats {
        PoolStats {
            queued,
            running: self.running.load(Ordering::Relaxed),
            completed: self.completed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            cancelled: self.cancelled.load(Ordering::Relaxed),
            interpreters_replaced: self.interpreters_replaced.load(Ordering::Relaxed),
        }
    }
}
