//! The Python class: the coroutine protocol, cancellation, panics, garbage collection.

use pyatoll::prelude::*;

use crate::everywhere::everywhere;
use crate::futures::pause;

#[pymodule]
pub(crate) mod driven {
    use std::future::pending;

    use pyatoll::coroutine::CancelHandle;

    use super::*;

    #[pyfunction]
    async fn answer() -> i32 {
        42
    }

    #[pyfunction]
    async fn pair() -> (i32, i32) {
        (4, 2)
    }

    /// Is polled again `times` times.
    #[pyfunction]
    async fn spin(times: usize) -> usize {
        for _ in 0..times {
            pause().await;
        }
        times
    }

    #[pyfunction]
    async fn forever(held: Py<PyAny>) {
        pending::<()>().await;
        drop(held);
    }

    #[pyclass]
    struct Named;

    #[pymethods]
    impl Named {
        #[new]
        fn new() -> Self {
            Self
        }

        #[pyo3(name = "other_name")]
        async fn method(&self) {}

        #[staticmethod]
        async fn free() {}
    }

    /// Yields the numbers below `left`, the largest first.
    #[pyclass]
    struct Countdown {
        left: usize,
    }

    #[pymethods]
    impl Countdown {
        #[new]
        fn new(left: usize) -> Self {
            Self { left }
        }

        fn __aiter__(slf: Py<Self>) -> Py<Self> {
            slf
        }

        async fn __anext__(&mut self) -> Option<usize> {
            pause().await;
            self.left = self.left.checked_sub(1)?;
            Some(self.left)
        }
    }

    /// An asynchronous iterator that fails after one item, which is `None`.
    #[pyclass]
    struct Failing {
        has_begun: bool,
    }

    #[pymethods]
    impl Failing {
        #[new]
        fn new() -> Self {
            Self { has_begun: false }
        }

        fn __aiter__(slf: Py<Self>) -> Py<Self> {
            slf
        }

        async fn __anext__(
            &mut self,
            #[pyo3(cancel_handle)] cancel: CancelHandle,
        ) -> PyResult<Option<Option<i32>>> {
            assert!(!cancel.is_cancelled());
            if std::mem::replace(&mut self.has_begun, true) {
                return Err(pyatoll::exceptions::PyValueError::new_err("failed"));
            }
            Ok(Some(None))
        }
    }

    struct PanicsInDrop;

    impl Drop for PanicsInDrop {
        fn drop(&mut self) {
            panic!("in the drop");
        }
    }

    #[pyfunction]
    async fn panics(late: bool) {
        if late {
            pause().await;
        }
        panic!("on purpose");
    }

    #[pyfunction]
    async fn panics_in_drop() {
        let _guard = PanicsInDrop;
        pending().await
    }

    /// Returns the types of the first `times` exceptions thrown into it.
    #[pyfunction]
    async fn collect(
        times: usize,
        #[pyo3(cancel_handle)] mut cancel: CancelHandle,
    ) -> PyResult<Vec<String>> {
        let mut names = Vec::new();
        while names.len() < times {
            let exception = cancel.cancelled().await;
            assert!(!cancel.is_cancelled());
            names.push(Python::attach(|py| {
                exception.bind(py).get_type().name()?.extract::<String>()
            })?);
        }
        Ok(names)
    }

    #[pyfunction]
    async fn reraise(#[pyo3(cancel_handle)] mut cancel: CancelHandle) -> PyResult<()> {
        let exception = cancel.cancelled().await;
        Python::attach(|py| Err(PyErr::from_value(exception.into_bound(py))))
    }

    /// Polls itself, through Python.
    #[pyfunction]
    async fn poll_other(coroutine: Py<PyAny>) -> PyResult<()> {
        Python::attach(|py| {
            let list = coroutine.bind(py).cast::<pyatoll::types::PyList>()?;
            list.get_item(0)?
                .call_method1("send", (py.None(),))
                .map(drop)
        })
    }
}

const SETUP: &std::ffi::CStr = setup!(
    "
import collections.abc, gc, time, weakref
from driven import *

class Token:
    pass

PanicException = None
"
);

fn check(code: &std::ffi::CStr) {
    crate::append();
    everywhere(SETUP, code);
}

#[test]
fn a_coroutine_implements_the_protocol() {
    check(
        c"
coroutine = answer()
assert isinstance(coroutine, collections.abc.Coroutine) and asyncio.iscoroutine(coroutine)
assert (coroutine.__name__, coroutine.__qualname__) == ('answer', 'answer')
assert type(coroutine).__name__ == 'Coroutine'
assert coroutine.__await__() is coroutine
raises(TypeError, '', type(coroutine))
try:
    coroutine.send(None)
except StopIteration as stop:
    assert stop.value == 42

method, free = Named().other_name(), Named.free()
assert (method.__name__, method.__qualname__) == ('other_name', 'Named.other_name')
assert (free.__name__, free.__qualname__) == ('free', 'Named.free')

reuse = 'cannot reuse already awaited coroutine'
raises(RuntimeError, reuse, lambda: coroutine.send(None))
raises(RuntimeError, reuse, lambda: coroutine.throw(ValueError()))
raises(RuntimeError, reuse, lambda: next(coroutine))
coroutine.close()

coroutine = answer()
coroutine.close()
coroutine.close()
raises(RuntimeError, reuse, lambda: coroutine.send(None))

# Without a loop: a future that was woken yields `None`.
coroutine = spin(2)
assert next(coroutine) is None and coroutine.send('ignored') is None
try:
    next(coroutine)
except StopIteration as stop:
    assert stop.value == 2

async def outer():
    assert await pair() == (4, 2)
    return await spin(1000)

assert asyncio.run(outer()) == 1000
",
    );
}

#[test]
fn a_class_is_an_asynchronous_iterator() {
    check(
        c"
async def items(iterable):
    found = []
    try:
        async for item in iterable:
            found.append(item)
    except ValueError as error:
        found.append(str(error))
    return found

assert asyncio.run(items(Countdown(3))) == [2, 1, 0]
assert asyncio.run(items(Failing())) == [None, 'failed']

coroutine = Countdown(1).__anext__()
assert (coroutine.__name__, coroutine.__qualname__) == ('__anext__', 'Countdown.__anext__')
assert coroutine.send(None) is None
try:
    coroutine.send(None)
except StopIteration as stop:
    assert stop.value == 0
coroutine = Countdown(0).__anext__()
assert coroutine.send(None) is None
raises(StopAsyncIteration, '', lambda: coroutine.send(None))
",
    );
}

#[test]
fn a_pending_future_needs_a_running_loop() {
    check(
        c"
coroutine = forever(None)
raises(RuntimeError, 'no running event loop', lambda: coroutine.send(None))

# It can still be awaited.
async def main():
    try:
        await asyncio.wait_for(coroutine, 0.01)
    except TimeoutError:
        return True

assert asyncio.run(main())
raises(RuntimeError, 'cannot reuse', lambda: coroutine.send(None))
",
    );
}

#[test]
fn a_thrown_exception_drops_the_future_unless_it_has_a_handle() {
    check(
        c"
token = Token()
dropped = weakref.ref(token)
coroutine = forever(token)
del token
assert dropped() is not None
raises(ValueError, 'x', lambda: coroutine.throw(ValueError('x')))
assert dropped() is None
raises(RuntimeError, 'cannot reuse', lambda: coroutine.send(None))
raises(KeyError, '', lambda: forever(None).throw(KeyError))
raises(TypeError, 'exceptions must derive from BaseException', lambda: forever(None).throw(1))

async def cancel_repeatedly(coroutine, times):
    task = asyncio.create_task(coroutine)
    for _ in range(times):
        await asyncio.sleep(0)
        task.cancel()
    return await task

assert asyncio.run(cancel_repeatedly(collect(3), 3)) == ['CancelledError'] * 3
raises(asyncio.CancelledError, '', lambda: asyncio.run(cancel_repeatedly(reraise(), 1)))
raises(asyncio.CancelledError, '', lambda: asyncio.run(cancel_repeatedly(forever(None), 1)))

# Only the last one is kept.
async def main():
    coroutine = collect(1)
    coroutine.send(None)
    try:
        coroutine.throw(KeyError())
    except StopIteration as stop:
        return stop.value

assert asyncio.run(main()) == ['KeyError']
coroutine = collect(1)
try:
    coroutine.throw(OSError())
except StopIteration as stop:
    assert stop.value == ['OSError']
",
    );
}

#[test]
fn a_panic_is_raised_and_ends_the_coroutine() {
    check(
        c"
before = sys.unraisablehook
sys.unraisablehook = lambda unraisable: reported.append(str(unraisable.exc_value))
reported = []

def check_panic(coroutine, text):
    try:
        asyncio.run(coroutine)
    except BaseException as error:
        assert type(error).__name__ == 'PanicException' and str(error) == text, error
    else:
        raise AssertionError
    raises(RuntimeError, 'cannot reuse', lambda: coroutine.send(None))

check_panic(panics(False), 'on purpose')
check_panic(panics(True), 'on purpose')

async def main(end):
    coroutine = panics_in_drop()
    coroutine.send(None)
    try:
        end(coroutine)
    except BaseException as error:
        assert str(error) == 'in the drop'
    return coroutine

raises(RuntimeError, 'cannot reuse', lambda: asyncio.run(main(lambda c: c.close())).send(None))
raises(RuntimeError, 'cannot reuse', lambda: asyncio.run(main(lambda c: c.throw(OSError()))).send(None))
asyncio.run(main(lambda c: None))
gc.collect()
sys.unraisablehook = before
",
    );
}

#[test]
fn a_coroutine_that_is_not_awaited_is_dropped_with_its_arguments() {
    check(
        c"
token = Token()
dropped = weakref.ref(token)
never = forever(token)
del token
assert dropped() is not None
del never
gc.collect()
assert dropped() is None
",
    );
}

#[test]
fn a_coroutine_that_runs_cannot_be_polled_or_closed() {
    check(
        c"
box = []
coroutine = poll_other(box)
box.append(coroutine)
raises(ValueError, 'already executing', lambda: coroutine.send(None))
",
    );
}

#[test]
fn a_suspended_task_and_its_loop_are_collected() {
    check(
        c"
def suspend():
    token = Token()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)
    task = loop.create_task(forever(token))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    return weakref.ref(token), weakref.ref(task)

token, task = suspend()
# A collection does nothing while another thread collects.
for _ in range(1000):
    gc.collect()
    if task() is None and token() is None:
        break
    time.sleep(0.01)
assert task() is None and token() is None
",
    );
}
