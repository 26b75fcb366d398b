//! Jobs that use their own pool.

use crate::{LONG, in_time, pool};
use pyatoll::InterpreterPool;
use pyatoll::pool::{JobHandle, PoolError};
use pyatoll::prelude::*;
use std::sync::{Arc, mpsc};
use std::thread;

#[test]
fn a_pool_can_be_dropped_by_its_own_job_and_inside_its_own_interpreter() {
    let pool = Arc::new(pool(1));
    let interpreter = pool.interpreters()[0];
    let inner = pool.clone();
    let (go, wait) = mpsc::channel::<()>();
    let job = pool.submit(move |py| {
        py.detach(move || wait.recv().unwrap());
        // The last handle to the pool.
        drop(inner);
        Ok(1)
    });
    drop(pool);
    go.send(()).unwrap();
    assert_eq!(in_time(move || job.join()), Ok(1));
    in_time(move || {
        while interpreter.is_alive() {
            thread::yield_now();
        }
    });

    let pool = crate::pool(1);
    let interpreter = pool.interpreters()[0];
    in_time(move || interpreter.attach(|_py| drop(pool)).unwrap());
    in_time(move || {
        while interpreter.is_alive() {
            thread::yield_now();
        }
    });
}

#[test]
fn a_job_may_wait_for_jobs_of_its_own_pool() {
    fn fibonacci(pool: &Arc<InterpreterPool>, n: u64) -> Result<u64, PoolError> {
        if n < 2 {
            return Ok(n);
        }
        let inner = pool.clone();
        let job = pool.submit(move |py| {
            // Joins both attached and detached.
            if n.is_multiple_of(2) {
                Ok(fibonacci(&inner, n - 1)?)
            } else {
                Ok(py.detach(|| fibonacci(&inner, n - 1))?)
            }
        });
        Ok(fibonacci(pool, n - 2)? + job.join()?)
    }
    Python::initialize();
    for (size, capacity) in [(1, 1), (1, 100), (2, 2)] {
        let builder = InterpreterPool::builder()
            .size(size)
            .queue_capacity(capacity);
        let pool = Arc::new(builder.build().unwrap());
        let inner = pool.clone();
        let job = pool.submit(move |_py| Ok(fibonacci(&inner, 10)?));
        assert_eq!(in_time(move || job.join()), Ok(55));
    }
}

#[test]
fn a_job_may_call_map_on_its_own_pool() {
    Python::initialize();
    let builder = InterpreterPool::builder().size(1).queue_capacity(2);
    let pool = Arc::new(builder.build().unwrap());
    let inner = pool.clone();
    let job = pool.submit(move |_py| {
        let squares = inner.map(0..20, |_py, n: u32| Ok(n * n));
        Ok(squares.sum::<Result<u32, _>>()?)
    });
    assert_eq!(in_time(move || job.join()), Ok(2470));
}

#[test]
fn a_job_that_waits_for_itself_gets_an_error() {
    let pool = pool(1);
    let (send, handle) = mpsc::channel::<JobHandle<()>>();
    let (sender, receiver) = mpsc::channel();
    let job = pool.submit(move |py| {
        let own = py.detach(move || handle.recv().unwrap());
        sender.send(own.join()).unwrap();
        Ok(())
    });
    send.send(job).unwrap();
    let result = receiver.recv_timeout(LONG).unwrap();
    assert_eq!(result, Err(PoolError::WouldDeadlock));
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
}

#[test]
fn shutting_down_a_pool_in_its_own_job_returns_at_once() {
    let pool = Arc::new(pool(1));
    let inner = pool.clone();
    let job = pool.submit(move |_py| Ok(inner.shutdown(LONG * 100)));
    let error = in_time(move || job.join()).unwrap().unwrap_err();
    assert_eq!(error.running(), 1);
    pool.shutdown(LONG).unwrap();
}
