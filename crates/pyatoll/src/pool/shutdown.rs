//! [`Shutdown`]: the end of a pool as a future.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::error::{PoolError, ShutdownError};
use super::interpreter_pool::InterpreterPool;
use super::shared::Shared;
use super::timer::TimerKey;
use super::waker::WakerSlot;

impl InterpreterPool {
    /// Stops accepting jobs immediately, and returns a future that resolves once the queued jobs
    /// have run and the workers have ended their interpreters, or to an error after `timeout`.
    ///
    /// No thread waits, and the future does not borrow the pool. Dropping the future does not
    /// reopen the pool. To cancel the queued jobs as well, call
    /// [`shutdown_now`](InterpreterPool::shutdown_now) with a timeout of zero first.
    ///
    /// # Errors
    /// The future's errors are those of [`shutdown`](InterpreterPool::shutdown).
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use std::time::Duration;
    ///
    /// # fn block_on<T>(future: impl Future<Output = T>) -> T {
    /// #     struct Unpark(std::thread::Thread);
    /// #     impl std::task::Wake for Unpark {
    /// #         fn wake(self: std::sync::Arc<Self>) {
    /// #             self.0.unpark();
    /// #         }
    /// #     }
    /// #     let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    /// #     let mut context = std::task::Context::from_waker(&waker);
    /// #     let mut future = std::pin::pin!(future);
    /// #     loop {
    /// #         match future.as_mut().poll(&mut context) {
    /// #             std::task::Poll::Ready(result) => return result,
    /// #             std::task::Poll::Pending => std::thread::park(),
    /// #         }
    /// #     }
    /// # }
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let job = pool.submit(|_py| Ok(1));
    /// block_on(async {
    ///     pool.shutdown_async(Duration::from_secs(60)).await?;
    ///     assert_eq!(job.await, Ok(1));
    ///     Ok::<_, Box<dyn std::error::Error>>(())
    /// })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown_async(&self, timeout: Duration) -> Shutdown {
        let shared = Arc::clone(&self.shared);
        let task = Arc::new(WakerSlot::default());
        let mut shutdown = Shutdown {
            shared,
            task,
            deadline: None,
            timer: None,
        };
        if !self.shared.is_forked() {
            self.shared.close(PoolError::ShutDown);
            shutdown.begin(timeout);
        }
        shutdown
    }
}

/// The future of [`InterpreterPool::shutdown_async`].
#[must_use = "the pool was shut down, but nothing waits for its end"]
pub struct Shutdown {
    shared: Arc<Shared>,
    /// The waker, which the last worker and the timer call.
    task: Arc<WakerSlot>,
    /// `None`: without a limit.
    deadline: Option<Instant>,
    timer: Option<TimerKey>,
}

impl Shutdown {
    /// Arranges the calls of the waker.
    fn begin(&mut self, timeout: Duration) {
        self.shared.await_end(&self.task);
        let now = Instant::now();
        // Beyond the range of the clock means without a limit.
        let Some(deadline) = now.checked_add(timeout) else {
            return;
        };
        let task = Arc::clone(&self.task);
        match self.shared.timer.schedule(deadline, move || task.wake()) {
            Ok(key) => {
                self.timer = Some(key);
                self.deadline = Some(deadline);
            }
            // Nothing would wake the task at its deadline.
            Err(_) => self.deadline = Some(now),
        }
    }
}

impl Future for Shutdown {
    type Output = Result<(), ShutdownError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.shared.is_forked() {
            return Poll::Ready(Ok(()));
        }
        self.task.set(context.waker());
        if self.shared.has_ended() {
            return Poll::Ready(Ok(()));
        }
        let is_late = self.deadline.is_some_and(|at| at <= Instant::now());
        if is_late || self.shared.is_inside() {
            return Poll::Ready(Err(self.shared.progress()));
        }
        Poll::Pending
    }
}

impl Drop for Shutdown {
    fn drop(&mut self) {
        if self.shared.is_forked() {
            return;
        }
        if let Some(key) = self.timer {
            self.shared.timer.cancel(key);
        }
        self.task.clear();
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
