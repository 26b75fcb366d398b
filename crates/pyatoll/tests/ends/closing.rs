//! Closing and dropping a `SubInterpreter` where something keeps it from ending: this thread,
//! threads that wait for each other, threads that Python code has started.

use std::ffi::CString;
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pyatoll::InterpreterPool;
#[cfg(target_os = "linux")]
use pyatoll::ffi;
use pyatoll::interpreter::{CloseErrorKind, Gil, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::PyCFunction;

use crate::{LIMIT, finalize, in_child, is_from, outcome_in_child};

pub(super) fn sub(gil: Gil) -> SubInterpreter {
    Python::initialize();
    match gil {
        Gil::Own => SubInterpreter::builder().build().unwrap(),
        Gil::Shared => SubInterpreter::builder().legacy().build().unwrap(),
    }
}

pub(super) fn run(sub: &SubInterpreter, code: &str) {
    let code = CString::new(code).unwrap();
    sub.attach(|py| py.run(&code, None, None)).unwrap().unwrap();
}

fn wait_until_ended(interpreter: Interpreter) {
    let end = Instant::now() + LIMIT;
    while Interpreter::all().contains(&interpreter) || interpreter.is_alive() {
        assert!(Instant::now() < end, "{interpreter:?} has not ended");
        thread::sleep(Duration::from_millis(1));
    }
}

/// How long the end of an interpreter waits for raw threads.
const GRACE: Duration = Duration::from_secs(1);

/// Closes an interpreter whose raw threads are about to end. A busy machine may let them do so
/// later than the end waits, which must have been that long.
fn close_in_time(mut sub: SubInterpreter) {
    let end = Instant::now() + LIMIT;
    loop {
        let since = Instant::now();
        let Err(error) = sub.close() else { break };
        let is_late = matches!(error.kind(), CloseErrorKind::OtherThreads { .. });
        assert!(is_late && since.elapsed() >= GRACE, "{error}");
        assert!(Instant::now() < end, "{error}");
        sub = error.into_inner();
    }
}

/// Tells that it is dropped.
struct Dropped(mpsc::Sender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send(()).ok();
    }
}

#[test]
fn threads_inside_two_interpreters_may_drop_the_one_that_the_other_is_in() {
    in_child(
        "closing::threads_inside_two_interpreters_may_drop_the_one_that_the_other_is_in",
        LIMIT,
        || {
            for gil in [Gil::Own, Gil::Shared] {
                let (a, b) = (sub(gil), sub(gil));
                let handles = [a.interpreter(), b.interpreter()];
                let [in_a, in_b] = handles;
                let barrier = &Barrier::new(2);
                thread::scope(|scope| {
                    let inside = |interpreter: Interpreter, other: SubInterpreter| {
                        scope.spawn(move || {
                            interpreter
                                .attach(|py| {
                                    py.detach(|| barrier.wait());
                                    py.detach(move || drop(other));
                                    py.run(c"import json", None, None).unwrap();
                                })
                                .unwrap();
                        });
                    };
                    inside(in_a, b);
                    inside(in_b, a);
                });
                handles.into_iter().for_each(wait_until_ended);
            }
            finalize();
        },
    );
}

#[test]
fn close_is_an_error_where_a_thread_inside_waits_for_this_one() {
    in_child(
        "closing::close_is_an_error_where_a_thread_inside_waits_for_this_one",
        LIMIT,
        || {
            let (a, b) = (sub(Gil::Own), sub(Gil::Own));
            let (in_a, in_b) = (a.interpreter(), b.interpreter());
            let (inside, is_inside) = mpsc::channel();
            let closer = thread::spawn(move || {
                in_a.attach(|py| {
                    // Waits for the other thread, which is inside.
                    py.detach(move || {
                        is_inside.recv().unwrap();
                        b.close().unwrap();
                    });
                })
                .unwrap();
            });
            let kept = in_b
                .attach(|py| {
                    py.detach(move || {
                        inside.send(()).unwrap();
                        while in_b.is_alive() {
                            thread::yield_now();
                        }
                        let error = a.close().unwrap_err();
                        assert_eq!(error.kind(), CloseErrorKind::WouldDeadlock);
                        error.into_inner()
                    })
                })
                .unwrap();
            closer.join().unwrap();
            run(&kept, "import json");
            kept.close().unwrap();
            finalize();
        },
    );
}

#[test]
fn a_pool_may_be_dropped_by_a_thread_that_its_worker_waits_for() {
    in_child(
        "closing::a_pool_may_be_dropped_by_a_thread_that_its_worker_waits_for",
        LIMIT,
        || {
            Python::initialize();
            let pool = || InterpreterPool::builder().size(1).build().unwrap();
            let (a, b) = (pool(), pool());
            let (in_a, in_b) = (a.interpreters()[0], b.interpreters()[0]);
            let barrier = &Barrier::new(2);
            thread::scope(|scope| {
                let inside = |interpreter: Interpreter, other: InterpreterPool| {
                    scope.spawn(move || {
                        let left = interpreter.attach(|py| {
                            py.detach(|| barrier.wait());
                            py.detach(move || drop(other));
                        });
                        left.unwrap();
                    });
                };
                inside(in_a, b);
                inside(in_b, a);
            });
            [in_a, in_b].into_iter().for_each(wait_until_ended);
            finalize();
        },
    );
}

const RAW_THREAD: &str = "
import _thread, time
def loop():
    while not done:
        time.sleep(0.001)
done = False
_thread.start_new_thread(loop, ())
";

#[test]
fn close_returns_an_interpreter_in_which_a_raw_thread_runs() {
    in_child(
        "closing::close_returns_an_interpreter_in_which_a_raw_thread_runs",
        LIMIT,
        || {
            for gil in [Gil::Own, Gil::Shared] {
                let sub = sub(gil);
                let interpreter = sub.interpreter();
                run(&sub, RAW_THREAD);
                if is_from(14) {
                    sub.close().unwrap();
                    continue;
                }
                let error = sub.close().unwrap_err();
                let expected = CloseErrorKind::OtherThreads { threads: 1 };
                assert_eq!(error.kind(), expected);
                assert!(error.to_string().ends_with("or without `threading`"));
                let sub = error.into_inner();
                assert!(interpreter.is_alive());
                run(&sub, "import json; done = True");
                close_in_time(sub);
                assert!(!interpreter.is_alive());
            }
            finalize();
        },
    );
}

#[test]
fn close_returns_an_interpreter_whose_exit_functions_start_a_raw_thread() {
    in_child(
        "closing::close_returns_an_interpreter_whose_exit_functions_start_a_raw_thread",
        LIMIT,
        || {
            if is_from_started(14) {
                return;
            }
            let sub = sub(Gil::Own);
            let code = "
import atexit
done = False
@atexit.register
def start():
    import _thread, time
    def loop():
        while not done:
            time.sleep(0.001)
    _thread.start_new_thread(loop, ())
";
            run(&sub, code);
            let error = sub.close().unwrap_err();
            let expected = CloseErrorKind::OtherThreads { threads: 1 };
            assert_eq!(error.kind(), expected);
            let sub = error.into_inner();
            // From any thread.
            thread::scope(|scope| {
                scope.spawn(|| run(&sub, "done = True"));
            });
            close_in_time(sub);
            finalize();
        },
    );
}

/// Starts the runtime and returns whether Python is at least 3.`minor`.
fn is_from_started(minor: u8) -> bool {
    Python::initialize();
    is_from(minor)
}

#[test]
fn a_dropped_interpreter_in_which_a_raw_thread_runs_is_left_and_reported() {
    let output = in_child(
        "closing::a_dropped_interpreter_in_which_a_raw_thread_runs_is_left_and_reported",
        LIMIT,
        || {
            let sub = sub(Gil::Own);
            let interpreter = sub.interpreter();
            run(&sub, RAW_THREAD);
            drop(sub);
            assert_eq!(interpreter.is_alive(), !is_from(14));
            eprintln!("from 3.14 on: {}", is_from(14));
        },
    );
    if let Some(output) = output {
        let is_said = output.contains("is not ended: 1 of its threads");
        let is_from_3_14 = output.contains("from 3.14 on: true");
        assert_eq!(is_said, !is_from_3_14, "{output}");
    }
}

#[test]
fn the_end_of_the_process_reports_an_interpreter_in_which_a_raw_thread_runs() {
    let outcome = outcome_in_child(
        "closing::the_end_of_the_process_reports_an_interpreter_in_which_a_raw_thread_runs",
        LIMIT,
        || {
            let sub = sub(Gil::Own);
            run(&sub, RAW_THREAD);
            std::mem::forget(sub);
            let ends = if is_from(14) {
                "without it"
            } else {
                "with a report"
            };
            let ends = if is_from(13) { ends } else { "in CPython" };
            eprintln!("the process ends {ends}");
            finalize();
        },
    );
    if let Some((status, output)) = outcome {
        let is_said = output.contains("is not ended: 1 of its threads");
        let is_left_out = output.contains("the process ends without it");
        assert_ne!(is_said, is_left_out, "{output}");
        // Before 3.13 `Py_FinalizeEx` aborts, whatever is done before.
        let may_abort = output.contains("the process ends in CPython");
        assert!(status.success() || may_abort, "{status}: {output}");
    }
}

#[test]
fn the_end_of_an_interpreter_waits_for_a_raw_thread_that_it_starts_itself() {
    in_child(
        "closing::the_end_of_an_interpreter_waits_for_a_raw_thread_that_it_starts_itself",
        LIMIT,
        || {
            for gil in [Gil::Own, Gil::Shared] {
                let sub = sub(gil);
                // Called once more within `Py_EndInterpreter` from 3.12 on.
                let code = "
import threading, _thread, time
@threading._register_atexit
def start(start=_thread.start_new_thread, sleep=time.sleep):
    try:
        start(sleep, (0.2,))
    except RuntimeError:
        pass # refused while the interpreter ends
";
                run(&sub, code);
                close_in_time(sub);
            }
            finalize();
        },
    );
}

#[test]
fn the_end_of_an_interpreter_waits_for_a_raw_thread_that_is_about_to_end() {
    static KEPT: InterpreterLocal<Dropped> = InterpreterLocal::new();
    in_child(
        "closing::the_end_of_an_interpreter_waits_for_a_raw_thread_that_is_about_to_end",
        LIMIT,
        || {
            let mut late = 0;
            for _ in 0..20 {
                let sub = sub(Gil::Own);
                let code = "
import _thread, time
for number in range(5):
    _thread.start_new_thread(time.sleep, (number / 100,))
";
                run(&sub, code);
                let (dropped, is_dropped) = mpsc::channel();
                let keep = |py: Python<'_>| _ = KEPT.get_or_init(py, || Dropped(dropped));
                sub.attach(keep).unwrap();
                let since = Instant::now();
                let closed = sub.close();
                let passed = since.elapsed();
                match closed {
                    // They stay if a thread was left, which may use them.
                    Ok(()) if is_dropped.try_recv().is_ok() => continue,
                    Ok(()) => assert!(is_from(14)),
                    Err(error) => {
                        let is_late = matches!(error.kind(), CloseErrorKind::OtherThreads { .. });
                        assert!(is_late, "{error}");
                        close_in_time(error.into_inner());
                        is_dropped.try_recv().unwrap();
                    }
                }
                // A busy machine may have kept a thread from running for all of the wait.
                late += 1;
                assert!(passed >= GRACE && late == 1, "{passed:?}, {late} times");
            }
            finalize();
        },
    );
}

#[test]
fn close_timeout_does_not_hang_on_a_thread_that_does_not_end() {
    in_child(
        "closing::close_timeout_does_not_hang_on_a_thread_that_does_not_end",
        LIMIT,
        || {
            for gil in [Gil::Own, Gil::Shared] {
                let mut sub = sub(gil);
                let interpreter = sub.interpreter();
                let code = "
import threading, time
def loop():
    while not done:
        time.sleep(0.001)
done = False
threading.Thread(target=loop).start()
";
                run(&sub, code);
                // Also while this thread is attached to another one.
                for attached in [false, true, false] {
                    let limit = Duration::from_millis(50);
                    let since = Instant::now();
                    let closed = match attached {
                        false => sub.close_timeout(limit),
                        true => Python::attach(|_| sub.close_timeout(limit)),
                    };
                    assert!(since.elapsed() >= limit);
                    let error = closed.unwrap_err();
                    assert_eq!(error.kind(), CloseErrorKind::TimedOut);
                    sub = error.into_inner();
                    assert!(interpreter.is_alive());
                }
                run(&sub, "import json; done = True");
                sub.close_timeout(LIMIT).unwrap();
                assert!(!interpreter.is_alive());
            }
            finalize();
        },
    );
}

#[test]
fn an_interpreter_dropped_after_the_time_ends_once_its_threads_have() {
    in_child(
        "closing::an_interpreter_dropped_after_the_time_ends_once_its_threads_have",
        LIMIT,
        || {
            let sub = sub(Gil::Own);
            let interpreter = sub.interpreter();
            let (leave, may_leave) = mpsc::channel::<()>();
            let (inside, is_inside) = mpsc::channel();
            let visitor = thread::spawn(move || {
                let left = interpreter.attach(|py| {
                    py.detach(move || {
                        inside.send(()).unwrap();
                        may_leave.recv().ok();
                    });
                });
                left.unwrap();
            });
            is_inside.recv().unwrap();
            let error = sub.close_timeout(Duration::from_millis(50)).unwrap_err();
            assert_eq!(error.kind(), CloseErrorKind::TimedOut);
            assert!(error.to_string().ends_with("have not left it in time"));
            drop(error);
            drop(leave);
            visitor.join().unwrap();
            wait_until_ended(interpreter);
            finalize();
        },
    );
}

#[test]
fn close_timeout_ends_an_interpreter_with_an_idle_thread_pool() {
    in_child(
        "closing::close_timeout_ends_an_interpreter_with_an_idle_thread_pool",
        LIMIT,
        || {
            // With an own GIL, 3.12 itself corrupts its memory at the process's end.
            let sub = sub(Gil::Shared);
            let code = "
import concurrent.futures
pool = concurrent.futures.ThreadPoolExecutor(2)
assert pool.submit(int).result() == 0
";
            run(&sub, code);
            sub.close_timeout(LIMIT).unwrap();
            finalize();
        },
    );
}

#[test]
fn an_interpreter_dropped_inside_its_own_attach_ends_when_the_thread_leaves() {
    in_child(
        "closing::an_interpreter_dropped_inside_its_own_attach_ends_when_the_thread_leaves",
        LIMIT,
        || {
            for gil in [Gil::Own, Gil::Shared] {
                for detached in [false, true] {
                    let sub = sub(gil);
                    let interpreter = sub.interpreter();
                    let left = interpreter.attach(|py| {
                        let here = py.run(c"import atexit; called = []", None, None);
                        here.unwrap();
                        let drop_it = move || interpreter.attach(|_| drop(sub)).unwrap();
                        match detached {
                            false => drop_it(),
                            true => py.detach(drop_it),
                        }
                        // Nothing of it has ended.
                        assert!(interpreter.is_alive());
                        let code = c"called.append(1); assert called == [1]";
                        py.run(code, None, None).unwrap();
                        let other = thread::spawn(move || interpreter.attach(|_| ()));
                        py.detach(|| other.join().unwrap().unwrap());
                    });
                    left.unwrap();
                    assert!(!interpreter.is_alive());
                    assert!(interpreter.attach(|_| ()).is_err());
                }
            }
            finalize();
        },
    );
}

#[test]
fn an_interpreter_dropped_by_a_thread_of_its_own_ends_once_that_has() {
    in_child(
        "closing::an_interpreter_dropped_by_a_thread_of_its_own_ends_once_that_has",
        LIMIT,
        || {
            let sub = sub(Gil::Own);
            let interpreter = sub.interpreter();
            let main = Interpreter::main().unwrap();
            let holder = std::sync::Mutex::new(Some(sub));
            interpreter
                .attach(|py| {
                    let drop_it = move |arguments: &Bound<'_, pyatoll::types::PyTuple>,
                                        _: Option<&Bound<'_, pyatoll::types::PyDict>>|
                          -> PyResult<()> {
                        drop(holder.lock().unwrap().take());
                        let py = arguments.py();
                        assert!(py.interpreter().is_alive());
                        py.detach(|| {
                            main.attach(|_| ()).unwrap();
                            thread::sleep(Duration::from_millis(50));
                        });
                        py.run(c"import json", None, None)
                    };
                    let function =
                        pyatoll::types::PyCFunction::new_closure(py, None, None, drop_it);
                    let names = pyatoll::types::PyDict::new(py);
                    names.set_item("drop_it", function.unwrap()).unwrap();
                    let code = c"import threading; threading.Thread(target=drop_it).start()";
                    py.run(code, Some(&names), None).unwrap();
                })
                .unwrap();
            wait_until_ended(interpreter);
            finalize();
        },
    );
}

#[test]
fn close_ends_an_interpreter_whose_exit_functions_python_code_has_called() {
    static KEPT: InterpreterLocal<Dropped> = InterpreterLocal::new();
    in_child(
        "closing::close_ends_an_interpreter_whose_exit_functions_python_code_has_called",
        LIMIT,
        || {
            for gil in [Gil::Own, Gil::Shared] {
                let sub = sub(gil);
                let (dropped, is_dropped) = mpsc::channel();
                sub.attach(|py| {
                    KEPT.get_or_init(py, || Dropped(dropped));
                })
                .unwrap();
                run(&sub, "import atexit; atexit._run_exitfuncs()");
                assert!(sub.attach(|_| ()).is_err());
                assert!(is_dropped.try_recv().is_err(), "it has not ended yet");
                sub.close().unwrap();
                is_dropped.try_recv().unwrap();
            }
            finalize();
        },
    );
}

/// Without a GIL, the thread that created the exit function is the one that deallocates it, as it
/// leaves: here just after CPython has called the exit functions, and before the gate is closed.
#[test]
fn close_ends_an_interpreter_whose_creator_leaves_just_after_the_exit_functions() {
    /// Makes the creator leave, and waits for that.
    struct Released {
        interpreter: Interpreter,
        go: mpsc::Sender<()>,
        left: mpsc::Receiver<()>,
    }

    impl Drop for Released {
        fn drop(&mut self) {
            self.go.send(()).unwrap();
            let pause = || thread::sleep(Duration::from_millis(1));
            // It would not leave before this thread has ended the interpreter.
            while self.interpreter.is_alive() && self.left.try_recv().is_err() {
                Python::attach(|py| py.detach(pause));
            }
        }
    }

    static KEPT: InterpreterLocal<Dropped> = InterpreterLocal::new();

    in_child(
        "closing::close_ends_an_interpreter_whose_creator_leaves_just_after_the_exit_functions",
        LIMIT,
        || {
            Python::initialize();
            for gil in [Gil::Own, Gil::Shared] {
                let (inside, is_inside) = mpsc::channel();
                let (go, may_go) = mpsc::channel();
                let (leaves, left) = mpsc::channel();
                let (dropped, is_dropped) = mpsc::channel();
                let creator = thread::spawn(move || {
                    let sub = sub(gil);
                    let interpreter = sub.interpreter();
                    let wait = move || {
                        inside.send(sub).unwrap();
                        may_go.recv().unwrap();
                    };
                    interpreter.attach(|py| py.detach(wait)).unwrap();
                    leaves.send(()).unwrap();
                });
                let sub = is_inside.recv().unwrap();
                let interpreter = sub.interpreter();
                let released = Released {
                    interpreter,
                    go,
                    left,
                };
                let registered = sub.attach(|py| {
                    KEPT.get_or_init(py, || Dropped(dropped));
                    let released = Mutex::new(released);
                    let function = PyCFunction::new_closure(py, None, None, move |_, _| {
                        let _released = released.lock().unwrap();
                        Ok::<_, PyErr>(())
                    });
                    py.import("atexit")?
                        .call_method1("register", (function?,))?;
                    Ok::<_, PyErr>(())
                });
                registered.unwrap().unwrap();
                sub.close().unwrap();
                assert!(!Interpreter::all().contains(&interpreter));
                is_dropped.try_recv().unwrap();
                creator.join().unwrap();
            }
            finalize();
        },
    );
}

/// Where the system refuses a thread, a drop says that the interpreter stays, and goes on.
#[cfg(target_os = "linux")]
#[test]
fn an_interpreter_that_no_thread_can_be_started_for_stays() {
    let output = in_child(
        "closing::an_interpreter_that_no_thread_can_be_started_for_stays",
        LIMIT,
        || {
            let sub = sub(Gil::Shared);
            let handle = sub.interpreter();
            // SAFETY: attached.
            let state = handle.attach(|_| unsafe { ffi::PyInterpreterState_Get() as usize });
            let state = state.unwrap();
            // On a thread that this library has not detached: 3.11 would take it for detached.
            let thread = thread::spawn(move || {
                // SAFETY: as C code attaches; the interpreter is alive. The limit is lifted again.
                unsafe {
                    let thread_state = ffi::PyThreadState_New(state as *mut _);
                    ffi::PyEval_RestoreThread(thread_state);
                    let mut limit: libc::rlimit = std::mem::zeroed();
                    libc::getrlimit(libc::RLIMIT_AS, &raw mut limit);
                    let none = libc::rlimit {
                        rlim_cur: 0,
                        ..limit
                    };
                    libc::setrlimit(libc::RLIMIT_AS, &raw const none);
                    drop(sub);
                    libc::setrlimit(libc::RLIMIT_AS, &raw const limit);
                    ffi::PyThreadState_Clear(thread_state);
                    crate::unstable::PyThreadState_DeleteCurrent();
                }
            });
            thread.join().unwrap();
            assert!(handle.is_alive());
        },
    );
    if let Some(output) = output {
        assert!(output.contains("cannot start the thread"), "{output}");
    }
}
