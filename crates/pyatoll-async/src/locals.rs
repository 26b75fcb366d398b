//! [`TaskLocals`]: the event loop and the context of a Python task.

use std::fmt;
use std::sync::Arc;

use pyatoll::interpreter::Interpreter;
use pyatoll::prelude::*;
use pyatoll::sync::PyArc;

use crate::asyncio;

/// What a conversion needs from a Python task: its event loop, its `contextvars`, and with them the
/// interpreter that it runs in.
///
/// Clones share the objects. They can be kept anywhere, on any thread, and outlive the interpreter,
/// which gives up the objects at its end.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll_async::TaskLocals;
///
/// Python::attach(|py| {
///     let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
///     let locals = TaskLocals::new(event_loop.clone()).copy_context(py)?;
///     assert!(locals.event_loop(py).is(&event_loop));
///     assert_eq!(locals.interpreter(), py.interpreter());
///     event_loop.call_method0("close").map(drop)
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[derive(Clone)]
pub struct TaskLocals(Arc<Inner>);

struct Inner {
    event_loop: PyArc<PyAny>,
    context: Option<PyArc<PyAny>>,
}

impl TaskLocals {
    /// Creates locals with an event loop and without a context: the loop calls back in a copy of
    /// the context of the code that wakes it.
    ///
    /// # Panics
    /// If the interpreter is ending and keeps no new values.
    pub fn new(event_loop: Bound<'_, PyAny>) -> Self {
        Self(Arc::new(Inner {
            event_loop: PyArc::new(event_loop),
            context: None,
        }))
    }

    /// Creates locals with the event loop that runs on this thread.
    ///
    /// # Errors
    /// A `RuntimeError` if there is none.
    pub fn with_running_loop(py: Python<'_>) -> PyResult<Self> {
        asyncio::get_running_loop(py).map(Self::new)
    }

    /// Sets the context. With Python's `None`, removes it.
    ///
    /// # Panics
    /// If it belongs to another interpreter than the event loop, or the interpreter is ending and
    /// has given the loop up.
    #[track_caller]
    pub fn with_context(self, context: Bound<'_, PyAny>) -> Self {
        self.event_loop(context.py());
        Self(Arc::new(Inner {
            event_loop: self.0.event_loop.clone(),
            context: (!context.is_none()).then(|| PyArc::new(context)),
        }))
    }

    /// Sets the context to a copy of the current one.
    ///
    /// # Errors
    /// Any exception raised by Python.
    ///
    /// # Panics
    /// If the token is of another interpreter than the event loop.
    pub fn copy_context(self, py: Python<'_>) -> PyResult<Self> {
        Ok(self.with_context(asyncio::copy_context(py)?))
    }

    /// Returns the event loop.
    ///
    /// # Panics
    /// If the token is of another interpreter, or the interpreter is ending and has given the loop
    /// up.
    #[track_caller]
    pub fn event_loop<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.0.event_loop.bind(py).clone()
    }

    /// Returns the context, or `None` as a Python object.
    ///
    /// # Panics
    /// If the token is of another interpreter, or the interpreter is ending and has given the
    /// context up.
    #[track_caller]
    pub fn context<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.context_if_any(py)
            .unwrap_or_else(|| py.None().into_bound(py))
    }

    pub(crate) fn context_if_any<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let context = self.0.context.as_ref()?;
        Some(context.bind(py).clone())
    }

    /// Has the event loop cancel a future or task, unless the loop is closed.
    pub(crate) fn cancel_soon(&self, future: &Bound<'_, PyAny>) {
        asyncio::cancel_soon(&self.event_loop(future.py()), future);
    }

    /// Returns the interpreter of the event loop.
    pub fn interpreter(&self) -> Interpreter {
        self.0.event_loop.interpreter()
    }

    /// Clones the locals. `clone` needs no token.
    #[deprecated(note = "please use `clone` instead")]
    pub fn clone_ref(&self, _py: Python<'_>) -> Self {
        self.clone()
    }
}

impl fmt::Debug for TaskLocals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocals")
            .field("interpreter", &self.interpreter())
            .finish_non_exhaustive()
    }
}
