//! [`Coroutine`]: the Python class.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pyatoll_macros::{pyclass, pymethods};

use super::cancel::ThrowCallback;
use super::waker::LoopWaker;
use crate::class::slots::{PyTraverseError, PyVisit};
use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyRuntimeError, PyStopIteration};
use crate::interpreter::Python;
use crate::object::{Bound, Py};
use crate::types::PyAny;

/// The future of an `async fn`, with the conversions around it.
pub(super) type CoroutineFuture = Pin<Box<dyn Future<Output = PyResult<Py<PyAny>>> + Send>>;

/// A Python coroutine that polls a Rust future: what an `async fn` with `#[pyfunction]` or in
/// `#[pymethods]` returns. It has no public constructor.
///
/// It implements the protocol of `collections.abc.Coroutine`: `send` polls the future, whatever the
/// value sent; `throw` gives the exception to the function's
/// [`CancelHandle`](super::CancelHandle), or drops the future and raises it; `close` drops the
/// future. A panic of the future is raised as a
/// [`PanicException`](crate::panic::PanicException). A coroutine that has returned, raised or been
/// closed raises a `RuntimeError`. One that is dropped without being awaited is not reported.
///
/// The loop must be one of `asyncio`, or set itself as the running one there: a future that is
/// pending and not woken already yields `asyncio.get_running_loop().create_future()`.
#[pyclass(crate = "crate")]
pub struct Coroutine {
    name: &'static str,
    /// The name of the class whose method this is.
    class: Option<&'static str>,
    throw_callback: Option<ThrowCallback>,
    /// `None` once it has completed, panicked or been dropped.
    future: Option<CoroutineFuture>,
    waker: Arc<LoopWaker>,
}

// SAFETY: the future, the only part that is not `Sync`, is used by `&mut self` methods only.
unsafe impl Sync for Coroutine {}

/// Panics if the future's drop does.
impl Drop for Coroutine {
    fn drop(&mut self) {
        self.close();
    }
}

impl Coroutine {
    pub(super) fn new(
        py: Python<'_>,
        name: &'static str,
        class: Option<&'static str>,
        throw_callback: Option<ThrowCallback>,
        future: CoroutineFuture,
    ) -> Self {
        Self {
            name,
            class,
            throw_callback,
            future: Some(future),
            waker: Arc::new(LoopWaker::new(py)),
        }
    }

    /// Polls the future, after an exception was thrown if there is one. A result is raised as
    /// `StopIteration`.
    fn poll(&mut self, py: Python<'_>, thrown: Option<Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let Some(mut future) = self.future.take() else {
            return Err(PyRuntimeError::new_err(
                "cannot reuse already awaited coroutine",
            ));
        };
        // Before the exception is thrown: what the coroutine yielded needs no waking.
        self.waker.reset();
        match (thrown, &self.throw_callback) {
            (Some(exception), Some(callback)) => {
                callback.throw(exception.unbind());
                self.waker.reset();
            }
            (Some(exception), None) => {
                drop(future);
                return Err(PyErr::from_value(exception));
            }
            (None, _) => {}
        }
        let waker = Waker::from(Arc::clone(&self.waker));
        let mut context = Context::from_waker(&waker);
        // The future is not polled again after a panic.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context))) {
            Ok(Poll::Pending) => {
                self.future = Some(future);
                self.waker.suspend(py)
            }
            Ok(Poll::Ready(result)) => {
                drop(future);
                Err(PyStopIteration::new_err((result?,)))
            }
            Err(payload) => {
                // Not while unwinding, when a panic in its drop would end the process.
                drop(future);
                resume_unwind(payload)
            }
        }
    }
}

#[pymethods(crate = "crate")]
impl Coroutine {
    #[getter]
    fn __name__(&self) -> &'static str {
        self.name
    }

    #[getter]
    fn __qualname__(&self) -> String {
        match self.class {
            Some(class) => format!("{class}.{}", self.name),
            None => self.name.to_owned(),
        }
    }

    fn send(&mut self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.poll(py, None)
    }

    fn throw(&mut self, exc: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.poll(exc.py(), Some(exc))
    }

    fn close(&mut self) {
        // First, since dropping the future may panic.
        self.waker.reset();
        drop(self.future.take());
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.poll(py, None)
    }

    /// Visits what the loop waits for. What the future holds is not visited.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.waker.traverse(visit)
    }

    fn __clear__(&mut self) {
        self.waker.reset();
    }
}
