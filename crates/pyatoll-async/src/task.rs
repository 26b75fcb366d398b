//! A Rust future as a future of `asyncio`.
//!
//! The runtime polls a [`TaskFuture`], which carries the interpreter. Its result is converted, and
//! handed to the loop, on a thread that may wait for the GIL.
//!
//! Invariant: no lock is held while Python code runs or a value of the user is dropped.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};

use pyatoll::IntoPyObjectExt;
use pyatoll::interpreter::{AttachError, Interpreter};
use pyatoll::prelude::*;
use pyatoll::sync::{PyArc, PyOnceLock};
use pyatoll::types::PyCFunction;

use crate::err::RustPanic;
use crate::generic::Runtime;
use crate::pending::{Pending, Registered, call_without_unwinding, lock};
use crate::{TaskLocals, asyncio};

/// A request to drop the Rust future.
#[derive(Default)]
struct Cancellation {
    is_requested: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Cancellation {
    fn request(&self) {
        self.is_requested.store(true, Ordering::SeqCst);
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Returns whether it is requested; if not, that will wake the task of `cx`.
    fn poll(&self, cx: &Context<'_>) -> bool {
        let before = lock(&self.waker).replace(cx.waker().clone());
        drop(before);
        self.is_requested.load(Ordering::SeqCst)
    }
}

/// Requests the cancellation if the future of `asyncio` was cancelled. It is a callback of that.
#[pyclass(frozen, module = "pyatoll_async")]
struct CancelOnCancel(Arc<Cancellation>);

#[pymethods]
impl CancelOnCancel {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if asyncio::is_cancelled(future)? {
            self.0.request();
        }
        Ok(())
    }
}

/// The Python side of a task.
pub(crate) struct Target {
    locals: TaskLocals,
    /// Until it is complete. The interpreter's: a runtime may drop its handle at any time, or
    /// never.
    future: Mutex<Option<PyArc<PyAny>>>,
    cancellation: Arc<Cancellation>,
}

impl Target {
    /// Creates a future of the loop. Returns it, too.
    pub(crate) fn new(py: Python<'_>, locals: TaskLocals) -> PyResult<(Self, Bound<'_, PyAny>)> {
        let event_loop = locals.event_loop(py);
        let future = event_loop.call_method0(pyatoll::intern!(py, "create_future"))?;
        let cancellation = Arc::new(Cancellation::default());
        let callback = CancelOnCancel(Arc::clone(&cancellation));
        future.call_method1(pyatoll::intern!(py, "add_done_callback"), (callback,))?;
        let target = Self {
            locals,
            future: Mutex::new(Some(PyArc::new(future.clone()))),
            cancellation,
        };
        Ok((target, future))
    }

    fn interpreter(&self) -> Interpreter {
        self.locals.interpreter()
    }

    /// Converts a result and hands it to the loop, unless the future is done. With a panic, the
    /// future can still be cancelled.
    fn complete<T>(&self, py: Python<'_>, result: PyResult<T>)
    where
        T: for<'a> IntoPyObject<'a>,
    {
        if let Err(error) = self.try_complete(py, result) {
            error.write_unraisable(py, None);
        }
        self.release_future(py);
    }

    fn future(&self) -> Option<PyArc<PyAny>> {
        lock(&self.future).clone()
    }

    /// Releases the future while attached: a release from elsewhere would wait until the
    /// interpreter is entered again, and keep the result alive.
    fn release_future(&self, _: Python<'_>) {
        let future = lock(&self.future).take();
        drop(future);
    }

    fn try_complete<T>(&self, py: Python<'_>, result: PyResult<T>) -> PyResult<()>
    where
        T: for<'a> IntoPyObject<'a>,
    {
        let Some(future) = self.future() else {
            return Ok(());
        };
        // At the very end, the interpreter has given the future up.
        let Ok(future) = future.try_bind(py) else {
            return Ok(());
        };
        if asyncio::is_done(future)? {
            return Ok(());
        }
        // An error may have to be converted as well, by code of the user.
        let convert = || match result.and_then(|value| value.into_bound_py_any(py)) {
            Ok(value) => (value, false),
            Err(error) => (exception(py, error), true),
        };
        let (value, is_exception) = catch_unwind(AssertUnwindSafe(convert))
            .unwrap_or_else(|payload| (exception(py, panicked(payload)), true));
        static SET_RESULT: PyOnceLock<Py<PyCFunction>> = PyOnceLock::new();
        let function = SET_RESULT
            .get_or_try_init(py, || wrap_pyfunction!(set_result, py).map(Bound::unbind))?;
        let event_loop = self.locals.event_loop(py);
        let args = (function, future, value, is_exception);
        match asyncio::call_soon_threadsafe(&event_loop, None, args) {
            // Nothing awaits the future any more.
            Err(_) if asyncio::is_closed(&event_loop) => Ok(()),
            result => result,
        }
    }

    /// Has the loop cancel the future: it will have no result.
    fn cancel(&self, py: Python<'_>) {
        if let Some(future) = self.future()
            // At the very end, the interpreter has given the future up.
            && let Ok(future) = future.try_bind(py)
        {
            self.locals.cancel_soon(future);
        }
        self.release_future(py);
    }
}

/// Returns the exception object of an error.
fn exception<'py>(py: Python<'py>, error: PyErr) -> Bound<'py, PyAny> {
    error.into_bound_py_any(py).unwrap_or_else(|refused| {
        // An exception of another interpreter; the error of that is ours.
        refused.into_value(py).into_bound(py).into_any()
    })
}

/// Completes a future, on the loop's own thread.
#[pyfunction]
fn set_result(
    future: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    is_exception: bool,
) -> PyResult<()> {
    let py = future.py();
    if asyncio::is_done(future)? {
        return Ok(());
    }
    if !is_exception {
        future.call_method1(pyatoll::intern!(py, "set_result"), (value,))?;
        return Ok(());
    }
    let set_exception = pyatoll::intern!(py, "set_exception");
    if let Err(error) = future.call_method1(set_exception, (value,)) {
        // asyncio refuses `StopIteration`.
        future.call_method1(set_exception, (error.into_value(py),))?;
    }
    Ok(())
}

/// Returns the exception of a panic.
pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> PyErr {
    let text = match payload.downcast::<&str>() {
        Ok(text) => text.to_string(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => {
                // Its drop could panic.
                std::mem::forget(payload);
                "unknown error".to_owned()
            }
        },
    };
    RustPanic::new_err(format!("rust future panicked: {text}"))
}

/// Polls a future of an interpreter: code in it that attaches enters that one.
fn poll_in<F: Future>(
    interpreter: Interpreter,
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, PyErr>> {
    let poll = || interpreter.as_default(|| future.poll(cx));
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(panicked(payload))),
    }
}

/// Drops a future, or its result, with its interpreter as the default.
fn drop_in<T>(interpreter: Interpreter, value: T) {
    call_without_unwinding(|| interpreter.as_default(|| drop(value)));
}

/// A task whose future can be polled and dropped on any thread.
struct Task<F: Future> {
    target: Target,
    stage: Mutex<Stage<F>>,
    registered: Registered,
}

enum Stage<F: Future> {
    Suspended(Pin<Box<F>>),
    /// Being polled, or the future and its result are gone.
    Empty,
    /// The result is to be converted.
    Completed(F::Output),
}

impl<F, T> Task<F>
where
    F: Future<Output = PyResult<T>>,
    T: for<'a> IntoPyObject<'a>,
{
    fn take(&self) -> Stage<F> {
        std::mem::replace(&mut *lock(&self.stage), Stage::Empty)
    }

    /// Converts the result.
    fn complete(&self, py: Python<'_>) {
        if let Stage::Completed(result) = self.take() {
            self.target.complete(py, result);
        }
    }
}

impl<F> Pending for Task<F>
where
    F: Future + Send,
    F::Output: Send,
{
    fn end(&self, _: Python<'_>) -> bool {
        self.target.cancellation.request();
        true
    }

    fn give_up(&self, py: Python<'_>) {
        let stage = std::mem::replace(&mut *lock(&self.stage), Stage::Empty);
        let interpreter = self.target.interpreter();
        // As a thread of the runtime would: it is not attached.
        py.detach(|| drop_in(interpreter, stage));
    }
}

/// What the runtime polls.
struct TaskFuture<R, F, T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    task: Arc<Task<F>>,
    is_finished: bool,
    runtime: PhantomData<fn() -> R>,
}

impl<R, F, T> Future for TaskFuture<R, F, T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = &self.task;
        let interpreter = task.target.interpreter();
        let is_cancelled = task.target.cancellation.poll(cx);
        let Stage::Suspended(mut future) = task.take() else {
            self.is_finished = true;
            return Poll::Ready(());
        };
        if is_cancelled {
            drop_in(interpreter, future);
            self.is_finished = true;
            return Poll::Ready(());
        }
        match poll_in(interpreter, future.as_mut(), cx) {
            Poll::Pending => {
                *lock(&task.stage) = Stage::Suspended(future);
                Poll::Pending
            }
            Poll::Ready(result) => {
                drop_in(interpreter, future);
                *lock(&task.stage) = Stage::Completed(result.and_then(|result| result));
                let completion = Completion(Some(Arc::clone(task)));
                self.is_finished = true;
                drop(R::spawn_blocking(move || completion.run()));
                Poll::Ready(())
            }
        }
    }
}

impl<R, F, T> Drop for TaskFuture<R, F, T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    fn drop(&mut self) {
        if !self.is_finished {
            // The runtime has shut down, or dropped the task.
            abandon(&self.task);
        }
    }
}

/// Drops the future or the result of a task, and has the loop cancel the Python future.
fn abandon<F>(task: &Arc<Task<F>>)
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let stage = std::mem::replace(&mut *lock(&task.stage), Stage::Empty);
    drop_in(task.target.interpreter(), stage);
    let cancelled = Arc::clone(task);
    task.registered
        .run_later(move |py| cancelled.target.cancel(py));
}

/// The conversion of a result, on a thread that may wait for the GIL. If it does not take place, or
/// panics, the loop cancels the Python future.
struct Completion<F, T>(Option<Arc<Task<F>>>)
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static;

impl<F, T> Completion<F, T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    fn run(self) {
        let Some(task) = self.0.as_ref().map(Arc::clone) else {
            return;
        };
        let interpreter = task.target.interpreter();
        let mut this = Some(self);
        let completed = interpreter.attach(|py| {
            if let Some(this) = this.take() {
                this.finish(py);
            }
        });
        match (completed, this) {
            (Err(AttachError::AttachedElsewhere { .. }), Some(this)) => {
                task.registered.run_later(move |py| this.finish(py));
            }
            // After the interpreter's end, nobody wants the result.
            (_, Some(mut this)) => drop(this.0.take()),
            (_, None) => (),
        }
        drop_in(interpreter, task);
    }

    fn finish(mut self, py: Python<'_>) {
        if let Some(task) = &self.0 {
            task.complete(py);
        }
        self.0 = None;
    }
}

impl<F, T> Drop for Completion<F, T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            abandon(task);
        }
    }
}

/// Creates what the runtime `R` is to poll for a future.
pub(crate) fn task_future<R, F, T>(
    py: Python<'_>,
    target: Target,
    future: F,
) -> impl Future<Output = ()> + Send + 'static
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    let task = Arc::new_cyclic(|task: &Weak<Task<F>>| Task {
        target,
        stage: Mutex::new(Stage::Suspended(Box::pin(future))),
        registered: Registered::new(py, task.clone()),
    });
    TaskFuture::<R, F, T> {
        task,
        is_finished: false,
        runtime: PhantomData,
    }
}

/// The shared part of a task whose future stays on its thread.
struct LocalTask {
    target: Target,
    registered: Registered,
}

impl Pending for LocalTask {
    fn end(&self, _: Python<'_>) -> bool {
        self.target.cancellation.request();
        true
    }

    fn give_up(&self, _: Python<'_>) {}
}

/// What the runtime polls for a future that stays on its thread.
struct LocalTaskFuture<F> {
    task: Arc<LocalTask>,
    future: Option<Pin<Box<F>>>,
}

impl<F, T> Future for LocalTaskFuture<F>
where
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'a> IntoPyObject<'a>,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let target = &this.task.target;
        let interpreter = target.interpreter();
        let is_cancelled = target.cancellation.poll(cx);
        let Some(mut future) = this.future.take() else {
            return Poll::Ready(());
        };
        if is_cancelled {
            drop_in(interpreter, future);
            return Poll::Ready(());
        }
        match poll_in(interpreter, future.as_mut(), cx) {
            Poll::Pending => {
                this.future = Some(future);
                Poll::Pending
            }
            Poll::Ready(result) => {
                drop_in(interpreter, future);
                let result = result.and_then(|result| result);
                if let Err(error) = interpreter.attach(|py| target.complete(py, result)) {
                    this.task.fail(error.into());
                }
                Poll::Ready(())
            }
        }
    }
}

impl LocalTask {
    /// Hands an error to the loop, from a thread that cannot attach.
    fn fail(self: &Arc<Self>, error: PyErr) {
        let task = Arc::clone(self);
        self.registered
            .run_later(move |py| task.target.complete::<()>(py, Err(error)));
    }
}

impl<F> Drop for LocalTaskFuture<F> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            drop_in(self.task.target.interpreter(), future);
            let task = Arc::clone(&self.task);
            self.task
                .registered
                .run_later(move |py| task.target.cancel(py));
        }
    }
}

/// Creates what a runtime is to poll on this thread for a future.
pub(crate) fn local_task_future<F, T>(
    py: Python<'_>,
    target: Target,
    future: F,
) -> impl Future<Output = ()> + 'static
where
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'a> IntoPyObject<'a>,
{
    let task = Arc::new_cyclic(|task: &Weak<LocalTask>| LocalTask {
        target,
        registered: Registered::new(py, task.clone()),
    });
    LocalTaskFuture {
        task,
        future: Some(Box::pin(future)),
    }
}
