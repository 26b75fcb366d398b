//! Asynchronous iterators as streams.
//!
//! Invariants of [`Channel`]: those of the state in `awaitable`.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use pyatoll::exceptions::PyStopAsyncIteration;
use pyatoll::prelude::*;
use pyatoll::sync::{PyArc, PyOnceLock};
use pyatoll::types::PyDict;
use pyatoll::{IntoPyObjectExt, PyTraverseError, PyVisit};

use crate::awaitable::Awaited;
use crate::generic::{self, ContextExt};
use crate::pending::{Pending, Registered, lock};
use crate::{TaskLocals, asyncio};

/// A stream that asks for an item when it is polled.
pub(crate) struct Items {
    locals: TaskLocals,
    anext: PyArc<PyAny>,
    item: Option<Awaited>,
    has_ended: bool,
}

impl Items {
    pub(crate) fn new(locals: TaskLocals, iterator: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = iterator.py();
        // Checks that they are of one interpreter.
        locals.event_loop(py);
        let anext = iterator.getattr(pyatoll::intern!(py, "__anext__"))?;
        Ok(Self {
            locals,
            anext: PyArc::new(anext),
            item: None,
            has_ended: false,
        })
    }

    /// Asks for the next item. The loop makes the call: a generator remembers which loop that is.
    fn ask(&self) -> PyResult<Awaited> {
        self.anext
            .attach(|_py, anext| Awaited::of_call(&self.locals, anext.clone()))?
    }

    /// Returns whether an exception ends the iteration as usual.
    fn is_end(&self, error: &PyErr) -> bool {
        let interpreter = self.locals.interpreter();
        let is_end = interpreter.attach(|py| error.is_instance_of::<PyStopAsyncIteration>(py));
        is_end.unwrap_or(false)
    }
}

impl Stream for Items {
    type Item = PyResult<Py<PyAny>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let mut item = match self.item.take().map_or_else(|| self.ask(), Ok) {
            Ok(item) => item,
            Err(error) => {
                self.has_ended = true;
                return Poll::Ready(Some(Err(error)));
            }
        };
        match Pin::new(&mut item).poll(cx) {
            Poll::Pending => {
                self.item = Some(item);
                Poll::Pending
            }
            Poll::Ready(Err(error)) if self.is_end(&error) => {
                self.has_ended = true;
                Poll::Ready(None)
            }
            Poll::Ready(result) => {
                self.has_ended = !self.locals.interpreter().is_alive();
                Poll::Ready(Some(result))
            }
        }
    }
}

/// How many items [`Forwarded`] reads ahead.
const CAPACITY: usize = 10;

/// The items between a task of the loop and the stream.
struct Channel {
    locals: TaskLocals,
    state: Mutex<State>,
    registered: Registered,
}

#[derive(Default)]
struct State {
    items: VecDeque<Py<PyAny>>,
    /// The task that reads the items.
    task: Option<Py<PyAny>>,
    /// Wakes the stream.
    reader: Option<Waker>,
    /// Wakes the task, which waits until the stream has taken an item.
    writer: Option<Waker>,
    /// Whether there will be no more items.
    has_ended: bool,
    /// Whether the stream was dropped.
    is_unread: bool,
}

impl Channel {
    fn end_items(&self) {
        let mut state = lock(&self.state);
        state.has_ended = true;
        let (task, reader) = (state.task.take(), state.reader.take());
        drop(state);
        drop(task);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Completes with whether the stream wants more, once there is room for an item.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = lock(&self.state);
        if state.is_unread || state.items.len() < CAPACITY {
            return Poll::Ready(!state.is_unread);
        }
        let before = state.writer.replace(cx.waker().clone());
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// Has the loop cancel the task.
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

impl Pending for Channel {
    fn end(&self, _: Python<'_>) -> bool {
        let items = {
            let mut state = lock(&self.state);
            state.has_ended = true;
            std::mem::take(&mut state.items)
        };
        drop(items);
        self.end_items();
        false
    }

    fn give_up(&self, _: Python<'_>) {}
}

/// What the task sends items to.
#[pyclass(frozen, module = "pyatoll_async")]
struct ItemSender {
    channel: Arc<Channel>,
    /// Returns an awaitable for [`Channel::poll_room`].
    room: for<'py> fn(Python<'py>, Arc<Channel>) -> PyResult<Bound<'py, PyAny>>,
}

#[pymethods]
impl ItemSender {
    /// Called first, in the task. Returns whether there is a stream.
    fn start(&self, task: Py<PyAny>) -> bool {
        let mut state = lock(&self.channel.state);
        if state.is_unread || state.has_ended {
            drop(state);
            return false;
        }
        let before = state.task.replace(task);
        drop(state);
        drop(before);
        true
    }

    /// Returns whether the stream wants more items, or an awaitable of that.
    fn send<'py>(&self, py: Python<'py>, item: Py<PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let mut state = lock(&self.channel.state);
        if state.is_unread || state.has_ended {
            drop(state);
            return false.into_bound_py_any(py);
        }
        state.items.push_back(item);
        let is_full = state.items.len() >= CAPACITY;
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        match is_full {
            true => (self.room)(py, Arc::clone(&self.channel)),
            false => true.into_bound_py_any(py),
        }
    }

    fn close(&self) {
        self.channel.end_items();
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &lock(&self.channel.state).task {
            Some(task) => visit.call(task),
            None => Ok(()),
        }
    }

    fn __clear__(&self) {
        self.channel.end_items();
    }
}

impl Drop for ItemSender {
    fn drop(&mut self) {
        self.channel.end_items();
    }
}

/// A stream of what a task of the loop has read ahead.
pub(crate) struct Forwarded(Arc<Channel>);

impl Forwarded {
    pub(crate) fn new<R: ContextExt>(
        locals: TaskLocals,
        iterator: Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let py = iterator.py();
        let event_loop = locals.event_loop(py);
        let channel = Arc::new_cyclic(|channel: &Weak<Channel>| Channel {
            locals: locals.clone(),
            state: Mutex::default(),
            registered: Registered::new(py, channel.clone()),
        });
        let sender = ItemSender {
            channel: Arc::clone(&channel),
            room: room::<R>,
        };
        let coroutine = forward(py)?.call1((iterator, sender))?;
        let create_task = event_loop.getattr(pyatoll::intern!(py, "create_task"))?;
        let args = (create_task, &coroutine);
        let context = locals.context_if_any(py);
        if let Err(error) = asyncio::call_soon_threadsafe(&event_loop, context.as_ref(), args) {
            // Without this, Python warns of a coroutine that was never awaited.
            coroutine.call_method0("close")?;
            return Err(error);
        }
        Ok(Self(channel))
    }
}

fn room<R: ContextExt>(py: Python<'_>, channel: Arc<Channel>) -> PyResult<Bound<'_, PyAny>> {
    let locals = channel.locals.clone();
    generic::future_into_py_with_locals::<R, _, bool>(py, locals, async move {
        Ok(poll_fn(|cx| channel.poll_room(cx)).await)
    })
}

/// Returns the asynchronous function that sends the items of an iterator.
fn forward(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static FORWARD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let forward = FORWARD.get_or_try_init(py, || {
        let globals = PyDict::new(py);
        py.run(
            c"
from asyncio import current_task

async def forward(items, sender):
    if not sender.start(current_task()):
        return
    try:
        items = aiter(items)
        async for item in items:
            wants_more = sender.send(item)
            if not isinstance(wants_more, bool):
                wants_more = await wants_more
            if not wants_more:
                break
    finally:
        sender.close()
        # Not when the last reference is released: that may be much later.
        if hasattr(items, 'aclose'):
            await items.aclose()
",
            Some(&globals),
            None,
        )?;
        globals.as_any().get_item("forward").map(Bound::unbind)
    })?;
    Ok(forward.bind(py))
}

impl Stream for Forwarded {
    type Item = Py<PyAny>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = lock(&self.0.state);
        if let Some(item) = state.items.pop_front() {
            let writer = state.writer.take();
            drop(state);
            if let Some(writer) = writer {
                writer.wake();
            }
            return Poll::Ready(Some(item));
        }
        if state.has_ended {
            return Poll::Ready(None);
        }
        let before = state.reader.replace(cx.waker().clone());
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Forwarded {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.is_unread = true;
        let items = std::mem::take(&mut state.items);
        let (reader, writer) = (state.reader.take(), state.writer.take());
        let runs = state.task.is_some();
        drop(state);
        drop((items, reader));
        if let Some(writer) = writer {
            writer.wake();
        }
        if runs {
            let channel = Arc::clone(&self.0);
            self.0
                .registered
                .run_later(move |py| channel.cancel_task(py));
        }
    }
}
