//! Interrupting jobs.

use crate::control::{ENDLESS, starves_other_interpreters, submit_code, wait_until};
use crate::{LONG, blocker, in_a_child, in_time, pool};
use pyatoll::exceptions::PyKeyboardInterrupt;
use pyatoll::ffi;
use pyatoll::pool::{JobHandle, JobOptions, PoolError};
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict};
use std::ffi::{c_char, c_int};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

#[test]
fn an_interrupt_ends_python_code_and_only_that() {
    let pool = pool(1);
    let before = pool.interpreters();
    let first = if starves_other_interpreters() { 1 } else { 0 };
    for round in first..5 {
        let job = submit_code(&pool, ENDLESS);
        let queued = pool.submit(|py| py.eval(c"sum(range(100_000))", None, None)?.extract());
        match round {
            // By a thread that is attached, to this interpreter or another one.
            0 => assert!(Python::attach(|_py| job.interrupt())),
            1 => assert!(before[0].attach(|_py| job.interrupt()).unwrap()),
            _ => assert!(job.interrupt()),
        }
        let error = in_time(move || job.join());
        assert_eq!(error, Err(PoolError::Interrupted));
        assert_eq!(queued.join(), Ok(4_999_950_000u64));
    }
    assert_eq!(pool.interpreters(), before);
    assert_eq!(
        PoolError::Interrupted.to_string(),
        "the job was interrupted"
    );
}

#[test]
fn a_job_may_handle_its_interrupt() {
    let pool = pool(1);
    let code = c"
import time
try:
    begin()
    while True:
        time.sleep(0)
except KeyboardInterrupt:
    pass
";
    let job = submit_code(&pool, code);
    assert!(job.interrupt());
    assert_eq!(in_time(move || job.join()), Ok(()));
    let code = c"
import time
try:
    begin()
    while True:
        time.sleep(0)
except KeyboardInterrupt:
    raise ValueError('stopped')
";
    let job = submit_code(&pool, code);
    assert!(job.interrupt());
    let error = in_time(move || job.join()).unwrap_err();
    assert_eq!(error.to_string(), "ValueError: stopped");
    // Not an interrupt by the handle.
    let job = pool.submit(|_py| -> PyResult<()> { Err(PyKeyboardInterrupt::new_err("own")) });
    assert_eq!(
        job.join().unwrap_err().to_string(),
        "KeyboardInterrupt: own"
    );
}

#[test]
fn an_interrupt_cancels_a_job_that_has_not_begun() {
    let pool = pool(1);
    let (job, begun, stop) = blocker();
    let running = pool.submit(job);
    begun.recv().unwrap();
    let ran = Arc::new(AtomicBool::new(false));
    let seen = ran.clone();
    let queued = pool.submit(move |_py| {
        seen.store(true, Ordering::Relaxed);
        Ok(())
    });
    assert!(queued.interrupt());
    assert!(!queued.interrupt());
    assert_eq!(queued.join(), Err(PoolError::Cancelled));
    // One that runs no Python code returns its result.
    assert!(running.interrupt());
    stop.send(()).unwrap();
    assert!(in_time(move || running.join()).is_ok());
    assert!(!ran.load(Ordering::Relaxed));
    let done = pool.submit(|py| py.run(c"for n in range(1000): pass", None, None));
    while !done.is_finished() {
        thread::yield_now();
    }
    assert!(!done.interrupt());
    assert_eq!(done.join(), Ok(()));
}

#[test]
fn a_late_interrupt_never_reaches_the_next_job() {
    let pool = pool(1);
    for round in 0..150 {
        let short = pool.submit(move |py| {
            let code = c"lambda n: sum(1 for _ in range(n))";
            py.eval(code, None, None)?
                .call1((round * 7,))?
                .extract::<u32>()
        });
        let next = pool.submit(|py| {
            let code = c"sum(1 for _ in range(2000))";
            py.eval(code, None, None)?.extract::<u32>()
        });
        for _ in 0..round % 5 {
            thread::yield_now();
        }
        let interrupted = short.interrupt();
        let result = in_time(move || short.join());
        let allowed = [
            Ok(round * 7),
            Err(PoolError::Interrupted),
            Err(PoolError::Cancelled),
        ];
        assert!(allowed.contains(&result), "{result:?}");
        assert!(interrupted || result.is_ok());
        assert_eq!(in_time(move || next.join()), Ok(2000));
    }
}

#[test]
fn an_interrupt_waits_for_the_jobs_inside_the_job() {
    let pool = Arc::new(pool(1));
    let (begin, begun) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let (report, inner_result) = mpsc::channel();
    let own = Arc::clone(&pool);
    let outer = pool.submit(move |py| {
        let inner = own.submit(move |py| {
            begin.send(()).unwrap();
            py.detach(move || wait.recv().unwrap());
            let code = c"sum(1 for _ in range(100_000))";
            py.eval(code, None, None)?.extract::<u32>()
        });
        // Runs on this thread.
        report.send(inner.join()).unwrap();
        py.run(c"import time\nwhile True: time.sleep(0)", None, None)
    });
    begun.recv_timeout(LONG).unwrap();
    assert!(outer.interrupt());
    go.send(()).unwrap();
    assert_eq!(inner_result.recv_timeout(LONG).unwrap(), Ok(100_000));
    assert_eq!(in_time(move || outer.join()), Err(PoolError::Interrupted));
}

#[test]
fn a_job_may_interrupt_itself_also_in_a_destructor() {
    let pool = pool(1);
    let (send, handles) = mpsc::channel::<JobHandle<()>>();
    let (sender, receiver) = mpsc::channel();
    let job = pool.submit(move |py| {
        let own = py.detach(move || handles.recv().unwrap());
        let own = Arc::new(Mutex::new(Some(own)));
        let handle = Arc::clone(&own);
        let interrupt = move |_: &Bound<'_, _>, _: Option<&Bound<'_, PyDict>>| {
            handle.lock().unwrap().as_ref().unwrap().interrupt()
        };
        let names = PyDict::new(py);
        let interrupt = PyCFunction::new_closure(py, None, None, interrupt)?;
        names.set_item("interrupt", interrupt)?;
        let code = c"
class Dies:
    def __del__(self):
        assert interrupt()
Dies()
import time
while True:
    time.sleep(0)
";
        let result = py.run(code, Some(&names), None);
        sender.send(own.lock().unwrap().take().unwrap()).unwrap();
        result
    });
    send.send(job).unwrap();
    let job = receiver.recv_timeout(LONG).unwrap();
    assert_eq!(in_time(move || job.join()), Err(PoolError::Interrupted));
}

#[test]
fn an_exception_whose_text_does_not_end_can_be_interrupted() {
    let pool = pool(1);
    let code = c"
import time
class Endless(Exception):
    def __str__(self):
        begin()
        while True:
            time.sleep(0)
raise Endless
";
    let job = submit_code(&pool, code);
    // For each attempt to describe it.
    let job = in_time(move || {
        while job.interrupt() {
            thread::sleep(Duration::from_millis(1));
        }
        job
    });
    match in_time(move || job.join()) {
        Err(PoolError::Raised(error)) => assert!(error.type_name().ends_with("Endless")),
        other => panic!("{other:?}"),
    }
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
}

#[test]
fn an_interrupt_does_not_reach_destructors_that_run_after_the_job() {
    let pool = Arc::new(pool(1));
    let (send, handle) = mpsc::channel::<JobHandle<()>>();
    let (sender, receiver) = mpsc::channel();
    let own = Arc::clone(&pool);
    let outer = pool.submit(move |py| {
        let handle = py.detach(move || handle.recv().unwrap());
        let inner = own.submit(move |py| {
            let code = c"
import gc, sys
class Dies:
    def __del__(self):
        try:
            for _ in range(1000):
                pass
            sys.died = 'whole'
        except BaseException as error:
            sys.died = repr(error)
gc.disable()
gc.collect()
dies = Dies()
dies.own = dies
del dies
gc.set_threshold(1, 1, 1)
";
            py.run(code, None, None)?;
            // The outer job is interrupted when this one is done.
            assert!(handle.interrupt());
            sender.send(handle).unwrap();
            Ok(())
        });
        inner.join()?;
        // SAFETY: attached.
        unsafe { ffi::PyGC_Enable() };
        if py.version_info() >= (3, 12) {
            // Has the next Python code collect garbage. Before 3.12, allocations do it.
            for _ in 0..10_000 {
                std::mem::forget(PyDict::new(py));
            }
        }
        Ok(())
    });
    send.send(outer).unwrap();
    let outer = receiver.recv_timeout(LONG).unwrap();
    assert_eq!(in_time(move || outer.join()), Ok(()));
    let died = pool.submit(|py| {
        py.run(c"import gc; gc.collect()", None, None)?;
        py.eval(c"__import__('sys').died", None, None)?
            .extract::<String>()
    });
    assert_eq!(died.join(), Ok("whole".into()));
}

#[test]
fn the_end_of_the_runtime_leaves_nothing_to_interrupt() {
    if !in_a_child("interrupts::the_end_of_the_runtime_leaves_nothing_to_interrupt") {
        return;
    }
    let pool = pool(2);
    let options = JobOptions::new().timeout(LONG).grace(Duration::ZERO);
    let done = pool.submit_with(options.clone(), |_py| Ok(1));
    while !done.is_finished() {
        thread::yield_now();
    }
    // Below 3.14, the end waits for a job that is stuck.
    let stuck = Python::attach(|py| py.version_info() >= (3, 14)).then(|| {
        let (job, begun, stop) = blocker();
        let stuck = pool.submit(job);
        begun.recv().unwrap();
        (stuck, stop)
    });
    // SAFETY: this thread started the runtime, and no token is alive.
    unsafe {
        ffi::PyGILState_Ensure();
        assert_eq!(ffi::Py_FinalizeEx(), 0);
    }
    assert!(!done.interrupt());
    assert_eq!(done.join(), Ok(1));
    let late = pool.submit_with(options, |_py| Ok(()));
    assert_eq!(late.join(), Err(PoolError::RuntimeEnded));
    assert!(
        pool.broadcast(|_py| Ok(()))
            .iter()
            .all(JobHandle::is_finished)
    );
    let Some((stuck, stop)) = stuck else {
        pool.shutdown(LONG).unwrap();
        return;
    };
    // Nobody can enter its interpreter.
    assert!(stuck.interrupt());
    drop(pool);
    stop.send(()).unwrap();
    assert!(!stuck.wait_timeout(Duration::from_millis(100)));
}

#[test]
fn other_threads_may_end_a_job_through_its_interrupt_handle() {
    let pool = pool(1);
    let job = submit_code(&pool, ENDLESS);
    let queued = pool.submit(|_py| Ok(()));
    let interrupters = [job.interrupt_handle(), queued.interrupt_handle()];
    let waiting = thread::spawn(move || (job.join(), queued.join()));
    let clones = interrupters.clone();
    assert!(interrupters.iter().all(|one| !one.is_finished()));
    assert!(!clones[0].cancel());
    assert!(clones[1].cancel());
    assert!(!clones[1].interrupt());
    assert!(interrupters[1].is_finished());
    assert!(clones[0].interrupt());
    let (job, queued) = in_time(move || waiting.join().unwrap());
    assert_eq!(job, Err(PoolError::Interrupted));
    assert_eq!(queued, Err(PoolError::Cancelled));
    assert!(interrupters.iter().all(|one| one.is_finished()));
    assert!(!interrupters[0].interrupt());

    // A job without a handle.
    let job = submit_code(&pool, ENDLESS);
    let interrupter = job.interrupt_handle();
    drop(job);
    assert!(interrupter.interrupt());
    let after = pool.submit(|_py| Ok(1));
    assert_eq!(in_time(move || after.join()), Ok(1));
    drop(pool);
    assert!(interrupter.is_finished() && !interrupter.interrupt() && !interrupter.cancel());
}

#[test]
fn an_interrupt_handle_does_not_keep_the_result() {
    let pool = pool(1);
    let value = Arc::new(());
    let job = pool.submit({
        let value = Arc::clone(&value);
        move |_py| Ok(value)
    });
    let interrupter = job.interrupt_handle();
    while !interrupter.is_finished() {
        thread::yield_now();
    }
    drop(job);
    assert!(interrupter.is_finished());
    assert!(!interrupter.interrupt());
    // The worker may be about to release the job.
    wait_until(move || Arc::strong_count(&value) == 1);
}

#[test]
fn an_interrupt_that_was_not_raised_ends_with_its_job() {
    let pool = pool(1);
    for round in 0..30 {
        let (job, begun, stop) = blocker();
        let first = pool.submit(job);
        begun.recv().unwrap();
        let next = pool.submit(|py| {
            py.eval(c"sum(1 for _ in range(2000))", None, None)?
                .extract::<u32>()
        });
        assert!(first.interrupt());
        // The exception may be scheduled before the job ends, or too late.
        thread::sleep(Duration::from_micros(200 * (round % 5)));
        stop.send(()).unwrap();
        assert!(in_time(move || first.join()).is_ok());
        assert_eq!(in_time(move || next.join()), Ok(2000));
    }
}

#[test]
fn an_interrupt_reaches_a_detached_job_when_it_returns_to_python() {
    let pool = pool(1);
    let (begin, begun) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let job = pool.submit(move |py| {
        begin.send(()).unwrap();
        py.detach(move || wait.recv().unwrap());
        // It ends only if it is interrupted, however late that is.
        py.run(c"import time\nwhile True: time.sleep(0)", None, None)
    });
    begun.recv_timeout(LONG).unwrap();
    assert!(job.interrupt());
    // Once it was interrupted, another interrupt is the same one, or a further one.
    assert!(job.interrupt());
    go.send(()).unwrap();
    assert_eq!(in_time(move || job.join()), Err(PoolError::Interrupted));
    assert_eq!(pool.submit(|_py| Ok(1)).join(), Ok(1));
}

#[test]
fn a_pool_may_be_dropped_while_its_jobs_are_interrupted() {
    for _ in 0..5 {
        let pool = pool(2);
        let jobs = [submit_code(&pool, ENDLESS), submit_code(&pool, ENDLESS)];
        let interpreters = pool.interpreters();
        let dropped = thread::spawn(move || drop(pool));
        for job in jobs {
            assert!(job.interrupt());
            assert_eq!(in_time(move || job.join()), Err(PoolError::Interrupted));
        }
        in_time(move || dropped.join().unwrap());
        assert!(interpreters.iter().all(|one| !one.is_alive()));
    }
}

#[pymodule]
mod interrupting {
    use super::*;

    /// Interrupts a job that runs code which is given as text.
    #[pyfunction]
    fn interrupt_exec(py: Python<'_>) {
        let end = py.detach(|| {
            let pool = pool(1);
            let code = c"exec('import time\\nbegin()\\nwhile True: time.sleep(0)')";
            let job = submit_code(&pool, code);
            assert!(job.interrupt());
            in_time(move || job.join())
        });
        assert_eq!(end, Err(PoolError::Interrupted));
    }
}

#[test]
fn an_interrupted_job_does_not_change_the_exit_code_of_python() {
    if !in_a_child("interrupts::an_interrupted_job_does_not_change_the_exit_code_of_python") {
        return;
    }
    unsafe extern "C" {
        fn Py_BytesMain(argc: c_int, argv: *mut *mut c_char) -> c_int;
    }
    pyatoll::append_to_inittab!(interrupting);
    let arguments = [
        c"python",
        c"-c",
        c"import interrupting; interrupting.interrupt_exec()",
    ];
    let mut arguments = arguments.map(|argument| argument.as_ptr().cast_mut());
    // SAFETY: the arguments are valid, and Python does not change them; it does not run yet.
    let code = unsafe { Py_BytesMain(3, arguments.as_mut_ptr()) };
    assert_eq!(code, 0);
}
