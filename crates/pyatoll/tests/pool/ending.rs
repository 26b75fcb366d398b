//! The end of pools, runtimes and processes.

use crate::{LONG, blocker, in_a_child, in_time, pool};
use pyatoll::pool::{JobOptions, PoolError, PoolStats, TrySubmitError};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::{InterpreterPool, ffi};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

#[test]
fn shutdown_runs_what_is_queued() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let queued: Vec<_> = (0..5).map(|n| pool.submit(move |_py| Ok(n))).collect();
    stop.send(()).unwrap();
    pool.shutdown(LONG).unwrap();
    assert!(running.is_finished());
    for (n, job) in queued.into_iter().enumerate() {
        assert_eq!(job.join(), Ok(n));
    }
    assert_eq!(pool.submit(|_py| Ok(())).join(), Err(PoolError::ShutDown));
    // A second shutdown, without a timeout, is fine.
    pool.shutdown(Duration::ZERO).unwrap();
}

#[test]
fn shutdown_times_out_and_a_stuck_job_keeps_running() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let stuck = pool.submit(job);
    begun.recv().unwrap();
    let error = pool.shutdown(Duration::from_millis(50)).unwrap_err();
    assert_eq!((error.running(), error.queued()), (1, 0));
    assert!(!stuck.is_finished());
    // Reported once: the drop does not wait for the job.
    in_time(move || drop(pool));
    assert!(!stuck.is_finished());
    stop.send(()).unwrap();
    assert!(in_time(move || stuck.join()).is_ok());
}

#[test]
fn shutdown_now_cancels_what_is_queued() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let queued = pool.submit(|_py| Ok(()));
    let error = pool.shutdown_now(Duration::ZERO).unwrap_err();
    assert_eq!((error.running(), error.queued()), (1, 0));
    assert_eq!(queued.join(), Err(PoolError::Cancelled));
    stop.send(()).unwrap();
    pool.shutdown_now(LONG).unwrap();
    assert!(running.join().is_ok());
}

#[test]
fn dropping_a_pool_while_attached_waits_without_the_gil() {
    let pool = pool(2);
    let main = Python::attach(|py| py.interpreter());
    let done = Arc::new(AtomicUsize::new(0));
    in_time({
        let done = done.clone();
        move || {
            Python::attach(|py| {
                for _ in 0..6 {
                    let done = done.clone();
                    drop(pool.submit(move |py| {
                        // Needs the GIL of the dropping thread.
                        py.detach(|| main.attach(|py| py.run(c"len([])", None, None)))
                            .unwrap()?;
                        done.fetch_add(1, Ordering::Relaxed);
                        Ok(())
                    }));
                }
                drop(pool);
                py.run(c"len([])", None, None).unwrap();
            });
        }
    });
    assert_eq!(done.load(Ordering::Relaxed), 6);
}

#[test]
fn a_pool_that_its_own_job_drops_ends_after_the_job() {
    for detached in [false, true] {
        let pool = Arc::new(pool(2));
        let interpreters = pool.interpreters();
        let own = Arc::clone(&pool);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let job = pool.submit(move |py| {
            py.detach(move || wait.recv().unwrap_err());
            match detached {
                false => drop(own),
                true => py.detach(move || drop(own)),
            }
            py.eval(c"1 + 1", None, None)?.extract::<i32>()
        });
        drop(pool);
        drop(go);
        in_time(move || {
            assert_eq!(job.join(), Ok(2));
            while interpreters.iter().any(|one| one.is_alive()) {
                thread::sleep(Duration::from_millis(1));
            }
        });
    }
}

#[test]
fn the_end_of_the_runtime_ends_a_pool() {
    if !in_a_child("ending::the_end_of_the_runtime_ends_a_pool") {
        return;
    }
    static ENDED: AtomicUsize = AtomicUsize::new(0);
    static VALUE: InterpreterLocal<CountsEnd> = InterpreterLocal::new();
    struct CountsEnd;
    impl Drop for CountsEnd {
        fn drop(&mut self) {
            ENDED.fetch_add(1, Ordering::Relaxed);
        }
    }
    for run in 1..=2 {
        let pool = pool(1);
        let interpreter = pool.interpreters()[0];
        pool.submit(|py| Ok(VALUE.set(py, CountsEnd).is_ok()))
            .join()
            .unwrap();
        let (job, begun, stop) = blocker();
        let running = pool.submit(job);
        begun.recv().unwrap();
        let queued = pool.submit(|_py| Ok(()));
        let stopper = thread::spawn(move || {
            // Until the end refuses it, or it would run after the other one.
            while !queued.is_finished() {
                thread::sleep(Duration::from_millis(1));
            }
            stop.send(()).unwrap();
            queued
        });
        // SAFETY: this thread started the runtime, and no token is alive.
        unsafe {
            ffi::PyGILState_Ensure();
            assert_eq!(ffi::Py_FinalizeEx(), 0);
        }
        // The running job completed before its interpreter ended.
        assert_eq!(running.join(), Ok(interpreter.id()));
        let queued = stopper.join().unwrap();
        assert_eq!(queued.join(), Err(PoolError::RuntimeEnded));
        assert_eq!(ENDED.load(Ordering::Relaxed), run);
        assert!(!interpreter.is_alive());
        assert_eq!(
            pool.submit(|_py| Ok(())).join(),
            Err(PoolError::RuntimeEnded)
        );
        pool.shutdown(Duration::ZERO).unwrap();
    }
}

#[test]
fn a_stuck_job_does_not_prevent_the_process_from_ending() {
    if !in_a_child("ending::a_stuck_job_does_not_prevent_the_process_from_ending") {
        return;
    }
    let pool = pool(1);
    if Python::attach(|py| py.version_info() < (3, 14)) {
        // CPython aborts if a sub-interpreter still has a thread, so its end waits.
        return;
    }
    let (job, begun, stop) = blocker();
    let stuck = pool.submit(job);
    begun.recv().unwrap();
    // SAFETY: this thread started the runtime, and no token is alive.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
    assert!(!stuck.is_finished());
    drop(pool);
    // The job does not return to Python.
    stop.send(()).unwrap();
    assert!(!stuck.wait_timeout(Duration::from_millis(100)));
}

#[test]
fn a_process_ends_with_a_pool_alive_in_a_static() {
    if !in_a_child("ending::a_process_ends_with_a_pool_alive_in_a_static") {
        return;
    }
    static POOL: std::sync::OnceLock<InterpreterPool> = std::sync::OnceLock::new();
    let pool = POOL.get_or_init(|| pool(2));
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
}

#[test]
fn the_runtime_ends_a_pool_also_if_python_code_has_cleared_the_exit_functions() {
    if !in_a_child(
        "ending::the_runtime_ends_a_pool_also_if_python_code_has_cleared_the_exit_functions",
    ) {
        return;
    }
    let pool = pool(2);
    let (begun, has_begun) = std::sync::mpsc::channel();
    let running: Vec<_> = (0..2)
        .map(|_| {
            let begun = begun.clone();
            pool.submit(move |py| {
                begun.send(()).unwrap();
                py.run(c"import time; time.sleep(0.3)", None, None)
            })
        })
        .collect();
    has_begun.recv().unwrap();
    has_begun.recv().unwrap();
    let queued = pool.submit(|_py| Ok(()));
    // SAFETY: this thread started the runtime, and no token is alive.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(
            crate::unstable::PyRun_SimpleString(c"import atexit; atexit._clear()".as_ptr()),
            0
        );
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
    for job in running {
        assert_eq!(in_time(move || job.join()), Ok(()));
    }
    // Run, or refused.
    in_time(move || queued.join()).ok();
    in_time(move || drop(pool));
}

#[test]
fn creating_a_pool_while_the_runtime_ends_is_refused() {
    if !in_a_child("ending::creating_a_pool_while_the_runtime_ends_is_refused") {
        return;
    }
    static REFUSED: Mutex<Option<String>> = Mutex::new(None);
    Python::initialize();
    Python::attach(|py| {
        // Registered before the pools' exit function, so called after it.
        let function = pyatoll::types::PyCFunction::new_closure(py, None, None, |_, _| {
            let error = InterpreterPool::builder().size(1).build().unwrap_err();
            *REFUSED.lock().unwrap() = Some(error.to_string());
        })
        .unwrap();
        let atexit = py.import("atexit").unwrap();
        atexit.call_method1("register", (function,)).unwrap();
    });
    drop(pool(1));
    // SAFETY: this thread started the runtime, and no token is alive.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
    let refused = REFUSED.lock().unwrap().take().unwrap();
    assert!(
        refused.contains("the Python runtime is ending"),
        "{refused}"
    );
}

// Not `os.fork`: CPython's child handlers crash while sub-interpreters are alive.
#[cfg(unix)]
unsafe extern "C" {
    fn alarm(seconds: u32) -> u32;
    fn fork() -> i32;
    fn waitpid(child: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

#[cfg(unix)]
#[test]
fn a_forked_child_gets_an_error_since_it_has_no_workers() {
    if !in_a_child("ending::a_forked_child_gets_an_error_since_it_has_no_workers") {
        return;
    }
    let pool = pool(2);
    let done = pool.submit(|_py| Ok(1));
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    // SAFETY: the child uses nothing that other threads may have locked, and ends without cleanup.
    let child = unsafe { fork() };
    if child == 0 {
        let refused = pool.try_submit(|_py| Ok(())).map(drop);
        let refused = pool.submit(|_py| Ok(())).join() == Err(PoolError::Forked)
            && matches!(
                refused,
                Err(TrySubmitError::Refused {
                    why: PoolError::Forked,
                    ..
                })
            )
            && pool.map(0..3, |_py, n| Ok(n)).next() == Some(Err(PoolError::Forked))
            && !running.cancel()
            && !running.interrupt()
            && pool.broadcast(|_py| Ok(())).pop().unwrap().join() == Err(PoolError::Forked)
            && pool.stats() == PoolStats::default()
            && pool.submit_with(JobOptions::new(), |_py| Ok(())).join() == Err(PoolError::Forked)
            && crate::futures::block_on(pool.submit(|_py| Ok(()))) == Err(PoolError::Forked)
            && crate::futures::block_on(pool.shutdown_async(LONG)).is_ok()
            && running.join() == Err(PoolError::Forked)
            && pool.shutdown(Duration::ZERO).is_ok();
        drop(pool);
        // SAFETY: ends the process at once, without running its exit functions.
        unsafe { _exit(if refused { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY: `child` is a child of this process, and `status` is valid for writes.
    unsafe { assert_eq!(waitpid(child, &raw mut status, 0), child) };
    assert_eq!(status, 0);
    // The parent's pool is unaffected.
    stop.send(()).unwrap();
    assert!(running.join().is_ok());
    assert_eq!(done.join(), Ok(1));
    assert_eq!(pool.submit(|_py| Ok(2)).join(), Ok(2));
}

#[cfg(unix)]
#[test]
fn a_job_that_forks_takes_no_lock_of_its_pool_in_the_child() {
    if !in_a_child("ending::a_job_that_forks_takes_no_lock_of_its_pool_in_the_child") {
        return;
    }
    let pool = pool(1);
    let (begin, begun) = std::sync::mpsc::channel();
    let job = pool.submit(move |_py| {
        begin.send(()).unwrap();
        let mut failed = Vec::new();
        for _ in 0..50 {
            // SAFETY: the child leaves the job and ends, within a time after which it is killed.
            let child = unsafe { fork() };
            if child == 0 {
                // SAFETY: ends a child that hangs.
                unsafe { alarm(LONG.as_secs() as u32) };
                return Ok(Vec::new());
            }
            let mut status = -1;
            // SAFETY: `child` is a child of this process, and `status` is valid for writes.
            unsafe { assert_eq!(waitpid(child, &raw mut status, 0), child) };
            if status != 0 {
                failed.push(status);
                break;
            }
        }
        Ok(failed)
    });
    begun.recv_timeout(LONG).unwrap();
    // Takes the locks all the time.
    while !job.is_finished() {
        pool.stats();
    }
    assert_eq!(job.join(), Ok(Vec::new()));
}
