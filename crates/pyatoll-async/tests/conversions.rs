//! Futures and awaitables of one interpreter.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;
use pyatoll_async::TaskLocals;
use pyatoll_async::tokio as bridge;

#[test]
fn python_awaits_rust() {
    Python::initialize();
    Python::attach(|py| {
        common::run(
            py,
            c"
import asyncio, time

async def main():
    assert await rust.sleep(0.01) == 0.01
    begin = time.monotonic()
    assert await asyncio.gather(*[rust.sleep(0.2) for _ in range(500)]) == [0.2] * 500
    # All at once: one after another they take 100 seconds.
    assert time.monotonic() - begin < 50
    assert await rust.here() == [0, 0, 0]
",
        );
    });
}

#[test]
fn errors_and_panics_are_raised() {
    Python::initialize();
    Python::attach(|py| {
        common::run(
            py,
            c"
async def error_of(awaitable):
    try:
        await asyncio.wait_for(awaitable, 60)
    except Exception as error:
        return type(error).__name__, str(error)

async def main():
    assert await error_of(rust.fail()) == ('ValueError', 'wrong')
    assert await error_of(rust.panic()) == ('RustPanic', 'rust future panicked: oh no')
    name, text = await error_of(rust.unconvertible())
    assert (name, text) == ('RustPanic', 'rust future panicked: cannot convert')
    name, text = await error_of(rust.unconvertible_error())
    assert (name, text) == ('RustPanic', 'rust future panicked: cannot convert')
    name, text = await error_of(rust.stop())
    assert name in ('RuntimeError', 'TypeError') and 'StopIteration' in text, (name, text)
",
        );
    });
}

#[test]
fn a_result_is_released_although_no_thread_enters_the_interpreter() {
    Python::initialize();
    Python::attach(|py| {
        common::run(
            py,
            c"
import gc, time, weakref

async def make():
    return {1}

async def main():
    result = await rust.call(make)
    alive = weakref.ref(result)
    del result
    # The thread that completed the future may still be about to release it.
    deadline = time.monotonic() + 60
    while alive() is not None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
        # A free-threaded Python frees what another thread has released only here.
        gc.collect()
",
        );
    });
}

#[test]
fn an_error_of_the_loop_is_the_futures() {
    Python::initialize();
    Python::attach(|py| {
        common::run(
            py,
            c"
import asyncio

class Refusing(asyncio.Future):
    def add_done_callback(self, *args, **kwargs):
        raise KeyError('no callbacks')

async def main():
    try:
        refusing = Refusing()
        await asyncio.wait_for(rust.call(lambda: refusing), 60)
    except KeyError as error:
        assert error.args == ('no callbacks',)
    else:
        raise AssertionError
",
        );
    });
}

#[test]
fn rust_awaits_python() {
    Python::initialize();
    Python::attach(|py| {
        common::run(
            py,
            c"
import asyncio

class Awaitable:
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return 'awaited'

async def returns(value):
    await asyncio.sleep(0.001)
    return value

async def raises(error):
    raise error

def done():
    future = asyncio.get_running_loop().create_future()
    future.set_result('done')
    return future

async def error_of(function):
    try:
        await asyncio.wait_for(rust.call(function), 60)
    except BaseException as error:
        return error

async def main():
    assert await rust.call(lambda: returns(3)) == 3
    # In the task of the caller's loop; `call` calls the function on another thread.
    assert await rust.call(Awaitable) == 'awaited'
    assert await rust.call(lambda: rust.call(lambda: returns('nested'))) == 'nested'
    error = ValueError('raised')
    assert await error_of(lambda: raises(error)) is error
    assert isinstance(await error_of(lambda: 5), TypeError)
    assert isinstance(await error_of(lambda: raises(asyncio.CancelledError())), asyncio.CancelledError)
    error = await error_of(lambda: rust.panic())
    assert type(error).__name__ == 'RustPanic', error
",
        );
    });
}

#[test]
fn context_variables_reach_the_awaited_task() {
    Python::initialize();
    Python::attach(|py| {
        common::run(
            py,
            c"
import asyncio, contextvars
variable = contextvars.ContextVar('variable', default='unset')

async def read():
    await asyncio.sleep(0)
    return variable.get()

async def set_and_read(value):
    variable.set(value)
    await rust.sleep(0.001)
    assert variable.get() == value
    return await rust.call(read)

async def main():
    values = [str(n) for n in range(10)]
    assert await asyncio.gather(*map(set_and_read, values)) == values
    assert variable.get() == 'unset'
",
        );
    });
}

#[test]
fn cancelling_in_python_drops_the_rust_future() {
    Python::initialize();
    let before = common::ALIVE.load(Ordering::SeqCst);
    Python::attach(|py| {
        common::run(
            py,
            c"
import asyncio, gc, weakref

class Held: pass

async def main():
    before = rust.alive()
    held = Held()
    seen = weakref.ref(held)
    task = asyncio.ensure_future(rust.pending(held))
    pending = rust.pending(held)
    del held
    # Before anything can take so long that the second one is cancelled.
    assert rust.alive() == before + 2
    assert seen() is not None
    task2 = asyncio.create_task(asyncio.wait_for(pending, 0.01))
    await asyncio.sleep(0.005)
    task.cancel()
    for cancelled in task, task2:
        try:
            await cancelled
        except (asyncio.CancelledError, asyncio.TimeoutError):
            pass
        else:
            assert False
    del task, task2, cancelled, pending
    for _ in range(12_000):
        if rust.alive() == before and seen() is None:
            break
        await asyncio.sleep(0.005)
        gc.collect()
    assert rust.alive() == before
    assert seen() is None
    # The rest is cancelled with the loop's end.
    asyncio.create_task(asyncio.wait_for(rust.pending(None), None))
    await asyncio.sleep(0.005)
",
        );
        py.detach(|| {
            common::eventually("the future is dropped", || {
                common::ALIVE.load(Ordering::SeqCst) == before
            });
        });
    });
}

#[test]
fn dropping_in_rust_cancels_the_python_task() {
    Python::initialize();
    Python::attach(|py| {
        common::run(
            py,
            c"
import asyncio
started, log = [], []

async def waits(name):
    # Until then, there is nothing to cancel.
    started.append(name)
    try:
        await asyncio.sleep(100)
    except asyncio.CancelledError:
        log.append(name)
        raise

async def until(names, count):
    for _ in range(12_000):
        if len(names) == count:
            return
        await asyncio.sleep(0.005)
    assert False, (started, log)

async def main():
    # Rust gives it up.
    assert await rust.call_until(lambda: started, lambda: waits('given up')) is None
    await until(log, 1)
    # Python cancels the Rust future that awaits a Python task, twice over.
    task = asyncio.ensure_future(rust.call(lambda: rust.call(lambda: waits('through'))))
    await until(started, 2)
    task.cancel()
    await until(log, 2)
    assert log == ['given up', 'through']
    # It has a result by then.
    async def quick():
        return 'quick'
    assert await rust.call_for(60, quick) == 'quick'
",
        );
    });
}

#[test]
fn an_awaitable_runs_if_nobody_polls_the_future() {
    Python::initialize();
    Python::attach(|py| {
        let globals = PyDict::new(py);
        py.run(
            c"
import asyncio
log = []
async def append():
    await asyncio.sleep(0.001)
    log.append(1)
event_loop = asyncio.new_event_loop()
",
            Some(&globals),
            None,
        )
        .unwrap();
        let get = |name: &str| globals.as_any().get_item(name).unwrap();
        let locals = TaskLocals::new(get("event_loop"));
        let future =
            pyatoll_async::into_future_with_locals(&locals, get("append").call0().unwrap());
        drop(future);
        py.run(
            c"
async def appended():
    while not log:
        await asyncio.sleep(0.001)
event_loop.run_until_complete(asyncio.wait_for(appended(), 60))
event_loop.close()
assert log == [1]
",
            Some(&globals),
            None,
        )
        .unwrap();
    });
}

#[test]
fn a_loop_that_closes_cancels_the_awaited() {
    Python::initialize();
    let (future, locals) = Python::attach(|py| {
        let globals = PyDict::new(py);
        py.run(
            c"
import asyncio, warnings
# That the coroutine was never awaited is what is tested.
warnings.simplefilter('ignore', RuntimeWarning)
event_loop = asyncio.new_event_loop()
async def waits():
    await asyncio.sleep(100)
",
            Some(&globals),
            None,
        )
        .unwrap();
        let get = |name: &str| globals.as_any().get_item(name).unwrap();
        let locals = TaskLocals::new(get("event_loop"));
        let never_started = get("waits").call0().unwrap();
        let future = pyatoll_async::into_future_with_locals(&locals, never_started).unwrap();
        let closed = py.run(c"event_loop.close()", Some(&globals), None);
        closed.unwrap();
        // Without this the callback, and what it awaits, would be part of a cycle.
        common::collect(py);
        (future, locals)
    });
    let result = bridge::get_runtime().block_on(future);
    Python::attach(|py| {
        let cancelled = py.get_type::<pyatoll::exceptions::asyncio::CancelledError>();
        assert!(result.unwrap_err().matches(py, cancelled).unwrap());
        // A closed loop refuses both directions.
        let nothing = py.None().into_bound(py);
        assert!(pyatoll_async::into_future_with_locals(&locals, nothing).is_err());
        // Nobody can await this one any more: its result is dropped.
        let future = bridge::future_into_py_with_locals(py, locals, async { Ok(1) });
        drop(future.unwrap());
    });
}

/// An asynchronous generator of `count` numbers, which notes that it was started and closed.
const NUMBERS: &std::ffi::CStr = c"
import asyncio
opened, closed = [], []
async def numbers(count, delay=0, error=None):
    try:
        opened.append(count)
        for number in range(count):
            if delay:
                await asyncio.sleep(delay)
            yield number
        if error:
            raise error
    finally:
        closed.append(count)
";

fn numbers(globals: &Bound<'_, PyDict>, count: u32, more: Option<&Bound<'_, PyDict>>) -> Py<PyAny> {
    let numbers = globals.as_any().get_item("numbers").unwrap();
    numbers.call((count,), more).unwrap().unbind()
}

fn number(item: Py<PyAny>) -> u32 {
    Python::attach(|py| item.extract(py).unwrap())
}

/// Runs a future in the main interpreter with the globals of [`NUMBERS`].
fn with_numbers<F>(future: impl FnOnce(Py<PyDict>) -> F)
where
    F: Future<Output = PyResult<()>> + Send + 'static,
{
    Python::initialize();
    Python::attach(|py| {
        let globals = PyDict::new(py);
        py.run(NUMBERS, Some(&globals), None).unwrap();
        bridge::run(py, future(globals.unbind())).unwrap();
    });
}

/// Returns whether one of the lists of [`NUMBERS`] has the generator of `count`.
fn is_noted(globals: &Py<PyDict>, list: &str, count: u32) -> bool {
    Python::attach(|py| {
        let noted = globals.bind(py).as_any().get_item(list).unwrap();
        noted.contains(count).unwrap()
    })
}

async fn until_closed(globals: &Py<PyDict>, count: u32) {
    for _ in 0..12_000 {
        if is_noted(globals, "closed", count) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the generator of {count} was not closed");
}

#[test]
fn generators_become_streams_of_items_and_errors() {
    with_numbers(|globals| async move {
        let stream = |count, error: Option<&str>| {
            Python::attach(|py| {
                let more = PyDict::new(py);
                more.set_item("delay", 0.001)?;
                if let Some(error) = error {
                    let error = pyatoll::exceptions::PyValueError::new_err(error.to_owned());
                    more.set_item("error", error.into_value(py))?;
                }
                let generator = numbers(globals.bind(py), count, Some(&more));
                bridge::into_stream_v1(generator.into_bound(py))
            })
        };
        let items: Vec<_> = stream(20, None)?.collect().await;
        let items: Vec<u32> = items
            .into_iter()
            .map(|item| number(item.unwrap()))
            .collect();
        assert_eq!(items, (0..20).collect::<Vec<_>>());

        let mut failing = Box::pin(stream(1, Some("at the end"))?);
        assert_eq!(number(failing.next().await.unwrap()?), 0);
        let error = failing.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("at the end"));
        assert!(failing.next().await.is_none());
        Ok(())
    });
}

#[test]
fn streams_read_ahead_in_a_task() {
    with_numbers(|globals| async move {
        let stream = |count| {
            Python::attach(|py| {
                let generator = numbers(globals.bind(py), count, None);
                bridge::into_stream_v2(generator.into_bound(py))
            })
        };
        let items: Vec<u32> = stream(1000)?.map(number).collect().await;
        assert_eq!(items, (0..1000).collect::<Vec<_>>());

        // The task stops when the stream is dropped.
        let mut dropped = Box::pin(stream(1_000_000)?);
        assert_eq!(number(dropped.next().await.unwrap()), 0);
        drop(dropped);
        until_closed(&globals, 1_000_000).await;
        Ok(())
    });
}

/// Waits for an item, in vain, until the generator of `count` has started: one that has not is not
/// closed.
async fn pending_until_opened(
    globals: &Py<PyDict>,
    count: u32,
    stream: &mut (impl StreamExt + Unpin),
) {
    for _ in 0..3000 {
        let wait = tokio::time::timeout(std::time::Duration::from_millis(20), stream.next());
        assert!(wait.await.is_err());
        if is_noted(globals, "opened", count) {
            return;
        }
    }
    panic!("the generator of {count} was not started");
}

#[test]
fn dropping_a_stream_cancels_the_generator() {
    with_numbers(|globals| async move {
        let generator = |count| {
            Python::attach(|py| {
                let more = PyDict::new(py);
                more.set_item("delay", 100).unwrap();
                numbers(globals.bind(py), count, Some(&more))
            })
        };
        let first = generator(7);
        let stream = Python::attach(|py| bridge::into_stream_v1(first.into_bound(py)))?;
        let mut stream = Box::pin(stream);
        pending_until_opened(&globals, 7, &mut stream).await;
        drop(stream);
        until_closed(&globals, 7).await;

        let second = generator(8);
        let stream = Python::attach(|py| bridge::into_stream_v2(second.into_bound(py)))?;
        let mut stream = Box::pin(stream);
        pending_until_opened(&globals, 8, &mut stream).await;
        drop(stream);
        until_closed(&globals, 8).await;
        Ok(())
    });
}

#[test]
fn an_interrupted_run_drops_the_future() {
    Python::initialize();
    let alive = Arc::new(());
    Python::attach(|py| {
        let held = Arc::clone(&alive);
        let run = bridge::run::<_, ()>(py, async move {
            Python::attach(|py| {
                let exit = py.import("sys")?.getattr("exit")?;
                let event_loop = bridge::get_current_loop(py)?;
                event_loop
                    .call_method1("call_soon_threadsafe", (exit,))
                    .map(drop)
            })?;
            std::future::pending::<()>().await;
            drop(held);
            Ok(())
        });
        let error = run.unwrap_err();
        assert!(error.is_instance_of::<pyatoll::exceptions::PySystemExit>(py));
        py.detach(|| {
            common::eventually("the future is dropped", || Arc::strong_count(&alive) == 1);
        });
    });
}

#[test]
#[expect(deprecated, reason = "they exist")]
fn futures_that_stay_on_their_thread_work() {
    use std::rc::Rc;

    Python::initialize();
    let event_loop = Python::attach(|py| {
        let event_loop = py.import("asyncio").unwrap().call_method0("new_event_loop");
        event_loop.unwrap().unbind()
    });
    let runs = Python::attach(|py| event_loop.clone_ref(py));
    let runner = std::thread::spawn(move || {
        Python::attach(|py| runs.bind(py).call_method0("run_forever").map(drop)).unwrap();
    });
    let locals = Python::attach(|py| TaskLocals::new(event_loop.bind(py).clone()));
    let set = tokio::task::LocalSet::new();
    let scoped = bridge::scope_local(locals.clone(), async {
        let value = Rc::new(5);
        let awaited = Python::attach(|py| {
            let doubled = bridge::local_future_into_py(py, async move {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                Ok(*value * 2)
            })?;
            bridge::into_future(doubled)
        });
        let doubled = awaited.unwrap().await.unwrap();
        assert_eq!(number(doubled), 10);

        let alive = Rc::new(());
        let held = Rc::clone(&alive);
        let cancelled = Python::attach(|py| {
            let pending = bridge::local_future_into_py::<_, ()>(py, async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok(())
            })?;
            let event_loop = bridge::get_current_loop(py)?;
            event_loop.call_method1("call_soon_threadsafe", (pending.getattr("cancel")?,))?;
            bridge::into_future(pending)
        });
        assert!(cancelled.unwrap().await.is_err());
        for _ in 0..60_000 {
            if Rc::strong_count(&alive) == 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert_eq!(Rc::strong_count(&alive), 1);

        let panics = Python::attach(|py| {
            bridge::into_future(bridge::local_future_into_py::<_, ()>(py, async {
                panic!("oh no")
            })?)
        });
        let error = panics.unwrap().await.unwrap_err();
        assert!(error.to_string().contains("rust future panicked: oh no"));
    });
    set.block_on(bridge::get_runtime(), scoped);
    Python::attach(|py| {
        let event_loop = event_loop.bind(py);
        let stop = event_loop.getattr("stop").unwrap();
        event_loop
            .call_method1("call_soon_threadsafe", (stop,))
            .unwrap();
    });
    runner.join().unwrap();
    Python::attach(|py| event_loop.bind(py).call_method0("close").map(drop)).unwrap();
}
