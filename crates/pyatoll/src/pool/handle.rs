//! [`JobHandle`]: waiting for the result of a job.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::error::PoolError;
use super::job::{Job, Outcome};
use super::shared::{CurrentWorker, Shared};
use super::waker::WakerSlot;
use super::worker;
use crate::interpreter::attach;

/// A handle to a submitted job and its result. Dropping it does not cancel the job.
///
/// A handle is also a [`Future`], for any executor.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::JobHandle;
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(2).build()?;
/// let jobs: Vec<JobHandle<u32>> = ["a", "bb", "ccc"]
///     .map(|text| pool.submit(move |py| py.eval(c"len", None, None)?.call1((text,))?.extract()))
///     .into();
/// let sum: u32 = jobs.into_iter().map(JobHandle::join).sum::<Result<_, _>>()?;
/// assert_eq!(sum, 6);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the job runs, but its result or error is lost"]
pub struct JobHandle<R> {
    outcome: Arc<dyn Outcome<R>>,
    pub(super) shared: Arc<Shared>,
    /// The task that polls this on a worker, until the job is done.
    task: Option<Arc<WakerSlot>>,
}

/// A waker that unparks a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<R: Send + 'static> JobHandle<R> {
    pub(super) fn new(outcome: Arc<dyn Outcome<R>>, shared: Arc<Shared>) -> Self {
        Self {
            outcome,
            shared,
            task: None,
        }
    }

    pub(super) fn job(&self) -> Arc<dyn Job> {
        Arc::clone(&self.outcome) as Arc<dyn Job>
    }

    /// Waits for the job's result. A thread that is attached is detached while it waits.
    ///
    /// In a job of the same pool this cannot starve: a job that has not started runs immediately on
    /// this thread, in this worker's interpreter. While it waits for a job on another thread, which
    /// may in turn wait for this one, it runs the functions of
    /// [`broadcast`](crate::InterpreterPool::broadcast) for this worker.
    ///
    /// # Errors
    /// [`PoolError`]: the exception or panic of the job, or the reason why it never ran.
    ///
    /// # Panics
    /// If it would wait in a `__traverse__`, or if the handle was awaited and has returned the
    /// result.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    ///
    /// # Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let id = pool.submit(|py| Ok(py.interpreter().id())).join()?;
    /// assert_eq!(id, pool.interpreters()[0].id());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<R, PoolError> {
        loop {
            // Also after a job that this thread ran in the meantime, which may have forked.
            if self.shared.is_forked() {
                return Err(PoolError::Forked);
            }
            if let Some(result) = self.take_or_run() {
                return result;
            }
            match self.shared.current_worker() {
                Some(current) => self.wait_as_worker(&current),
                None => attach::waiting(|| self.outcome.wait(None)),
            };
        }
    }

    /// Waits for the job on a worker's thread. Runs the jobs that only this worker may run: the job
    /// may wait for one of them.
    fn wait_as_worker(&self, current: &CurrentWorker) -> bool {
        let waker = Arc::new(Unpark(thread::current())).into();
        let task = Arc::new(WakerSlot::default());
        self.outcome.set_waker(&waker);
        while !self.outcome.is_done() {
            task.set(&waker);
            match self.shared.next_for_waiting(current, &task) {
                Some(job) => worker::run_inline(current, &*job),
                None => attach::waiting(thread::park),
            }
            if self.shared.is_forked() {
                return false;
            }
        }
        // `park` may have consumed the token that other code on this thread waits for.
        thread::current().unpark();
        true
    }

    /// Runs the jobs that only this worker may run while its thread polls; returns whether it ran
    /// one. Otherwise, the task is woken once there is one.
    fn run_as_polling_worker(&mut self, waker: &Waker) -> bool {
        let Some(current) = self.shared.current_worker() else {
            return false;
        };
        let task = self.task.get_or_insert_default();
        task.set(waker);
        let Some(job) = self.shared.next_for_waiting(&current, task) else {
            return false;
        };
        worker::run_inline(&current, &*job);
        true
    }

    /// Takes the result, if the job is done. In a job of the same pool, runs this job first if it
    /// has not started.
    #[track_caller]
    fn take_or_run(&self) -> Option<Result<R, PoolError>> {
        if let Some(result) = self.outcome.take() {
            return Some(result);
        }
        // Also on the thread of a worker that was replaced.
        if self.outcome.is_running_on_this_thread() {
            return Some(Err(PoolError::WouldDeadlock));
        }
        let current = self.shared.current_worker()?;
        // Before the job is taken out of the queue.
        attach::refuse_in_traverse();
        let job = self.job();
        if job.worker().is_some_and(|number| number != current.number) {
            return None;
        }
        self.shared.remove(&job);
        worker::run_inline(&current, &*job);
        if self.shared.is_forked() {
            return Some(Err(PoolError::Forked));
        }
        self.outcome.take()
    }

    /// Waits up to `timeout` for the job's result, and returns the handle if the job has not
    /// finished by then. A thread that is attached is detached while it waits.
    ///
    /// Unlike [`join`](JobHandle::join), it does not run the job on this thread.
    ///
    /// # Errors
    /// The handle. The inner result is that of [`join`](JobHandle::join).
    ///
    /// # Panics
    /// As [`join`](JobHandle::join).
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let job = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// let job = job.join_timeout(Duration::from_millis(5)).unwrap_err();
    /// go.send(())?;
    /// assert_eq!(job.join_timeout(Duration::from_secs(60)).unwrap(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<R, PoolError>, Self> {
        if self.shared.is_forked() {
            return Ok(Err(PoolError::Forked));
        }
        if self.outcome.is_running_on_this_thread() {
            return Ok(Err(PoolError::WouldDeadlock));
        }
        self.wait_timeout(timeout);
        self.outcome.take().ok_or(self)
    }

    /// Waits up to `timeout` for the job to finish, and returns whether it has. A thread that is
    /// attached is detached while it waits.
    ///
    /// # Panics
    /// If it would wait in a `__traverse__`.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let job = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// assert!(!job.wait_timeout(Duration::from_millis(5)));
    /// go.send(())?;
    /// assert!(job.wait_timeout(Duration::from_secs(60)));
    /// assert_eq!(job.join(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        if self.shared.is_forked() {
            return false;
        }
        let deadline = Instant::now().checked_add(timeout);
        self.outcome.is_done() || attach::waiting(|| self.outcome.wait(deadline))
    }

    /// Returns whether the job has finished.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let job = pool.submit(|_py| Ok("done"));
    /// while !job.is_finished() {}
    /// assert_eq!(job.join(), Ok("done"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_finished(&self) -> bool {
        !self.shared.is_forked() && self.outcome.is_done()
    }

    /// Cancels the job if it has not started, and returns whether it did. Joining a cancelled job
    /// returns [`PoolError::Cancelled`].
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
    /// assert!(second.cancel());
    /// assert_eq!(second.join(), Err(PoolError::Cancelled));
    /// go.send(())?;
    /// assert_eq!(first.join(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        self.shared.cancel(&self.job())
    }

    /// Cancels the job if it has not started, and otherwise raises a `KeyboardInterrupt` in its
    /// Python code. Returns `false` if the job was already done, or if the system cannot start the
    /// thread that raises the exception. Does not wait.
    ///
    /// If the exception ends the job, joining it returns [`PoolError::Interrupted`]. Python code
    /// may catch it; if the job then returns a value, that is its result. The exception is raised
    /// before the next instruction of Python code: code that waits outside of Python, such as
    /// `time.sleep`, or computes in C or Rust, runs on until it returns to Python. A
    /// [timeout](crate::pool::JobOptions::timeout) also deals with code that does not give way.
    ///
    /// If the job waits for another job that runs on the same thread, it is interrupted after that.
    /// An interrupt never reaches another job.
    ///
    /// To interrupt a job while another thread waits for it, use an
    /// [`interrupt_handle`](JobHandle::interrupt_handle).
    ///
    /// On Python 3.13, a `try` statement does not catch an exception that is raised between two
    /// iterations of a `while` loop with a condition: CPython's table of handlers does not cover
    /// the jump back.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::PoolError;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let endless = pool.submit(|py| py.run(c"while True: pass", None, None));
    /// while pool.stats().running == 0 {}
    /// assert!(endless.interrupt());
    /// assert_eq!(endless.join(), Err(PoolError::Interrupted));
    /// assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// C API: `PyThreadState_SetAsyncExc`.
    pub fn interrupt(&self) -> bool {
        self.shared.interrupt(&self.job())
    }
}

/// Resolves to what [`join`](JobHandle::join) returns. No thread waits: the worker that finishes
/// the job calls the task's waker.
///
/// A future that is dropped, or not polled any more, changes nothing about the job. To keep the
/// handle, await `&mut handle`.
///
/// In a job of the same pool, a job that has not started runs in the call of `poll`, so that the
/// pool cannot starve; so do the functions of [`broadcast`](crate::InterpreterPool::broadcast) for
/// this worker.
///
/// # Panics
/// When it is polled after it has returned the result, or if it would run the job in a
/// `__traverse__`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
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
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(2).build()?;
/// let task = async {
///     let three = pool.submit(|py| py.eval(c"1 + 2", None, None)?.extract::<i32>());
///     let seven = pool.submit(|py| py.eval(c"3 + 4", None, None)?.extract::<i32>());
///     Ok(three.await? * seven.await?)
/// };
/// // With tokio: `runtime.block_on(task)`.
/// let product: Result<i32, pyatoll::pool::PoolError> = block_on(task);
/// assert_eq!(product, Ok(21));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
impl<R: Send + 'static> Future for JobHandle<R> {
    type Output = Result<R, PoolError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            // Also after a job that this thread ran in the meantime, which may have forked.
            if self.shared.is_forked() {
                return Poll::Ready(Err(PoolError::Forked));
            }
            self.outcome.set_waker(context.waker());
            if let Some(result) = self.take_or_run() {
                self.outcome.clear_waker();
                self.task = None;
                return Poll::Ready(result);
            }
            if !self.run_as_polling_worker(context.waker()) {
                return Poll::Pending;
            }
        }
    }
}

impl<R> Drop for JobHandle<R> {
    fn drop(&mut self) {
        // The waker may keep a task alive that nobody needs any more.
        if !self.shared.is_forked() {
            self.outcome.clear_waker();
        }
    }
}

impl<R> fmt::Debug for JobHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finished = !self.shared.is_forked() && self.outcome.is_done();
        f.debug_struct("JobHandle")
            .field("finished", &finished)
            .finish_non_exhaustive()
    }
}
