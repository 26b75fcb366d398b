//! [`Coroutine`]: the Python class.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use pyatoll_macros::{pyclass, pymethods};

use super::cancel::ThrowCallback;
use super::waker::LoopWaker;
use crate::class::slots::{PyTraverseError, PyVisit};
use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyRuntimeError, PyStopIteration, PyValueError};
use crate::interpreter::Python;
use crate::interpreter::sync::lock;
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
/// closed raises a `RuntimeError`, and one that is running a `ValueError`. One that is dropped
/// without being awaited is not reported.
///
/// The loop must be one of `asyncio`, or set itself as the running one there: a future that is
/// pending and not woken already yields `asyncio.get_running_loop().create_future()`.
///
/// ```compile_fail,E0271
/// // Two coroutines cannot be swapped: they may be of different interpreters.
/// use pyatoll::coroutine::Coroutine;
/// use pyatoll::prelude::*;
///
/// fn swap(a: &Bound<'_, Coroutine>, b: &Bound<'_, Coroutine>) {
///     std::mem::swap(&mut *a.borrow_mut(), &mut *b.borrow_mut());
/// }
/// ```
// Frozen, since the futures of swapped coroutines would be polled and dropped in the wrong
// interpreter, against what a `CoroutineToken` says. Safe code can swap values behind a `&mut`,
// also on two threads that are attached to different interpreters.
#[pyclass(frozen, crate = "crate")]
pub struct Coroutine {
    name: &'static str,
    /// The name of the class whose method this is.
    class: Option<&'static str>,
    throw_callback: Option<ThrowCallback>,
    /// The lock is not held while other code runs.
    stage: Mutex<Stage>,
    waker: Arc<LoopWaker>,
}

enum Stage {
    Suspended(CoroutineFuture),
    /// A call polls the future, which it has taken.
    Running,
    /// The future has completed, panicked or been dropped.
    Finished,
}

/// The end of a call that polls: sets the stage that follows.
struct Running<'a> {
    coroutine: &'a Coroutine,
    next: Stage,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let next = std::mem::replace(&mut self.next, Stage::Finished);
        *lock(&self.coroutine.stage) = next;
    }
}

/// Panics if the future's drop does.
impl Drop for Coroutine {
    fn drop(&mut self) {
        let stage = self.stage.get_mut();
        let stage = stage.unwrap_or_else(|poisoned| poisoned.into_inner());
        // The waker of a finished coroutine holds nothing.
        if let Stage::Suspended(_) = stage {
            // First, since dropping the future may panic.
            self.waker.reset();
        }
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
            stage: Mutex::new(Stage::Suspended(future)),
            waker: Arc::new(LoopWaker::new(py)),
        }
    }

    /// Takes the future, unless a call polls it; `None` if there is none any more.
    fn take(&self) -> PyResult<Option<CoroutineFuture>> {
        let mut stage = lock(&self.stage);
        match std::mem::replace(&mut *stage, Stage::Running) {
            Stage::Suspended(future) => Ok(Some(future)),
            Stage::Running => Err(PyValueError::new_err("coroutine already executing")),
            Stage::Finished => {
                *stage = Stage::Finished;
                Ok(None)
            }
        }
    }

    /// Polls the future, after an exception was thrown if there is one. A result is raised as
    /// `StopIteration`.
    fn poll(&self, py: Python<'_>, thrown: Option<Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let Some(mut future) = self.take()? else {
            return Err(PyRuntimeError::new_err(
                "cannot reuse already awaited coroutine",
            ));
        };
        let mut running = Running {
            coroutine: self,
            next: Stage::Finished,
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
                running.next = Stage::Suspended(future);
                self.waker.suspend(py)
            }
            Ok(Poll::Ready(result)) => {
                drop(future);
                Err(PyErr::new_with_object::<PyStopIteration>(result?))
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

    fn send(&self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.poll(py, None)
    }

    fn throw(&self, exc: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.poll(exc.py(), Some(exc))
    }

    fn close(&self) -> PyResult<()> {
        let future = self.take()?;
        let _running = Running {
            coroutine: self,
            next: Stage::Finished,
        };
        // First, since dropping the future may panic.
        self.waker.reset();
        drop(future);
        Ok(())
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.poll(py, None)
    }

    /// Visits what the loop waits for. What the future holds is not visited.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.waker.traverse(visit)
    }

    fn __clear__(&self) {
        self.waker.reset();
    }
}
