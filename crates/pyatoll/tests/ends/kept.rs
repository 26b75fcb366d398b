//! Thread states that idle threads keep: the ends of interpreters and of the runtime, and forks.

use std::sync::mpsc;
use std::thread;

use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;

use crate::{LIMIT, finalize, in_child, interpreters_module};

/// Runs `body` while another thread, which has done `work` with keepers for these interpreters,
/// does nothing. Then `after` runs on that thread.
fn with_idle_thread(
    interpreters: &[Interpreter],
    body: impl FnOnce(),
    after: impl FnOnce(&[Interpreter]) + Send,
) {
    let (kept, is_kept) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let keepers: Vec<_> = interpreters
                .iter()
                .map(Interpreter::thread_state_keeper)
                .collect();
            for interpreter in interpreters {
                let code = c"import threading; mine = threading.local(); mine.value = [mine]";
                let run = |py: Python<'_>| py.run(code, None, None).unwrap();
                interpreter.attach(run).unwrap();
                interpreter.attach(run).unwrap();
            }
            kept.send(()).unwrap();
            goes_on.recv().unwrap_err();
            after(interpreters);
            drop(keepers);
        });
        is_kept.recv().unwrap();
        body();
        drop(go_on);
    });
}

#[test]
fn the_runtime_ends_without_idle_threads_that_keep_a_thread_state_and_starts_again() {
    in_child(
        "kept::the_runtime_ends_without_idle_threads_that_keep_a_thread_state_and_starts_again",
        LIMIT,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let subs = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
            let all = [main, subs[0].interpreter(), subs[1].interpreter()];
            let end = || {
                // One is closed, and the other one is left to the end of the runtime.
                let [closed, left] = subs;
                closed.close().unwrap();
                std::mem::forget(left);
                finalize();
            };
            with_idle_thread(&all, end, |all| {
                for interpreter in all {
                    let refused = interpreter.attach(|_| ());
                    assert!(
                        matches!(refused, Err(AttachError::InterpreterGone { .. })),
                        "{refused:?}"
                    );
                }
                Python::initialize();
                Python::attach(|py| py.run(c"import json", None, None).unwrap());
                let again = Interpreter::main().unwrap();
                let _keeper = again.thread_state_keeper();
                for _ in 0..3 {
                    Python::attach(|py| assert_eq!(py.interpreter(), again));
                }
            });
        },
    );
}

#[test]
fn other_code_may_end_an_interpreter_without_idle_threads_that_keep_a_thread_state() {
    in_child(
        "kept::other_code_may_end_an_interpreter_without_idle_threads_that_keep_a_thread_state",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            let handle = sub.interpreter();
            let destroy = || {
                Python::attach(|py| {
                    let module = py.import(interpreters_module()).unwrap();
                    module.call_method1("destroy", (handle.id(),)).unwrap();
                });
            };
            with_idle_thread(&[Interpreter::main().unwrap(), handle], destroy, |all| {
                all[0].attach(|_| ()).unwrap();
                assert!(all[1].attach(|_| ()).is_err());
            });
            sub.close().unwrap();
            finalize();
        },
    );
}

/// Forks as C code does, with an idle thread that keeps thread states, which the child does not
/// have.
#[cfg(all(unix, not(Py_GIL_DISABLED)))]
#[test]
fn a_child_forked_by_c_code_ends_interpreters_whose_thread_states_other_threads_kept() {
    in_child(
        "kept::a_child_forked_by_c_code_ends_interpreters_whose_thread_states_other_threads_kept",
        LIMIT,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let sub = SubInterpreter::builder().build().unwrap();
            let interpreter = sub.interpreter();
            let mut sub = Some(sub);
            let fork = || {
                // SAFETY: the only other thread of this process is idle, so that the child may go
                // on with the interpreters.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    // SAFETY: has no preconditions; it ends the child if it hangs.
                    unsafe { libc::alarm(120) };
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        interpreter.attach(|_| ()).unwrap();
                        sub.take().unwrap().close().unwrap();
                        main.attach(|_| ()).unwrap();
                        finalize();
                    }));
                    // SAFETY: ends the child at once.
                    unsafe { libc::_exit(i32::from(done.is_err())) };
                }
                let mut status = 0;
                // SAFETY: a child of this process; `status` is valid for writes.
                assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
                assert_eq!(status, 0);
            };
            with_idle_thread(&[main, interpreter], fork, |all| {
                for interpreter in all {
                    interpreter.attach(|_| ()).unwrap();
                }
            });
            drop(sub);
            finalize();
        },
    );
}

#[cfg(all(unix, not(Py_GIL_DISABLED)))]
#[test]
fn a_child_of_os_fork_does_not_use_thread_states_that_python_has_deleted() {
    in_child(
        "kept::a_child_of_os_fork_does_not_use_thread_states_that_python_has_deleted",
        LIMIT,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let code = c"
import os, warnings
warnings.simplefilter('ignore')
pid = os.fork()
";
            let fork = || {
                let keeper = main.thread_state_keeper();
                main.attach(|_| ()).unwrap();
                // Attached by other code: the kept one is idle.
                // SAFETY: released below, by the same thread.
                let state = unsafe { pyatoll::ffi::PyGILState_Ensure() };
                let pid: i32 = Python::attach(|py| {
                    let names = pyatoll::types::PyDict::new(py);
                    py.run(code, Some(&names), None).unwrap();
                    names.get_item("pid").unwrap().unwrap().extract().unwrap()
                });
                // SAFETY: from `PyGILState_Ensure`.
                unsafe { pyatoll::ffi::PyGILState_Release(state) };
                if pid == 0 {
                    // SAFETY: has no preconditions; it ends the child if it hangs.
                    unsafe { libc::alarm(120) };
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        for _ in 0..3 {
                            main.attach(|py| py.run(c"import json", None, None).unwrap())
                                .unwrap();
                        }
                        drop(keeper);
                        finalize();
                    }));
                    // SAFETY: ends the child at once.
                    unsafe { libc::_exit(i32::from(done.is_err())) };
                }
                let mut status = 0;
                // SAFETY: a child of this process; `status` is valid for writes.
                assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
                assert_eq!(status, 0);
                drop(keeper);
            };
            with_idle_thread(&[main], fork, |_| Python::attach(|_| ()));
            finalize();
        },
    );
}
