//! `os.fork` in a process with other threads and with sub-interpreters.

use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::{PyCFunction, PyDict, PyTuple};

use crate::{LIMIT, finalize, in_child};

/// Calls `os.fork`. In the child: runs `body` and exits. In the parent: returns the child's status.
fn fork_in_python(py: Python<'_>, body: impl FnOnce(Python<'_>)) -> i32 {
    py.run(
        c"import warnings; warnings.simplefilter('ignore')",
        None,
        None,
    )
    .unwrap();
    let os = py.import("os").unwrap();
    let child: i32 = os.call_method0("fork").unwrap().extract().unwrap();
    if child == 0 {
        // SAFETY: has no preconditions; it ends the child if it hangs.
        unsafe { libc::alarm(10) };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| body(py)));
        // SAFETY: ends the child at once, without the parent's exit functions.
        unsafe { libc::_exit(i32::from(done.is_err())) };
    }
    wait_for(child)
}

fn wait_for(child: i32) -> i32 {
    let mut status = 0;
    // SAFETY: `child` is a child of this process, and `status` is valid for writes.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    status
}

#[test]
fn the_main_interpreter_works_in_a_forked_child_whatever_other_threads_did() {
    in_child(
        "fork::the_main_interpreter_works_in_a_forked_child_whatever_other_threads_did",
        LIMIT * 3,
        || {
            static EARLY: InterpreterLocal<u64> = InterpreterLocal::new();
            static LATE: InterpreterLocal<u64> = InterpreterLocal::new();
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let stop = Arc::new(AtomicBool::new(false));
            let mut threads = Vec::new();
            for _ in 0..3 {
                let stop = Arc::clone(&stop);
                threads.push(thread::spawn(move || {
                    // Exercises the gate, the registry and the drop queue.
                    let come_and_go = || {
                        while !stop.load(Ordering::Relaxed) {
                            let object = main.attach(|py| py.None().clone_ref(py)).unwrap();
                            drop(object);
                            assert!(Interpreter::all().contains(&main));
                        }
                    };
                    if cfg!(Py_GIL_DISABLED) {
                        // On free-threaded builds, CPython's locks around the deletion of a
                        // thread state do not survive a fork.
                        main.keep_thread_state(come_and_go).unwrap();
                    } else {
                        come_and_go();
                    }
                }));
            }
            let (leave, may_leave) = mpsc::channel::<()>();
            threads.push(thread::spawn(move || {
                main.attach(|py| py.detach(move || may_leave.recv().ok()))
                    .unwrap();
            }));
            for _ in 0..20 {
                let status = Python::attach(|py| {
                    EARLY.get_or_init(py, || 1);
                    fork_in_python(py, |py| {
                        assert_eq!(EARLY.get(py), Some(&1));
                        assert_eq!(LATE.get_or_init(py, || 2), &2);
                        py.import("decimal").unwrap();
                        assert_eq!(Interpreter::main(), Some(main));
                        let list = py.eval(c"[1]", None, None).unwrap().unbind();
                        // A new thread attaches, and its drop is released at the next entry.
                        py.detach(|| {
                            thread::spawn(move || {
                                main.attach(|py| py.run(c"import json", None, None).unwrap())
                                    .unwrap();
                                drop(list);
                            })
                            .join()
                            .unwrap();
                            main.attach(|_| ()).unwrap();
                        });
                        // Finalization succeeds and does not wait for threads of the parent.
                        // SAFETY: attached to the main interpreter, which is not used afterwards.
                        assert_eq!(unsafe { pyatoll::ffi::Py_FinalizeEx() }, 0);
                        assert!(!main.is_alive());
                    })
                });
                assert_eq!(status, 0);
            }
            stop.store(true, Ordering::Relaxed);
            drop(leave);
            for thread in threads {
                thread.join().unwrap();
            }
            finalize();
        },
    );
}

#[test]
fn a_fork_and_concurrently_attaching_threads_do_not_deadlock() {
    in_child(
        "fork::a_fork_and_concurrently_attaching_threads_do_not_deadlock",
        LIMIT,
        || {
            static GO: AtomicBool = AtomicBool::new(false);
            Python::initialize();
            let main = Interpreter::main().unwrap();
            Python::attach(|py| {
                // Runs right before CPython takes its locks.
                let go = |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
                    GO.store(true, Ordering::SeqCst);
                };
                let names = PyDict::new(py);
                let go = PyCFunction::new_closure(py, None, None, go).unwrap();
                names.set_item("before", go).unwrap();
                let os = py.import("os").unwrap();
                os.call_method("register_at_fork", (), Some(&names))
                    .unwrap();
            });
            for _ in 0..60 {
                GO.store(false, Ordering::SeqCst);
                let (forked, has_forked) = mpsc::channel::<()>();
                let has_forked = Mutex::new(has_forked);
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| {
                            while !GO.load(Ordering::SeqCst) {
                                thread::yield_now();
                            }
                            // Creates a thread state that exists until after the fork.
                            main.keep_thread_state(|| has_forked.lock().unwrap().recv().ok())
                                .unwrap();
                        });
                    }
                    let status = Python::attach(|py| {
                        fork_in_python(py, |py| py.run(c"import json", None, None).unwrap())
                    });
                    assert_eq!(status, 0);
                    drop(forked);
                });
            }
            finalize();
        },
    );
}

#[test]
fn a_forked_child_exits_with_a_message_if_sub_interpreters_are_alive() {
    let output = in_child(
        "fork::a_forked_child_exits_with_a_message_if_sub_interpreters_are_alive",
        LIMIT,
        || {
            Python::initialize();
            let subs = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
            let status = Python::attach(|py| fork_in_python(py, |_| unreachable!()));
            assert!(libc::WIFEXITED(status), "{status}");
            assert_eq!(libc::WEXITSTATUS(status), 70);
            // The parent is unaffected, and once they are closed a child works.
            for sub in subs {
                sub.attach(|py| py.run(c"import json", None, None).unwrap())
                    .unwrap();
                sub.close().unwrap();
            }
            let status = Python::attach(|py| {
                fork_in_python(py, |py| {
                    py.import("decimal").unwrap();
                    assert!(Interpreter::main().unwrap().is_alive());
                })
            });
            assert_eq!(status, 0);
            finalize();
        },
    );
    if let Some(output) = output {
        assert!(
            output.contains("os.fork() in a process with sub-interpreters"),
            "{output}"
        );
    }
}

#[test]
fn sub_interpreters_are_refused_in_a_child_forked_without_pythons_knowledge() {
    in_child(
        "fork::sub_interpreters_are_refused_in_a_child_forked_without_pythons_knowledge",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            let handle = sub.interpreter();
            let object = sub
                .attach(|py| py.eval(c"[]", None, None).unwrap().unbind())
                .unwrap();
            // SAFETY: the only locks that the child uses are this library's, which its fork
            // handlers release.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: has no preconditions; it ends the child if it hangs.
                unsafe { libc::alarm(10) };
                let gone = Err(AttachError::InterpreterGone { id: handle.id() });
                let refused = handle.attach(|_| ()) == gone && sub.attach(|_| ()) == gone;
                let refused = refused && !handle.is_alive();
                drop(object);
                drop(sub);
                // SAFETY: ends the child at once, without the parent's exit functions.
                unsafe { libc::_exit(i32::from(!refused)) };
            }
            assert_eq!(wait_for(child), 0);
            sub.attach(|py| assert!(py.import("json").is_ok())).unwrap();
            sub.close().unwrap();
            finalize();
        },
    );
}

#[test]
fn subprocesses_can_be_started_while_sub_interpreters_are_alive() {
    in_child(
        "fork::subprocesses_can_be_started_while_sub_interpreters_are_alive",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            let start = || {
                let mut command = std::process::Command::new("/bin/true");
                // SAFETY: the closure does nothing. Its presence makes std fork instead of spawn.
                unsafe { command.pre_exec(|| Ok(())) };
                assert!(command.status().unwrap().success());
            };
            start();
            Python::attach(|py| {
                start();
                let code = c"
import subprocess, sys
assert subprocess.run(['/bin/true']).returncode == 0
assert subprocess.run(['/bin/true'], start_new_session=True, close_fds=True).returncode == 0
";
                py.run(code, None, None).unwrap();
            });
            sub.attach(|_| start()).unwrap();
            sub.close().unwrap();
            thread::sleep(Duration::from_millis(10));
            finalize();
        },
    );
}
