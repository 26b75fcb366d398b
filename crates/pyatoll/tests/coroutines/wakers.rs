//! Wakers: called by any thread, in any interpreter, at any time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

use crate::collector::collector;
use crate::everywhere::everywhere;
use crate::futures::{Signal, Suspended};

/// The futures of [`awaited`], by the number that Python code passes.
static SIGNALS: Mutex<Option<HashMap<usize, Signal>>> = Mutex::new(None);
static WAKERS: Mutex<Option<HashMap<usize, mpsc::Sender<Waker>>>> = Mutex::new(None);

/// Returns a number that no other test uses.
fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Returns a signal, and the number by which Python code awaits it.
fn signal() -> (usize, Signal) {
    let (number, signal) = (number(), Signal::default());
    let mut signals = SIGNALS.lock().unwrap();
    let signals = signals.get_or_insert_default();
    signals.insert(number, signal.clone());
    (number, signal)
}

#[pymodule]
pub(crate) mod awaited {
    use pyatoll::{PyTraverseError, PyVisit};

    use super::*;

    /// The numbers of the markers that have been dropped.
    pub(super) static DROPPED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

    #[pyfunction]
    async fn sleep(milliseconds: u64) -> u64 {
        Signal::after(milliseconds).await;
        milliseconds
    }

    /// Waits for the signal with this number.
    #[pyfunction]
    async fn signaled(number: usize) -> usize {
        let signal = SIGNALS.lock().unwrap().as_ref().unwrap()[&number].clone();
        signal.await;
        number
    }

    /// Sends its waker to the test with this number, and stays suspended.
    #[pyfunction]
    async fn suspended(number: usize) {
        let sender = WAKERS.lock().unwrap().as_ref().unwrap()[&number].clone();
        Suspended(sender).await;
    }

    #[pyfunction]
    fn give(number: usize) {
        SIGNALS.lock().unwrap().as_ref().unwrap()[&number].give();
    }

    /// Records its drop.
    #[pyclass]
    struct Marker(usize);

    #[pymethods]
    impl Marker {
        #[new]
        fn new(number: usize) -> Self {
            Self(number)
        }
    }

    impl Drop for Marker {
        fn drop(&mut self) {
            DROPPED.lock().unwrap().push(self.0);
        }
    }

    /// Gives a signal when it is traversed.
    #[pyclass]
    struct Traversed(usize);

    #[pymethods]
    impl Traversed {
        #[new]
        fn new(number: usize) -> Self {
            Self(number)
        }

        fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
            let signal = SIGNALS.lock().unwrap().as_ref().unwrap()[&self.0].clone();
            signal.give();
            Ok(())
        }
    }
}

fn builders() -> Vec<(bool, SubInterpreter)> {
    crate::append();
    Python::initialize();
    let own = SubInterpreter::builder();
    let shared = SubInterpreter::builder().gil(Gil::Shared);
    vec![
        (true, own.build().unwrap()),
        (false, shared.build().unwrap()),
    ]
}

fn run(py: Python<'_>, code: &str) -> Py<PyDict> {
    let globals = PyDict::new(py);
    let setup = setup!("from awaited import *").to_str().unwrap();
    let code = format!("{setup}\n{code}");
    let code = std::ffi::CString::new(code).unwrap();
    if let Err(error) = py.run(&code, Some(&globals), None) {
        error.print(py);
        panic!("{error}");
    }
    globals.unbind()
}

#[test]
fn timers_wake_the_loops_of_many_interpreters_at_once() {
    const CODE: &str = "
async def main():
    numbers = [1 + 7 * n % 20 for n in range(30)]
    for _ in range(3):
        assert await asyncio.gather(*map(sleep, numbers)) == numbers

asyncio.run(main())
";
    crate::append();
    Python::initialize();
    thread::scope(|scope| {
        for kind in 0..4 {
            scope.spawn(move || {
                if kind == 3 {
                    return Python::attach(|py| run(py, CODE)).drop_soon();
                }
                let builder = SubInterpreter::builder();
                let builder = if kind == 2 {
                    builder.gil(Gil::Shared)
                } else {
                    builder
                };
                let sub = builder.build().unwrap();
                sub.attach(|py| drop(run(py, CODE))).unwrap();
                sub.close().unwrap();
            });
        }
    });
}

/// Dropping a handle while detached.
trait DropSoon {
    fn drop_soon(self);
}

impl<T> DropSoon for Py<T> {
    fn drop_soon(self) {}
}

#[test]
fn any_loop_that_sets_itself_as_the_running_one_works() {
    crate::append();
    everywhere(
        setup!(
            "
import queue
from awaited import *

class Future:
    def __init__(self):
        self.finished = False

    def done(self):
        return self.finished

    def set_result(self, value):
        assert value is None and not self.finished
        self.finished = True

    def __iter__(self):
        if not self.finished:
            yield self

    __await__ = __iter__

class Loop:
    def __init__(self):
        self.callbacks = queue.SimpleQueue()

    def create_future(self):
        return Future()

    def call_soon_threadsafe(self, callback, *args):
        self.callbacks.put((callback, args))

    def run(self, coroutine):
        asyncio._set_running_loop(self)
        try:
            while True:
                try:
                    awaited = coroutine.send(None)
                except StopIteration as stop:
                    return stop.value
                while awaited is not None and not awaited.done():
                    callback, args = self.callbacks.get(timeout=60)
                    callback(*args)
        finally:
            asyncio._set_running_loop(None)
"
        ),
        c"
loop = Loop()
assert loop.run(sleep(5)) == 5

async def twice():
    return await sleep(3) + await sleep(4)

assert loop.run(twice()) == 7
",
    );
}

#[test]
fn a_thread_attached_elsewhere_wakes_the_loop_without_waiting() {
    for (own_gil, sub) in builders() {
        let (number, signal) = signal();
        let (started, starts) = mpsc::channel();
        let (finished, finishes) = mpsc::channel();
        let other = SubInterpreter::builder().build().unwrap();
        thread::scope(|scope| {
            let sub = &sub;
            scope.spawn(move || {
                sub.attach(|py| {
                    let code = format!(
                        "
async def main():
    task = asyncio.create_task(signaled({number}))
    await asyncio.sleep(0)
    loop.call_soon(started)
    return await task

def go(report):
    global loop, started
    loop, started = asyncio.new_event_loop(), report
    assert loop.run_until_complete(main()) == {number}
    loop.close()
"
                    );
                    let globals = run(py, &code);
                    let report =
                        pyatoll::types::PyCFunction::new_closure(py, None, None, move |_, _| {
                            started.send(()).unwrap()
                        })
                        .unwrap();
                    let go = globals.bind(py).get_item("go").unwrap().unwrap();
                    if let Err(error) = go.call1((report,)) {
                        error.print(py);
                        panic!("{error}");
                    }
                    finished.send(()).unwrap();
                })
                .unwrap();
            });
            let wait = |events: &mpsc::Receiver<()>| {
                events.recv_timeout(Duration::from_secs(60)).unwrap();
            };
            wait(&starts);
            other
                .attach(|_| {
                    signal.give();
                    // This thread keeps its GIL until the loop has been woken.
                    if own_gil && cfg!(Py_3_12) {
                        wait(&finishes);
                    }
                })
                .unwrap();
            if !(own_gil && cfg!(Py_3_12)) {
                wait(&finishes);
            }
        });
        other.close().unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn a_traversal_wakes_the_loop() {
    crate::append();
    let numbers: Vec<usize> = (0..4).map(|_| signal().0).collect();
    let next = std::cell::Cell::new(0);
    let code = |number: usize| {
        format!(
            "
import gc
async def main():
    task = asyncio.create_task(signaled({number}))
    traversed = Traversed({number})
    await asyncio.sleep(0)
    # A collection does nothing while another thread collects.
    for _ in range(1000):
        gc.collect()
        await asyncio.sleep(0.01)
        if task.done():
            break
    return await asyncio.wait_for(task, 60)

assert asyncio.run(main()) == {number}
"
        )
    };
    Python::initialize();
    let run_next = |py: Python<'_>| {
        drop(run(py, &code(numbers[next.get()])));
        next.set(next.get() + 1);
    };
    Python::attach(run_next);
    for (_, sub) in builders() {
        sub.attach(run_next).unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn a_thread_attached_to_the_interpreter_wakes_the_loop() {
    crate::append();
    let (number, _) = signal();
    Python::attach(|py| {
        run(
            py,
            &format!(
                "
async def main():
    task = asyncio.create_task(signaled({number}))
    await asyncio.sleep(0)
    give({number})
    return await task

assert asyncio.run(main()) == {number}
"
            ),
        );
    });
}

/// Registers a receiver of wakers, and returns its number.
fn receiver() -> (usize, mpsc::Receiver<Waker>) {
    let (number, (sender, receiver)) = (number(), mpsc::channel());
    let mut wakers = WAKERS.lock().unwrap();
    wakers.get_or_insert_default().insert(number, sender);
    (number, receiver)
}

/// Leaves a suspended task, and a marker that its loop owns, in the interpreter.
fn suspend(number: usize) -> String {
    format!(
        "
class Loop(asyncio.SelectorEventLoop):
    pass

loop = Loop()
loop.marker = Marker({number})
loop.set_exception_handler(lambda loop, context: None)
task = loop.create_task(suspended({number}))
loop.run_until_complete(asyncio.sleep(0))
"
    )
}

/// Leaves a suspended task in the interpreter until its end; returns the number of its marker, and
/// its waker.
fn suspend_until_the_end(sub: &SubInterpreter) -> (usize, Waker) {
    let (number, receiver) = receiver();
    sub.attach(|py| {
        let globals = run(py, &suspend(number));
        // Like the names of a module.
        py.import("sys").unwrap().setattr("kept", globals).unwrap();
    })
    .unwrap();
    let waker = receiver.recv_timeout(Duration::from_secs(60)).unwrap();
    (number, waker)
}

#[test]
fn waking_after_the_end_does_nothing_and_leaves_nothing_behind() {
    for (_, sub) in builders() {
        let (number, waker) = suspend_until_the_end(&sub);
        let other = waker.clone();
        sub.close().unwrap();
        let is_dropped = awaited::DROPPED.lock().unwrap().contains(&number);
        assert!(is_dropped, "the waker keeps the loop");

        waker.wake_by_ref();
        Python::attach(|_| other.wake_by_ref());
        thread::spawn(move || other.wake()).join().unwrap();
        let elsewhere = SubInterpreter::builder().build().unwrap();
        elsewhere.attach(|_| waker.wake()).unwrap();
        elsewhere.close().unwrap();
    }
}

#[test]
fn threads_may_wake_while_the_interpreter_ends() {
    for round in 0..10 {
        for (_, sub) in builders() {
            let (_, waker) = suspend_until_the_end(&sub);
            let stop = AtomicBool::new(false);
            let elsewhere = SubInterpreter::builder().build().unwrap();
            thread::scope(|scope| {
                let (stop, waker) = (&stop, &waker);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        waker.wake_by_ref();
                    }
                });
                let elsewhere = &elsewhere;
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        elsewhere.attach(|_| waker.wake_by_ref()).unwrap();
                    }
                });
                thread::sleep(Duration::from_millis(round));
                sub.close().unwrap();
                stop.store(true, Ordering::Relaxed);
            });
            elsewhere.close().unwrap();
        }
    }
}

#[test]
fn a_closed_loop_and_a_finished_coroutine_are_not_woken() {
    // Not in the main interpreter, where other tests replace or call the hook.
    for (_, sub) in builders() {
        let (number, receiver) = receiver();
        sub.attach(|py| {
            let globals = run(
                py,
                &format!(
                    "
import sys
reported = []
sys.unraisablehook = reported.append
{}
loop.close()
",
                    suspend(number)
                ),
            );
            let globals = Some(globals.bind(py));
            let waker = receiver.recv_timeout(Duration::from_secs(60)).unwrap();
            waker.wake_by_ref();
            py.run(c"assert not reported; del task, loop", globals, None)
                .unwrap();
            collector(py).call0().unwrap();
            waker.wake();
            py.run(c"assert not reported", globals, None).unwrap();
        })
        .unwrap();
        sub.close().unwrap();
    }
}
