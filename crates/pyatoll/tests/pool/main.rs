//! What a pool of interpreters promises.

mod ending;
mod errors;
mod jobs;
mod nested;
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

/// Fails where `f` would hang.
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

/// A job that runs until it is told to stop, and how to know that it runs, and to tell it.
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

/// Runs the named test in a process of its own, where it calls this again: `true` in there.
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
