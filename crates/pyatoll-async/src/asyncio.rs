//! Calls of `asyncio`, in the interpreter of the token.

use pyatoll::call::PyCallArgs;
use pyatoll::prelude::*;
use pyatoll::sync::PyOnceLock;
use pyatoll::types::PyDict;

/// Returns `asyncio.get_running_loop()`.
///
/// # Errors
/// A `RuntimeError` if no event loop runs on this thread.
///
/// ```
/// use pyatoll::prelude::*;
///
/// Python::attach(|py| assert!(pyatoll_async::get_running_loop(py).is_err()));
/// ```
pub fn get_running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static GET_RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    GET_RUNNING_LOOP
        .import(py, "asyncio", "get_running_loop")?
        .call0()
}

/// Returns `asyncio.ensure_future(awaitable)`.
pub(crate) fn ensure_future<'py>(awaitable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static ENSURE_FUTURE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    ENSURE_FUTURE
        .import(awaitable.py(), "asyncio", "ensure_future")?
        .call1((awaitable,))
}

/// Returns `contextvars.copy_context()`.
pub(crate) fn copy_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static COPY_CONTEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    COPY_CONTEXT
        .import(py, "contextvars", "copy_context")?
        .call0()
}

/// Creates an event loop.
pub(crate) fn new_event_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static NEW_EVENT_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    NEW_EVENT_LOOP
        .import(py, "asyncio", "new_event_loop")?
        .call0()
}

/// Has a loop call the first of `args` with the others, in a context if there is one.
pub(crate) fn call_soon_threadsafe<'py>(
    event_loop: &Bound<'py, PyAny>,
    context: Option<&Bound<'py, PyAny>>,
    args: impl PyCallArgs<'py>,
) -> PyResult<()> {
    let py = event_loop.py();
    let kwargs = match context {
        Some(context) => {
            let kwargs = PyDict::new(py);
            kwargs.set_item(pyatoll::intern!(py, "context"), context)?;
            Some(kwargs)
        }
        None => None,
    };
    let name = pyatoll::intern!(py, "call_soon_threadsafe");
    event_loop.call_method(name, args, kwargs.as_ref())?;
    Ok(())
}

/// Has a loop cancel a future or task, unless the loop is closed.
pub(crate) fn cancel_soon<'py>(event_loop: &Bound<'py, PyAny>, future: &Bound<'py, PyAny>) {
    let cancelled = future
        .getattr(pyatoll::intern!(event_loop.py(), "cancel"))
        .and_then(|cancel| call_soon_threadsafe(event_loop, None, (cancel,)));
    if let Err(error) = cancelled
        && !is_closed(event_loop)
    {
        error.write_unraisable(event_loop.py(), Some(future));
    }
}

/// Returns whether a future is done, which includes that it was cancelled.
pub(crate) fn is_done(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    let done = future.call_method0(pyatoll::intern!(future.py(), "done"))?;
    done.is_truthy()
}

/// Returns whether a future was cancelled.
pub(crate) fn is_cancelled(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    let cancelled = future.call_method0(pyatoll::intern!(future.py(), "cancelled"))?;
    cancelled.is_truthy()
}

/// Returns whether a loop is closed: nothing it was to do will happen.
pub(crate) fn is_closed(event_loop: &Bound<'_, PyAny>) -> bool {
    event_loop
        .call_method0(pyatoll::intern!(event_loop.py(), "is_closed"))
        .and_then(|closed| closed.is_truthy())
        .unwrap_or(false)
}

/// Closes a loop: its asynchronous generators and its executor first. Unlike `asyncio.run`, leaves
/// other tasks as they are.
pub(crate) fn close(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    let shut_down = || {
        for what in ["shutdown_asyncgens", "shutdown_default_executor"] {
            let coroutine = event_loop.call_method0(what)?;
            event_loop.call_method1("run_until_complete", (coroutine,))?;
        }
        PyResult::Ok(())
    };
    let result = shut_down();
    event_loop.call_method0("close")?;
    result
}
