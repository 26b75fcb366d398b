//! A Python awaitable as a Rust future.
//!
//! The loop makes a task of the awaitable ([`Start`]) and calls [`Finish`] when that is done. The
//! future and these two share a [`State`].
//!
//! Invariants:
//! - The lock is not held while Python code runs, a reference is released or a waker is called.
//! - The task gets into the state and out of it only while the thread is attached to its
//!   interpreter, so a collection, which finds it through `Finish`, sees the same state throughout.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};

use pyatoll::exceptions::asyncio::CancelledError;
use pyatoll::interpreter::AttachError;
use pyatoll::prelude::*;
use pyatoll::{PyTraverseError, PyVisit};

use crate::TaskLocals;
use crate::asyncio;
use crate::pending::{Pending, Registered, lock};
use crate::task::panicked;

type Outcome = PyResult<Py<PyAny>>;

struct Shared {
    locals: TaskLocals,
    state: Mutex<State>,
    registered: Registered,
}

#[derive(Default)]
struct State {
    /// The task, while it runs.
    task: Option<Py<PyAny>>,
    waker: Option<Waker>,
    /// The result, until the future returns it.
    outcome: Option<Outcome>,
    is_done: bool,
    /// Whether the future was polled and then dropped.
    is_cancelled: bool,
}

impl Shared {
    /// Records the task. Returns whether it is to be cancelled.
    fn start(&self, task: &Bound<'_, PyAny>) -> bool {
        let task = task.clone().unbind();
        let mut state = lock(&self.state);
        if state.is_done || state.is_cancelled {
            return state.is_cancelled;
        }
        state.task = Some(task);
        false
    }

    /// Sets the result, unless there is one, and wakes the future.
    fn finish(&self, outcome: Outcome) {
        let mut state = lock(&self.state);
        if state.is_done {
            return;
        }
        state.is_done = true;
        let unwanted = match state.is_cancelled {
            true => Some(outcome),
            false => state.outcome.replace(outcome),
        };
        let (task, waker) = (state.task.take(), state.waker.take());
        drop(state);
        drop((unwanted, task));
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Pending for Shared {
    fn end(&self, py: Python<'_>) -> bool {
        let id = py.interpreter().id();
        let gone = || Err(AttachError::InterpreterGone { id }.into());
        // A result that nobody has seen is an object of the interpreter.
        let unseen = {
            let mut state = lock(&self.state);
            state
                .outcome
                .as_mut()
                .map(|seen| std::mem::replace(seen, gone()))
        };
        drop(unseen);
        self.finish(gone());
        false
    }

    fn give_up(&self, _: Python<'_>) {}
}

/// The right to finish the future. If it is dropped, nothing else will: the future is cancelled.
struct Sender(Arc<Shared>);

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.finish(Err(CancelledError::new_err(())));
    }
}

/// What the loop awaits.
enum Source {
    Awaitable(Py<PyAny>),
    /// The result of a call that the loop's own thread has to make.
    Call(Py<PyAny>),
}

impl Source {
    fn object(&self) -> &Py<PyAny> {
        match self {
            Self::Awaitable(object) | Self::Call(object) => object,
        }
    }
}

/// Makes a task of the awaitable. The loop calls it once.
#[pyclass(frozen, module = "pyatoll_async")]
struct Start(Mutex<Option<(Source, Sender)>>);

#[pymethods]
impl Start {
    fn __call__(&self, py: Python<'_>) {
        let Some((source, sender)) = lock(&self.0).take() else {
            return;
        };
        let shared = Arc::clone(&sender.0);
        let mut sender = Some(sender);
        let start = || start(py, &source, &mut sender);
        let started = catch_unwind(AssertUnwindSafe(start));
        if let Err(error) = started.unwrap_or_else(|payload| Err(panicked(payload))) {
            shared.finish(Err(error));
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &*lock(&self.0) {
            Some((source, _)) => visit.call(source.object()),
            None => Ok(()),
        }
    }

    fn __clear__(&self) {
        let taken = lock(&self.0).take();
        drop(taken);
    }
}

/// Makes the task, which takes the sender. With an error, the sender is left.
fn start(py: Python<'_>, source: &Source, sender: &mut Option<Sender>) -> PyResult<()> {
    let task = match source {
        Source::Awaitable(awaitable) => asyncio::ensure_future(awaitable.bind(py))?,
        Source::Call(function) => asyncio::ensure_future(&function.bind(py).call0()?)?,
    };
    let is_cancelled = sender.as_ref().is_some_and(|sender| sender.0.start(&task));
    let finish = Bound::new(py, Finish(Mutex::new(sender.take())))?;
    let add_done_callback = pyatoll::intern!(py, "add_done_callback");
    if let Err(error) = task.call_method1(add_done_callback, (&finish,)) {
        *sender = lock(&finish.get().0).take();
        return Err(error);
    }
    if is_cancelled {
        task.call_method0(pyatoll::intern!(py, "cancel"))?;
    }
    Ok(())
}

/// Finishes the future. It is a callback of the task.
#[pyclass(frozen, module = "pyatoll_async")]
struct Finish(Mutex<Option<Sender>>);

#[pymethods]
impl Finish {
    fn __call__(&self, task: &Bound<'_, PyAny>) {
        // Not within the condition of `if`, which would hold the lock while Python code runs.
        let sender = lock(&self.0).take();
        if let Some(sender) = sender {
            sender.0.finish(outcome(task));
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(sender) = &*lock(&self.0)
            && let Some(task) = &lock(&sender.0.state).task
        {
            visit.call(task)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        let taken = lock(&self.0).take();
        drop(taken);
    }
}

/// Returns the result of a task that is done.
fn outcome(task: &Bound<'_, PyAny>) -> Outcome {
    let py = task.py();
    // Not by raising the exception: a panic would resume here rather than where it is awaited.
    let exception = task.call_method0(pyatoll::intern!(py, "exception"))?;
    if !exception.is_none() {
        return Err(PyErr::from_value(exception));
    }
    let result = task.call_method0(pyatoll::intern!(py, "result"))?;
    Ok(result.unbind())
}

/// The future of a Python awaitable.
pub(crate) struct Awaited {
    shared: Arc<Shared>,
    was_polled: bool,
}

impl Awaited {
    /// Schedules an awaitable.
    pub(crate) fn new(locals: &TaskLocals, awaitable: Bound<'_, PyAny>) -> PyResult<Self> {
        let py = awaitable.py();
        Self::of_source(py, locals, Source::Awaitable(awaitable.unbind()))
    }

    /// Schedules the call of a function, and what it returns.
    pub(crate) fn of_call(locals: &TaskLocals, function: Bound<'_, PyAny>) -> PyResult<Self> {
        let py = function.py();
        Self::of_source(py, locals, Source::Call(function.unbind()))
    }

    fn of_source(py: Python<'_>, locals: &TaskLocals, source: Source) -> PyResult<Self> {
        let event_loop = locals.event_loop(py);
        let shared = Arc::new_cyclic(|shared: &Weak<Shared>| Shared {
            locals: locals.clone(),
            state: Mutex::default(),
            registered: Registered::new(py, shared.clone()),
        });
        let sender = Sender(Arc::clone(&shared));
        let start = Start(Mutex::new(Some((source, sender))));
        let context = locals.context_if_any(py);
        asyncio::call_soon_threadsafe(&event_loop, context.as_ref(), (start,))?;
        Ok(Self {
            shared,
            was_polled: false,
        })
    }
}

impl Future for Awaited {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.was_polled = true;
        let mut state = lock(&self.shared.state);
        if state.is_done {
            let outcome = state.outcome.take();
            return Poll::Ready(
                outcome.expect("a future must not be polled after it has returned"),
            );
        }
        let before = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        let (waker, outcome) = (state.waker.take(), state.outcome.take());
        let is_pending = !state.is_done && self.was_polled;
        state.is_cancelled |= is_pending;
        let runs = state.task.is_some();
        drop(state);
        drop((waker, outcome));
        if is_pending && runs {
            let shared = Arc::clone(&self.shared);
            self.shared
                .registered
                .run_later(move |py| shared.cancel_task(py));
        }
    }
}

impl Shared {
    /// Has the loop cancel the task, unless it is done.
    fn cancel_task(&self, py: Python<'_>) {
        let task = lock(&self.state)
            .task
            .as_ref()
            .map(|task| task.clone_ref(py));
        if let Some(task) = task {
            self.locals.cancel_soon(task.bind(py));
        }
    }
}
