//! Threads that Python started and that still run when the runtime ends. CPython leaves them
//! behind: it hangs them, or ends them, which must not unwind Rust code.

use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pyatoll::ffi;
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;

use crate::{LIMIT, finalize, in_child, is_from};

/// Whether the value of [`ends_daemon::lend`] has been dropped.
static IS_DROPPED: AtomicBool = AtomicBool::new(false);

struct Lent;

impl Drop for Lent {
    fn drop(&mut self) {
        IS_DROPPED.store(true, Ordering::SeqCst);
    }
}

static VALUE: InterpreterLocal<Lent> = InterpreterLocal::new();

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

    /// Creates the value.
    #[pyfunction]
    fn create(py: Python<'_>) {
        VALUE.get_or_init(py, || Lent);
    }

    /// Calls a function on a thread that attaches as C code does.
    #[pyfunction]
    fn call_on_host_thread(function: Py<PyAny>) {
        thread::spawn(move || {
            // SAFETY: may be called while the runtime exists; the thread stays attached.
            unsafe { ffi::PyGILState_Ensure() };
            Python::attach(|py| _ = function.call0(py));
        });
    }

    /// Lends the value to a thread that uses it for good, and calls a function.
    #[pyfunction]
    fn lend(py: Python<'_>, function: &Bound<'_, PyAny>) {
        let lent = VALUE.get_or_init(py, || Lent);
        let is_inside = &AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(move || {
                let _lent: &Lent = lent;
                INSIDE.fetch_add(1, Ordering::SeqCst);
                is_inside.store(true, Ordering::SeqCst);
                loop {
                    thread::park();
                }
            });
            while !is_inside.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            function.call0().unwrap();
        });
    }

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

/// The main interpreter does not know this library, whose function is called by `ctypes`.
#[test]
fn a_daemon_thread_of_a_main_interpreter_that_was_not_seen_is_not_unwound() {
    extern "C-unwind" fn call_again_and_again(function: extern "C-unwind" fn()) {
        let _guard = Guard;
        INSIDE.fetch_add(1, Ordering::SeqCst);
        loop {
            function();
        }
    }
    in_child(
        "daemon::a_daemon_thread_of_a_main_interpreter_that_was_not_seen_is_not_unwound",
        LIMIT,
        || {
            let address = call_again_and_again as *const () as usize;
            let code = format!(
                "
import ctypes, threading, time
call = ctypes.CFUNCTYPE(None, ctypes.c_void_p)({address})
callback = ctypes.CFUNCTYPE(None)(lambda: time.sleep(0.001))
pointer = ctypes.cast(callback, ctypes.c_void_p)
threading.Thread(target=call, args=(pointer,), daemon=True).start()
"
            );
            let code = CString::new(code).unwrap();
            // SAFETY: the runtime does not run, and afterwards this thread is attached to the main
            // interpreter, except while it ends the sub-interpreter.
            unsafe {
                ffi::Py_InitializeEx(0);
                let main = ffi::PyThreadState_Get();
                let sub = ffi::Py_NewInterpreter();
                Python::attach(|py| assert!(!py.interpreter().is_main()));
                ffi::Py_EndInterpreter(sub);
                ffi::PyThreadState_Swap(main);
                assert_eq!(crate::unstable::PyRun_SimpleString(code.as_ptr()), 0);
                while INSIDE.load(Ordering::SeqCst) == 0 {
                    let thread_state = ffi::PyEval_SaveThread();
                    thread::sleep(Duration::from_millis(1));
                    ffi::PyEval_RestoreThread(thread_state);
                }
                assert_eq!(ffi::Py_FinalizeEx(), 0);
            }
            thread::sleep(Duration::from_millis(200));
            assert_eq!(DROPS.load(Ordering::SeqCst), 0);
        },
    );
}

/// Python code that starts a daemon thread, which lends a value and then sleeps for good.
const LEND: &CStr = c"
import threading, time, ends_daemon
wait = lambda: time.sleep(1000)
threading.Thread(target=ends_daemon.lend, args=(wait,), daemon=True).start()
";

fn lend(py: Python<'_>) {
    py.run(LEND, None, None).unwrap();
    while INSIDE.load(Ordering::SeqCst) == 0 {
        py.detach(|| thread::sleep(Duration::from_millis(1)));
    }
}

#[test]
fn a_value_that_a_daemon_thread_lent_to_another_thread_stays() {
    in_child(
        "daemon::a_value_that_a_daemon_thread_lent_to_another_thread_stays",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(ends_daemon);
            Python::initialize();
            Python::attach(lend);
            finalize();
            assert!(!IS_DROPPED.load(Ordering::SeqCst));
        },
    );
}

#[test]
fn a_value_that_a_daemon_thread_of_a_sub_interpreter_lent_stays() {
    in_child(
        "daemon::a_value_that_a_daemon_thread_of_a_sub_interpreter_lent_stays",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(ends_daemon);
            Python::initialize();
            let builder = SubInterpreter::builder().allow_daemon_threads(true);
            let sub = builder.build().unwrap();
            sub.attach(lend).unwrap();
            // Before 3.14, the interpreter cannot end.
            assert_eq!(sub.close().is_ok(), is_from(14));
            assert!(!IS_DROPPED.load(Ordering::SeqCst));
        },
    );
}

/// The thread attaches when CPython releases a function that was registered while the exit
/// functions were called, after this library's last one.
#[test]
fn a_value_that_a_thread_lent_after_the_exit_functions_stays() {
    in_child(
        "daemon::a_value_that_a_thread_lent_after_the_exit_functions_stays",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(ends_daemon);
            let code = c"
import atexit
atexit.register(lambda: atexit.register(StartsThread()))
import ends_daemon, time
class StartsThread:
    def __call__(self):
        pass
    def __del__(self):
        inside = []
        def wait():
            inside.append(True)
            time.sleep(1000)
        ends_daemon.call_on_host_thread(lambda: ends_daemon.lend(wait))
        while not inside:
            time.sleep(0.001)
";
            // SAFETY: the runtime does not run, and afterwards this thread is attached.
            unsafe {
                ffi::Py_InitializeEx(0);
                assert_eq!(crate::unstable::PyRun_SimpleString(code.as_ptr()), 0);
                assert_eq!(ffi::Py_FinalizeEx(), 0);
            }
            assert_eq!(INSIDE.load(Ordering::SeqCst), 1);
            assert!(!IS_DROPPED.load(Ordering::SeqCst));
        },
    );
}

#[test]
fn a_value_is_dropped_after_the_daemon_threads_have_ended() {
    in_child(
        "daemon::a_value_is_dropped_after_the_daemon_threads_have_ended",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(ends_daemon);
            let code = c"
import threading, ends_daemon
thread = threading.Thread(target=ends_daemon.create, daemon=True)
thread.start()
thread.join()
";
            Python::initialize();
            Python::attach(|py| py.run(code, None, None)).unwrap();
            finalize();
            assert!(IS_DROPPED.load(Ordering::SeqCst));
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
