//! Threads that Python started and that still run when the runtime ends. CPython leaves them
//! behind: it hangs them, or ends them, which must not unwind Rust code.

use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pyatoll::prelude::*;

use crate::{LIMIT, finalize, in_child};

/// Threads inside [`ends_daemon::call`].
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// Destructors that ran although their function did not return.
static DROPS: AtomicUsize = AtomicUsize::new(0);

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Ordering::SeqCst);
    }
}

#[pymodule]
mod ends_daemon {
    use super::*;

    /// Calls a function again and again.
    #[pyfunction]
    fn call(function: &Bound<'_, PyAny>) -> PyResult<()> {
        let _guard = Guard;
        INSIDE.fetch_add(1, Ordering::SeqCst);
        loop {
            function.call0()?;
        }
    }
}

/// Python code that starts two threads for each way of being inside `call`.
const START: &CStr = c"
import threading, time
from ends_daemon import call

def spin(): sum(range(100))
def wait(): time.sleep(0.01)

def run(): call(spin)
def run_and_wait(): call(wait)
def run_below_c(): list(map(call, [spin]))
def run_twice(): call(lambda: call(spin))

for target in [run, run_and_wait, run_below_c, run_twice] * 2:
    threading.Thread(target=target, daemon=True).start()
";

/// Functions that these threads enter.
const THREADS: usize = 10;

/// Starts the runtime and [`THREADS`].
fn start() {
    pyatoll::append_to_inittab!(ends_daemon);
    Python::initialize();
    Python::attach(|py| {
        py.run(START, None, None).unwrap();
        while INSIDE.load(Ordering::SeqCst) < THREADS {
            py.detach(thread::yield_now);
        }
    });
}

/// Ends the runtime, and checks that no destructor runs in what is left of its threads.
fn finalize_and_check() {
    finalize();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(DROPS.load(Ordering::SeqCst), 0);
}

#[test]
fn a_daemon_thread_that_runs_python_in_a_rust_function_is_not_unwound() {
    in_child(
        "daemon::a_daemon_thread_that_runs_python_in_a_rust_function_is_not_unwound",
        LIMIT,
        || {
            start();
            finalize_and_check();
        },
    );
}

#[cfg(unix)]
#[test]
fn the_end_leaves_the_handlers_of_the_host_in_place() {
    in_child(
        "daemon::the_end_leaves_the_handlers_of_the_host_in_place",
        LIMIT,
        || {
            static SIGNALS: AtomicUsize = AtomicUsize::new(0);
            extern "C" fn of_the_host(_: libc::c_int) {
                SIGNALS.fetch_add(1, Ordering::SeqCst);
            }
            let handler = of_the_host as *const () as libc::sighandler_t;
            // SAFETY: the handler is async-signal-safe.
            unsafe { libc::signal(libc::SIGURG, handler) };
            start();
            let process = std::process::id() as libc::pid_t;
            // SAFETY: the signal has a handler.
            let signal = move || unsafe { libc::kill(process, libc::SIGURG) };
            let stop = std::sync::Arc::new(());
            let stopped = std::sync::Arc::downgrade(&stop);
            let signals = thread::spawn(move || {
                while stopped.strong_count() > 0 {
                    assert_eq!(signal(), 0);
                    thread::sleep(Duration::from_micros(100));
                }
            });
            finalize_and_check();
            drop(stop);
            signals.join().unwrap();
            let before = SIGNALS.load(Ordering::SeqCst);
            // SAFETY: as installed above; returns the handler that it replaces.
            let now = unsafe { libc::signal(libc::SIGURG, handler) };
            assert_eq!(now, handler);
            assert!(before > 0);
        },
    );
}
