//! [`InterpreterPoolBuilder`]: the options of a pool.

use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;

use super::error::{PoolBuildError, PoolError};
use super::interpreter_pool::InterpreterPool;
use super::shared::Shared;
use super::worker::{Worker, WorkerSettings};
use crate::error::PyResult;
use crate::interpreter::{Python, STACK_SIZE, SubInterpreter, SubInterpreterBuilder, attach};

impl InterpreterPool {
    /// Returns a builder for a pool with a worker for each core, isolated interpreters, and no
    /// initializer.
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
}

/// The options of an [`InterpreterPool`]. Created by [`InterpreterPool::builder`].
///
/// ```
/// use pyatoll::InterpreterPool;
/// use pyatoll::pool::InterpreterPoolBuilder;
///
/// # pyatoll::Python::initialize();
/// let builder: InterpreterPoolBuilder = InterpreterPool::builder().size(2).queue_capacity(8);
/// assert_eq!(builder.build()?.size(), 2);
/// # Ok::<_, pyatoll::pool::PoolBuildError>(())
/// ```
#[derive(Clone)]
pub struct InterpreterPoolBuilder {
    size: Option<usize>,
    queue_capacity: Option<usize>,
    settings: WorkerSettings,
}

impl Default for InterpreterPoolBuilder {
    fn default() -> Self {
        Self {
            size: None,
            queue_capacity: None,
            settings: WorkerSettings {
                interpreter: SubInterpreter::builder(),
                initializer: None,
                restart_limit: 3,
                thread_name: "interpreter".into(),
                stack_size: STACK_SIZE,
            },
        }
    }
}

impl InterpreterPoolBuilder {
    /// Sets the number of workers, each a thread with an interpreter. Default: the number of cores
    /// available to the process.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(3).build()?;
    /// assert_eq!(pool.interpreters().len(), 3);
    /// # Ok::<_, pyatoll::pool::PoolBuildError>(())
    /// ```
    #[must_use]
    pub fn size(mut self, workers: usize) -> Self {
        self.size = Some(workers);
        self
    }

    /// Sets the number of jobs that may wait for a worker: at least 1, by default 64 per worker. If
    /// the queue is full, [`submit`](InterpreterPool::submit) waits.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::TrySubmitError;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).queue_capacity(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let running = pool.submit(move |py| Ok(py.detach(move || wait.recv().is_ok())));
    /// let queued = pool.submit(|_py| Ok(()));
    /// let refused = pool.try_submit(|_py| Ok(()));
    /// assert!(matches!(refused, Err(TrySubmitError::Full { .. })));
    /// go.send(())?;
    /// assert_eq!((running.join(), queued.join()), (Ok(true), Ok(())));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn queue_capacity(mut self, jobs: usize) -> Self {
        self.queue_capacity = Some(jobs);
        self
    }

    /// Sets a function that runs once in each interpreter before its first job, for imports and
    /// settings. If it fails, the interpreter is ended and another one created, up to
    /// [`restart_limit`](InterpreterPoolBuilder::restart_limit).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    ///
    /// # Python::initialize();
    /// let pool = InterpreterPool::builder()
    ///     .size(2)
    ///     .initializer(|py| py.run(c"import json, sys; sys.ready = True", None, None))
    ///     .build()?;
    /// let ready = pool.submit(|py| py.eval(c"__import__('sys').ready", None, None)?.extract());
    /// assert!(ready.join()?);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn initializer<F>(mut self, initializer: F) -> Self
    where
        F: for<'py> Fn(Python<'py>) -> PyResult<()> + Send + Sync + 'static,
    {
        self.settings.initializer = Some(Arc::new(initializer));
        self
    }

    /// Sets the options of the interpreters. Default: those of [`SubInterpreter::builder`].
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::interpreter::SubInterpreter;
    ///
    /// # pyatoll::Python::initialize();
    /// // For extension modules that do not support several interpreters.
    /// let legacy = SubInterpreter::builder().legacy();
    /// let pool = InterpreterPool::builder().size(2).interpreter(legacy).build()?;
    /// # Ok::<_, pyatoll::pool::PoolBuildError>(())
    /// ```
    #[must_use]
    pub fn interpreter(mut self, settings: SubInterpreterBuilder) -> Self {
        self.settings.interpreter = settings;
        self
    }

    /// Sets how many times in a row a worker that has lost its interpreter may fail to replace it:
    /// the interpreter cannot be created, its initializer fails, or it is ended before it has run a
    /// job. A worker that fails more often ends. With the last worker the pool ends, and its jobs
    /// return [`PoolError::Broken`]. Default: 3.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).restart_limit(0).build()?;
    /// # Ok::<_, pyatoll::pool::PoolBuildError>(())
    /// ```
    #[must_use]
    pub fn restart_limit(mut self, times: u32) -> Self {
        self.settings.restart_limit = times;
        self
    }

    /// Sets the name of the threads, to which `-` and a number are appended. Default:
    /// `interpreter`.
    ///
    /// On Linux and macOS, debuggers, profilers and (from Python 3.14 on) `faulthandler` show the
    /// interpreter's id, too, as in `renderer-0@3`. Linux keeps 15 bytes of a name: a long one is
    /// shortened in front of its number.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).thread_name("renderer").build()?;
    /// let name = pool.submit(|_py| Ok(std::thread::current().name().map(str::to_owned)));
    /// assert_eq!(name.join()?.as_deref(), Some("renderer-0"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.settings.thread_name = name.into();
        self
    }

    /// Sets the stack size of the threads in bytes. Default: 8 MiB, as Python recurses deeply.
    ///
    /// ```
    /// use pyatoll::InterpreterPool;
    ///
    /// # pyatoll::Python::initialize();
    /// let pool = InterpreterPool::builder().size(1).stack_size(64 << 20).build()?;
    /// # Ok::<_, pyatoll::pool::PoolBuildError>(())
    /// ```
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack_size = bytes;
        self
    }

    /// Builds the pool, and waits until every worker has initialized its interpreter. A thread that
    /// is attached, to any interpreter, is detached while it waits.
    ///
    /// # Errors
    /// [`PoolBuildError`]: an interpreter could not be created or initialized. All workers have
    /// ended then.
    ///
    /// # Panics
    /// In a `__traverse__`, as it waits; if the thread's name contains a zero byte.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::InterpreterPool;
    /// use pyatoll::pool::PoolBuildError;
    ///
    /// # Python::initialize();
    /// let pool = Python::attach(|_py| InterpreterPool::builder().size(2).build())?;
    /// assert!(matches!(
    ///     InterpreterPool::builder().size(0).build(),
    ///     Err(PoolBuildError::NoWorkers)
    /// ));
    /// # Ok::<_, PoolBuildError>(())
    /// ```
    #[track_caller]
    pub fn build(&self) -> Result<InterpreterPool, PoolBuildError> {
        let size = match self.size {
            Some(size) => size,
            None => thread::available_parallelism().map_or(1, |cores| cores.get()),
        };
        if size == 0 {
            return Err(PoolBuildError::NoWorkers);
        }
        attach::refuse_in_traverse();
        #[cfg(feature = "auto-initialize")]
        crate::interpreter::start::initialize();

        let capacity = self.queue_capacity.unwrap_or(size.saturating_mul(64));
        let shared = Arc::new(Shared::new(size, capacity, self.settings.stack_size));
        let settings = Arc::new(self.settings.clone());
        let (started, starts) = mpsc::channel();
        let mut failure = None;
        for number in 0..size {
            let worker = Worker::new(number, Arc::clone(&shared), Arc::clone(&settings));
            if failure.is_some() {
                // Dropping the worker unregisters it.
                continue;
            }
            match worker.spawn(Some(started.clone())) {
                Ok(thread) => shared.add_thread(thread),
                Err(error) => failure = Some(PoolBuildError::Thread(error)),
            }
        }
        drop(started);
        let refused = attach::waiting(|| starts.into_iter().find_map(Result::err));
        let pool = InterpreterPool {
            shared,
            size,
            settings,
        };
        match failure.or(refused) {
            None => Ok(pool),
            Some(error) => {
                // Waits for the workers that were started.
                pool.shared.close(PoolError::Broken(error.to_string()));
                pool.end(None).ok();
                Err(error)
            }
        }
    }
}

impl fmt::Debug for InterpreterPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterpreterPoolBuilder")
            .field("size", &self.size)
            .field("queue_capacity", &self.queue_capacity)
            .field("thread_name", &self.settings.thread_name)
            .field("stack_size", &self.settings.stack_size)
            .field("interpreter", &self.settings.interpreter)
            .field("restart_limit", &self.settings.restart_limit)
            .finish_non_exhaustive()
    }
}
