//! The end of the process and of the runtime while threads are inside.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::{PyCFunction, PyDict};

use crate::{LIMIT, finalize, in_child, is_from, wait_forever};

/// Starts a thread that is detached from `interpreter` until the returned sender is dropped.
fn thread_detached_from(interpreter: Interpreter) -> mpsc::Sender<()> {
    let (leave, may_leave) = mpsc::channel::<()>();
    let (inside, is_inside) = mpsc::channel();
    thread::spawn(move || {
        interpreter
            .attach(|py| {
                py.detach(move || {
                    inside.send(()).unwrap();
                    may_leave.recv().ok();
                });
                // Reached only if the interpreter's end waited.
                py.run(c"import json; json.dumps([1])", None, None).unwrap();
            })
            .unwrap();
    });
    is_inside.recv().unwrap();
    leave
}

#[test]
fn exit_does_not_hang_on_a_thread_blocked_in_rust() {
    in_child(
        "process_exit::exit_does_not_hang_on_a_thread_blocked_in_rust",
        LIMIT,
        || {
            Python::initialize();
            let leave = thread_detached_from(Interpreter::main().unwrap());
            finalize();
            // It returns to a finalized runtime, which it must not use, and must not end the
            // process.
            drop(leave);
            thread::sleep(Duration::from_millis(200));
        },
    );
}

#[test]
fn exit_does_not_hang_on_a_thread_detached_from_a_sub_interpreter() {
    in_child(
        "process_exit::exit_does_not_hang_on_a_thread_detached_from_a_sub_interpreter",
        LIMIT,
        || {
            Python::initialize();
            if !is_from(14) {
                // CPython aborts if a thread state is left, so the end waits for the thread.
                return;
            }
            let sub = SubInterpreter::builder().build().unwrap();
            let leave = thread_detached_from(sub.interpreter());
            std::mem::forget(sub);
            finalize();
            drop(leave);
            thread::sleep(Duration::from_millis(200));
        },
    );
}

#[test]
fn exit_waits_for_a_thread_that_runs_python() {
    in_child(
        "process_exit::exit_waits_for_a_thread_that_runs_python",
        LIMIT,
        || {
            static DONE: AtomicUsize = AtomicUsize::new(0);
            Python::initialize();
            let subs = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
            let mut interpreters = vec![Interpreter::main().unwrap()];
            interpreters.extend(subs.each_ref().map(SubInterpreter::interpreter));
            let (inside, is_inside) = mpsc::channel();
            for interpreter in interpreters.clone() {
                let inside = inside.clone();
                thread::spawn(move || {
                    interpreter
                        .attach(|py| {
                            inside.send(()).unwrap();
                            let code = c"
import time
end = time.monotonic() + 0.5
while time.monotonic() < end:
    time.sleep(0.01)
    sum(range(1000))
";
                            py.run(code, None, None).unwrap();
                            DONE.fetch_add(1, Ordering::SeqCst);
                        })
                        .unwrap();
                });
            }
            for _ in 0..3 {
                is_inside.recv().unwrap();
            }
            std::mem::forget(subs);
            finalize();
            assert_eq!(DONE.load(Ordering::SeqCst), 3);
            for interpreter in interpreters {
                assert!(matches!(
                    interpreter.attach(|_| ()),
                    Err(AttachError::InterpreterGone { .. })
                ));
            }
        },
    );
}

#[test]
fn exit_abandons_a_thread_blocked_in_python() {
    in_child(
        "process_exit::exit_abandons_a_thread_blocked_in_python",
        LIMIT,
        || {
            Python::initialize();
            if !is_from(14) {
                // CPython would exit the thread and abort the process: the end waits.
                return;
            }
            let (inside, is_inside) = mpsc::channel();
            thread::spawn(move || {
                Python::attach(|py| {
                    inside.send(()).unwrap();
                    wait_forever(py)
                });
            });
            is_inside.recv().unwrap();
            thread::sleep(Duration::from_millis(100));
            let start = Instant::now();
            finalize();
            assert!(start.elapsed() > Duration::from_secs(1), "it is given time");
        },
    );
}

#[test]
fn a_python_thread_that_returns_after_finalization_does_not_abort_the_process() {
    in_child(
        "process_exit::a_python_thread_that_returns_after_finalization_does_not_abort_the_process",
        LIMIT,
        || {
            static OVER: AtomicBool = AtomicBool::new(false);
            static AWAY: AtomicBool = AtomicBool::new(false);
            struct Guard;
            impl Drop for Guard {
                fn drop(&mut self) {
                    // The frame must neither be unwound nor returned from.
                    std::process::abort();
                }
            }
            Python::initialize();
            Python::attach(|py| {
                let function = PyCFunction::new_closure(py, None, None, |args, _| -> () {
                    let guard = Guard;
                    args.py().detach(|| {
                        AWAY.store(true, Ordering::SeqCst);
                        while !OVER.load(Ordering::SeqCst) {
                            thread::sleep(Duration::from_millis(1));
                        }
                    });
                    std::mem::forget(guard);
                    std::process::abort();
                });
                let kwargs = PyDict::new(py);
                kwargs.set_item("target", function.unwrap()).unwrap();
                kwargs.set_item("daemon", true).unwrap();
                let class = py.import("threading").unwrap().getattr("Thread").unwrap();
                let thread = class.call((), Some(&kwargs)).unwrap();
                thread.call_method0("start").unwrap();
                while !AWAY.load(Ordering::SeqCst) {
                    py.detach(thread::yield_now);
                }
            });
            finalize();
            OVER.store(true, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(300));
        },
    );
}

#[test]
fn sub_interpreters_that_are_still_open_do_not_disturb_finalization() {
    in_child(
        "process_exit::sub_interpreters_that_are_still_open_do_not_disturb_finalization",
        LIMIT,
        || {
            static DROPS: AtomicUsize = AtomicUsize::new(0);
            static VALUE: InterpreterLocal<Counts> = InterpreterLocal::new();
            struct Counts;
            impl Drop for Counts {
                fn drop(&mut self) {
                    DROPS.fetch_add(1, Ordering::SeqCst);
                }
            }
            Python::initialize();
            let subs: Vec<_> = (0..3)
                .map(|_| SubInterpreter::builder().build().unwrap())
                .collect();
            let mut handles = Vec::new();
            let mut objects = Vec::new();
            for sub in &subs {
                sub.attach(|py| {
                    VALUE.set(py, Counts).ok().unwrap();
                    py.import("threading").unwrap();
                    objects.push(py.eval(c"[]", None, None).unwrap().unbind());
                })
                .unwrap();
                handles.push(sub.interpreter());
            }
            finalize();
            assert_eq!(DROPS.load(Ordering::SeqCst), 3);
            for handle in handles {
                assert!(!handle.is_alive());
                assert!(handle.attach(|_| ()).is_err());
            }
            drop(objects);
            drop(subs);
        },
    );
}

#[test]
fn attaches_during_finalization_finish_or_are_refused_and_a_new_runtime_starts() {
    in_child(
        "process_exit::attaches_during_finalization_finish_or_are_refused_and_a_new_runtime_starts",
        LIMIT * 2,
        || {
            for _ in 0..3 {
                Python::initialize();
                let main = Interpreter::main().unwrap();
                let stop = Arc::new(AtomicBool::new(false));
                let ran = Arc::new(AtomicUsize::new(0));
                let threads: Vec<_> = (0..4)
                    .map(|_| {
                        let (stop, ran) = (Arc::clone(&stop), Arc::clone(&ran));
                        thread::spawn(move || {
                            while !stop.load(Ordering::Relaxed) {
                                let attached = main.attach(|py| {
                                    let sum: i32 = py
                                        .eval(c"sum(range(100))", None, None)
                                        .and_then(|sum| sum.extract())
                                        .unwrap();
                                    assert_eq!(sum, 4950);
                                    py.detach(thread::yield_now);
                                });
                                match attached {
                                    Ok(()) => _ = ran.fetch_add(1, Ordering::Relaxed),
                                    Err(error) => {
                                        assert_eq!(error, AttachError::InterpreterGone { id: 0 })
                                    }
                                }
                            }
                        })
                    })
                    .collect();
                while ran.load(Ordering::Relaxed) < 50 {
                    thread::yield_now();
                }
                finalize();
                assert!(!main.is_alive());
                stop.store(true, Ordering::Relaxed);
                for thread in threads {
                    thread.join().unwrap();
                }
            }
        },
    );
}

#[test]
fn an_embedded_runtime_waits_for_the_threads_inside() {
    in_child(
        "process_exit::an_embedded_runtime_waits_for_the_threads_inside",
        LIMIT,
        || {
            static DONE: AtomicBool = AtomicBool::new(false);
            let (inside, is_inside) = mpsc::channel();
            let mut thread = None;
            // SAFETY: nothing else in this process uses Python.
            unsafe {
                pyatoll::with_embedded_python_interpreter(|py| {
                    let main = py.interpreter();
                    thread = Some(thread::spawn(move || {
                        main.attach(|py| {
                            py.detach(|| {
                                inside.send(()).unwrap();
                                // Longer than the end of a process waits.
                                thread::sleep(Duration::from_millis(1500));
                            });
                            py.run(c"import json", None, None).unwrap();
                            DONE.store(true, Ordering::SeqCst);
                        })
                        .unwrap();
                    }));
                    py.detach(move || is_inside.recv().unwrap());
                });
            }
            assert!(DONE.load(Ordering::SeqCst));
            thread.unwrap().join().unwrap();
        },
    );
}

#[test]
fn exit_does_not_hang_on_a_sub_interpreter_whose_dict_is_kept_by_a_handle() {
    in_child(
        "process_exit::exit_does_not_hang_on_a_sub_interpreter_whose_dict_is_kept_by_a_handle",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            let interpreter = sub.interpreter();
            // `gc.get_objects` may return this dict as well.
            let kept: Py<PyDict> = sub
                .attach(|py| {
                    // SAFETY: attached; the result is a borrowed reference to a live dict.
                    let dict = unsafe {
                        let dict = pyatoll::ffi::PyInterpreterState_GetDict(
                            pyatoll::ffi::PyInterpreterState_Get(),
                        );
                        Bound::from_borrowed_ptr(py, dict)
                    };
                    dict.cast::<PyDict>().unwrap().copy().unwrap().unbind()
                })
                .unwrap();
            sub.close().unwrap();
            assert!(!interpreter.is_alive());
            assert!(!Interpreter::all().contains(&interpreter));
            finalize();
            drop(kept);
        },
    );
}
