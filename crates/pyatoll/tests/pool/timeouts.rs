//! Jobs with a timeout.

use crate::control::{ENDLESS, run_reporting, submit_timed, submit_timed_code, wait_until};
use crate::futures::block_on;
use crate::{LONG, blocker, in_time, pool};
use pyatoll::InterpreterPool;
use pyatoll::pool::{JobHandle, JobOptions, PoolError};
use pyatoll::prelude::*;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

#[test]
fn a_job_that_has_timed_out_gives_way() {
    let pool = pool(1);
    let before = pool.interpreters();
    for _ in 0..3 {
        let job = submit_timed_code(&pool, LONG, ENDLESS);
        assert_eq!(in_time(move || job.join()), Err(PoolError::TimedOut));
    }
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
    // Awaited as well.
    let job = submit_timed_code(&pool, LONG, ENDLESS);
    assert_eq!(block_on(job), Err(PoolError::TimedOut));
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
    assert_eq!(pool.interpreters(), before);
    let stats = pool.stats();
    assert!(stats.failed >= 4 && stats.completed == 2, "{stats:?}");
    assert_eq!(stats.interpreters_replaced, 0);
    let in_time = JobOptions::new().timeout(LONG);
    assert_eq!(pool.submit_with(in_time, |_py| Ok(1)).join(), Ok(1));
    let unlimited = JobOptions::new().timeout(Duration::MAX);
    assert_eq!(pool.submit_with(unlimited, |_py| Ok(1)).join(), Ok(1));
}

#[test]
fn a_job_may_time_out_in_the_queue_and_before_it() {
    Python::initialize();
    let builder = InterpreterPool::builder().size(1).queue_capacity(1);
    let pool = builder.build().unwrap();
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let options = JobOptions::new().timeout(Duration::from_millis(20));
    let never = |_py: Python<'_>| -> PyResult<()> { unreachable!("it has timed out") };
    let queued = pool.submit_with(options.clone(), never);
    assert_eq!(in_time(move || queued.join()), Err(PoolError::TimedOut));
    // It leaves the queue.
    let next = pool.submit(|_py| Ok(2));
    // There is no space for this one.
    let refused = pool.submit_with(options, never);
    assert_eq!(refused.join(), Err(PoolError::TimedOut));
    stop.send(()).unwrap();
    assert!(running.join().is_ok());
    assert_eq!(next.join(), Ok(2));
    assert_eq!(pool.stats().cancelled, 2);
}

#[test]
fn a_job_inside_another_one_may_time_out() {
    let pool = Arc::new(pool(1));
    let before = pool.interpreters();
    let own = Arc::clone(&pool);
    let outer = pool.submit(move |py| {
        let options = JobOptions::new()
            .timeout(Duration::from_millis(20))
            .grace(LONG);
        let inner = own.submit_with(options, |py| {
            py.run(c"import time\nwhile True: time.sleep(0)", None, None)
        });
        let inner = inner.join();
        let sum = py.eval(c"sum(1 for _ in range(100_000))", None, None)?;
        Ok((inner, sum.extract::<u32>()?))
    });
    let (inner, sum) = in_time(move || outer.join()).unwrap();
    assert_eq!((inner, sum), (Err(PoolError::TimedOut), 100_000));
    assert_eq!(pool.interpreters(), before);
}

/// Calls a function when it is dropped.
struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0.take().unwrap()();
    }
}

/// Queues a job that times out before it begins, and then drops `value`.
fn submit_never(
    pool: &InterpreterPool,
    timeout: Duration,
    value: impl Send + 'static,
) -> JobHandle<()> {
    let options = JobOptions::new().timeout(timeout);
    pool.submit_with(options, move |_py| {
        drop(value);
        unreachable!("it has timed out")
    })
}

#[test]
fn a_job_that_times_out_may_drop_its_pool() {
    let pool = Arc::new(pool(1));
    let interpreter = pool.interpreters()[0];
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let later = submit_never(&pool, Duration::from_millis(60), ());
    let owner = submit_never(&pool, Duration::from_millis(20), Arc::clone(&pool));
    drop(pool);
    assert_eq!(in_time(move || owner.join()), Err(PoolError::TimedOut));
    // The timer does not wait for the running job.
    assert_eq!(in_time(move || later.join()), Err(PoolError::TimedOut));
    assert!(!running.is_finished());
    stop.send(()).unwrap();
    assert!(in_time(move || running.join()).is_ok());
    wait_until(move || !interpreter.is_alive());
}

#[test]
fn destructors_and_wakers_that_wait_do_not_stop_the_timer() {
    let pool = Arc::new(pool(1));
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let mut ends = Vec::new();
    let mut handles = Vec::new();
    for _ in 0..4 {
        let last = submit_never(&pool, Duration::from_millis(80), ());
        let (end, ended) = mpsc::channel();
        let joins = OnDrop(Some(move || end.send(last.join()).unwrap()));
        handles.push(submit_never(&pool, Duration::from_millis(20), joins));
        ends.push(ended);
    }
    for ended in ends {
        let error = ended.recv_timeout(LONG).unwrap();
        assert_eq!(error, Err(PoolError::TimedOut));
    }
    for handle in handles {
        assert_eq!(in_time(move || handle.join()), Err(PoolError::TimedOut));
    }
    // Ending the pool there returns at once.
    let own = Arc::clone(&pool);
    let (end, ended) = mpsc::channel();
    let ends = OnDrop(Some(move || end.send(own.shutdown(LONG * 100)).unwrap()));
    let last = submit_never(&pool, Duration::from_millis(1), ends);
    let error = ended.recv_timeout(LONG).unwrap().unwrap_err();
    assert_eq!(error.running(), 1);
    assert_eq!(in_time(move || last.join()), Err(PoolError::TimedOut));
    stop.send(()).unwrap();
    assert!(running.join().is_ok());
}

#[test]
fn a_job_that_times_out_at_once_leaves_the_queue() {
    let pool = Arc::new(pool(1));
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    for _ in 0..50 {
        let never = submit_never(&pool, Duration::ZERO, ());
        assert_eq!(in_time(move || never.join()), Err(PoolError::TimedOut));
    }
    let seen = Arc::clone(&pool);
    wait_until(move || seen.queued() == 0);
    stop.send(()).unwrap();
    assert!(running.join().is_ok());
}

#[test]
fn a_job_without_a_limit_of_its_grace_is_not_replaced() {
    let pool = pool(1);
    let old = pool.interpreters();
    let submit = |pool: &InterpreterPool, options| {
        let (job, begun, stop) = blocker();
        (pool.submit_with(options, job), begun, stop)
    };
    let (stuck, stop) = submit_timed(&pool, Duration::MAX, submit);
    assert_eq!(in_time(move || stuck.join()), Err(PoolError::TimedOut));
    let next = pool.submit(|py| Ok(py.interpreter()));
    assert!(!next.wait_timeout(Duration::from_millis(50)));
    stop.send(()).unwrap();
    assert_eq!(in_time(move || next.join()), Ok(old[0]));
    assert_eq!(pool.stats().interpreters_replaced, 0);
}

/// A waker that waits for a job of the pool.
struct RunsJob(Arc<InterpreterPool>, mpsc::Sender<Result<i32, PoolError>>);

impl Wake for RunsJob {
    fn wake(self: Arc<Self>) {
        let _ = self.1.send(self.0.submit(|_py| Ok(1)).join());
    }
}

#[test]
fn a_waker_may_wait_for_the_job_to_give_way() {
    let pool = Arc::new(pool(1));
    let mut timeout = Duration::from_millis(50);
    loop {
        let options = JobOptions::new().timeout(timeout).grace(LONG);
        let (begin, begun) = mpsc::channel();
        let mut job = pool.submit_with(options, move |py| run_reporting(py, ENDLESS, begin));
        let (report, reported) = mpsc::channel();
        let waker = Arc::new(RunsJob(Arc::clone(&pool), report)).into();
        let mut context = Context::from_waker(&waker);
        let polled = Pin::new(&mut job).poll(&mut context);
        // Otherwise it has timed out before it was polled, or before its code ran.
        if polled.is_pending() && begun.recv_timeout(LONG).is_ok() {
            assert_eq!(reported.recv_timeout(LONG), Ok(Ok(1)));
            let polled = Pin::new(&mut job).poll(&mut context);
            assert_eq!(polled, Poll::Ready(Err(PoolError::TimedOut)));
            return;
        }
        timeout *= 2;
    }
}
