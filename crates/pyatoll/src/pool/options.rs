//! [`JobOptions`]: the options of one job.

use std::time::Duration;

/// Default of [`JobOptions::grace`].
const GRACE: Duration = Duration::from_secs(1);

/// The options of a job; see [`InterpreterPool::submit_with`](crate::InterpreterPool::submit_with).
///
/// ```
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::{JobOptions, PoolError};
/// use std::time::Duration;
///
/// # pyatoll::Python::initialize();
/// let pool = InterpreterPool::builder().size(1).build()?;
/// let options = JobOptions::new().timeout(Duration::from_millis(50));
/// let job = pool.submit_with(options, |py| py.run(c"while True: pass", None, None));
/// assert_eq!(job.join(), Err(PoolError::TimedOut));
/// // The code was interrupted, and the worker goes on.
/// assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobOptions {
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl JobOptions {
    /// Returns the default options: no timeout.
    ///
    /// ```
    /// use pyatoll::pool::JobOptions;
    ///
    /// assert_eq!(JobOptions::new(), JobOptions::default());
    /// ```
    pub fn new() -> Self {
        Self {
            timeout: None,
            grace: GRACE,
        }
    }

    /// Sets the time after which the job's handle returns
    /// [`PoolError::TimedOut`](crate::pool::PoolError::TimedOut). It includes the time in the
    /// queue.
    ///
    /// A job that has not started by then never runs. One that runs is
    /// [interrupted](crate::pool::JobHandle::interrupt), and then has [`grace`](JobOptions::grace)
    /// to give way.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::JobOptions;
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let options = JobOptions::new().timeout(Duration::from_secs(60));
    /// assert_eq!(pool.submit_with(options, |_py| Ok("in time")).join(), Ok("in time"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the time after the [timeout](JobOptions::timeout) within which a running job must give
    /// way. Default: 1 second.
    ///
    /// After that, the pool goes on without the job's interpreter: a new thread with a new
    /// interpreter takes the place of the worker, and [`shutdown`] does not wait for the old one.
    /// The old interpreter ends once its job returns.
    ///
    /// This is for code that catches the interrupt, that loses it (CPython ignores an exception
    /// that is raised in a `__del__`), or that waits outside of Python, such as `time.sleep`. Code
    /// that keeps the GIL of its interpreter without running Python code delays only its own
    /// interpreter, as long as the interpreters do not [share] their GIL. On Python 3.11 they do,
    /// and endless Python code keeps other interpreters waiting as well.
    ///
    /// [`shutdown`]: crate::InterpreterPool::shutdown
    /// [share]: crate::interpreter::Gil
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::{JobOptions, PoolError};
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let options = JobOptions::new().timeout(Duration::from_millis(20)).grace(Duration::ZERO);
    /// let stuck = pool.submit_with(options, move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// assert_eq!(stuck.join(), Err(PoolError::TimedOut));
    /// // Another interpreter runs the next job.
    /// assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
    /// go.send(())?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}
