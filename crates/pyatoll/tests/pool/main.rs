//! Promises of `InterpreterPool`.
//!
//! | file | concern |
//! |---|---|
//! | `broadcasts.rs` | jobs for each worker, and the numbers of jobs |
//! | `control.rs` | jobs and pools for the tests of interrupts and timeouts |
//! | `ending.rs` | the end of pools, runtimes and processes |
//! | `errors.rs` | errors, panics and interrupts in jobs |
//! | `events.rs` | events for `tracing` |
//! | `futures.rs` | awaiting jobs and the end of a pool |
//! | `interrupts.rs` | interrupting jobs |
//! | `jobs.rs` | submitting jobs and collecting their results |
//! | `nested.rs` | jobs that use their own pool |
//! | `replacements.rs` | replacing workers whose code does not give way |
//! | `timeouts.rs` | jobs with a timeout |
//! | `workers.rs` | workers and their interpreters |

mod broadcasts;
mod control;
mod ending;
mod errors;
mod events;
mod futures;
mod interrupts;
mod jobs;
mod nested;
mod replacements;
mod timeouts;
#[path = "../unstable/mod.rs"]
mod unstable;
mod workers;

use pyatoll::InterpreterPool;
use pyatoll::prelude::*;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(120);

fn pool(size: usize) -> InterpreterPool {
    Python::initialize();
    InterpreterPool::builder().size(size).build().unwrap()
}

/// Runs `f` with a time limit, so that a hang fails the test.
fn in_time<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, is_done) = mpsc::channel();
    let thread = thread::spawn(move || done.send(f()).unwrap());
    match is_done.recv_timeout(LONG) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().unwrap_err())
        }
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
    }
}

/// Returns a job that runs until told to stop, a receiver that reports its start, and a sender that
/// stops it.
fn blocker() -> (
    impl for<'py> FnOnce(Python<'py>) -> PyResult<i64> + Send + 'static,
    Receiver<()>,
    Sender<()>,
) {
    let (begin, begun) = mpsc::channel();
    let (stop, stopped) = mpsc::channel();
    let job = move |py: Python<'_>| {
        begin.send(()).unwrap();
        py.detach(move || stopped.recv().unwrap());
        Ok(py.interpreter().id())
    };
    (job, begun, stop)
}

/// Runs the named test in a child process. Returns `true` in the child, which calls this as well.
fn in_a_child(test: &str) -> bool {
    const CHILD: &str = "PYATOLL_POOL_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        // Ends a child that hangs.
        thread::spawn(|| {
            thread::sleep(LONG);
            eprintln!("it hangs");
            std::process::exit(3);
        });
        return true;
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}", output.status);
    assert!(text.contains("1 passed"), "{text}");
    false
}
