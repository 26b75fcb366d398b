//! `async fn`, driven by hand: completed, suspended, canceled, closed and dropped.

use std::task::Poll;

use pyatoll::coroutine::CancelHandle;
use pyatoll::prelude::*;
use pyatoll::types::PyList;

/// Suspends once, holding its arguments.
#[pyfunction]
async fn paused(object: Py<PyAny>, times: usize) -> Py<PyAny> {
    let mut left = times;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    object
}

/// Completes when it is canceled. Returns the exception that was thrown into it.
#[pyfunction]
async fn canceled(#[pyo3(cancel_handle)] mut cancel: CancelHandle) -> Py<PyAny> {
    cancel.cancelled().await
}

/// Has a method that is a coroutine.
#[pyclass]
struct Slow(u64);

#[pymethods]
impl Slow {
    async fn add(&mut self, by: u64) -> PyResult<u64> {
        self.0 += by;
        Ok(self.0)
    }
}

pub fn coroutines(py: Python<'_>) -> PyResult<()> {
    let names = [
        ("paused", wrap_pyfunction!(paused, py)?.into_any()),
        ("canceled", wrap_pyfunction!(canceled, py)?.into_any()),
        ("slow", Bound::new(py, Slow(1))?.into_any()),
        ("held", PyList::empty(py).into_any()),
    ];
    let code = c"
def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value
async def awaits():
    return await paused(held, 3)
assert run(paused(held, 0)) is held and run(paused(held, 2)) is held and run(awaits()) is held
assert run(slow.add(3)) == 4
for value in (7, (1, 2), (), None, ValueError('a value'), ValueError):
    try:
        paused(value, 0).send(None)
    except StopIteration as stop:
        assert stop.value is value and stop.args == (value,)
paused(held, 1)
held.append(paused(held, 1))
held.pop().send(None)
closed = paused(held, 5)
closed.send(None)
closed.close()
thrown = paused(held, 5)
thrown.send(None)
try:
    thrown.throw(KeyError('thrown'))
except KeyError as error:
    assert str(error) == \"'thrown'\"
else:
    raise AssertionError
waits = canceled()
cause = ValueError('stop')
try:
    waits.send(None)
    waits.throw(cause)
except StopIteration as stop:
    assert stop.value is cause
except RuntimeError as error:
    # Without a loop, there is nothing that could wake it.
    assert 'no running event loop' in str(error), error
del cause, waits, thrown, closed
try:
    run(paused(held, 'text'))
except TypeError:
    pass
else:
    raise AssertionError
";
    super::run(py, code, &names)
}
