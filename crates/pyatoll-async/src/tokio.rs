//! The conversions for `tokio`.
//!
//! The process has one runtime, which all interpreters share: [`get_runtime`]. It is created at
//! first use, with the builder of [`init`]. Its threads belong to no interpreter; a future carries
//! its own.
//!
//! ```
//! use std::time::Duration;
//!
//! use pyatoll::prelude::*;
//!
//! #[pyfunction]
//! fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
//!     pyatoll_async::tokio::future_into_py(py, async move {
//!         tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
//!         Ok(seconds)
//!     })
//! }
//!
//! Python::attach(|py| {
//!     let sleep = wrap_pyfunction!(sleep, py)?.unbind();
//!     pyatoll_async::tokio::run(py, async move {
//!         let slept = Python::attach(|py| {
//!             // Within `run`, an event loop runs in Python.
//!             pyatoll_async::tokio::into_future(sleep.bind(py).call1((0.01,))?)
//!         })?;
//!         let slept = slept.await?;
//!         Python::attach(|py| assert_eq!(slept.extract::<f64>(py).unwrap(), 0.01));
//!         Ok(())
//!     })
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

use std::any::Any;
use std::pin::Pin;
use std::sync::{Mutex, OnceLock};

use ::tokio::runtime::{Builder, Runtime};
use ::tokio::task;
use futures_core::Stream;
use pyatoll::prelude::*;

use crate::TaskLocals;
use crate::generic::{self, ContextExt, LocalContextExt, SpawnLocalExt};
use crate::pending::lock;
use crate::scope::Scope;

#[cfg(feature = "attributes")]
pub use pyatoll_async_macros::tokio_main as main;
#[cfg(all(feature = "attributes", feature = "testing"))]
pub use pyatoll_async_macros::tokio_test as test;

static BUILDER: Mutex<Option<Builder>> = Mutex::new(None);
static RUNTIME: OnceLock<&'static Runtime> = OnceLock::new();

::tokio::task_local! {
    static TASK_LOCALS: TaskLocals;
}

/// The [`Runtime`](generic::Runtime) of this module.
struct TokioRuntime;

impl generic::JoinError for task::JoinError {
    fn is_panic(&self) -> bool {
        Self::is_panic(self)
    }

    fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        Self::into_panic(self)
    }
}

impl generic::Runtime for TokioRuntime {
    type JoinError = task::JoinError;
    type JoinHandle = task::JoinHandle<()>;

    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        get_runtime().spawn(fut)
    }

    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static,
    {
        get_runtime().spawn_blocking(f)
    }
}

impl SpawnLocalExt for TokioRuntime {
    fn spawn_local<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + 'static,
    {
        task::spawn_local(fut)
    }
}

impl ContextExt for TokioRuntime {
    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        let fut = Scope::new(locals.interpreter(), fut);
        Box::pin(TASK_LOCALS.scope(locals, fut))
    }

    fn get_task_locals() -> Option<TaskLocals> {
        TASK_LOCALS.try_with(TaskLocals::clone).ok()
    }
}

impl LocalContextExt for TokioRuntime {
    fn scope_local<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R>>>
    where
        F: Future<Output = R> + 'static,
    {
        let fut = Scope::new(locals.interpreter(), fut);
        Box::pin(TASK_LOCALS.scope(locals, fut))
    }
}

/// Sets the builder of the runtime. Without effect once the runtime exists: call it first, for
/// example in `#[pymodule_init]`. The default is a multi-threaded runtime with all drivers enabled.
///
/// A current-thread runtime has no threads of its own, so futures make no progress until a thread
/// of yours calls `get_runtime().block_on(…)`.
pub fn init(builder: Builder) {
    *lock(&BUILDER) = Some(builder);
}

/// Sets the runtime, if that does not exist yet.
///
/// # Errors
/// `()` if it exists.
#[expect(clippy::result_unit_err, reason = "as in pyo3-async-runtimes")]
pub fn init_with_runtime(runtime: &'static Runtime) -> Result<(), ()> {
    RUNTIME.set(runtime).map_err(drop)
}

/// Returns the runtime, and creates it at first use.
///
/// # Panics
/// If the system cannot start its threads.
pub fn get_runtime<'a>() -> &'a Runtime {
    RUNTIME.get_or_init(|| {
        let mut builder = lock(&BUILDER).take().unwrap_or_else(|| {
            let mut builder = Builder::new_multi_thread();
            builder.enable_all();
            builder
        });
        let runtime = builder.build();
        // It lasts as long as the process, as a static does.
        Box::leak(Box::new(runtime.expect("cannot start the tokio runtime")))
    })
}

/// Runs a future with the locals of a Python task: code in it that attaches enters their
/// interpreter. Use it for the futures of `tokio::spawn`, which do not inherit the locals.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll_async::tokio::{get_current_locals, run, scope};
///
/// Python::attach(|py| {
///     run(py, async {
///         let locals = Python::attach(get_current_locals)?;
///         let here = locals.interpreter();
///         let task = tokio::spawn(scope(locals, async {
///             Python::attach(|py| py.interpreter())
///         }));
///         assert_eq!(task.await.unwrap(), here);
///         Ok(())
///     })
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub async fn scope<F, R>(locals: TaskLocals, fut: F) -> R
where
    F: Future<Output = R> + Send + 'static,
{
    TokioRuntime::scope(locals, fut).await
}

/// [`scope`] for a future that is not `Send`.
pub async fn scope_local<F, R>(locals: TaskLocals, fut: F) -> R
where
    F: Future<Output = R> + 'static,
{
    TokioRuntime::scope_local(locals, fut).await
}

/// Returns the event loop of the current task, otherwise the one that runs on this thread. See
/// [`generic::get_current_loop`].
///
/// # Errors
/// Those of [`generic::get_current_loop`].
pub fn get_current_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    generic::get_current_loop::<TokioRuntime>(py)
}

/// Returns the locals of the current task, otherwise new ones for the loop of this thread. See
/// [`generic::get_current_locals`].
///
/// # Errors
/// Those of [`generic::get_current_locals`].
pub fn get_current_locals(py: Python<'_>) -> PyResult<TaskLocals> {
    generic::get_current_locals::<TokioRuntime>(py)
}

/// Runs an event loop until a future is complete, and returns its result. See
/// [`generic::run_until_complete`].
///
/// # Errors
/// Those of [`generic::run_until_complete`].
pub fn run_until_complete<F, T>(event_loop: Bound<'_, PyAny>, fut: F) -> PyResult<T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    generic::run_until_complete::<TokioRuntime, F, T>(&event_loop, fut)
}

/// Runs a future in a new event loop, and closes the loop. See [`generic::run`].
///
/// # Errors
/// Those of [`generic::run`].
pub fn run<F, T>(py: Python<'_>, fut: F) -> PyResult<T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    generic::run::<TokioRuntime, F, T>(py, fut)
}

/// Runs a Rust future on the tokio runtime, and returns a future of the locals' event loop. See
/// [`generic::future_into_py_with_locals`].
///
/// # Errors
/// Those of [`generic::future_into_py_with_locals`].
pub fn future_into_py_with_locals<F, T>(
    py: Python<'_>,
    locals: TaskLocals,
    fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    generic::future_into_py_with_locals::<TokioRuntime, F, T>(py, locals, fut)
}

/// Runs a Rust future on the tokio runtime, and returns a future of the current event loop. See
/// [`generic::future_into_py`].
///
/// # Errors
/// Those of [`generic::future_into_py`].
pub fn future_into_py<F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    generic::future_into_py::<TokioRuntime, F, T>(py, fut)
}

/// Runs a Rust future that is not `Send` in the `LocalSet` of this thread. See
/// [`generic::local_future_into_py_with_locals`].
///
/// # Errors
/// Those of [`generic::local_future_into_py_with_locals`].
///
/// # Panics
/// As [`generic::local_future_into_py_with_locals`] does, and outside a `LocalSet`.
#[deprecated(note = "the thread that runs such a future has to wait for the GIL")]
#[expect(deprecated, reason = "the generic function is deprecated, too")]
pub fn local_future_into_py_with_locals<F, T>(
    py: Python<'_>,
    locals: TaskLocals,
    fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'py> IntoPyObject<'py>,
{
    generic::local_future_into_py_with_locals::<TokioRuntime, F, T>(py, locals, fut)
}

/// Runs a Rust future that is not `Send` in the `LocalSet` of this thread, with the current locals.
/// See [`generic::local_future_into_py`].
///
/// # Errors
/// Those of [`generic::local_future_into_py`].
///
/// # Panics
/// As [`generic::local_future_into_py`] does, and outside a `LocalSet`.
#[deprecated(note = "the thread that runs such a future has to wait for the GIL")]
#[expect(deprecated, reason = "the generic function is deprecated, too")]
pub fn local_future_into_py<F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'py> IntoPyObject<'py>,
{
    generic::local_future_into_py::<TokioRuntime, F, T>(py, fut)
}

/// Converts a Python awaitable into a Rust future, with the current locals. See
/// [`generic::into_future`].
///
/// # Errors
/// Those of [`generic::into_future`].
pub fn into_future(
    awaitable: Bound<'_, PyAny>,
) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
    generic::into_future::<TokioRuntime>(awaitable)
}

/// Converts an asynchronous iterator into a stream that asks for each item. See
/// [`generic::into_stream_with_locals_v1`].
///
/// # Errors
/// Those of [`generic::into_stream_with_locals_v1`].
pub fn into_stream_with_locals_v1(
    locals: TaskLocals,
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + 'static + use<>> {
    generic::into_stream_with_locals_v1::<TokioRuntime>(locals, generator)
}

/// Converts an asynchronous iterator into a stream that asks for each item, with the current
/// locals. See [`generic::into_stream_v1`].
///
/// # Errors
/// Those of [`generic::into_stream_v1`].
pub fn into_stream_v1(
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + 'static + use<>> {
    generic::into_stream_v1::<TokioRuntime>(generator)
}

/// Converts an asynchronous iterator into a stream that reads ahead. See
/// [`generic::into_stream_with_locals_v2`].
///
/// # Errors
/// Those of [`generic::into_stream_with_locals_v2`].
pub fn into_stream_with_locals_v2(
    locals: TaskLocals,
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = Py<PyAny>> + 'static + use<>> {
    generic::into_stream_with_locals_v2::<TokioRuntime>(locals, generator)
}

/// Converts an asynchronous iterator into a stream that reads ahead, with the current locals. See
/// [`generic::into_stream_v2`].
///
/// # Errors
/// Those of [`generic::into_stream_v2`].
pub fn into_stream_v2(
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = Py<PyAny>> + 'static + use<>> {
    generic::into_stream_v2::<TokioRuntime>(generator)
}

/// The functions that the macros' code calls.
#[cfg(feature = "attributes")]
#[doc(hidden)]
pub mod private {
    use std::thread;

    use super::*;

    /// Runs the `async fn` of `#[main]`. `None`: a runtime of the current thread.
    pub fn main<F, T>(workers: Option<Option<usize>>, future: F)
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: Send + Sync + 'static,
    {
        Python::initialize();
        let mut builder = match workers {
            Some(_) => Builder::new_multi_thread(),
            None => Builder::new_current_thread(),
        };
        if let Some(workers) = workers.flatten() {
            builder.worker_threads(workers);
        }
        builder.enable_all();
        init(builder);
        if workers.is_none() {
            thread::spawn(|| get_runtime().block_on(std::future::pending::<()>()));
        }
        Python::attach(|py| {
            if let Err(error) = run(py, future) {
                error.print_and_set_sys_last_vars(py);
                std::process::exit(1);
            }
        });
    }

    /// Runs a test that blocks, on a thread for those, in the interpreter of the current task.
    #[cfg(feature = "testing")]
    pub async fn blocking<F>(test: F) -> PyResult<()>
    where
        F: FnOnce() -> PyResult<()> + Send + 'static,
    {
        let interpreter = TASK_LOCALS.try_with(TaskLocals::interpreter).ok();
        let run = move || match interpreter {
            Some(interpreter) => interpreter.as_default(test),
            None => test(),
        };
        match get_runtime().spawn_blocking(run).await {
            Ok(result) => result,
            Err(error) => Err(crate::task::panicked(error.into_panic())),
        }
    }

    /// Returns the event loop for a test that takes it.
    #[cfg(feature = "testing")]
    pub fn current_loop() -> Py<PyAny> {
        Python::attach(|py| match get_current_loop(py) {
            Ok(event_loop) => event_loop.unbind(),
            Err(error) => panic!("{error}"),
        })
    }
}
