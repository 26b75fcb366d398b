//! [`CancelHandle`]: the exceptions thrown into a coroutine.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::interpreter::sync::lock;
use crate::object::Py;
use crate::types::PyAny;

/// What the coroutine and the handle share.
#[derive(Debug, Default)]
struct Shared {
    /// The exception thrown last, until it is retrieved.
    exception: Option<Py<PyAny>>,
    /// The waker of the task that waits for one.
    waker: Option<Waker>,
}

/// A handle by which an `async fn` learns that an exception was thrown into its coroutine, for
/// example because its task was cancelled. An argument with `#[pyo3(cancel_handle)]` receives it.
///
/// Without such an argument, an exception drops the future and is raised at the `await`. With one,
/// the function goes on: it may return, or raise the exception with
/// [`PyErr::from_value`](crate::PyErr::from_value). Only the exception thrown last is kept.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::coroutine::CancelHandle;
///
/// #[pyfunction]
/// async fn until_cancelled(#[pyo3(cancel_handle)] mut cancel: CancelHandle) -> String {
///     let exception = cancel.cancelled().await;
///     Python::attach(|py| exception.bind(py).get_type().to_string())
/// }
///
/// # Python::initialize();
/// Python::attach(|py| {
///     let globals = pyatoll::types::PyDict::new(py);
///     globals.set_item("until_cancelled", wrap_pyfunction!(until_cancelled, py)?)?;
///     py.run(
///         c"
/// import asyncio
///
/// async def main():
///     task = asyncio.create_task(until_cancelled())
///     await asyncio.sleep(0)
///     task.cancel()
///     return await task
///
/// assert 'CancelledError' in asyncio.run(main())
/// ",
///         Some(&globals),
///         None,
///     )
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[derive(Debug, Default)]
pub struct CancelHandle(Arc<AssertUnwindSafe<Mutex<Shared>>>);

impl CancelHandle {
    /// Creates a handle that belongs to no coroutine.
    ///
    /// ```
    /// use pyatoll::coroutine::CancelHandle;
    ///
    /// assert!(!CancelHandle::new().is_cancelled());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns whether an exception was thrown that has not been retrieved.
    pub fn is_cancelled(&self) -> bool {
        lock(&self.0).exception.is_some()
    }

    /// Retrieves the exception, if one was thrown. Otherwise, the task of `cx` will be woken when
    /// one is.
    pub fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Py<PyAny>> {
        let mut shared = lock(&self.0);
        if let Some(exception) = shared.exception.take() {
            return Poll::Ready(exception);
        }
        let known = shared.waker.as_ref();
        let replaced = match known.is_some_and(|known| known.will_wake(cx.waker())) {
            true => None,
            false => shared.waker.replace(cx.waker().clone()),
        };
        drop(shared);
        // Dropping a waker runs code of the executor.
        drop(replaced);
        Poll::Pending
    }

    /// Waits for an exception, and retrieves it.
    pub async fn cancelled(&mut self) -> Py<PyAny> {
        poll_fn(|cx| self.poll_cancelled(cx)).await
    }

    /// Returns the coroutine's end of the handle.
    #[doc(hidden)]
    pub fn throw_callback(&self) -> ThrowCallback {
        ThrowCallback(Arc::clone(&self.0))
    }
}

/// The coroutine's end of a [`CancelHandle`].
#[doc(hidden)]
pub struct ThrowCallback(Arc<AssertUnwindSafe<Mutex<Shared>>>);

impl ThrowCallback {
    pub(super) fn throw(&self, exception: Py<PyAny>) {
        let mut shared = lock(&self.0);
        let replaced = shared.exception.replace(exception);
        let waker = shared.waker.take();
        drop(shared);
        // Both run other code, so not under the lock.
        drop(replaced);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
