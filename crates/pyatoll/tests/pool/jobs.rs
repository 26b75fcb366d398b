//! Submitting jobs and collecting their results.

use crate::{LONG, blocker, in_time, pool};
use pyatoll::InterpreterPool;
use pyatoll::pool::{PoolError, TrySubmitError};
use pyatoll::prelude::*;
use pyatoll::types::PyDict;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

#[test]
fn a_job_runs_in_a_workers_interpreter_and_returns_its_result() {
    let pool = pool(2);
    let job = pool.submit(|py| {
        let answer: i32 = py.eval(c"6 * 7", None, None)?.extract()?;
        Ok((answer, py.interpreter()))
    });
    let (answer, interpreter) = job.join().unwrap();
    assert_eq!(answer, 42);
    assert!(pool.interpreters().contains(&interpreter));
    assert!(!interpreter.is_main());
    drop(pool);
    assert!(!interpreter.is_alive());
}

#[test]
fn map_returns_results_in_item_order() {
    let pool = pool(3);
    let results = pool.map(0..200, |py, n: u64| {
        if n.is_multiple_of(7) {
            // Later items overtake it.
            py.detach(|| thread::sleep(Duration::from_millis(2)));
        }
        py.eval(c"lambda n: n * n", None, None)?
            .call1((n,))?
            .extract::<u64>()
    });
    assert_eq!(results.size_hint(), (200, Some(200)));
    let results: Vec<u64> = results.map(Result::unwrap).collect();
    assert_eq!(results, (0..200).map(|n| n * n).collect::<Vec<_>>());
}

#[test]
fn map_takes_no_more_items_than_fit_in_the_queue() {
    Python::initialize();
    let builder = InterpreterPool::builder().size(1).queue_capacity(3);
    let pool = builder.build().unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let items = (0..).inspect(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let mut results = pool.map(items, |_py, n: usize| Ok(n));
    for n in 0..50 {
        assert_eq!(results.next(), Some(Ok(n)));
        // Those in the queue and the workers, and one that is waiting for room.
        assert!(taken.load(Ordering::Relaxed) <= n + 1 + 4 + 1);
    }
    drop(results);
    // The jobs that had been submitted are done or cancelled.
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
}

#[test]
fn submit_releases_the_gil_while_it_waits_for_room() {
    Python::initialize();
    let builder = InterpreterPool::builder().size(1).queue_capacity(1);
    let pool = Arc::new(builder.build().unwrap());
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let queued = pool.submit(|_py| Ok(2));

    let submitted = Arc::new(AtomicBool::new(false));
    let submitter = thread::spawn({
        let (pool, submitted) = (pool.clone(), submitted.clone());
        move || {
            Python::attach(|_py| {
                let job = pool.submit(|_py| Ok(3));
                submitted.store(true, Ordering::SeqCst);
                job.join()
            })
        }
    });
    thread::sleep(Duration::from_millis(100));
    assert!(!submitted.load(Ordering::SeqCst), "there is no room for it");
    assert_eq!(pool.queued(), 1);
    // The submitting thread does not hold the main interpreter's GIL.
    in_time(|| Python::attach(|py| py.run(c"len([])", None, None).unwrap()));
    assert!(!submitted.load(Ordering::SeqCst));

    stop.send(()).unwrap();
    assert_eq!(in_time(move || submitter.join().unwrap()), Ok(3));
    assert!(running.join().is_ok());
    assert_eq!(queued.join(), Ok(2));
}

#[test]
fn try_submit_returns_the_job_if_the_queue_is_full() {
    Python::initialize();
    let builder = InterpreterPool::builder().size(1).queue_capacity(2);
    let pool = builder.build().unwrap();
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let queued = [1, 2].map(|n| pool.try_submit(move |_py| Ok(n)));

    let data = vec![1, 2, 3];
    let refused = pool.try_submit(move |_py| Ok(data)).unwrap_err();
    assert_eq!(refused.to_string(), "the pool's queue is full");
    assert!(matches!(refused, TrySubmitError::Full { .. }));
    assert_eq!(Python::attach(refused.into_job()).unwrap(), [1, 2, 3]);

    stop.send(()).unwrap();
    running.join().unwrap();
    let results = queued.map(|job| job.unwrap().join().unwrap());
    assert_eq!(results, [1, 2]);
    pool.shutdown(LONG).unwrap();
    let refused = pool.try_submit(|_py| Ok(())).unwrap_err();
    assert!(matches!(
        refused,
        TrySubmitError::Refused {
            why: PoolError::ShutDown,
            ..
        }
    ));
}

#[test]
fn a_cancelled_job_never_runs_and_makes_room() {
    Python::initialize();
    let builder = InterpreterPool::builder().size(1).queue_capacity(1);
    let pool = builder.build().unwrap();
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let ran = Arc::new(AtomicBool::new(false));
    let seen = ran.clone();
    let queued = pool.submit(move |_py| {
        seen.store(true, Ordering::Relaxed);
        Ok(())
    });
    assert!(!running.cancel());
    assert!(queued.cancel());
    assert!(!queued.cancel());
    assert_eq!(pool.queued(), 0);
    let next = pool.try_submit(|_py| Ok(3)).unwrap();
    stop.send(()).unwrap();
    assert_eq!(next.join(), Ok(3));
    assert_eq!(queued.join(), Err(PoolError::Cancelled));
    assert!(!ran.load(Ordering::Relaxed));
    running.join().unwrap();
}

#[test]
fn a_dropped_handle_leaves_its_job_to_run() {
    let pool = pool(1);
    let (done, is_done) = mpsc::channel();
    drop(pool.submit(move |_py| {
        done.send(()).unwrap();
        Ok(vec![0; 100])
    }));
    is_done.recv_timeout(LONG).unwrap();
}

#[test]
fn a_handle_to_an_object_stays_with_its_interpreter_and_is_released_there() {
    let pool = pool(1);
    let job = pool.submit(|py| {
        let code = c"
import sys
sys.deaths = 0
class Mortal:
    def __del__(self):
        sys.deaths += 1
";
        let names = PyDict::new(py);
        py.run(code, Some(&names), Some(&names))?;
        let class = names.get_item("Mortal")?.unwrap();
        Ok([class.call0()?.unbind(), class.call0()?.unbind()])
    });
    let [first, second] = job.join().unwrap();
    assert_eq!(first.interpreter(), pool.interpreters()[0]);
    let message = Python::attach(|py| first.try_bind(py).unwrap_err().to_string());
    assert!(message.contains("belongs to interpreter"), "{message}");
    // Dropped in another interpreter, and in none.
    Python::attach(|_py| drop(first));
    drop(second);
    // The worker releases them before each job, and may have been about to take one.
    pool.submit(|_py| Ok(())).join().unwrap();
    let deaths = pool.submit(|py| py.eval(c"__import__('sys').deaths", None, None)?.extract());
    assert_eq!(deaths.join(), Ok(2));
    // A job in the owner's interpreter may use it.
    let list = pool.submit(|py| Ok(py.eval(c"[1, 2]", None, None)?.unbind()));
    let list: Py<PyAny> = list.join().unwrap();
    assert_eq!(pool.submit(move |py| list.bind(py).len()).join(), Ok(2));
}

#[test]
fn many_threads_use_one_pool() {
    let pool = pool(2);
    let sum = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..4 {
            let (pool, sum) = (&pool, &sum);
            scope.spawn(move || {
                for n in 0..200 {
                    let job = pool.submit(move |_py| Ok(thread * 1000 + n));
                    sum.fetch_add(job.join().unwrap(), Ordering::Relaxed);
                }
            });
        }
    });
    let expected: usize = (0..4).map(|thread| thread * 1000 * 200 + 199 * 100).sum();
    assert_eq!(sum.load(Ordering::Relaxed), expected);
}
