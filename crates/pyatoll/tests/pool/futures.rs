//! Awaiting jobs and the end of a pool.

use crate::{LONG, blocker, in_a_child, in_time, pool};
use pyatoll::InterpreterPool;
use pyatoll::ffi;
use pyatoll::pool::{JobHandle, PoolError};
use pyatoll::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

/// A waker that calls a function.
struct Calls<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Calls<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn calling(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Arc::new(Calls(f)).into()
}

/// Returns a waker, and a receiver of its calls.
fn waker() -> (Waker, Receiver<()>) {
    let (sender, receiver) = mpsc::channel();
    (
        calling(move || {
            let _ = sender.send(());
        }),
        receiver,
    )
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Runs a future on this thread, with a time limit for each wait.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let (waker, woken) = waker();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => woken.recv_timeout(LONG).expect("it was not woken"),
        }
    }
}

#[test]
fn a_handle_wakes_its_task_once_the_job_is_done() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let mut handle = pool.submit(job);
    begun.recv().unwrap();
    let (waker, woken) = waker();
    assert!(poll(&mut handle, &waker).is_pending());
    assert!(woken.try_recv().is_err());
    stop.send(()).unwrap();
    woken.recv_timeout(LONG).unwrap();
    assert_eq!(
        poll(&mut handle, &waker),
        Poll::Ready(Ok(pool.interpreters()[0].id()))
    );
    // Once.
    drop(waker);
    pool.shutdown(LONG).unwrap();
    assert!(woken.try_recv().is_err());
}

#[test]
fn errors_and_panics_arrive_as_with_join() {
    let pool = pool(1);
    let error = block_on(pool.submit(|py| py.run(c"1 / 0", None, None)));
    assert_eq!(
        error.unwrap_err().to_string(),
        "ZeroDivisionError: division by zero"
    );
    let error = block_on(pool.submit(|_py| -> PyResult<()> { panic!("oh no") }));
    assert_eq!(error, Err(PoolError::Panicked("oh no".into())));
    pool.shutdown(LONG).unwrap();
    let error = block_on(pool.submit(|_py| Ok(())));
    assert_eq!(error, Err(PoolError::ShutDown));
}

#[test]
fn only_the_latest_waker_is_called() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let mut handle = pool.submit(job);
    begun.recv().unwrap();
    let ((first, first_woken), (second, second_woken)) = (waker(), waker());
    assert!(poll(&mut handle, &first).is_pending());
    assert!(poll(&mut handle, &second).is_pending());
    stop.send(()).unwrap();
    second_woken.recv_timeout(LONG).unwrap();
    assert!(first_woken.try_recv().is_err());
    assert!(poll(&mut handle, &second).is_ready());
}

#[test]
fn a_dropped_future_leaves_its_job_to_run_and_keeps_no_task() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let mut handle = pool.submit(job);
    begun.recv().unwrap();
    let task = Arc::new(Calls(|| {}));
    assert!(poll(&mut handle, &task.clone().into()).is_pending());
    assert_eq!(Arc::strong_count(&task), 2);
    drop(handle);
    assert_eq!(Arc::strong_count(&task), 1);
    stop.send(()).unwrap();
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));

    // A future that is not polled any more leaves a handle that can be joined.
    let (job, begun, stop) = blocker();
    let mut handle = pool.submit(job);
    begun.recv().unwrap();
    let (waker, _woken) = waker();
    let mut future = Box::pin(async { (&mut handle).await.map(drop) });
    assert!(poll(&mut future, &waker).is_pending());
    drop(future);
    stop.send(()).unwrap();
    assert!(in_time(move || handle.join()).is_ok());
}

#[test]
fn a_panicking_waker_does_no_harm() {
    let pool = pool(1);
    let before = pool.interpreters();
    for cancel in [false, true] {
        let (job, begun, stop) = blocker();
        let running = pool.submit(job);
        begun.recv().unwrap();
        let mut queued = pool.submit(|_py| Ok(1));
        let panics = calling(|| panic!("oh no"));
        assert!(poll(&mut queued, &panics).is_pending());
        if cancel {
            assert!(queued.cancel());
        }
        stop.send(()).unwrap();
        running.join().unwrap();
        let expected = if cancel {
            Err(PoolError::Cancelled)
        } else {
            Ok(1)
        };
        assert_eq!(queued.join(), expected);
    }
    assert_eq!(pool.interpreters(), before);
}

#[test]
fn a_waker_is_called_without_locks_and_without_a_gil() {
    let pool = Arc::new(pool(1));
    let main = Python::attach(|py| py.interpreter());
    let (job, begun, stop) = blocker();
    let mut running = pool.submit(job);
    begun.recv().unwrap();
    let (done, is_done) = mpsc::channel();
    let inner = Arc::downgrade(&pool);
    let uses_all = calling(move || {
        // A thread that is attached to the worker's interpreter could not enter another one.
        let one: i32 = main
            .attach(|py| py.eval(c"1", None, None)?.extract())
            .unwrap()
            .unwrap();
        let pool = inner.upgrade().unwrap();
        let queued = pool.queued();
        let job = pool.submit(|_py| Ok(3));
        done.send((one, queued, job)).unwrap();
    });
    assert!(poll(&mut running, &uses_all).is_pending());
    stop.send(()).unwrap();
    let (one, queued, job) = is_done.recv_timeout(LONG).unwrap();
    assert_eq!((one, queued), (1, 0));
    assert_eq!(in_time(move || job.join()), Ok(3));
    assert!(running.join().is_ok());
}

#[test]
fn a_job_that_awaits_jobs_of_its_own_pool_does_not_starve() {
    let pool = Arc::new(pool(1));
    let inner = pool.clone();
    let job = pool.submit(move |py| {
        // Attached and detached.
        let first = block_on(inner.submit(|_py| Ok(1)))?;
        let second = py.detach(|| block_on(inner.submit(|_py| Ok(2))))?;
        Ok(first + second)
    });
    assert_eq!(in_time(move || job.join()), Ok(3));

    let (send, handle) = mpsc::channel::<JobHandle<()>>();
    let (sender, receiver) = mpsc::channel();
    let job = pool.submit(move |py| {
        let own = py.detach(move || handle.recv().unwrap());
        sender.send(block_on(own)).unwrap();
        Ok(())
    });
    send.send(job).unwrap();
    let result = receiver.recv_timeout(LONG).unwrap();
    assert_eq!(result, Err(PoolError::WouldDeadlock));
}

#[test]
fn many_tasks_on_many_threads_await_one_pool() {
    let pool = pool(2);
    let sum = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..3 {
            let (pool, sum) = (&pool, &sum);
            scope.spawn(move || {
                let jobs = (0..100).map(|n| pool.submit(move |_py| Ok(thread * 1000 + n)));
                let jobs: Vec<_> = jobs.collect();
                for job in jobs {
                    sum.fetch_add(block_on(job).unwrap(), Ordering::Relaxed);
                }
            });
        }
    });
    let expected: usize = (0..3).map(|thread| thread * 1000 * 100 + 99 * 50).sum();
    assert_eq!(sum.load(Ordering::Relaxed), expected);
}

#[test]
fn a_result_is_returned_once() {
    let pool = pool(1);
    let mut handle = pool.submit(|_py| Ok(1));
    assert_eq!(block_on(&mut handle), Ok(1));
    assert!(handle.is_finished());
    let (waker, _woken) = waker();
    let again = catch_unwind(AssertUnwindSafe(|| poll(&mut handle, &waker)));
    assert!(again.is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| handle.join())).is_err());
    assert_eq!(pool.submit(|_py| Ok(2)).join(), Ok(2));
}

#[test]
fn join_timeout_returns_the_handle() {
    let pool = Arc::new(pool(1));
    let (job, begun, stop) = blocker();
    let handle = pool.submit(job);
    begun.recv().unwrap();
    let handle = handle.join_timeout(Duration::ZERO).unwrap_err();
    let handle = handle.join_timeout(Duration::from_millis(1)).unwrap_err();
    stop.send(()).unwrap();
    assert!(handle.join_timeout(LONG).unwrap().is_ok());

    let (send, handle) = mpsc::channel::<JobHandle<()>>();
    let (sender, receiver) = mpsc::channel();
    let job = pool.submit(move |py| {
        let own = py.detach(move || handle.recv().unwrap());
        sender.send(own.join_timeout(LONG * 10).unwrap()).unwrap();
        Ok(())
    });
    send.send(job).unwrap();
    let result = receiver.recv_timeout(LONG).unwrap();
    assert_eq!(result, Err(PoolError::WouldDeadlock));
}

/// Starts a job that blocks.
fn block(pool: &InterpreterPool) -> (JobHandle<i64>, Sender<()>) {
    let (job, begun, stop) = blocker();
    let handle = pool.submit(job);
    begun.recv().unwrap();
    (handle, stop)
}

#[test]
fn the_end_of_a_pool_can_be_awaited() {
    let pool = pool(2);
    let interpreters = pool.interpreters();
    let (running, stop) = block(&pool);
    let mut ends = [
        pool.shutdown_async(LONG),
        pool.shutdown_async(Duration::MAX),
    ];
    // Closed before the first poll.
    assert_eq!(pool.submit(|_py| Ok(())).join(), Err(PoolError::ShutDown));
    let wakers = [waker(), waker()];
    for (end, (waker, _)) in ends.iter_mut().zip(&wakers) {
        assert!(poll(end, waker).is_pending());
    }
    stop.send(()).unwrap();
    for (end, (waker, woken)) in ends.iter_mut().zip(&wakers) {
        woken.recv_timeout(LONG).unwrap();
        assert_eq!(poll(end, waker), Poll::Ready(Ok(())));
    }
    assert!(interpreters.iter().all(|one| !one.is_alive()));
    assert!(running.is_finished());
    assert_eq!(block_on(pool.shutdown_async(Duration::ZERO)), Ok(()));
}

#[test]
fn awaiting_the_end_of_a_pool_times_out() {
    let pool = pool(1);
    let (running, stop) = block(&pool);
    let error = block_on(pool.shutdown_async(Duration::from_millis(20))).unwrap_err();
    assert_eq!((error.running(), error.queued()), (1, 0));
    let error = block_on(pool.shutdown_async(Duration::ZERO)).unwrap_err();
    assert_eq!(error.running(), 1);
    assert!(!running.is_finished());
    // One that is dropped keeps neither the pool nor the task.
    let task = Arc::new(Calls(|| {}));
    let mut end = pool.shutdown_async(LONG);
    assert!(poll(&mut end, &task.clone().into()).is_pending());
    drop(end);
    assert_eq!(Arc::strong_count(&task), 1);
    in_time(move || drop(pool));
    stop.send(()).unwrap();
    assert!(in_time(move || running.join()).is_ok());
}

#[test]
fn a_job_cannot_await_the_end_of_its_own_pool() {
    let pool = Arc::new(pool(1));
    let inner = pool.clone();
    let job = pool.submit(move |_py| Ok(block_on(inner.shutdown_async(Duration::MAX))));
    let error = in_time(move || job.join()).unwrap().unwrap_err();
    assert_eq!(error.running(), 1);
    assert_eq!(block_on(pool.shutdown_async(LONG)), Ok(()));
}

#[test]
fn the_end_of_the_runtime_wakes_tasks() {
    if !in_a_child("futures::the_end_of_the_runtime_wakes_tasks") {
        return;
    }
    static STOP: Mutex<Option<Sender<()>>> = Mutex::new(None);
    let pool = pool(1);
    let (running, stop) = block(&pool);
    *STOP.lock().unwrap() = Some(stop);
    let mut queued = pool.submit(|_py| Ok(()));
    // The running job may end once the queued one was refused.
    let waker = calling(|| STOP.lock().unwrap().take().unwrap().send(()).unwrap());
    assert!(poll(&mut queued, &waker).is_pending());
    // SAFETY: this thread started the runtime, and no token is alive.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
    assert_eq!(block_on(queued), Err(PoolError::RuntimeEnded));
    assert!(block_on(running).is_ok());
    assert_eq!(block_on(pool.shutdown_async(LONG)), Ok(()));
}
