//! Jobs and pools for the tests of interrupts and timeouts.

use crate::{LONG, blocker, in_time};
use pyatoll::pool::{JobHandle, JobOptions, PoolError};
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict};
use pyatoll::{Interpreter, InterpreterPool};
use std::ffi::CStr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Runs Python code in its own namespace, in which `begin()` reports that it runs.
pub fn run_reporting(py: Python<'_>, code: &CStr, begin: mpsc::Sender<()>) -> PyResult<()> {
    let begin = Mutex::new(begin);
    let report = move |_: &Bound<'_, _>, _: Option<&Bound<'_, PyDict>>| {
        let _ = begin.lock().unwrap().send(());
    };
    let names = PyDict::new(py);
    names.set_item("begin", PyCFunction::new_closure(py, None, None, report)?)?;
    py.run(code, Some(&names), None)
}

/// Submits Python code, and waits until it has called `begin`.
pub fn submit_code(pool: &InterpreterPool, code: &'static CStr) -> JobHandle<()> {
    let (begin, begun) = mpsc::channel();
    let job = pool.submit(move |py| run_reporting(py, code, begin));
    begun.recv_timeout(LONG).unwrap();
    job
}

/// Submits jobs with longer and longer timeouts until one has reported its beginning.
pub fn submit_timed<R: Send + 'static, S>(
    pool: &InterpreterPool,
    grace: Duration,
    submit: impl Fn(&InterpreterPool, JobOptions) -> (JobHandle<R>, Receiver<()>, S),
) -> (JobHandle<R>, S) {
    let mut timeout = Duration::from_millis(50);
    loop {
        let options = JobOptions::new().timeout(timeout).grace(grace);
        let (job, begun, rest) = submit(pool, options);
        match begun.recv_timeout(LONG) {
            Ok(()) => return (job, rest),
            Err(RecvTimeoutError::Disconnected) => timeout *= 2,
            Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        }
    }
}

/// Submits Python code that has a timeout and calls `begin` within it.
pub fn submit_timed_code(
    pool: &InterpreterPool,
    grace: Duration,
    code: &'static CStr,
) -> JobHandle<()> {
    let submit = |pool: &InterpreterPool, options| {
        let (begin, begun) = mpsc::channel();
        let job = pool.submit_with(options, move |py| run_reporting(py, code, begin));
        (job, begun, ())
    };
    submit_timed(pool, grace, submit).0
}

/// It releases the GIL, as the tests of one process share it on 3.11.
pub const ENDLESS: &CStr = c"
import time
begin()
while True:
    time.sleep(0)
";

/// Returns whether endless code of one interpreter keeps those of others waiting: CPython 3.11 asks
/// only threads of the waiting one's interpreter to release the GIL.
pub fn starves_other_interpreters() -> bool {
    Python::initialize();
    Python::attach(|py| py.version_info() < (3, 12))
}

pub fn wait_until(condition: impl Fn() -> bool + Send + 'static) {
    in_time(move || {
        while !condition() {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Starts a job that has timed out, does not give way, and is replaced.
pub fn stick(pool: &Arc<InterpreterPool>) -> (Interpreter, mpsc::Sender<()>) {
    let old = pool.interpreters()[0];
    let submit = |pool: &InterpreterPool, options| {
        let (job, begun, stop) = blocker();
        (pool.submit_with(options, job), begun, stop)
    };
    let (stuck, stop) = submit_timed(pool, Duration::from_millis(1), submit);
    assert_eq!(in_time(move || stuck.join()), Err(PoolError::TimedOut));
    (old, stop)
}
