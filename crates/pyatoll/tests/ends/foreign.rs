//! Interpreters that Python code ends: `Interpreter.close()`, `_interpreters.destroy`,
//! `InterpreterPoolExecutor`.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::PyDict;

use crate::{LIMIT, finalize, in_child, interpreters_module, is_from, outcome_in_child};

/// Ends the interpreter with this id from Python code.
fn destroy(id: i64) -> PyResult<()> {
    Python::attach(|py| {
        py.import(interpreters_module())?
            .call_method1("destroy", (id,))?;
        Ok(())
    })
}

#[test]
fn destroying_an_interpreter_that_rust_made_waits_for_the_threads_inside() {
    in_child(
        "foreign::destroying_an_interpreter_that_rust_made_waits_for_the_threads_inside",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            let handle = sub.interpreter();
            let left = AtomicBool::new(false);
            let (inside, is_inside) = mpsc::channel();
            let waits = is_from(12);
            thread::scope(|scope| {
                let left = &left;
                let (leave, may_leave) = mpsc::channel::<()>();
                scope.spawn(move || {
                    handle
                        .attach(|py| {
                            py.detach(move || {
                                inside.send(()).unwrap();
                                match waits {
                                    true => thread::sleep(Duration::from_millis(300)),
                                    // Until it has been refused.
                                    false => _ = may_leave.recv(),
                                }
                            });
                            py.run(c"import json", None, None).unwrap();
                            left.store(true, Ordering::SeqCst);
                        })
                        .unwrap();
                });
                is_inside.recv().unwrap();
                if waits {
                    destroy(handle.id()).unwrap();
                    assert!(left.load(Ordering::SeqCst));
                } else {
                    // 3.11 refuses while a second thread state exists.
                    assert!(destroy(handle.id()).is_err());
                }
                drop(leave);
            });
            if !waits {
                destroy(handle.id()).unwrap();
            }
            let gone = AttachError::InterpreterGone { id: handle.id() };
            assert_eq!(handle.attach(|_| ()), Err(gone));
            assert_eq!(sub.attach(|_| ()), Err(gone));
            sub.close().unwrap();
            finalize();
        },
    );
}

/// Returns the capsule that this library keeps in the interpreter's dict.
fn capsule(py: Python<'_>) -> Py<PyAny> {
    // SAFETY: attached; the result is a borrowed reference to a live dict.
    let dict: Bound<'_, PyDict> = unsafe {
        let interpreter = pyatoll::ffi::PyInterpreterState_Get();
        let dict = pyatoll::ffi::PyInterpreterState_GetDict(interpreter);
        Bound::from_borrowed_ptr(py, dict).cast_into().unwrap()
    };
    let is_ours = |key: &Bound<'_, PyAny>| key.to_string().starts_with("pyatoll.internals");
    let mut items = dict.iter();
    items.find(|(key, _)| is_ours(key)).unwrap().1.unbind()
}

#[test]
fn an_interpreter_ended_by_python_is_not_ended_again_if_its_capsule_is_kept() {
    in_child(
        "foreign::an_interpreter_ended_by_python_is_not_ended_again_if_its_capsule_is_kept",
        LIMIT,
        || {
            Python::initialize();
            let mut kept = Vec::new();
            for is_dropped in [true, false] {
                let sub = SubInterpreter::builder().build().unwrap();
                kept.push(sub.attach(capsule).unwrap());
                destroy(sub.id()).unwrap();
                if is_dropped {
                    drop(sub);
                } else {
                    std::mem::forget(sub);
                }
            }
            // Possibly at the same address; it is ended with the process.
            let later = SubInterpreter::builder().build().unwrap();
            later
                .attach(|py| py.run(c"import json", None, None).unwrap())
                .unwrap();
            finalize();
            assert!(!later.interpreter().is_alive());
            drop(kept);
        },
    );
}

#[test]
fn an_interpreter_ended_by_python_is_not_ended_again_if_its_exit_functions_were_cleared() {
    in_child(
        "foreign::an_interpreter_ended_by_python_is_not_ended_again_if_its_exit_functions_were_cleared",
        LIMIT,
        || {
            Python::initialize();
            if !is_from(13) {
                // CPython aborts: the interpreter's first thread state still exists.
                return;
            }
            let mut kept = Vec::new();
            for (is_kept, is_dropped) in
                [(false, true), (false, false), (true, true), (true, false)]
            {
                let sub = SubInterpreter::builder().build().unwrap();
                sub.attach(|py| {
                    py.run(c"import atexit; atexit._clear()", None, None)
                        .unwrap()
                })
                .unwrap();
                if is_kept {
                    kept.push(sub.attach(capsule).unwrap());
                }
                destroy(sub.id()).unwrap();
                if is_dropped {
                    drop(sub);
                } else {
                    std::mem::forget(sub);
                }
            }
            finalize();
        },
    );
}

#[test]
fn an_interpreter_whose_exit_functions_python_has_run_is_ended_with_the_process() {
    in_child(
        "foreign::an_interpreter_whose_exit_functions_python_has_run_is_ended_with_the_process",
        LIMIT,
        || {
            static DROPPED: AtomicBool = AtomicBool::new(false);
            static VALUE: InterpreterLocal<Notes> = InterpreterLocal::new();
            struct Notes;
            impl Drop for Notes {
                fn drop(&mut self) {
                    DROPPED.store(true, Ordering::SeqCst);
                }
            }
            Python::initialize();
            if !is_from(13) {
                // It cannot be entered again without its first thread state.
                return;
            }
            let sub = SubInterpreter::builder().build().unwrap();
            sub.attach(|py| {
                VALUE.get_or_init(py, || Notes);
                py.run(c"import atexit; atexit._run_exitfuncs()", None, None)
                    .unwrap();
            })
            .unwrap();
            let gone = Err(AttachError::InterpreterGone { id: sub.id() });
            assert_eq!(sub.attach(|_| ()), gone);
            std::mem::forget(sub);
            finalize();
            assert!(DROPPED.load(Ordering::SeqCst));
        },
    );
}

static SEEN: Mutex<Vec<Interpreter>> = Mutex::new(Vec::new());

/// Makes interpreters that Python code creates known to this binary.
#[pyatoll::pymodule]
mod ends_known {
    use super::*;
    #[pyfunction]
    fn tell(py: Python<'_>) -> i64 {
        SEEN.lock().unwrap().push(py.interpreter());
        py.interpreter().id()
    }
}

/// Creates an interpreter as `concurrent.interpreters` does, imports this binary's module in it,
/// and ends it while threads attach to it.
fn end_one_during_attaches() {
    pyatoll::append_to_inittab!(ends_known);
    Python::initialize();
    for _ in 0..5 {
        // Before 3.13 the interpreter ends when this object is freed.
        let made = Python::attach(|py| {
            let module = py.import(interpreters_module())?;
            let made = module.call_method0("create")?;
            let code = "import ends_known; ends_known.tell()";
            module.call_method1("run_string", (&made, code))?;
            Ok::<_, PyErr>(made.unbind())
        })
        .unwrap();
        let known = SEEN.lock().unwrap().pop().unwrap();
        let id = known.id();
        assert!(Interpreter::all().contains(&known));
        let ran = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ran = Arc::clone(&ran);
                thread::spawn(move || {
                    loop {
                        let attached = known.attach(|py| {
                            py.run(c"sum(range(100))", None, None).unwrap();
                            py.detach(thread::yield_now);
                        });
                        if let Err(error) = attached {
                            break error;
                        }
                        ran.fetch_add(1, Ordering::Relaxed);
                        if cfg!(not(Py_3_12)) {
                            // Refused while other thread states exist.
                            thread::sleep(Duration::from_millis(5));
                        }
                    }
                })
            })
            .collect();
        while ran.load(Ordering::Relaxed) < 20 {
            thread::yield_now();
        }
        while let Err(error) = destroy(id) {
            assert!(!is_from(12), "{error}");
        }
        for thread in threads {
            assert_eq!(thread.join().unwrap(), AttachError::InterpreterGone { id });
        }
        assert!(!Interpreter::all().contains(&known));
        drop(made);
    }
    finalize();
}

#[test]
fn attaches_to_an_interpreter_that_python_ends_finish_or_are_refused() {
    in_child(
        "foreign::attaches_to_an_interpreter_that_python_ends_finish_or_are_refused",
        LIMIT,
        || {
            end_one_during_attaches();
        },
    );
}

#[test]
fn a_handle_into_a_pool_executors_worker_is_refused_after_its_shutdown() {
    in_child(
        "foreign::a_handle_into_a_pool_executors_worker_is_refused_after_its_shutdown",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(ends_known);
            Python::initialize();
            if !is_from(14) {
                return;
            }
            let code = c"
from concurrent.futures import InterpreterPoolExecutor
import ends_known
with InterpreterPoolExecutor(max_workers=3) as executor:
    ids = [executor.submit(ends_known.tell).result() for _ in range(6)]
assert all(ids), ids
";
            Python::attach(|py| py.run(code, None, None).unwrap());
            let seen = SEEN.lock().unwrap().clone();
            assert_eq!(seen.len(), 6);
            for worker in seen {
                assert!(!worker.is_main());
                let gone = AttachError::InterpreterGone { id: worker.id() };
                assert_eq!(worker.attach(|_| ()), Err(gone));
            }
            finalize();
        },
    );
}

#[test]
fn a_thread_that_destroys_the_interpreter_it_is_inside_is_told_and_does_not_hang() {
    let outcome = outcome_in_child(
        "foreign::a_thread_that_destroys_the_interpreter_it_is_inside_is_told_and_does_not_hang",
        LIMIT,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let sub = SubInterpreter::builder().build().unwrap();
            let id = sub.id();
            if !is_from(12) {
                // 3.11 refuses while a second thread state exists.
                let refused = sub.attach(|py| py.detach(|| main.attach(|_| destroy(id))));
                assert!(refused.unwrap().unwrap().is_err());
                eprintln!("refused");
                return;
            }
            sub.attach(|py| {
                let list = py.eval(c"[1, 2, 3]", None, None).unwrap();
                py.detach(|| main.attach(|_| destroy(id).unwrap()).unwrap());
                assert_eq!(list.len().unwrap(), 3);
            })
            .unwrap();
        },
    );
    if let Some((status, output)) = outcome
        && !output.contains("refused")
    {
        assert!(!status.success(), "{output}");
        assert!(output.contains("on a thread that is inside it"), "{output}");
    }
}

#[test]
fn exit_functions_that_python_calls_on_a_thread_inside_are_no_end() {
    let output = in_child(
        "foreign::exit_functions_that_python_calls_on_a_thread_inside_are_no_end",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            let called = sub.attach(|py| {
                py.run(c"import atexit; atexit._run_exitfuncs()", None, None)?;
                py.detach(|| Python::try_attach(|_| ()));
                py.run(c"import json", None, None)
            });
            called.unwrap().unwrap();
            drop(sub);
            finalize();
        },
    );
    if let Some(output) = output {
        assert!(!output.contains("pyatoll:"), "{output}");
    }
}

#[test]
fn interpreters_that_python_destroys_from_within_each_other_end_the_process_with_a_message() {
    let outcome = outcome_in_child(
        "foreign::interpreters_that_python_destroys_from_within_each_other_end_the_process_with_a_\
         message",
        LIMIT,
        || {
            Python::initialize();
            let main = Interpreter::main().unwrap();
            if !is_from(12) {
                eprintln!("refused");
                return;
            }
            let [a, b] = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
            let [in_a, in_b] = [a.interpreter(), b.interpreter()];
            let barrier = &std::sync::Barrier::new(2);
            thread::scope(|scope| {
                for (inside, other) in [(in_a, in_b), (in_b, in_a)] {
                    scope.spawn(move || {
                        let left = inside.attach(|py| {
                            py.detach(|| {
                                barrier.wait();
                                main.attach(|_| destroy(other.id())).unwrap().unwrap();
                            });
                        });
                        left.unwrap();
                    });
                }
            });
        },
    );
    if let Some((status, output)) = outcome
        && !output.contains("refused")
    {
        assert!(!status.success(), "{output}");
        assert!(output.contains("neither can leave"), "{output}");
    }
}

#[test]
fn an_end_that_rust_has_begun_gives_way_to_one_that_python_has() {
    in_child(
        "foreign::an_end_that_rust_has_begun_gives_way_to_one_that_python_has",
        LIMIT,
        || {
            Python::initialize();
            if !is_from(12) {
                // 3.11 refuses while a second thread state exists.
                return;
            }
            let main = Interpreter::main().unwrap();
            let [a, b] = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
            let (in_a, in_b, id) = (a.interpreter(), b.interpreter(), a.id());
            let (inside, is_inside) = mpsc::channel();
            thread::scope(|scope| {
                scope.spawn(move || {
                    let left = in_b.attach(|py| {
                        py.detach(|| {
                            inside.send(()).unwrap();
                            while in_b.is_alive() {
                                thread::yield_now();
                            }
                            // The other thread is inside, and waits for this one.
                            main.attach(|_| destroy(id)).unwrap().unwrap();
                        });
                        py.run(c"import json", None, None).unwrap();
                    });
                    left.unwrap();
                });
                scope.spawn(move || {
                    let left = in_a.attach(|py| {
                        py.detach(move || {
                            is_inside.recv().unwrap();
                            drop(b);
                        });
                        py.run(c"import json", None, None).unwrap();
                    });
                    left.unwrap();
                });
            });
            let end = Instant::now() + LIMIT;
            while in_b.is_alive() || Interpreter::all().contains(&in_b) {
                assert!(Instant::now() < end);
                thread::sleep(Duration::from_millis(1));
            }
            assert!(!in_a.is_alive());
            drop(a);
            finalize();
        },
    );
}

/// Lets Rust begin to end an interpreter that `code` has run in, and Python once `is_begun` says
/// so.
fn end_from_both_sides(code: &CStr, is_begun: impl Fn(Interpreter) -> bool) {
    Python::initialize();
    if !is_from(13) {
        // 3.11 refuses while a second thread state exists, and 3.12 ends the interpreter with the
        // thread state of another thread.
        return;
    }
    for builder in [
        SubInterpreter::builder(),
        SubInterpreter::builder().legacy(),
    ] {
        let sub = builder.build().unwrap();
        let handle = sub.interpreter();
        sub.attach(|py| py.run(code, None, None)).unwrap().unwrap();
        let left = AtomicBool::new(false);
        let (inside, is_inside) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                handle
                    .attach(|py| {
                        py.detach(|| {
                            inside.send(()).unwrap();
                            thread::sleep(Duration::from_millis(700));
                        });
                        py.run(c"import json", None, None).unwrap();
                        left.store(true, Ordering::SeqCst);
                    })
                    .unwrap();
            });
            is_inside.recv().unwrap();
            scope.spawn(move || sub.close().unwrap());
            let end = Instant::now() + LIMIT;
            while !is_begun(handle) {
                assert!(Instant::now() < end);
                thread::sleep(Duration::from_millis(1));
            }
            // Now, or at the end of the exit functions that are being called.
            thread::sleep(Duration::from_millis(50));
            let destroyed = destroy(handle.id());
            assert!(left.load(Ordering::SeqCst));
            drop(destroyed);
        });
        let gone = AttachError::InterpreterGone { id: handle.id() };
        assert_eq!(handle.attach(|_| ()), Err(gone));
    }
    finalize();
}

#[test]
fn python_may_end_an_interpreter_that_rust_closes_and_waits_for() {
    in_child(
        "foreign::python_may_end_an_interpreter_that_rust_closes_and_waits_for",
        LIMIT,
        || end_from_both_sides(c"pass", |handle| !handle.is_alive()),
    );
}

#[test]
fn python_may_end_an_interpreter_in_whose_exit_functions_rust_is() {
    in_child(
        "foreign::python_may_end_an_interpreter_in_whose_exit_functions_rust_is",
        LIMIT,
        || {
            let code = c"
import atexit, sys, time
def slow():
    sys.is_ending = True
    time.sleep(0.3)
atexit.register(slow)
";
            end_from_both_sides(code, |handle| {
                let is_ending = c"hasattr(__import__('sys'), 'is_ending')";
                let is_ending = |py: Python<'_>| py.eval(is_ending, None, None)?.is_truthy();
                // Refused where this thread has slept through all of it.
                handle.attach(is_ending).map_or(true, |seen| seen.unwrap())
            });
        },
    );
}
