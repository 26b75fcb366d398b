//! The conversions for any runtime that implements the traits of this module.
//!
//! The modules of runtimes, such as `tokio`, have the same functions, with their runtime in the
//! place of `R`.

use std::any::Any;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_core::Stream;
use pyatoll::prelude::*;

use crate::pending::lock;
use crate::task::{self, Target};
use crate::{TaskLocals, asyncio, stream};

/// The error of a task that a runtime did not complete.
pub trait JoinError {
    /// Returns whether the task has panicked.
    fn is_panic(&self) -> bool;

    /// Returns the payload of the panic.
    ///
    /// # Panics
    /// If the task has not panicked.
    fn into_panic(self) -> Box<dyn Any + Send + 'static>;
}

/// A runtime that runs futures on its threads.
pub trait Runtime: Send + 'static {
    /// The error of a [`JoinHandle`](Runtime::JoinHandle).
    type JoinError: JoinError + Send;
    /// A future that waits for a task. Dropping it must not end the task.
    type JoinHandle: Future<Output = Result<(), Self::JoinError>> + Send;

    /// Runs a future.
    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static;

    /// Runs a function that may block: it waits for the GIL.
    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static;
}

/// A runtime that also runs futures that are not `Send`.
pub trait SpawnLocalExt: Runtime {
    /// Runs a future on this thread.
    fn spawn_local<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + 'static;
}

/// A runtime whose tasks can have [`TaskLocals`].
pub trait ContextExt: Runtime {
    /// Returns a future that sets the locals of its task while `fut` is polled.
    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static;

    /// Returns the locals of the task that is being polled on this thread.
    fn get_task_locals() -> Option<TaskLocals>;
}

/// [`ContextExt`] for futures that are not `Send`.
pub trait LocalContextExt: Runtime {
    /// Returns a future that sets the locals of its task while `fut` is polled.
    fn scope_local<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R>>>
    where
        F: Future<Output = R> + 'static;
}

/// Returns the locals of the task that is being polled, if they are of the token's interpreter.
fn task_locals<R: ContextExt>(py: Python<'_>) -> Option<TaskLocals> {
    R::get_task_locals().filter(|locals| locals.interpreter() == py.interpreter())
}

/// Returns the event loop of the current task, otherwise the one that runs on this thread.
///
/// # Errors
/// A `RuntimeError` if there is none in the token's interpreter.
pub fn get_current_loop<R>(py: Python<'_>) -> PyResult<Bound<'_, PyAny>>
where
    R: ContextExt,
{
    match task_locals::<R>(py) {
        Some(locals) => Ok(locals.event_loop(py)),
        None => asyncio::get_running_loop(py),
    }
}

/// Returns the locals of the current task, otherwise the event loop that runs on this thread with a
/// copy of the current context.
///
/// # Errors
/// A `RuntimeError` if there is none in the token's interpreter.
pub fn get_current_locals<R>(py: Python<'_>) -> PyResult<TaskLocals>
where
    R: ContextExt,
{
    match task_locals::<R>(py) {
        Some(locals) => Ok(locals),
        None => TaskLocals::with_running_loop(py)?.copy_context(py),
    }
}

/// Runs an event loop until a future is complete, and returns its result.
///
/// # Errors
/// That of the future; any exception raised by the loop, such as a `RuntimeError` if a loop already
/// runs on this thread. If the loop is interrupted (`KeyboardInterrupt`), the future is cancelled,
/// but dropped only when the loop runs again or the interpreter ends.
pub fn run_until_complete<R, F, T>(event_loop: &Bound<'_, PyAny>, fut: F) -> PyResult<T>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    let py = event_loop.py();
    // Not through Python: `T` need not convert.
    let result = Arc::new(Mutex::new(None));
    let setter = Arc::clone(&result);
    let locals = TaskLocals::new(event_loop.clone()).copy_context(py)?;
    let future = future_into_py_with_locals::<R, _, ()>(py, locals, async move {
        let value = fut.await?;
        *lock(&setter) = Some(value);
        Ok(())
    })?;
    if let Err(error) = event_loop.call_method1("run_until_complete", (&future,)) {
        if !asyncio::is_done(&future)? {
            // Interrupted: the loop drops the Rust future, if it runs again before it is closed.
            future.call_method0("cancel")?;
        }
        return Err(error);
    }
    let result = lock(&result).take();
    Ok(result.expect("the future has returned a value"))
}

/// Runs a future in a new event loop, and closes the loop. Unlike `asyncio.run`, does not cancel
/// the tasks that still run then: await them in the future.
///
/// # Errors
/// That of the future; any exception raised by the loop.
pub fn run<R, F, T>(py: Python<'_>, fut: F) -> PyResult<T>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    let event_loop = asyncio::new_event_loop(py)?;
    let result = run_until_complete::<R, F, T>(&event_loop, fut);
    let closed = asyncio::close(&event_loop);
    let value = result?;
    closed.map(|()| value)
}

/// Converts a Python awaitable into a Rust future, with the locals of
/// [`get_current_locals`]. See [`into_future_with_locals`](crate::into_future_with_locals).
///
/// # Errors
/// Those of [`get_current_locals`] and [`into_future_with_locals`](crate::into_future_with_locals).
pub fn into_future<R>(
    awaitable: Bound<'_, PyAny>,
) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<R>>
where
    R: Runtime + ContextExt,
{
    let locals = get_current_locals::<R>(awaitable.py())?;
    crate::into_future_with_locals(&locals, awaitable)
}

/// Runs a Rust future on the runtime, and returns a future of the locals' event loop that gets its
/// result.
///
/// - Code in the future that calls `Python::attach` enters the interpreter of the locals, on any
///   thread of the runtime.
/// - If the Python future is cancelled, the Rust future is dropped.
/// - A panic becomes a [`RustPanic`](crate::err::RustPanic).
/// - If the runtime drops the task, the Python future is cancelled.
/// - When the interpreter ends, the Rust future is dropped.
///
/// # Errors
/// Any exception raised by the event loop.
///
/// # Panics
/// If the token is of another interpreter than the locals.
pub fn future_into_py_with_locals<R, F, T>(
    py: Python<'_>,
    locals: TaskLocals,
    fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let (target, future) = Target::new(py, locals.clone())?;
    let task = task::task_future::<R, F, T>(py, target, fut);
    drop(R::spawn(R::scope(locals, task)));
    Ok(future)
}

/// Runs a Rust future on the runtime, with the locals of [`get_current_locals`]. See
/// [`future_into_py_with_locals`].
///
/// # Errors
/// Those of [`get_current_locals`] and [`future_into_py_with_locals`].
pub fn future_into_py<R, F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    future_into_py_with_locals::<R, F, T>(py, get_current_locals::<R>(py)?, fut)
}

/// Runs a Rust future that is not `Send` on this thread. See [`future_into_py_with_locals`].
///
/// # Errors
/// Those of [`future_into_py_with_locals`].
///
/// # Panics
/// If the token is of another interpreter than the locals.
#[deprecated(note = "the thread that runs such a future has to wait for the GIL")]
pub fn local_future_into_py_with_locals<R, F, T>(
    py: Python<'_>,
    locals: TaskLocals,
    fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + SpawnLocalExt + LocalContextExt,
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'py> IntoPyObject<'py>,
{
    let (target, future) = Target::new(py, locals.clone())?;
    let task = task::local_task_future(py, target, fut);
    drop(R::spawn_local(R::scope_local(locals, task)));
    Ok(future)
}

/// Runs a Rust future that is not `Send` on this thread, with the locals of
/// [`get_current_locals`].
///
/// # Errors
/// Those of [`get_current_locals`] and [`future_into_py_with_locals`].
#[deprecated(note = "the thread that runs such a future has to wait for the GIL")]
#[expect(deprecated, reason = "the other function is deprecated, too")]
pub fn local_future_into_py<R, F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt + SpawnLocalExt + LocalContextExt,
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'py> IntoPyObject<'py>,
{
    local_future_into_py_with_locals::<R, F, T>(py, get_current_locals::<R>(py)?, fut)
}

/// Converts an asynchronous iterator into a stream of its items and its exceptions.
///
/// The iterator is asked for an item only when the stream is polled, which waits for the GIL. An
/// exception is an item like any other: the next poll asks again, and a generator then ends.
/// Dropping the stream cancels a request that is pending, but does not close a generator. When the
/// interpreter ends, the stream returns an error and ends.
///
/// # Errors
/// An `AttributeError` if the object has no `__anext__`.
///
/// # Panics
/// If the token is of another interpreter than the locals.
pub fn into_stream_with_locals_v1<R>(
    locals: TaskLocals,
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + 'static + use<R>>
where
    R: Runtime,
{
    stream::Items::new(locals, &generator)
}

/// Converts an asynchronous iterator into a stream, with the locals of [`get_current_locals`]. See
/// [`into_stream_with_locals_v1`].
///
/// # Errors
/// Those of [`get_current_locals`] and [`into_stream_with_locals_v1`].
pub fn into_stream_v1<R>(
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + 'static + use<R>>
where
    R: Runtime + ContextExt,
{
    let locals = get_current_locals::<R>(generator.py())?;
    into_stream_with_locals_v1::<R>(locals, generator)
}

/// Converts an asynchronous iterator into a stream of its items. A task of the event loop reads up
/// to ten items ahead, so a poll does not wait for the GIL.
///
/// An exception ends the stream like the end of the items, also the `TypeError` for an object that
/// is no asynchronous iterable. Only asyncio reports it: "Task exception was never retrieved". Use
/// [`into_stream_with_locals_v1`] to get it. Dropping the stream cancels the task, which closes a
/// generator. When the interpreter ends, so does the stream.
///
/// # Errors
/// Any exception raised by the event loop.
///
/// # Panics
/// If the token is of another interpreter than the locals.
pub fn into_stream_with_locals_v2<R>(
    locals: TaskLocals,
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = Py<PyAny>> + 'static + use<R>>
where
    R: Runtime + ContextExt,
{
    stream::Forwarded::new::<R>(locals, generator)
}

/// Converts an asynchronous iterator into a stream, with the locals of [`get_current_locals`]. See
/// [`into_stream_with_locals_v2`].
///
/// # Errors
/// Those of [`get_current_locals`] and [`into_stream_with_locals_v2`].
pub fn into_stream_v2<R>(
    generator: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = Py<PyAny>> + 'static + use<R>>
where
    R: Runtime + ContextExt,
{
    let locals = get_current_locals::<R>(generator.py())?;
    into_stream_with_locals_v2::<R>(locals, generator)
}
