//! [`InterruptHandle`]: interrupting a job from threads other than the one that waits for it.

use std::fmt;
use std::sync::{Arc, Weak};

use super::handle::JobHandle;
use super::job::{self, Job};
use super::shared::Shared;

/// A handle with which any thread can cancel or interrupt a job, while another one waits for its
/// result. It can be cloned. Created by [`JobHandle::interrupt_handle`].
///
/// It keeps neither the pool nor the job's result alive.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::{InterruptHandle, PoolError};
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(1).build()?;
/// let (begin, begun) = std::sync::mpsc::channel();
/// let job = pool.submit(move |py| {
///     begin.send(()).unwrap();
///     py.run(c"while True: pass", None, None)
/// });
/// let interrupter: InterruptHandle = job.interrupt_handle();
/// let thread = std::thread::spawn(move || {
///     begun.recv().unwrap();
///     interrupter.interrupt()
/// });
/// // Meanwhile, this thread waits for the job.
/// assert_eq!(job.join(), Err(PoolError::Interrupted));
/// assert!(thread.join().unwrap());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct InterruptHandle {
    job: Weak<dyn Job>,
    shared: Weak<Shared>,
}

impl<R: Send + 'static> JobHandle<R> {
    /// Returns a handle with which other threads can cancel or interrupt the job.
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
    /// let interrupter = second.interrupt_handle();
    /// let waiting = std::thread::spawn(move || second.join());
    /// assert!(interrupter.cancel());
    /// assert_eq!(waiting.join().unwrap(), Err(PoolError::Cancelled));
    /// go.send(())?;
    /// assert_eq!(first.join(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle {
            job: Arc::downgrade(&self.job()),
            shared: Arc::downgrade(&self.shared),
        }
    }
}

impl InterruptHandle {
    /// Cancels the job if it has not started, and returns whether it did: see
    /// [`JobHandle::cancel`].
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let job = pool.submit(|_py| Ok(1));
    /// let interrupter = job.interrupt_handle();
    /// assert_eq!(job.join(), Ok(1));
    /// assert!(!interrupter.cancel());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        self.with_job(Shared::cancel)
    }

    /// Cancels the job if it has not started, and otherwise raises a `KeyboardInterrupt` in its
    /// Python code. Returns `false` if the job was already done, or if the system cannot start the
    /// thread that raises the exception. Does not wait: see [`JobHandle::interrupt`].
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let job = pool.submit(|_py| Ok(1));
    /// let interrupter = job.interrupt_handle();
    /// assert_eq!(job.join(), Ok(1));
    /// assert!(!interrupter.interrupt());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `PyThreadState_SetAsyncExc`.
    pub fn interrupt(&self) -> bool {
        self.with_job(Shared::interrupt)
    }

    /// Returns whether the job has finished: see [`JobHandle::is_finished`].
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let job = pool.submit(|_py| Ok(1));
    /// let interrupter = job.interrupt_handle();
    /// assert_eq!(job.join(), Ok(1));
    /// assert!(interrupter.is_finished());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_finished(&self) -> bool {
        match self.shared.upgrade() {
            Some(shared) if shared.is_forked() => false,
            Some(_) => !self.with_job(|_, job| !job.is_done()),
            None => true,
        }
    }

    /// Calls `f`; returns `false` if the job no longer exists.
    fn with_job(&self, f: impl FnOnce(&Shared, &Arc<dyn Job>) -> bool) -> bool {
        let (Some(shared), Some(job)) = (self.shared.upgrade(), self.job.upgrade()) else {
            return false;
        };
        let result = f(&shared, &job);
        // It may be the last reference to the result.
        job::drop_discarding_panic(job);
        result
    }
}

impl fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptHandle")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
