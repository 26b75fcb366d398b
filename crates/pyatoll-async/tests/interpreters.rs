//! Several interpreters at once, and their ends.

mod common;

use std::ffi::CStr;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll_async::TaskLocals;
use pyatoll_async::tokio as bridge;

/// The tests count the futures of the process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|error| error.into_inner())
}

/// Runs code in all interpreters at once, on several threads in each.
fn run_in_all(subs: &[SubInterpreter], threads: usize, code: &CStr) {
    thread::scope(|scope| {
        for sub in subs {
            for _ in 0..threads {
                scope.spawn(|| sub.attach(|py| common::run(py, code)).unwrap());
            }
        }
        scope.spawn(|| Python::attach(|py| common::run(py, code)));
    });
}

#[test]
fn results_get_to_the_interpreter_that_awaits_them() {
    let _alone = alone();
    let subs = common::subs(2);
    run_in_all(
        &subs,
        2,
        c"
import asyncio, contextvars
variable = contextvars.ContextVar('variable')

async def read(value):
    await asyncio.sleep(0)
    return value, variable.get()

async def once(number):
    variable.set(number)
    ids = await rust.here()
    assert len(set(ids)) == 1, ids
    assert await rust.call(lambda: read(number)) == (number, number)
    nested = lambda: rust.call(lambda: rust.here())
    assert await rust.call(nested) == ids
    try:
        await rust.panic()
    except Exception as error:
        assert type(error).__name__ == 'RustPanic'
    assert await rust.call_for(0.001, lambda: asyncio.sleep(100)) is None
    task = asyncio.ensure_future(rust.pending([]))
    await rust.sleep(0.001)
    task.cancel()
    return ids[0]

async def main():
    ids = await asyncio.gather(*map(once, range(20)))
    assert len(set(ids)) == 1, ids
    sys = __import__('sys')
    if sys.version_info >= (3, 13):
        import _interpreters
        current = _interpreters.get_current()
        assert ids[0] == (current[0] if isinstance(current, tuple) else current)
",
    );
    for sub in subs {
        sub.close().unwrap();
    }
    common::eventually("all futures are dropped", || {
        common::ALIVE.load(Ordering::SeqCst) == 0
    });
}

#[test]
fn each_interpreter_has_its_own_exception() {
    let _alone = alone();
    let subs = common::subs(1);
    let class = |py: Python<'_>| py.get_type::<pyatoll_async::err::RustPanic>().as_ptr() as usize;
    let mut classes: Vec<_> = subs.iter().map(|sub| sub.attach(class).unwrap()).collect();
    classes.push(Python::attach(class));
    classes.sort_unstable();
    classes.dedup();
    assert_eq!(classes.len(), subs.len() + 1);
}

/// A loop that is to be closed, and locals of it.
fn locals(py: Python<'_>) -> TaskLocals {
    let event_loop = py.import("asyncio").unwrap().call_method0("new_event_loop");
    TaskLocals::new(event_loop.unwrap())
}

#[test]
fn locals_are_refused_in_another_interpreter() {
    let _alone = alone();
    let subs = common::subs(1);
    let of_main = Python::attach(locals);
    for sub in &subs {
        sub.attach(|py| {
            let used = std::panic::catch_unwind(|| of_main.event_loop(py).is_none());
            assert!(used.is_err());
            let own = locals(py);
            assert_eq!(own.interpreter(), sub.interpreter());
            // The locals of a task do not leak into another interpreter.
            let scoped = bridge::scope(of_main.clone(), async {});
            py.detach(|| bridge::get_runtime().block_on(scoped));
            assert!(bridge::get_current_locals(py).is_err());
            own.event_loop(py).call_method0("close").unwrap();
        })
        .unwrap();
    }
    let here = subs[0].interpreter();
    let inner = of_main.clone();
    bridge::get_runtime().block_on(bridge::scope(of_main.clone(), async move {
        Python::attach(|py| {
            assert!(py.interpreter().is_main());
            assert!(
                bridge::get_current_loop(py)
                    .unwrap()
                    .is(inner.event_loop(py))
            );
        });
        here.attach(|py| assert!(bridge::get_current_loop(py).is_err()))
            .unwrap();
    }));
    Python::attach(|py| of_main.event_loop(py).call_method0("close").map(drop)).unwrap();
}

/// Starts what never completes, without waiting for it.
const LEAVE_PENDING: &CStr = c"
import asyncio, sys
event_loop = asyncio.new_event_loop()

async def start():
    kept.extend(rust.pending(rust.Held()) for _ in range(10))
    kept.append(rust.busy())
    kept.append(asyncio.ensure_future(rust.call(lambda: asyncio.sleep(1000))))
    await asyncio.sleep(0.01)

kept = []
sys.kept = kept, event_loop

async def main():
    pass
event_loop.run_until_complete(start())
";

#[test]
fn an_interpreter_ends_while_futures_are_pending() {
    let _alone = alone();
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let subs = common::subs(1);
        thread::scope(|scope| {
            for sub in &subs {
                scope.spawn(|| sub.attach(|py| common::run(py, LEAVE_PENDING)).unwrap());
            }
        });
        assert!(common::ALIVE.load(Ordering::SeqCst) >= 21 * subs.len());
        let begin = Instant::now();
        for sub in subs {
            sub.close().unwrap();
        }
        fastest = fastest.min(begin.elapsed());
        // The objects, too: nothing of the interpreters is left. A thread of the runtime that the
        // system does not let run may drop its future late.
        common::eventually("nothing is left", || {
            common::ALIVE.load(Ordering::SeqCst) == 0
        });
    }
    // Another program may slow down a round, but hardly all of them.
    assert!(
        fastest < Duration::from_secs(2),
        "they are waited for: {fastest:?}"
    );
}

#[test]
fn a_rust_future_of_an_interpreter_that_ends_returns_an_error() {
    let _alone = alone();
    for sub in common::subs(1) {
        let id = sub.id();
        let (future, never_polled, stream, read_ahead, kept) = sub
            .attach(|py| {
                let locals = locals(py);
                let globals = pyatoll::types::PyDict::new(py);
                py.run(
                    c"
async def numbers():
    yield 1
def generator():
    return numbers()
",
                    Some(&globals),
                    None,
                )
                .unwrap();
                let waits = || {
                    let future = locals.event_loop(py).call_method0("create_future").unwrap();
                    pyatoll_async::into_future_with_locals(&locals, future).unwrap()
                };
                let (future, never_polled) = (waits(), waits());
                let generator = || {
                    let generator = globals.as_any().get_item("generator").unwrap();
                    generator.call0().unwrap()
                };
                let stream = bridge::into_stream_with_locals_v1(locals.clone(), generator());
                let read_ahead = bridge::into_stream_with_locals_v2(locals.clone(), generator());
                (
                    future,
                    never_polled,
                    stream.unwrap(),
                    read_ahead.unwrap(),
                    locals,
                )
            })
            .unwrap();
        let awaited = bridge::get_runtime().spawn(future);
        let mut stream = Box::pin(stream);
        let mut read_ahead = Box::pin(read_ahead);
        bridge::get_runtime().block_on(async {
            use futures_util::StreamExt;
            let wait = Duration::from_millis(10);
            assert!(tokio::time::timeout(wait, stream.next()).await.is_err());
            assert!(tokio::time::timeout(wait, read_ahead.next()).await.is_err());
        });
        sub.close().unwrap();
        bridge::get_runtime().block_on(async {
            use futures_util::StreamExt;
            let gone = format!("RuntimeError: interpreter {id} has ended");
            let error = awaited.await.unwrap().unwrap_err();
            assert_eq!(error.to_string(), gone);
            let error = stream.next().await.unwrap().unwrap_err();
            assert_eq!(error.to_string(), gone);
            assert!(stream.next().await.is_none());
            assert!(read_ahead.next().await.is_none());
        });
        drop(never_polled);
        // Code that attaches has no interpreter.
        let scoped = bridge::scope(kept, async { Python::try_attach(|_| ()) });
        assert_eq!(bridge::get_runtime().block_on(scoped), None);
    }
}

/// A coroutine function that sets an event if its coroutine is cancelled.
const WAITS: &CStr = c"
import asyncio, threading
cancelled = threading.Event()
async def waits(seconds):
    try:
        return await asyncio.sleep(seconds, 'slept')
    except asyncio.CancelledError:
        cancelled.set()
        raise
";

#[test]
fn a_future_awaits_what_another_interpreter_runs() {
    let _alone = alone();
    for sub in common::subs(1) {
        let id = sub.id();
        let theirs = sub.attach(locals).unwrap();
        let [short, foreign, given_up, long] = sub
            .attach(|py| {
                let module = PyModule::from_code(py, WAITS, c"waits.py", c"waits").unwrap();
                py.import("sys").unwrap().setattr("waits", &module).unwrap();
                [0.001, 0.001, 1000.0, 1000.0].map(|seconds| {
                    let awaitable = module.call_method1("waits", (seconds,)).unwrap();
                    pyatoll_async::into_future_with_locals(&theirs, awaitable).unwrap()
                })
            })
            .unwrap();
        let running = theirs.clone();
        let runner = thread::spawn(move || {
            let run = |py: Python<'_>| running.event_loop(py).call_method0("run_forever").map(drop);
            running.interpreter().attach(run).unwrap().unwrap();
        });
        let awaits = async move {
            let there = theirs.interpreter();
            let object = short.await?;
            assert!(Python::attach(|py| object.try_bind(py).is_err()));
            let text = there.attach(|py| object.bind(py).to_string()).unwrap();
            assert_eq!(text, "slept");

            // A result that the awaiting interpreter cannot have.
            let awaited = Python::attach(|py| {
                let future = bridge::future_into_py(py, foreign)?;
                bridge::into_future(future)
            })?;
            let error = awaited.await.unwrap_err().to_string();
            assert!(
                error.contains(&format!("belongs to interpreter {id}")),
                "{error}"
            );

            let limit = Duration::from_millis(20);
            assert!(tokio::time::timeout(limit, given_up).await.is_err());
            there
                .attach(|py| {
                    let waits = py.import("sys")?.getattr("waits")?;
                    let event = waits.getattr("cancelled")?;
                    assert!(event.call_method1("wait", (60,))?.is_truthy()?);
                    PyResult::Ok(())
                })
                .unwrap()?;

            let ends = thread::spawn(move || {
                let stop = |py: Python<'_>| {
                    let event_loop = theirs.event_loop(py);
                    let stop = event_loop.getattr("stop")?;
                    event_loop
                        .call_method1("call_soon_threadsafe", (stop,))
                        .map(drop)
                };
                there.attach(stop).unwrap().unwrap();
                runner.join().unwrap();
                sub.close().unwrap();
            });
            let error = long.await.unwrap_err().to_string();
            assert_eq!(error, format!("RuntimeError: interpreter {id} has ended"));
            ends.join().unwrap();
            Ok(())
        };
        Python::attach(|py| bridge::run(py, awaits)).unwrap();
    }
}

#[test]
fn interpreters_come_and_go_while_others_await() {
    let _alone = alone();
    const CODE: &CStr = c"
import asyncio
async def main():
    here = await rust.here()
    for _ in range(5):
        assert await rust.here() == here
        await asyncio.gather(*[rust.sleep(0.001) for _ in range(5)])
    kept = rust.pending([])
    task = asyncio.ensure_future(rust.busy())
    await asyncio.sleep(0)
    # Both are left behind.
    task.cancel()
";
    let subs = common::subs(1);
    let ends = Instant::now() + Duration::from_secs(3);
    thread::scope(|scope| {
        for sub in &subs {
            scope.spawn(|| {
                while Instant::now() < ends {
                    sub.attach(|py| common::run(py, CODE)).unwrap();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                while Instant::now() < ends {
                    for sub in common::subs(1) {
                        sub.attach(|py| common::run(py, CODE)).unwrap();
                        sub.close().unwrap();
                    }
                }
            });
        }
    });
    for sub in subs {
        sub.close().unwrap();
    }
    common::eventually("all futures are dropped", || {
        common::ALIVE.load(Ordering::SeqCst) == 0
    });
}
