//! [`LoopWaker`]: the waker of a coroutine, which completes the future of the `asyncio` loop that
//! the coroutine has yielded.
//!
//! Invariants:
//! - Python objects get into the state and out of it only while the thread is attached to the
//!   coroutine's interpreter, outside of a `__traverse__`. So a collection sees the same state
//!   throughout, and no reference is left to a thread that cannot release it.
//! - The coroutine takes the objects out when it is polled, closed or deallocated. So wakers that
//!   outlive it, or its interpreter, hold none.
//! - The lock is not held while Python code runs or a reference is released.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::{Arc, Mutex};
use std::task::Wake;

use pyatoll_macros::pyfunction;

use super::handover::Handover;
use crate::call::trampoline::trampoline_unraisable;
use crate::class::slots::{PyTraverseError, PyVisit};
use crate::error::PyResult;
use crate::interpreter::attach::is_in_traverse;
use crate::interpreter::sync::lock;
use crate::interpreter::{AttachError, Interpreter, Python};
use crate::object::{Bound, Py};
use crate::sync::PyOnceLock;
use crate::types::{PyAny, PyAnyMethods, PyCFunction};
use crate::{intern, wrap_pyfunction};

/// The waker of a coroutine, for all its life.
pub(super) struct LoopWaker {
    interpreter: Interpreter,
    state: Mutex<State>,
}

enum State {
    /// The coroutine is being polled, or nothing waits for it.
    Idle,
    /// Woken since the last poll began.
    Woken,
    /// Suspended: the loop waits for its future.
    Suspended(LoopFuture),
}

/// A future that a loop waits for.
struct LoopFuture {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
    /// For threads that cannot attach to the coroutine's interpreter.
    handover: Arc<Handover>,
}

impl LoopWaker {
    /// Creates the waker of a coroutine of the token's interpreter.
    pub(super) fn new(py: Python<'_>) -> Self {
        Self {
            interpreter: py.interpreter(),
            state: Mutex::new(State::Idle),
        }
    }

    /// Forgets the future that the coroutine has yielded, and that it was woken. The thread must be
    /// attached to the coroutine's interpreter.
    #[inline]
    pub(super) fn reset(&self) {
        let mut state = lock(&self.state);
        if matches!(*state, State::Idle) {
            return;
        }
        let before = std::mem::replace(&mut *state, State::Idle);
        drop(state);
        drop(before);
    }

    /// Returns what the coroutine yields after a poll without a result: a new future of the running
    /// loop, or `None` if it was woken during the poll, so that the loop polls it again.
    ///
    /// # Errors
    /// A `RuntimeError` if no loop runs; any exception raised by the loop.
    pub(super) fn suspend(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if matches!(*lock(&self.state), State::Woken) {
            return Ok(py.None());
        }
        static GET_RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let get = GET_RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?;
        let event_loop = get.call0()?;
        let future = event_loop.call_method0(intern!(py, "create_future"))?;
        // As `await` does: a future yields itself, unless it is done.
        let Some(yielded) = future.try_iter()?.next().transpose()? else {
            return Ok(py.None());
        };
        let suspended = State::Suspended(LoopFuture {
            event_loop: event_loop.unbind(),
            future: future.unbind(),
            handover: Handover::of(py),
        });
        let mut state = lock(&self.state);
        if matches!(*state, State::Woken) {
            drop(state);
            return Ok(py.None());
        }
        *state = suspended;
        Ok(yielded.unbind())
    }

    /// Visits the objects, for the garbage collector.
    pub(super) fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &*lock(&self.state) {
            State::Suspended(waiting) => {
                visit.call(&waiting.event_loop)?;
                visit.call(&waiting.future)
            }
            State::Idle | State::Woken => Ok(()),
        }
    }

    /// Records that the coroutine was woken. If a loop waits for it, returns the handover.
    fn note(&self) -> Option<Arc<Handover>> {
        let mut state = lock(&self.state);
        if let State::Suspended(waiting) = &*state {
            return Some(Arc::clone(&waiting.handover));
        }
        *state = State::Woken;
        None
    }

    /// Wakes the loop, on this thread if it can attach, otherwise on a helper thread.
    fn wake_loop(self: &Arc<Self>, handover: &Arc<Handover>) {
        if !is_in_traverse() {
            match self.interpreter.attach(|py| self.release(py)) {
                Err(AttachError::AttachedElsewhere { .. }) => {}
                // Nothing waits in an interpreter that is ending.
                Ok(()) | Err(_) => return,
            }
        }
        handover.wake(Arc::clone(self));
    }

    /// Completes the future that the loop waits for. `py` must be of the coroutine's interpreter.
    pub(super) fn release(&self, py: Python<'_>) {
        let waiting = {
            let mut state = lock(&self.state);
            match std::mem::replace(&mut *state, State::Woken) {
                State::Suspended(waiting) => waiting,
                // Polled since, after it was woken.
                other => {
                    *state = other;
                    return;
                }
            }
        };
        // SAFETY: attached (`py`); no object is passed.
        unsafe { trampoline_unraisable(py, null_mut(), |py| waiting.complete(py)) };
    }
}

impl Wake for LoopWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(handover) = self.note() else {
            return;
        };
        // Executors call wakers where a panic would be fatal. One is possible where Python has no
        // memory for a thread state; the panic hook has reported it.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.wake_loop(&handover))) {
            crate::panic::discard(payload);
        }
    }
}

impl LoopFuture {
    /// Completes the future, on the loop's own thread. Does nothing if the loop is closed.
    fn complete(&self, py: Python<'_>) -> PyResult<()> {
        static RELEASE_WAITER: PyOnceLock<Py<PyCFunction>> = PyOnceLock::new();
        let release_waiter = RELEASE_WAITER.get_or_try_init(py, || {
            wrap_pyfunction!(release_waiter, py).map(Bound::unbind)
        })?;
        let event_loop = self.event_loop.bind(py);
        let arguments = (release_waiter, &self.future);
        let Err(error) = event_loop.call_method1(intern!(py, "call_soon_threadsafe"), arguments)
        else {
            return Ok(());
        };
        let is_closed = event_loop
            .call_method0(intern!(py, "is_closed"))
            .and_then(|closed| closed.is_truthy());
        match is_closed {
            Ok(true) => Ok(()),
            _ => Err(error),
        }
    }
}

/// Completes a future, unless it is done: a cancelled task has cancelled it.
#[pyfunction(crate = "crate")]
fn release_waiter(future: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = future.py();
    if !future.call_method0(intern!(py, "done"))?.is_truthy()? {
        future.call_method1(intern!(py, "set_result"), (py.None(),))?;
    }
    Ok(())
}
