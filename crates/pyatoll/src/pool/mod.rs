//! A pool of interpreters: jobs go in, results come out, each worker thread has an interpreter of
//! its own.
//!
//! From Python 3.12 each interpreter has its own GIL by default, so that jobs of pure Python run in
//! parallel, as `InterpreterPoolExecutor` of Python 3.14 does it. Below 3.12 they share one.
//!
//! - A job is a closure with the token of the worker's interpreter. What it returns is any Rust
//!   value; a [`Py<T>`](crate::Py) may be among it, and stays usable in that interpreter only.
//! - Whoever waits (for a result, for room in the queue, for the end) is detached meanwhile, if it
//!   was attached.
//! - A job may submit to its own pool and wait for it: what has not begun then is run on the spot.
//!   It must not wait for another *thread* that waits for a job of the pool.
//! - The end of the Python runtime ends the pool.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::InterpreterPool;
//!
//! # Python::initialize();
//! let pool = InterpreterPool::builder()
//!     .size(2)
//!     .initializer(|py| py.run(c"import json", None, None))
//!     .build()?;
//!
//! let answer = pool.submit(|py| py.eval(c"6 * 7", None, None)?.extract::<i32>());
//! assert_eq!(answer.join(), Ok(42));
//!
//! let texts = ["[1, 2]", "[3", "[4]"];
//! let lens = pool.map(texts, |py, text| py.import("json")?.call_method1("loads", (text,))?.len());
//! let lens: Vec<Option<usize>> = lens.map(Result::ok).collect();
//! assert_eq!(lens, [Some(2), None, Some(1)]);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | concern |
//! |---|---|
//! | `builder` | how a pool is to be |
//! | `shared` | the queue, and who is there |
//! | `job` | one job, and what came of it |
//! | `worker` | a thread and its interpreters |
//! | `map` | many items, results in order |
//! | `runtime_end` | pools end before the runtime |
//! | `error` | what goes wrong, as plain values |

mod builder;
mod error;
mod job;
mod map;
mod runtime_end;
mod shared;
mod worker;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use builder::InterpreterPoolBuilder;
pub use error::{PoolBuildError, PoolError, RaisedException, ShutdownError, TrySubmitError};
pub use job::JobHandle;
pub use map::Map;

use self::job::{Job, Packet};
use self::shared::{Refusal, Shared};
use crate::error::PyResult;
use crate::interpreter::sync::lock;
use crate::interpreter::{Interpreter, Python, attach};

/// Worker threads, each with a sub-interpreter of its own, and a queue of jobs for them. See the
/// [module](crate::pool) for the rules.
///
/// Dropping it lets the queued jobs finish and waits for the end of the workers, unless it was
/// [shut down](InterpreterPool::shutdown) before, or the thread is inside one of its interpreters
/// (as a job is): then they end by themselves.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::InterpreterPool;
///
/// # Python::initialize();
/// let pool = InterpreterPool::builder().size(2).build()?;
/// let jobs: Vec<_> = (0..4)
///     .map(|_| pool.submit(|py| py.eval(c"sum(range(1000))", None, None)?.extract::<u64>()))
///     .collect();
/// for job in jobs {
///     assert_eq!(job.join()?, 499_500);
/// }
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// C API: PEP 684, PEP 734, `concurrent.futures.InterpreterPoolExecutor`.
pub struct InterpreterPool {
    shared: Arc<Shared>,
    size: usize,
    /// Of the workers; empty after the end.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl InterpreterPool {
    /// A builder: a worker for each core, isolated interpreters, no initialiser.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().build()?;
    /// assert!(pool.size() >= 1);
    /// # Ok::<_, pyatoll::pool::PoolBuildError>(())
    /// ```
    pub fn builder() -> InterpreterPoolBuilder {
        InterpreterPoolBuilder::default()
    }

    /// How many workers it was made with.
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// assert_eq!(InterpreterPool::builder().size(2).build()?.size(), 2);
    /// # Ok::<_, pyatoll::pool::PoolBuildError>(())
    /// ```
    pub fn size(&self) -> usize {
        self.size
    }

    /// The interpreters its workers have now.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(2).build()?;
    /// let interpreters = pool.interpreters();
    /// assert!(interpreters.len() == 2 && interpreters[0] != interpreters[1]);
    /// let at = pool.submit(|py| Ok(py.interpreter())).join()?;
    /// assert!(interpreters.contains(&at));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn interpreters(&self) -> Vec<Interpreter> {
        if self.shared.is_forked() {
            return Vec::new();
        }
        let mut interpreters = self.shared.interpreters();
        interpreters.retain(Interpreter::is_alive);
        interpreters
    }

    /// How many jobs wait for a worker.
    ///
    /// ```
    /// # use pyatoll::InterpreterPool;
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// pool.submit(|_py| Ok(())).join()?;
    /// assert_eq!(pool.queued(), 0);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn queued(&self) -> usize {
        if self.shared.is_forked() {
            return 0;
        }
        self.shared.queued()
    }

    /// Queues a job: a closure that a worker runs in its interpreter. If the queue is full, waits
    /// until there is room; a thread that is attached is detached meanwhile.
    ///
    /// In a job of the same pool it does not wait: where the queue is full, the job is run here and
    /// now.
    ///
    /// A pool that takes no jobs any more says so through the handle.
    ///
    /// # Panics
    /// In a `__traverse__`, where nothing may be waited for.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(2).build()?;
    /// let text = String::from("a b a");
    /// let job = pool.submit(move |py| {
    ///     let counter = py.import("collections")?.getattr("Counter")?;
    ///     counter.call1((text.split(' ').collect::<Vec<_>>(),))?.get_item("a")?.extract::<u32>()
    /// });
    /// assert_eq!(job.join(), Ok(2));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit<F, R>(&self, job: F) -> JobHandle<R>
    where
        F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send + 'static,
        R: Send + 'static,
    {
        let packet = Arc::new(Packet::new(job));
        let handle = JobHandle::new(packet.clone(), Arc::clone(&self.shared));
        let job: Arc<dyn Job> = packet;
        if !self.shared.is_forked() {
            self.enqueue(&job);
        }
        handle
    }

    /// Queues a job, ends it, or runs it here: see [`InterpreterPool::submit`].
    fn enqueue(&self, job: &Arc<dyn Job>) {
        let refused = match self.shared.try_push(job) {
            Ok(()) => return,
            Err(Refusal::Closed(why)) => Err(why),
            Err(Refusal::Full) => match self.shared.worker_here() {
                Some(interpreter) => return worker::run_here(interpreter, &**job),
                None => attach::waiting(|| self.shared.push_waiting(job)),
            },
        };
        if let Err(why) = refused {
            job.refuse(why);
        }
    }

    /// Queues a job if there is room. Never waits.
    ///
    /// # Errors
    /// [`TrySubmitError`], with the job: the queue is full, or the pool takes no jobs any more.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    ///
    /// # Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let result = match pool.try_submit(|py| py.eval(c"1 + 1", None, None)?.extract::<i32>()) {
    ///     Ok(handle) => handle.join()?,
    ///     Err(refused) => Python::attach(refused.into_job())?,
    /// };
    /// assert_eq!(result, 2);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_submit<F, R>(&self, job: F) -> Result<JobHandle<R>, TrySubmitError<F>>
    where
        F: for<'py> FnOnce(Python<'py>) -> PyResult<R> + Send + 'static,
        R: Send + 'static,
    {
        if self.shared.is_forked() {
            let why = PoolError::Forked;
            return Err(TrySubmitError::Refused { job, why });
        }
        let packet = Arc::new(Packet::new(job));
        let queued: Arc<dyn Job> = packet.clone();
        let refused = match self.shared.try_push(&queued) {
            Ok(()) => return Ok(JobHandle::new(packet, Arc::clone(&self.shared))),
            Err(refused) => refused,
        };
        drop(queued);
        let job = Arc::into_inner(packet).map(Packet::into_job);
        let job = job.expect("nobody else has a job that was not queued");
        Err(match refused {
            Refusal::Full => TrySubmitError::Full { job },
            Refusal::Closed(why) => TrySubmitError::Refused { job, why },
        })
    }

    /// Runs `function` for each item; the results come in the items' order. Items are taken as
    /// results are asked for: no more are under way than there are workers and room in the queue.
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

    /// Takes no more jobs, and waits until those that are queued have run and the workers have
    /// ended their interpreters; no longer than `timeout`. A thread that is attached is detached
    /// while it waits. May be called again.
    ///
    /// # Errors
    /// [`ShutdownError`]: not all have ended in time. What runs and what is queued goes on, and
    /// dropping the pool does not wait for it. In a job of this pool, or another thread that is
    /// inside one of its interpreters, this comes at once, for those cannot wait for themselves.
    ///
    /// # Panics
    /// In a `__traverse__`, where nothing may be waited for.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::PoolError;
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let job = pool.submit(|_py| Ok(1));
    /// pool.shutdown(Duration::from_secs(60))?;
    /// assert_eq!(job.join(), Ok(1));
    /// assert_eq!(pool.submit(|_py| Ok(2)).join(), Err(PoolError::ShutDown));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self, timeout: Duration) -> Result<(), ShutdownError> {
        if self.shared.is_forked() {
            return Ok(());
        }
        self.shared.close(PoolError::ShutDown);
        self.end(Some(timeout))
    }

    /// As [`shutdown`](InterpreterPool::shutdown), but the jobs that wait in the queue do not run:
    /// their handles give [`PoolError::Cancelled`]. Jobs that have begun run to their end.
    ///
    /// # Errors
    /// As for [`shutdown`](InterpreterPool::shutdown).
    ///
    /// # Panics
    /// In a `__traverse__`, where nothing may be waited for.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::PoolError;
    /// use std::time::Duration;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let running = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// while pool.queued() > 0 {}
    /// let queued = pool.submit(|_py| Ok(()));
    /// assert!(pool.shutdown_now(Duration::ZERO).is_err());
    /// assert_eq!(queued.join(), Err(PoolError::Cancelled));
    /// go.send(())?;
    /// pool.shutdown_now(Duration::from_secs(60))?;
    /// assert_eq!(running.join(), Ok(true));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown_now(&self, timeout: Duration) -> Result<(), ShutdownError> {
        if self.shared.is_forked() {
            return Ok(());
        }
        self.shared.close(PoolError::ShutDown);
        self.shared.cancel_queued(&PoolError::Cancelled);
        self.end(Some(timeout))
    }

    /// Waits for the end of the workers, where that can come.
    fn end(&self, timeout: Option<Duration>) -> Result<(), ShutdownError> {
        if self.is_inside() {
            return Err(self.shared.progress());
        }
        // Beyond what the clock can say is for ever.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        attach::waiting(|| {
            self.shared.wait_for_end(deadline)?;
            let mut threads = lock(&self.threads);
            let threads = std::mem::take(&mut *threads);
            for thread in threads {
                let _ = thread.join();
            }
            Ok(())
        })
    }

    /// Whether this thread is inside an interpreter of the pool, whose end it would wait for.
    fn is_inside(&self) -> bool {
        self.shared.worker_here().is_some()
            || self
                .shared
                .interpreters()
                .iter()
                .any(Interpreter::is_entered)
    }
}

impl Drop for InterpreterPool {
    fn drop(&mut self) {
        if self.shared.is_forked() {
            let threads = self.threads.get_mut().unwrap_or_else(|p| p.into_inner());
            // They are not in this process, and nothing must be done to them.
            std::mem::forget(std::mem::take(threads));
            return;
        }
        let was_open = self.shared.close(PoolError::ShutDown);
        if was_open && !attach::is_in_traverse() {
            // Else they end by themselves.
            let _ = self.end(None);
        }
    }
}

impl fmt::Debug for InterpreterPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterpreterPool")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<InterpreterPool>();
    is_send_and_sync::<InterpreterPoolBuilder>();
    is_send_and_sync::<JobHandle<std::cell::Cell<u8>>>();
    is_send_and_sync::<PoolError>();
};
