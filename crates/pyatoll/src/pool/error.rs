//! The errors of a pool, as values that need no interpreter.

use std::any::Any;
use std::fmt;
use std::io;

use crate::error::{PyErr, RaisedException};
use crate::exceptions::PyRuntimeError;
use crate::interpreter::BuildError;
use crate::panic;

/// The reason why a job has no result.
///
/// ```
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::PoolError;
///
/// # pyatoll::Python::initialize();
/// let pool = InterpreterPool::builder().size(1).build()?;
/// let error = pool.submit(|py| py.run(c"1 / 0", None, None)).join().unwrap_err();
/// assert_eq!(error.to_string(), "ZeroDivisionError: division by zero");
///
/// let error = pool.submit(|_py| -> pyatoll::PyResult<()> { panic!("oh no") }).join();
/// assert_eq!(error, Err(PoolError::Panicked("oh no".into())));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// The job raised this Python exception. `SystemExit` and `KeyboardInterrupt`, too, only end
    /// the job.
    Raised(RaisedException),
    /// The job panicked with this text.
    Panicked(String),
    /// The job was cancelled before it ran, by [`cancel`](crate::pool::JobHandle::cancel) or
    /// [`interrupt`](crate::pool::JobHandle::interrupt) of its handle or of an
    /// [`InterruptHandle`](crate::pool::InterruptHandle), or by
    /// [`InterpreterPool::shutdown_now`](crate::InterpreterPool::shutdown_now).
    Cancelled,
    /// The job was interrupted by [`JobHandle::interrupt`](crate::pool::JobHandle::interrupt), or
    /// through an [`InterruptHandle`](crate::pool::InterruptHandle), and ended with the exception.
    Interrupted,
    /// The job was not done within its [timeout](crate::pool::JobOptions::timeout).
    TimedOut,
    /// The operating system could not start the thread that watches timeouts, for this reason.
    Thread(String),
    /// The pool was shut down before the job was submitted.
    ShutDown,
    /// The Python runtime ended before the job ran.
    RuntimeEnded,
    /// The pool has lost its last interpreter and could not replace it, for this reason.
    Broken(String),
    /// The job was waited for by a job that it waits for itself, on the same thread.
    WouldDeadlock,
    /// This process is a fork of the one with the pool's workers.
    Forked,
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raised(exception) => exception.fmt(f),
            Self::Panicked(message) => write!(f, "the job panicked: {message}"),
            Self::Cancelled => f.write_str("the job was cancelled before it ran"),
            Self::Interrupted => f.write_str("the job was interrupted"),
            Self::TimedOut => f.write_str("the job was not done within its timeout"),
            Self::Thread(error) => write!(f, "cannot start the thread for timeouts: {error}"),
            Self::ShutDown => f.write_str("the pool has been shut down and takes no more jobs"),
            Self::RuntimeEnded => f.write_str("the Python runtime ended before the job ran"),
            Self::Broken(reason) => write!(f, "the pool has no interpreter left: {reason}"),
            Self::WouldDeadlock => {
                f.write_str("a job cannot wait for a job that is waiting for it")
            }
            Self::Forked => f.write_str(
                "this process is a fork of the one the pool was made in, and has no workers",
            ),
        }
    }
}

/// The source of a raised exception is its cause or context, as the error shows the exception
/// itself.
impl std::error::Error for PoolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Raised(exception) => exception.source(),
            _ => None,
        }
    }
}

/// A `RuntimeError` with the error's text, as an exception of another interpreter cannot be raised.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(1).build()?;
/// let done = pool.submit(|py| py.run(c"[].pop()", None, None)).join();
/// let error = PyErr::from(done.unwrap_err());
/// assert_eq!(error.to_string(), "RuntimeError: IndexError: pop from empty list");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
impl From<PoolError> for PyErr {
    fn from(error: PoolError) -> Self {
        PyRuntimeError::new_err(error.to_string())
    }
}

impl PoolError {
    /// Converts the payload of a caught panic.
    pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Self {
        let message = panic::message(&*payload);
        panic::discard(payload);
        Self::Panicked(message)
    }
}

/// The reason why a pool could not be built.
///
/// ```
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::PoolBuildError;
///
/// # pyatoll::Python::initialize();
/// let builder = InterpreterPool::builder().size(2);
/// let built = builder.initializer(|py| py.run(c"import no_such_module", None, None)).build();
/// let error: PoolBuildError = built.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "a worker's initializer failed: ModuleNotFoundError: No module named 'no_such_module'"
/// );
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolBuildError {
    /// A pool without workers was requested.
    NoWorkers,
    /// An interpreter could not be created.
    Interpreter(BuildError),
    /// The initializer raised an exception or panicked.
    Initializer(PoolError),
    /// The operating system could not start a thread for a worker.
    Thread(io::Error),
}

impl fmt::Display for PoolBuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorkers => f.write_str("a pool needs at least one worker"),
            Self::Interpreter(error) => error.fmt(f),
            Self::Initializer(error) => write!(f, "a worker's initializer failed: {error}"),
            Self::Thread(error) => write!(f, "cannot start a worker's thread: {error}"),
        }
    }
}

impl std::error::Error for PoolBuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoWorkers => None,
            Self::Interpreter(error) => Some(error),
            Self::Initializer(error) => Some(error),
            Self::Thread(error) => Some(error),
        }
    }
}

/// A job that [`InterpreterPool::try_submit`](crate::InterpreterPool::try_submit) refused.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::TrySubmitError;
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(1).build()?;
/// pool.shutdown(std::time::Duration::from_secs(60))?;
/// let Err(TrySubmitError::Refused { job, .. }) = pool.try_submit(|_py| Ok(5)) else { panic!() };
/// // Run it on this thread instead.
/// assert_eq!(Python::attach(job)?, 5);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub enum TrySubmitError<F> {
    /// The queue is full.
    Full {
        /// The job.
        job: F,
    },
    /// The pool no longer accepts jobs.
    Refused {
        /// The job.
        job: F,
        /// The reason.
        why: PoolError,
    },
}

impl<F> TrySubmitError<F> {
    /// Returns the job.
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// pool.shutdown(std::time::Duration::from_secs(60))?;
    /// let job = pool.try_submit(|_py| Ok(5)).map(drop).unwrap_err().into_job();
    /// assert_eq!(pyatoll::Python::attach(job)?, 5);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_job(self) -> F {
        match self {
            Self::Full { job } | Self::Refused { job, .. } => job,
        }
    }
}

impl<F> fmt::Debug for TrySubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { .. } => f.write_str("Full"),
            Self::Refused { why, .. } => f.debug_tuple("Refused").field(why).finish(),
        }
    }
}

impl<F> fmt::Display for TrySubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { .. } => f.write_str("the pool's queue is full"),
            Self::Refused { why, .. } => why.fmt(f),
        }
    }
}

impl<F> std::error::Error for TrySubmitError<F> {}

/// The error of a pool that has not ended in time. It accepts no more jobs, but running and queued
/// jobs continue.
///
/// ```
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::ShutdownError;
/// use std::time::Duration;
///
/// # pyatoll::Python::initialize();
/// let pool = InterpreterPool::builder().size(1).build()?;
/// let (go, wait) = std::sync::mpsc::channel::<()>();
/// let job = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
/// let error: ShutdownError = pool.shutdown(Duration::from_millis(10)).unwrap_err();
/// assert_eq!(error.running(), 1);
/// go.send(())?;
/// assert_eq!(job.join(), Ok(true));
/// pool.shutdown(Duration::from_secs(60))?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShutdownError {
    pub(super) running: usize,
    pub(super) queued: usize,
}

impl ShutdownError {
    /// Returns the number of workers that have not ended.
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// let pool = std::sync::Arc::new(InterpreterPool::builder().size(1).build()?);
    /// let inner = pool.clone();
    /// // A job cannot wait for its own end.
    /// let job = pool.submit(move |_py| Ok(inner.shutdown(std::time::Duration::MAX)));
    /// assert_eq!(job.join()?.unwrap_err().running(), 1);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn running(&self) -> usize {
        self.running
    }

    /// Returns the number of jobs that are still waiting for a worker.
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # use std::time::Duration;
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let first = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// let second = pool.submit(|_py| Ok(2));
    /// while pool.queued() > 1 {}
    /// assert_eq!(pool.shutdown(Duration::ZERO).unwrap_err().queued(), 1);
    /// go.send(())?;
    /// assert_eq!((first.join(), second.join()), (Ok(true), Ok(2)));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn queued(&self) -> usize {
        self.queued
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the pool has not ended in time: {} of its workers still run, and {} jobs wait",
            self.running, self.queued
        )
    }
}

impl std::error::Error for ShutdownError {}
