//! `os.fork` and C's `fork` in a process with other threads and with sub-interpreters.

use std::os::unix::process::CommandExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::{PyCFunction, PyDict, PyTuple};

use crate::{LIMIT, finalize, in_child, is_from};

/// After this many seconds, a forked child hangs. Long enough for a busy machine, and less than the
/// tests here wait.
const ALARM: libc::c_uint = 120;

/// Calls `os.fork`, and returns its result.
pub fn os_fork(py: Python<'_>) -> i32 {
    py.run(
        c"import warnings; warnings.simplefilter('ignore')",
        None,
        None,
    )
    .unwrap();
    let os = py.import("os").unwrap();
    os.call_method0("fork").unwrap().extract().unwrap()
}

/// Runs `body` and exits, in the child of a fork, which has returned `child`. In the parent:
/// returns the child's status.
pub fn run_in(child: i32, body: impl FnOnce()) -> i32 {
    if child == 0 {
        // SAFETY: has no preconditions; it ends the child if it hangs.
        unsafe { libc::alarm(ALARM) };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
        // SAFETY: ends the child at once, without the parent's exit functions.
        unsafe { libc::_exit(i32::from(done.is_err())) };
    }
    // What the child consumes is the child's.
    std::mem::forget(body);
    wait_for(child)
}

fn wait_for(child: i32) -> i32 {
    let mut status = 0;
    // SAFETY: `child` is a child of this process, and `status` is valid for writes.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    status
}

/// Calls `os.fork`. In the child: runs `body` and exits. In the parent: returns the child's status.
fn fork_in_python(py: Python<'_>, body: impl FnOnce(Python<'_>)) -> i32 {
    run_in(os_fork(py), || body(py))
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
        LIMIT * 3,
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
        LIMIT * 3,
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
                    // It may have interpreters, and fork as C code does.
                    py.detach(|| {
                        let sub = SubInterpreter::builder().build().unwrap();
                        assert_eq!(fork_in_c(|| ()), 0);
                        sub.close().unwrap();
                    });
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

/// Forks as C code does. In the child: runs `body` and exits. In the parent: returns the child's
/// status.
pub fn fork_in_c(body: impl FnOnce()) -> i32 {
    // SAFETY: the child uses the interpreters that no other thread is inside, and this library's
    // locks, which its fork handlers release.
    run_in(unsafe { libc::fork() }, body)
}

/// Creates sub-interpreters, one for each kind of GIL.
fn subs() -> [SubInterpreter; 2] {
    [
        SubInterpreter::builder().build().unwrap(),
        SubInterpreter::builder().legacy().build().unwrap(),
    ]
}

/// Uses an interpreter as a program does: from this thread and from one that did not exist before.
fn assert_usable(interpreter: Interpreter) {
    let work = move || {
        interpreter
            .attach(|py| {
                assert!(py.interpreter() == interpreter && interpreter.is_alive());
                let list = py.eval(c"[1]", None, None).unwrap().unbind();
                let here = py.detach(|| Python::attach(|py| py.interpreter()));
                assert_eq!(here, interpreter);
                py.run(c"import json, gc; gc.collect()", None, None)
                    .unwrap();
                list
            })
            .unwrap()
    };
    // Drops are released at the next entry.
    drop(work());
    drop(thread::spawn(work).join().unwrap());
    interpreter.attach(|_| ()).unwrap();
}

/// Imports what [`assert_usable`] needs.
fn import_before(interpreter: Interpreter) {
    let import = |py: Python<'_>| py.run(c"import json, gc", None, None);
    interpreter.attach(import).unwrap().unwrap();
}

#[test]
fn handles_can_be_dropped_in_a_child_while_threads_of_the_parent_drop_some() {
    in_child(
        "fork::handles_can_be_dropped_in_a_child_while_threads_of_the_parent_drop_some",
        LIMIT * 3,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let sub = SubInterpreter::builder().build().unwrap();
            let lists = |interpreter: Interpreter, count: usize| -> Vec<Py<PyAny>> {
                let list = |py: Python<'_>| py.eval(c"[1]", None, None).unwrap().unbind();
                interpreter
                    .attach(|py| {
                        let one = list(py);
                        (0..count).map(|_| one.clone_ref(py)).collect()
                    })
                    .unwrap()
            };
            // Of an interpreter that runs, and of one that has ended.
            let pairs = |count| {
                let of_main = lists(main, count);
                of_main.into_iter().zip(lists(sub.interpreter(), count))
            };
            let mut own: Vec<_> = pairs(20).collect();
            let theirs: Vec<Vec<_>> = (0..2).map(|_| pairs(100_000).collect()).collect();
            sub.close().unwrap();
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                for handles in theirs {
                    let stop = &stop;
                    scope.spawn(move || {
                        let mut handles = handles.into_iter();
                        while !stop.load(Ordering::Relaxed) && handles.next().is_some() {}
                    });
                }
                while let Some(pair) = own.pop() {
                    let pair = &mut Some(pair);
                    let status = fork_in_c(|| {
                        drop(pair.take());
                        // Releases what was dropped before the fork.
                        assert_usable(main);
                    });
                    assert_eq!(status, 0);
                }
                stop.store(true, Ordering::Relaxed);
            });
            assert_usable(main);
            finalize();
        },
    );
}

#[test]
fn interpreters_go_on_in_a_child_forked_by_c_code() {
    in_child(
        "fork::interpreters_go_on_in_a_child_forked_by_c_code",
        LIMIT * 3,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let subs = subs();
            let all = [main, subs[0].interpreter(), subs[1].interpreter()];
            let object = subs[0]
                .attach(|py| py.eval(c"[]", None, None).unwrap().unbind())
                .unwrap();
            // A thread that is detached from each of them, and does not exist in a child.
            let (leave, may_leave) = mpsc::channel::<()>();
            let may_leave = Mutex::new(may_leave);
            let (is_away, away) = mpsc::channel();
            let visitor = thread::spawn(move || {
                let within = |interpreter: Interpreter, f: &mut (dyn FnMut() + Send)| {
                    interpreter.attach(|py| py.detach(f)).unwrap();
                };
                within(all[0], &mut || {
                    within(all[1], &mut || {
                        within(all[2], &mut || {
                            is_away.send(()).unwrap();
                            may_leave.lock().unwrap().recv().ok();
                        });
                    });
                });
            });
            away.recv().unwrap();
            let check = || {
                for interpreter in all {
                    assert_usable(interpreter);
                }
            };
            let from_everywhere = || {
                assert_eq!(fork_in_c(check), 0);
                for interpreter in all {
                    // Within, detached from it.
                    let status = interpreter.attach(|py| py.detach(|| fork_in_c(check)));
                    assert_eq!(status, Ok(0));
                    // Within, attached to it, and used after the fork.
                    let status = interpreter.attach(|py| {
                        let list = py.eval(c"[1, 2]", None, None).unwrap();
                        fork_in_c(|| {
                            assert_eq!(list.len().unwrap(), 2);
                            assert_eq!(py.interpreter(), interpreter);
                            py.detach(check);
                            assert_eq!(list.len().unwrap(), 2);
                        })
                    });
                    assert_eq!(status, Ok(0));
                }
                // Two forks in a row.
                assert_eq!(
                    fork_in_c(|| {
                        check();
                        assert_eq!(fork_in_c(check), 0);
                        check();
                    }),
                    0
                );
            };
            from_everywhere();
            thread::scope(|scope| {
                scope.spawn(from_everywhere);
            });
            drop(leave);
            visitor.join().unwrap();
            drop(object);
            for sub in subs {
                sub.attach(|py| assert!(py.import("json").is_ok())).unwrap();
                sub.close().unwrap();
            }
            finalize();
        },
    );
}

#[test]
fn a_child_forked_by_c_code_ends_its_interpreters_and_its_runtime() {
    in_child(
        "fork::a_child_forked_by_c_code_ends_its_interpreters_and_its_runtime",
        LIMIT * 3,
        || {
            static VALUE: InterpreterLocal<Arc<()>> = InterpreterLocal::new();
            Python::initialize();
            let counted = Arc::new(());
            let subs = subs();
            for sub in &subs {
                let value = Arc::clone(&counted);
                sub.attach(|py| VALUE.get_or_init(py, || value).clone())
                    .unwrap();
            }
            // Not in the child: values that are lent to it may not be dropped in the parent.
            let (leave, may_leave) = mpsc::channel::<()>();
            let (is_away, away) = mpsc::channel();
            let main = Interpreter::main().unwrap();
            let visitor = thread::spawn(move || {
                main.attach(|py| {
                    py.detach(move || {
                        is_away.send(()).unwrap();
                        may_leave.recv().ok();
                    });
                })
                .unwrap();
            });
            away.recv().unwrap();
            let new = Mutex::new(None);
            let status = fork_in_c(|| {
                for sub in &subs {
                    assert_usable(sub.interpreter());
                }
                *new.lock().unwrap() = Some(SubInterpreter::builder().build().unwrap());
                assert_usable(new.lock().unwrap().as_ref().unwrap().interpreter());
                for sub in subs {
                    sub.close().unwrap();
                }
                new.lock().unwrap().take().unwrap().close().unwrap();
                assert_eq!(Arc::strong_count(&counted), 1);
                finalize();
                assert!(!main.is_alive());
            });
            assert_eq!(status, 0);
            drop(leave);
            visitor.join().unwrap();
            finalize();
        },
    );
}

#[test]
fn a_child_forked_inside_an_interpreter_that_another_thread_closes_does_not_hang_at_its_end() {
    in_child(
        "fork::a_child_forked_inside_an_interpreter_that_another_thread_closes_does_not_hang_at_its_end",
        LIMIT * 3,
        || {
            Python::initialize();
            if !is_from(13) {
                // 3.12 aborts a process that ends with a sub-interpreter.
                return;
            }
            for sub in subs() {
                let handle = sub.interpreter();
                let closer = handle
                    .attach(|py| {
                        let closer = thread::spawn(move || sub.close().unwrap());
                        py.detach(|| {
                            while handle.is_alive() {
                                thread::yield_now();
                            }
                        });
                        // SAFETY: as in `fork_in_c`.
                        (unsafe { libc::fork() }, closer)
                    })
                    .unwrap();
                let (child, closer) = closer;
                if child == 0 {
                    // SAFETY: no preconditions; ends the child if it hangs, and without the
                    // parent's exit functions.
                    unsafe {
                        libc::alarm(ALARM);
                        finalize();
                        libc::_exit(0);
                    }
                }
                assert_eq!(wait_for(child), 0);
                closer.join().unwrap();
            }
            finalize();
        },
    );
}

/// The error of an interpreter that another thread was inside.
fn lost(interpreter: Interpreter) -> Result<(), AttachError> {
    Err(AttachError::LostInFork {
        id: interpreter.id(),
    })
}

#[test]
fn an_interpreter_that_another_thread_was_inside_is_refused_in_the_child() {
    in_child(
        "fork::an_interpreter_that_another_thread_was_inside_is_refused_in_the_child",
        LIMIT * 3,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let [own, shared] = subs();
            let bystander = SubInterpreter::builder().build().unwrap();
            let others = [own.interpreter(), shared.interpreter()];
            let (leave, may_leave) = mpsc::channel::<()>();
            let may_leave = Arc::new(Mutex::new(may_leave));
            let (inside, is_inside) = mpsc::channel();
            let threads = others.map(|interpreter| {
                let (inside, may_leave) = (inside.clone(), Arc::clone(&may_leave));
                thread::spawn(move || {
                    interpreter
                        .attach(|_| {
                            // As C code that releases the GIL by itself.
                            // SAFETY: attached; the thread state is current again afterwards.
                            unsafe {
                                let thread_state = pyatoll::ffi::PyEval_SaveThread();
                                inside.send(()).unwrap();
                                may_leave.lock().unwrap().recv().ok();
                                pyatoll::ffi::PyEval_RestoreThread(thread_state);
                            }
                        })
                        .unwrap();
                })
            });
            is_inside.recv().unwrap();
            is_inside.recv().unwrap();
            let object = own
                .interpreter()
                .attach(|py| py.eval(c"[]", None, None).unwrap().unbind())
                .unwrap();
            let check = || {
                for interpreter in others {
                    assert_eq!(interpreter.attach(|_| ()), lost(interpreter));
                    assert!(!interpreter.is_alive());
                    let message = interpreter.attach(|_| ()).unwrap_err().to_string();
                    assert!(message.contains("forked while another thread was inside"));
                }
                assert_usable(main);
                assert_usable(bystander.interpreter());
            };
            assert_eq!(fork_in_c(check), 0);
            let status = bystander.attach(|py| py.detach(|| fork_in_c(check)));
            assert_eq!(status, Ok(0));
            assert_eq!(
                fork_in_c(|| {
                    check();
                    assert_eq!(fork_in_c(check), 0);
                    // Dropping them does nothing, and does not wait.
                    drop(object);
                    drop((own, shared));
                }),
                0
            );
            drop(leave);
            for thread in threads {
                thread.join().unwrap();
            }
        },
    );
}

#[test]
fn interpreters_whose_gil_another_thread_held_are_refused_in_the_child() {
    in_child(
        "fork::interpreters_whose_gil_another_thread_held_are_refused_in_the_child",
        LIMIT * 3,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let subs = subs();
            let [own, shared] = [&subs[0], &subs[1]].map(SubInterpreter::interpreter);
            // Without a GIL, all threads wait for each other at times.
            // Importing an extension module takes the main interpreter's GIL, from 3.13 on.
            for interpreter in [main, own, shared] {
                import_before(interpreter);
            }
            let owns = is_from(12) && !cfg!(Py_GIL_DISABLED);
            for holder in [main, own, shared] {
                let state = holder.attach(|_| {
                    // SAFETY: attached.
                    unsafe { pyatoll::ffi::PyInterpreterState_Get() as usize }
                });
                let state = state.unwrap();
                let (leave, may_leave) = mpsc::channel::<()>();
                let (inside, is_inside) = mpsc::channel();
                // Attached by other code, so that there is no guard.
                let thread = thread::spawn(move || {
                    // SAFETY: the interpreter stays alive; the thread state is deleted once.
                    unsafe {
                        let thread_state = pyatoll::ffi::PyThreadState_New(state as *mut _);
                        pyatoll::ffi::PyEval_RestoreThread(thread_state);
                        inside.send(()).unwrap();
                        may_leave.recv().ok();
                        pyatoll::ffi::PyThreadState_Clear(thread_state);
                        crate::unstable::PyThreadState_DeleteCurrent();
                    }
                });
                is_inside.recv().unwrap();
                let has_own_gil = |interpreter| interpreter == own && owns;
                let is_lost = |interpreter: Interpreter| {
                    interpreter == holder || !(has_own_gil(holder) || has_own_gil(interpreter))
                };
                let status = fork_in_c(|| {
                    for interpreter in [main, own, shared] {
                        if is_lost(interpreter) {
                            assert_eq!(interpreter.attach(|_| ()), lost(interpreter));
                        } else {
                            assert_usable(interpreter);
                        }
                    }
                });
                assert_eq!(status, 0, "{holder:?}");
                drop(leave);
                thread.join().unwrap();
            }
        },
    );
}

/// Not on a free-threaded Python: creating an interpreter stops the threads of all others at times,
/// and in a child of such a moment nobody lets them go on (`_PyEval_StopTheWorldAll`).
///
/// The child must not release the GIL: threads of the parent were waiting for it, and glibc's
/// `pthread_cond_signal` may wait for these.
#[cfg(not(Py_GIL_DISABLED))]
#[test]
fn a_fork_while_threads_create_and_end_interpreters_leaves_no_lock_taken() {
    in_child(
        "fork::a_fork_while_threads_create_and_end_interpreters_leaves_no_lock_taken",
        LIMIT * 3,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let [own, shared] = subs();
            let all = [main, own.interpreter(), shared.interpreter()];
            // Another thread may have Python's lock on imports.
            for interpreter in all {
                import_before(interpreter);
            }
            let stop = Arc::new(AtomicBool::new(false));
            let threads = [(); 2].map(|()| {
                let stop = Arc::clone(&stop);
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        SubInterpreter::builder().build().unwrap().close().unwrap();
                    }
                })
            });
            for _ in 0..10 {
                // Attached, this thread has the GIL that the others need at times.
                let status = main.attach(|py| {
                    fork_in_c(|| {
                        assert!(Interpreter::all().contains(&py.interpreter()));
                        // Nobody else had the GIL.
                        assert!(main.is_alive());
                    })
                });
                assert_eq!(status, Ok(0));
                let status = own.attach(|py| {
                    fork_in_c(|| {
                        assert!(Interpreter::all().contains(&py.interpreter()));
                        assert!(own.interpreter().is_alive());
                    })
                });
                assert_eq!(status, Ok(0));
            }
            stop.store(true, Ordering::Relaxed);
            for thread in threads {
                thread.join().unwrap();
            }
            own.close().unwrap();
            shared.close().unwrap();
            finalize();
        },
    );
}

/// Creating and deleting a thread state takes a lock of CPython's for an instant.
#[cfg(not(Py_GIL_DISABLED))]
#[test]
fn a_fork_while_threads_attach_leaves_no_lock_taken() {
    in_child(
        "fork::a_fork_while_threads_attach_leaves_no_lock_taken",
        LIMIT * 3,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let others = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                for other in &others {
                    scope.spawn(|| {
                        while !stop.load(Ordering::Relaxed) {
                            other.attach(|_| ()).unwrap();
                        }
                    });
                }
                for _ in 0..300 {
                    let status = main.attach(|_| {
                        fork_in_c(|| {
                            // SAFETY: attached to the interpreter. The thread state is not used.
                            let new = unsafe {
                                let here = pyatoll::ffi::PyInterpreterState_Get();
                                pyatoll::ffi::PyThreadState_New(here)
                            };
                            assert!(!new.is_null());
                        })
                    });
                    assert_eq!(status, Ok(0));
                }
                stop.store(true, Ordering::Relaxed);
            });
            for other in others {
                other.close().unwrap();
            }
            finalize();
        },
    );
}

#[test]
fn subprocesses_can_be_started_while_sub_interpreters_are_alive() {
    in_child(
        "fork::subprocesses_can_be_started_while_sub_interpreters_are_alive",
        LIMIT * 3,
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
