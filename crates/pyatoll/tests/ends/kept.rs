//! Thread states that idle threads keep: the ends of interpreters and of the runtime, and forks.

use std::sync::mpsc;
use std::thread;

use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;

#[cfg(all(unix, not(Py_GIL_DISABLED)))]
use crate::fork::{fork_in_c, os_fork, run_in};
use crate::keeps::{keep, keeps};
use crate::{LIMIT, finalize, in_child, interpreters_module};

/// Runs `body` while another thread, which keeps thread states of these interpreters, does nothing.
/// Then `after` runs on that thread.
fn with_idle_thread(
    interpreters: &[Interpreter],
    body: impl FnOnce(),
    after: impl FnOnce(&[Interpreter]) + Send,
) {
    let (kept, is_kept) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let keepers: Vec<_> = interpreters.iter().copied().map(keep).collect();
            for interpreter in interpreters {
                let code = c"import threading; mine = threading.local(); mine.value = [mine]";
                let run = |py: Python<'_>| py.run(code, None, None).unwrap();
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

/// Starts the runtime so that CPython's notes get another key in the child of a fork.
#[cfg(all(unix, not(Py_GIL_DISABLED)))]
fn initialize_with_a_key_that_changes() {
    let mut key = 0;
    // SAFETY: `key` is valid for writes, and deleted once. CPython takes the first free key, again
    // in the child of a fork.
    unsafe {
        assert_eq!(libc::pthread_key_create(&mut key, None), 0);
        Python::initialize();
        assert_eq!(libc::pthread_key_delete(key), 0);
    }
}

/// Attaches, with a kept thread state or without, and ends the runtime. In the child of a fork,
/// 3.12 cannot: it has deleted the interpreter's first thread state, and takes it again when there
/// is no other.
#[cfg(all(unix, not(Py_GIL_DISABLED)))]
fn attach_and_finalize(main: Interpreter, keeper: pyatoll::interpreter::ThreadStateKeeper) {
    if !cfg!(Py_3_13) {
        return;
    }
    for _ in 0..3 {
        main.attach(|py| py.run(c"import json", None, None).unwrap())
            .unwrap();
    }
    drop(keeper);
    finalize();
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
                let status = fork_in_c(|| {
                    interpreter.attach(|_| ()).unwrap();
                    sub.take().unwrap().close().unwrap();
                    main.attach(|_| ()).unwrap();
                    finalize();
                });
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
            initialize_with_a_key_that_changes();
            let main = Interpreter::main().unwrap();
            let fork = || {
                let mut keeper = Some(keep(main));
                // Attached by other code: the kept one is idle.
                // SAFETY: released below, by the same thread.
                let state = unsafe { pyatoll::ffi::PyGILState_Ensure() };
                let pid = Python::attach(os_fork);
                // SAFETY: from `PyGILState_Ensure`.
                unsafe { pyatoll::ffi::PyGILState_Release(state) };
                let status = run_in(pid, || attach_and_finalize(main, keeper.take().unwrap()));
                assert_eq!(status, 0);
            };
            // Not on this thread, which has started the runtime and is in it.
            let fork = || thread::scope(|scope| scope.spawn(fork).join().unwrap());
            with_idle_thread(&[main], fork, |_| Python::attach(|_| ()));
            finalize();
        },
    );
}

#[cfg(all(unix, not(Py_GIL_DISABLED)))]
#[test]
fn a_thread_that_is_attached_with_its_kept_thread_state_goes_on_in_the_child_of_os_fork() {
    in_child(
        "kept::a_thread_that_is_attached_with_its_kept_thread_state_goes_on_in_the_child_of_os_fork",
        LIMIT,
        || {
            initialize_with_a_key_that_changes();
            let main = Interpreter::main().unwrap();
            let fork = || {
                let mut keeper = Some(keep(main));
                let pid = Python::attach(|py| {
                    let pid = os_fork(py);
                    py.detach(|| Python::attach(|_| ()));
                    pid
                });
                let status = run_in(pid, || attach_and_finalize(main, keeper.take().unwrap()));
                assert_eq!(status, 0);
                main.attach(|_| ()).unwrap();
            };
            thread::scope(|scope| scope.spawn(fork).join().unwrap());
            finalize();
        },
    );
}

#[cfg(all(unix, not(Py_GIL_DISABLED)))]
#[test]
fn the_child_of_a_finalizer_of_a_kept_value_says_why_it_ends() {
    in_child(
        "kept::the_child_of_a_finalizer_of_a_kept_value_says_why_it_ends",
        LIMIT,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let run = |code| main.attach(|py| py.run(code, None, None)).unwrap().unwrap();
            run(c"
import os, threading, warnings, __main__
warnings.simplefilter('ignore')
class Forks:
    def __del__(self):
        pid = os.fork()
        if pid:
            __main__.status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        else:
            os._exit(0)
__main__.mine = threading.local()
__main__.Forks = Forks");
            with_idle_thread(
                &[main],
                || (),
                |_| {
                    run(c"mine.value = Forks()");
                },
            );
            // Begins to keep one, and so deletes that of the thread that has ended.
            with_idle_thread(&[main], || (), |_| ());
            let status: i32 = main
                .attach(|py| {
                    let module = py.import("__main__").unwrap();
                    module.getattr("status").unwrap().extract().unwrap()
                })
                .unwrap();
            assert_eq!(status, if keeps() { 70 } else { 0 });
            finalize();
        },
    );
}

/// Returns an interpreter that C code has created, and in which no thread is.
#[cfg(Py_3_13)]
fn interpreter_of_c() -> Interpreter {
    use pyatoll::ffi;
    Python::attach(|_| {
        // SAFETY: attached; the new thread state is deleted by this thread, which is attached with
        // its own afterwards.
        unsafe {
            let own = ffi::PyThreadState_Get();
            let new = ffi::Py_NewInterpreter();
            let interpreter = Interpreter::current().unwrap();
            ffi::PyThreadState_Clear(new);
            ffi::PyThreadState_Swap(own);
            ffi::PyThreadState_Delete(new);
            interpreter
        }
    })
}

/// From 3.13 on, the end of the runtime ends the interpreters that nobody has ended.
#[cfg(Py_3_13)]
#[test]
fn the_runtime_ends_an_interpreter_of_other_code_without_idle_threads_that_keep_a_thread_state() {
    in_child(
        "kept::the_runtime_ends_an_interpreter_of_other_code_without_idle_threads_that_keep_a_\
         thread_state",
        LIMIT,
        || {
            Python::initialize();
            let all = [Interpreter::main().unwrap(), interpreter_of_c()];
            let again = || with_idle_thread(&all, finalize, |_| ());
            with_idle_thread(&all, again, |all| {
                for interpreter in all {
                    assert!(interpreter.attach(|_| ()).is_err());
                }
            });
        },
    );
}
