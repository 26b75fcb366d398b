//! Replacing workers whose code does not give way.

use crate::control::{run_reporting, starves_other_interpreters, stick, wait_until};
use crate::{LONG, blocker, in_time, pool};
use pyatoll::exceptions::PyValueError;
use pyatoll::pool::{JobHandle, JobOptions, PoolError};
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict};
use pyatoll::{Interpreter, InterpreterPool};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

#[test]
fn a_worker_whose_job_does_not_give_way_is_replaced() {
    Python::initialize();
    let builder = InterpreterPool::builder()
        .size(1)
        .initializer(|py| py.run(c"import sys; sys.ready = True", None, None));
    let pool = Arc::new(builder.build().unwrap());
    let mut stops = Vec::new();
    let mut olds = Vec::new();
    for round in 1..=3 {
        let (old, stop) = stick(&pool);
        // For the worker, not for the thread: the next one runs it.
        let reloads = pool.broadcast(|py| Ok(py.interpreter()));
        let job = pool.submit(|py| {
            let ready: bool = py.eval(c"__import__('sys').ready", None, None)?.extract()?;
            Ok((ready, py.interpreter()))
        });
        let (ready, new) = in_time(move || job.join()).unwrap();
        assert!(ready && new != old);
        assert!(!olds.contains(&old) && old.is_alive());
        olds.push(old);
        let reloaded: Vec<_> = reloads.into_iter().map(JobHandle::join).collect();
        assert_eq!(reloaded, [Ok(new)]);
        assert_eq!(pool.interpreters(), [new]);
        let stats = pool.stats();
        assert_eq!(
            (stats.interpreters_replaced, stats.running),
            (round, round as usize)
        );
        stops.push(stop);
    }
    // The jobs that are stuck do not keep the pool from ending.
    pool.shutdown(LONG).unwrap();
    assert_eq!(pool.stats().completed, 6);
    for stop in stops {
        stop.send(()).unwrap();
    }
    wait_until(move || olds.iter().all(|old| !old.is_alive()));
    let stats = pool.stats();
    assert_eq!((stats.running, stats.failed), (0, 3), "{stats:?}");
}

#[test]
fn a_worker_that_cannot_be_replaced_reports_why() {
    Python::initialize();
    let attempts = AtomicUsize::new(0);
    let builder = InterpreterPool::builder().size(1).restart_limit(1);
    let builder = builder.initializer(move |_py| match attempts.fetch_add(1, Ordering::Relaxed) {
        0 => Ok(()),
        n => Err(PyValueError::new_err(format!("attempt {n}"))),
    });
    let pool = Arc::new(builder.build().unwrap());
    let (old, stop) = stick(&pool);
    let job = pool.submit(|_py| Ok(()));
    let reason = "a worker's initializer failed: ValueError: attempt 2";
    let error = in_time(move || job.join());
    assert_eq!(error, Err(PoolError::Broken(reason.into())));
    pool.shutdown(LONG).unwrap();
    stop.send(()).unwrap();
    wait_until(move || !old.is_alive());
}

/// Runs jobs of the pool on this worker's thread until one has begun within its timeout. It does
/// not give way until it is told to.
fn stick_inline(pool: &InterpreterPool, stops: &Mutex<Vec<mpsc::Sender<()>>>) {
    let mut timeout = Duration::from_millis(20);
    loop {
        let (job, begun, stop) = blocker();
        stops.lock().unwrap().push(stop);
        let options = JobOptions::new().timeout(timeout).grace(Duration::ZERO);
        let stuck = pool.submit_with(options, job).join();
        assert_eq!(stuck, Err(PoolError::TimedOut));
        if begun.try_recv().is_ok() {
            return;
        }
        timeout *= 2;
    }
}

/// Lets the jobs of [`stick_inline`] and [`stick`] go on, and waits for the interpreters to end.
fn release(
    pool: &InterpreterPool,
    stops: &Mutex<Vec<mpsc::Sender<()>>>,
    old: Vec<Interpreter>,
    ended: &Receiver<()>,
) {
    for stop in stops.lock().unwrap().iter() {
        let _ = stop.send(());
    }
    wait_until(move || old.iter().all(|old| !old.is_alive()));
    // The thread that was replaced ends, although the pool is open.
    let error = ended.recv_timeout(LONG).unwrap_err();
    assert_eq!(error, RecvTimeoutError::Disconnected);
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
    assert_eq!(pool.stats().interpreters_replaced, 1);
    pool.shutdown(LONG).unwrap();
    assert_eq!(pool.stats().running, 0);
}

type Interpreters = Arc<Mutex<Vec<Interpreter>>>;

type SecondInterpreter = (
    Arc<InterpreterPool>,
    Interpreters,
    Receiver<()>,
    mpsc::Sender<()>,
);

/// Checks that the pool replaces its stuck second interpreter once, then releases the old ones.
fn assert_replaced_once(second: SecondInterpreter, stops: &Mutex<Vec<mpsc::Sender<()>>>) {
    let (pool, olds, ended, stop) = second;
    let job = pool.submit(|py| Ok(py.interpreter()));
    let new = in_time(move || job.join()).unwrap();
    let mut olds = olds.lock().unwrap().clone();
    assert_eq!(olds.pop(), Some(new));
    assert_eq!(olds.len(), 2);
    stops.lock().unwrap().push(stop);
    release(&pool, stops, olds, &ended);
}

/// Returns a pool of one worker whose second interpreter runs `second` in its initializer; the
/// interpreters so far; a receiver that is disconnected when the thread of the second one ends; and
/// a sender that stops the job that has made it replace the first one.
fn with_second_initializer<F>(second: F) -> SecondInterpreter
where
    F: for<'py> Fn(Python<'py>, &Arc<InterpreterPool>) -> PyResult<()> + Send + Sync + 'static,
{
    thread_local! {
        /// Disconnected when the thread ends.
        static END: RefCell<Option<mpsc::Sender<()>>> = const { RefCell::new(None) };
    }
    Python::initialize();
    let (end, ended) = mpsc::channel();
    let end = Mutex::new(Some(end));
    let slot: Arc<Mutex<Option<Arc<InterpreterPool>>>> = Arc::default();
    let olds = Interpreters::default();
    let (own, seen) = (Arc::clone(&slot), Arc::clone(&olds));
    let initializer = move |py: Python<'_>| {
        let number = {
            let mut olds = seen.lock().unwrap();
            olds.push(py.interpreter());
            olds.len()
        };
        if number == 2 {
            END.set(end.lock().unwrap().take());
            let pool = own.lock().unwrap().take().unwrap();
            second(py, &pool)?;
        }
        Ok(())
    };
    let builder = InterpreterPool::builder().size(1).initializer(initializer);
    let pool = Arc::new(builder.build().unwrap());
    *slot.lock().unwrap() = Some(Arc::clone(&pool));
    let (_, stop) = stick(&pool);
    (pool, olds, ended, stop)
}

#[test]
fn a_worker_that_is_stuck_in_its_initializer_is_replaced_once() {
    let stops: Arc<Mutex<Vec<_>>> = Arc::default();
    let own = Arc::clone(&stops);
    let second = with_second_initializer(move |_py, pool| {
        stick_inline(pool, &own);
        Ok(())
    });
    assert_replaced_once(second, &stops);
}

#[test]
fn a_worker_that_is_stuck_in_the_end_of_its_interpreter_is_replaced_once() {
    let stops: Arc<Mutex<Vec<_>>> = Arc::default();
    let own = Arc::clone(&stops);
    let second = with_second_initializer(move |py, pool| {
        let (pool, own) = (Arc::downgrade(pool), Arc::clone(&own));
        let at_exit = move |_: &Bound<'_, _>, _: Option<&Bound<'_, PyDict>>| {
            stick_inline(&pool.upgrade().unwrap(), &own);
        };
        let at_exit = PyCFunction::new_closure(py, None, None, at_exit)?;
        py.import("atexit")?.call_method1("register", (at_exit,))?;
        Err(PyValueError::new_err("not this one"))
    });
    assert_replaced_once(second, &stops);
}

#[test]
fn code_that_catches_every_interrupt_is_replaced() {
    if starves_other_interpreters() {
        // No interpreter could be created while the code runs.
        return;
    }
    // Not `while not sys.stop`: Python 3.13 leaves the jump back of such a loop out of the `try`.
    let code = c"
import sys
sys.stop = begun = False
while not sys.stop:
    try:
        if not begun:
            begin()
        begun = True
        for _ in iter(lambda: sys.stop, True):
            pass
    except KeyboardInterrupt:
        pass
";
    let mut timeout = Duration::from_millis(50);
    let (pool, old, job) = loop {
        // A new one: an attempt that has not begun in time may lead to a replacement, too.
        let pool = Arc::new(pool(1));
        let old = pool.interpreters()[0];
        let (begin, begun) = mpsc::channel();
        let grace = Duration::from_millis(20);
        let options = JobOptions::new().timeout(timeout).grace(grace);
        let job = pool.submit_with(options, move |py| run_reporting(py, code, begin));
        match begun.recv_timeout(LONG) {
            Ok(()) => break (pool, old, job),
            Err(RecvTimeoutError::Disconnected) => timeout *= 2,
            Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        }
    };
    assert_eq!(in_time(move || job.join()), Err(PoolError::TimedOut));
    let new = pool.submit(|py| Ok(py.interpreter()));
    assert_ne!(in_time(move || new.join()).unwrap(), old);
    assert_eq!(pool.stats().interpreters_replaced, 1);
    old.attach(|py| py.run(c"import sys; sys.stop = True", None, None))
        .unwrap()
        .unwrap();
    wait_until(move || !old.is_alive());
}

#[test]
fn a_replaced_worker_does_not_wait_for_a_job_of_its_own_thread() {
    let pool = Arc::new(pool(1));
    let (send, handle) = mpsc::channel::<JobHandle<()>>();
    let (report, reported) = mpsc::channel();
    let own = Arc::clone(&pool);
    let outer = pool.submit(move |py| {
        let outer = py.detach(move || handle.recv().unwrap());
        let outer = Arc::new(Mutex::new(Some(outer)));
        let mut timeout = Duration::from_millis(20);
        while outer.lock().unwrap().is_some() {
            let (outer, pool) = (Arc::clone(&outer), Arc::clone(&own));
            let report = report.clone();
            let options = JobOptions::new().timeout(timeout).grace(Duration::ZERO);
            // Runs on this thread, if it begins in time.
            let inner = own.submit_with(options, move |py| {
                let outer = outer.lock().unwrap().take().unwrap();
                py.detach(|| {
                    while pool.stats().interpreters_replaced == 0 {
                        thread::sleep(Duration::from_millis(1));
                    }
                });
                report.send(outer.join()).unwrap();
                Ok(())
            });
            assert_eq!(inner.join(), Err(PoolError::TimedOut));
            timeout *= 2;
        }
        Ok(())
    });
    send.send(outer).unwrap();
    let joined = reported.recv_timeout(LONG).unwrap();
    assert_eq!(joined, Err(PoolError::WouldDeadlock));
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
}

#[test]
fn a_broadcast_reaches_a_worker_that_is_being_replaced() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let (begin, begun) = mpsc::channel();
    let begin = Mutex::new(begin);
    let (pool, olds, _ended, stop) = with_second_initializer(move |py, _pool| {
        begin.lock().unwrap().send(()).unwrap();
        let wait = &wait;
        py.detach(|| wait.lock().unwrap().recv().unwrap());
        Ok(())
    });
    begun.recv_timeout(LONG).unwrap();
    let cancelled = pool.broadcast(|_py| Ok(())).pop().unwrap();
    let ran = pool.broadcast(|py| Ok(py.interpreter())).pop().unwrap();
    assert_eq!(pool.stats().queued, 2);
    // It waits in a queue as well.
    assert!(cancelled.interrupt());
    assert_eq!(cancelled.join(), Err(PoolError::Cancelled));
    go.send(()).unwrap();
    let ran = in_time(move || ran.join()).unwrap();
    assert_eq!(pool.interpreters(), [ran]);
    assert_eq!(olds.lock().unwrap().last(), Some(&ran));
    stop.send(()).unwrap();
}

#[test]
fn a_broadcast_reports_a_worker_that_could_not_be_replaced() {
    Python::initialize();
    let attempts = AtomicUsize::new(0);
    let builder = InterpreterPool::builder().size(2).restart_limit(0);
    let builder = builder.initializer(move |_py| match attempts.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Ok(()),
        _ => Err(PyValueError::new_err("no more")),
    });
    let pool = Arc::new(builder.build().unwrap());
    let (_, stop) = stick(&pool);
    loop {
        let handles = pool.broadcast(|_py| Ok(1));
        let join = move || handles.into_iter().map(JobHandle::join);
        let results: Vec<_> = in_time(move || join().collect());
        let (ran, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(ran, [Ok(1)]);
        let [Err(PoolError::Broken(reason))] = &failed[..] else {
            panic!("{failed:?}");
        };
        if reason == "this worker has ended" {
            break;
        }
        // It had not ended yet.
        assert_eq!(reason, "a worker's initializer failed: ValueError: no more");
    }
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
    assert_eq!(pool.stats().interpreters_replaced, 0);
    stop.send(()).unwrap();
}
