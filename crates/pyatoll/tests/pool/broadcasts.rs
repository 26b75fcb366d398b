//! Jobs for each worker, and the numbers of jobs.

use crate::control::starves_other_interpreters;
use crate::futures::block_on;
use crate::{LONG, blocker, in_time, pool};
use pyatoll::interpreter::Interpreter;
use pyatoll::pool::{JobHandle, PoolError};
use pyatoll::prelude::*;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

#[test]
fn a_broadcast_runs_once_in_each_worker() {
    let pool = pool(3);
    let (job, begun, stop) = blocker();
    let busy = pool.submit(job);
    begun.recv().unwrap();
    for _ in 0..3 {
        let code = c"import sys; sys.runs = getattr(sys, 'runs', 0) + 1";
        let handles = pool.broadcast(move |py| py.run(code, None, None));
        assert_eq!(handles.len(), 3);
    }
    let last = pool.broadcast(|py| {
        let runs: u32 = py.eval(c"__import__('sys').runs", None, None)?.extract()?;
        Ok((py.interpreter(), runs))
    });
    stop.send(()).unwrap();
    let last: Vec<_> = last.into_iter().map(|job| job.join().unwrap()).collect();
    let expected: Vec<_> = pool.interpreters().iter().map(|one| (*one, 3)).collect();
    assert_eq!(last, expected);
    assert!(busy.join().is_ok());
}

#[test]
fn a_broadcast_goes_before_the_queue_and_can_be_cancelled() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let push = |name: &'static str| {
        let order = Arc::clone(&order);
        move |_py: Python<'_>| {
            order.lock().unwrap().push(name);
            Ok(())
        }
    };
    let queued = pool.submit(push("queued"));
    let reload = pool.broadcast(push("reload")).pop().unwrap();
    let cancelled = pool.broadcast(push("cancelled")).pop().unwrap();
    assert_eq!(pool.queued(), 3);
    assert!(cancelled.cancel());
    assert_eq!(pool.queued(), 2);
    stop.send(()).unwrap();
    running.join().unwrap();
    queued.join().unwrap();
    reload.join().unwrap();
    assert_eq!(*order.lock().unwrap(), ["reload", "queued"]);

    // It runs before the pool ends, and not after.
    let (job, begun, stop) = blocker();
    drop(pool.submit(job));
    begun.recv().unwrap();
    let last = pool.broadcast(|_py| Ok(7)).pop().unwrap();
    assert!(pool.shutdown(Duration::ZERO).is_err());
    assert_eq!(pool.stats().queued, 1);
    stop.send(()).unwrap();
    pool.shutdown(LONG).unwrap();
    assert_eq!(last.join(), Ok(7));
    let late = pool.broadcast(|_py| Ok(())).pop().unwrap();
    assert_eq!(late.join(), Err(PoolError::ShutDown));
}

type Results = Result<Vec<Interpreter>, PoolError>;

/// Has both workers of a pool broadcast to it and `collect` the results, so that they wait for each
/// other.
fn broadcast_from_both_workers(
    attached: bool,
    collect: fn(Vec<JobHandle<Interpreter>>) -> Results,
) {
    let pool = Arc::new(pool(2));
    let (ready, both_ready) = mpsc::channel();
    let jobs: Vec<_> = (0..2)
        .map(|_| {
            let (go, wait) = mpsc::channel::<()>();
            let (own, ready) = (Arc::clone(&pool), ready.clone());
            let job = pool.submit(move |py| {
                ready.send(()).unwrap();
                py.detach(move || wait.recv().unwrap());
                let results = || collect(own.broadcast(|py| Ok(py.interpreter())));
                Ok(if attached {
                    results()
                } else {
                    py.detach(results)
                }?)
            });
            (job, go)
        })
        .collect();
    for _ in 0..2 {
        both_ready.recv_timeout(LONG).unwrap();
    }
    for (_, go) in &jobs {
        go.send(()).unwrap();
    }
    let expected = pool.interpreters();
    for (job, _) in jobs {
        assert_eq!(in_time(move || job.join()), Ok(expected.clone()));
    }
}

#[test]
fn jobs_may_wait_for_broadcasts_to_their_own_pool() {
    for attached in [true, false] {
        broadcast_from_both_workers(attached, |handles| {
            handles.into_iter().map(JobHandle::join).collect()
        });
    }
}

#[test]
fn jobs_may_await_broadcasts_to_their_own_pool() {
    for attached in [true, false] {
        if attached && starves_other_interpreters() {
            // `block_on` keeps the GIL, which they share.
            continue;
        }
        broadcast_from_both_workers(attached, |handles| {
            block_on(async {
                let mut results = Vec::new();
                for handle in handles {
                    results.push(handle.await?);
                }
                Ok(results)
            })
        });
    }
}

#[test]
fn a_job_that_awaits_another_one_is_woken_for_a_broadcast() {
    let pool = Arc::new(pool(2));
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let (waiting, is_waiting) = mpsc::channel();
    let awaits = pool.submit(move |py| {
        let mut running = running;
        py.detach(|| {
            block_on(std::future::poll_fn(|context| {
                let polled = std::pin::Pin::new(&mut running).poll(context);
                waiting.send(polled.is_pending()).unwrap();
                polled
            }))
        })?;
        Ok(py.interpreter())
    });
    assert!(is_waiting.recv_timeout(LONG).unwrap());
    let handles = pool.broadcast(|py| Ok(py.interpreter()));
    // The other worker still runs its job.
    let (is_done, handles) = in_time(move || {
        loop {
            if let Some(is_done) = handles.iter().position(JobHandle::is_finished) {
                return (is_done, handles);
            }
            thread::yield_now();
        }
    });
    stop.send(()).unwrap();
    let ran: Vec<_> = handles.into_iter().map(|job| job.join().unwrap()).collect();
    assert_eq!(in_time(move || awaits.join()), Ok(ran[is_done]));
}

#[test]
fn stats_count_jobs() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let queued = pool.submit(|_py| Ok(()));
    let cancelled = pool.submit(|_py| Ok(()));
    assert!(cancelled.cancel());
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.running), (1, 1));
    assert_eq!((stats.completed, stats.failed, stats.cancelled), (0, 0, 1));
    stop.send(()).unwrap();
    running.join().unwrap();
    queued.join().unwrap();
    let raised = pool.submit(|py| py.run(c"1 / 0", None, None));
    raised.join().unwrap_err();
    let panicked = pool.submit(|_py| -> PyResult<()> { panic!("oh no") });
    panicked.join().unwrap_err();
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.running), (0, 0));
    assert_eq!((stats.completed, stats.failed, stats.cancelled), (2, 2, 1));
}
