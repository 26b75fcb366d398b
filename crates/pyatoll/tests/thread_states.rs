//! Thread states: used again where that is sound, never left behind; and threads of every kind.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pyatoll::ffi;
use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::PyCFunction;
use rayon::prelude::*;

fn sub() -> SubInterpreter {
    Python::initialize();
    SubInterpreter::builder().build().unwrap()
}

/// The thread state this thread is attached with.
fn current(_: Python<'_>) -> usize {
    // SAFETY: attached by the token.
    unsafe { ffi::PyThreadState_Get() }.addr()
}

/// How many thread states the interpreter has.
fn count(_: Python<'_>) -> usize {
    // SAFETY: attached by the token, and the caller sees to it that no other thread makes or deletes
    // one meanwhile.
    unsafe {
        let mut state = ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        let mut count = 0;
        while !state.is_null() {
            count += 1;
            state = ffi::PyThreadState_Next(state);
        }
        count
    }
}

#[test]
fn a_thousand_short_lived_threads_leave_no_thread_state_behind() {
    let sub = sub();
    let before = sub.attach(count).unwrap();
    for _ in 0..125 {
        thread::scope(|scope| {
            for number in 0..8 {
                let sub = &sub;
                scope.spawn(move || {
                    sub.attach(|py| py.run(c"x = 1", None, None).unwrap())
                        .unwrap();
                    if number == 0 {
                        let handle = sub.interpreter();
                        handle
                            .keep_thread_state(|| handle.attach(|_| ()).unwrap())
                            .unwrap();
                    }
                });
            }
        });
    }
    assert_eq!(sub.attach(count), Ok(before));
    sub.close().unwrap();
}

#[test]
fn a_thread_that_keeps_its_thread_state_attaches_with_the_same_one() {
    let (a, b) = (sub(), sub());
    let (one, other) = (a.interpreter(), b.interpreter());
    let before = a.attach(count).unwrap();
    thread::spawn(move || {
        one.keep_thread_state(|| {
            other
                .keep_thread_state(|| {
                    let first = one.attach(current).unwrap();
                    let elsewhere = other.attach(current).unwrap();
                    assert_ne!(first, elsewhere);
                    for _ in 0..3 {
                        assert_eq!(one.attach(current), Ok(first));
                        assert_eq!(other.attach(current), Ok(elsewhere));
                        // The one that this thread was last detached from.
                        Python::attach(|py| {
                            assert_eq!((py.interpreter(), current(py)), (other, elsewhere));
                        });
                    }
                    // Within an attachment it just goes on.
                    one.attach(|py| {
                        assert_eq!(one.keep_thread_state(|| current(py)), Ok(first));
                        assert!(matches!(
                            other.keep_thread_state(|| ()),
                            Err(AttachError::AttachedElsewhere { .. })
                        ));
                        py.detach(|| assert_eq!(one.attach(current), Ok(first)));
                    })
                    .unwrap();
                    // Another thread has its own.
                    let others = thread::spawn(move || one.attach(current).unwrap());
                    assert_ne!(others.join().unwrap(), first);
                })
                .unwrap();
        })
        .unwrap();
        assert_eq!(Interpreter::current(), None);
    })
    .join()
    .unwrap();
    assert_eq!(a.attach(count), Ok(before));
}

#[test]
fn what_python_keeps_per_thread_stays_while_the_thread_state_is_kept() {
    let sub = sub();
    let handle = sub.interpreter();
    handle
        .attach(|py| {
            py.run(
                c"import threading, __main__; __main__.mine = threading.local()",
                None,
                None,
            )
        })
        .unwrap()
        .unwrap();
    let run = |code| {
        handle
            .attach(|py| py.run(code, None, None).is_ok())
            .unwrap()
    };
    let (set, get) = (
        c"import __main__; __main__.mine.value = 5",
        c"import __main__; assert __main__.mine.value == 5",
    );
    handle
        .keep_thread_state(|| {
            assert!(run(set));
            assert!(run(get));
        })
        .unwrap();
    assert!(!run(get), "it was this thread state's");
}

#[test]
fn an_interpreter_is_not_ended_by_the_thread_that_keeps_a_thread_state_of_it() {
    let sub = sub();
    let handle = sub.interpreter();
    let sub = handle
        .keep_thread_state(|| sub.close().unwrap_err().into_inner())
        .unwrap();
    assert!(handle.is_alive());
    sub.close().unwrap();
    assert_eq!(
        handle.keep_thread_state(|| unreachable!()),
        Err::<(), _>(AttachError::InterpreterGone { id: handle.id() })
    );
}

#[test]
fn ending_an_interpreter_waits_for_kept_thread_states() {
    let sub = sub();
    let handle = sub.interpreter();
    let (kept, is_kept) = mpsc::channel();
    let left = Arc::new(AtomicUsize::new(0));
    let thread = thread::spawn({
        let left = Arc::clone(&left);
        move || {
            handle
                .keep_thread_state(|| {
                    handle.attach(|_| ()).unwrap();
                    kept.send(()).unwrap();
                    thread::sleep(std::time::Duration::from_millis(100));
                    left.store(1, Ordering::SeqCst);
                })
                .unwrap();
        }
    });
    is_kept.recv().unwrap();
    sub.close().unwrap();
    assert_eq!(left.load(Ordering::SeqCst), 1);
    thread.join().unwrap();
}

#[test]
fn pythons_own_slot_for_the_thread_never_holds_a_dead_thread_state() {
    // `PyGILState_Ensure` uses what it finds there.
    let subs: Vec<_> = (0..3).map(|_| sub()).collect();
    let handles: Vec<_> = subs.iter().map(SubInterpreter::interpreter).collect();
    let attached = Arc::new(Barrier::new(2));
    let ended = Arc::new(Barrier::new(2));
    let thread = thread::spawn({
        let (attached, ended) = (Arc::clone(&attached), Arc::clone(&ended));
        move || {
            let ensure = || {
                // SAFETY: as any C code on a thread that is not attached.
                unsafe {
                    let state = ffi::PyGILState_Ensure();
                    assert_eq!(
                        ffi::PyInterpreterState_Get(),
                        ffi::PyInterpreterState_Main()
                    );
                    assert_eq!(
                        ffi::PyRun_SimpleString(c"assert sum([1, 2]) == 3".as_ptr()),
                        0
                    );
                    ffi::PyGILState_Release(state);
                }
            };
            for handle in &handles {
                handle.attach(|_| ()).unwrap();
                // SAFETY: reads the slot.
                assert_eq!(unsafe { ffi::PyGILState_GetThisThreadState() }, null_mut());
                ensure();
                handle
                    .keep_thread_state(|| handle.attach(|_| ()).unwrap())
                    .unwrap();
            }
            attached.wait();
            ended.wait();
            ensure();
            Python::attach(|_| ());
            ensure();
        }
    });
    attached.wait();
    drop(subs);
    ended.wait();
    thread.join().unwrap();
}

#[test]
fn threading_works_in_a_sub_interpreter() {
    let sub = sub();
    let before = sub.attach(count).unwrap();
    // Before 3.13, `threading` takes the thread that imports it for the main one.
    let names: Vec<String> = sub
        .attach(|py| {
            let names = pyatoll::types::PyDict::new(py);
            let code = c"
import queue, threading
done = queue.Queue()
def work(number):
    local = threading.local()
    local.value = number
    done.put((local.value, threading.current_thread().name))
threads = [threading.Thread(target=work, args=(n,), name=f'worker-{n}') for n in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
result = sorted(done.get()[1] for _ in threads)
";
            py.run(code, Some(&names), None)?;
            names.get_item("result")?.unwrap().extract()
        })
        .unwrap()
        .unwrap();
    assert_eq!(names.len(), 8);
    assert_eq!(names[3], "worker-3");
    // Below 3.13 a thread says that it is done before it has deleted its thread state.
    while sub.attach(count).unwrap() > before {
        thread::yield_now();
    }
    // A thread that still runs is waited for at the end.
    sub.attach(|py| {
        let code = c"
import threading, time
threading.Thread(target=time.sleep, args=(0.2,)).start()";
        py.run(code, None, None).unwrap();
    })
    .unwrap();
    sub.close().unwrap();
}

/// Scoped threads within a method, each attaching to the interpreter that called it.
#[pyfunction]
fn in_scoped_threads(py: Python<'_>, function: Py<PyAny>, count: usize) -> PyResult<Vec<i64>> {
    let here = py.interpreter();
    let results = Mutex::new(Vec::new());
    py.detach(|| {
        thread::scope(|scope| {
            for number in 0..count {
                let (function, results) = (&function, &results);
                scope.spawn(move || {
                    let result = here
                        .attach(|py| function.bind(py).call1((number,))?.extract::<i64>())
                        .expect("its caller is in it");
                    results.lock().unwrap().push(result);
                });
            }
        });
    });
    let mut results = results
        .into_inner()
        .unwrap()
        .into_iter()
        .collect::<PyResult<Vec<_>>>()?;
    results.sort_unstable();
    Ok(results)
}

/// Rayon's threads, which live on between calls and serve every interpreter.
#[pyfunction]
fn in_rayons_threads(py: Python<'_>, function: Py<PyAny>, count: usize) -> PyResult<Vec<i64>> {
    let here = py.interpreter();
    py.detach(|| {
        (0..count)
            .into_par_iter()
            .map(|number| {
                here.attach(|py| function.bind(py).call1((number,))?.extract())
                    .expect("its caller is in it")
            })
            .collect()
    })
}

/// Calls `function` in the main interpreter and in two others at once.
fn call_in_three_interpreters(
    wrap: for<'py> fn(Python<'py>) -> PyResult<Bound<'py, pyatoll::types::PyCFunction>>,
) {
    let subs = [sub(), sub()];
    let mut interpreters = vec![Interpreter::main().unwrap()];
    interpreters.extend(subs.iter().map(SubInterpreter::interpreter));
    thread::scope(|scope| {
        for interpreter in interpreters {
            scope.spawn(move || {
                for _ in 0..5 {
                    let squares: Vec<i64> = interpreter
                        .attach(|py| {
                            let square = py.eval(c"lambda number: number * number", None, None)?;
                            wrap(py)?.call1((square, 16))?.extract()
                        })
                        .unwrap()
                        .unwrap();
                    assert_eq!(
                        squares,
                        (0..16).map(|number| number * number).collect::<Vec<_>>()
                    );
                }
            });
        }
    });
    for sub in subs {
        sub.close().unwrap();
    }
}

#[test]
fn threads_made_within_a_method_attach_to_its_interpreter() {
    call_in_three_interpreters(|py| wrap_pyfunction!(in_scoped_threads, py));
}

#[test]
fn rayons_threads_attach_to_the_interpreter_that_asks() {
    call_in_three_interpreters(|py| wrap_pyfunction!(in_rayons_threads, py));
}

#[test]
fn a_joiner_that_holds_the_gil_does_not_wait_for_a_thread_that_has_left() {
    // A thread that has attached needs no GIL any more to exit.
    Python::initialize();
    Python::attach(|py| {
        let (left, has_left) = mpsc::channel();
        let thread = thread::spawn(move || {
            Python::attach(|py| py.run(c"import json", None, None).unwrap());
            left.send(()).unwrap();
        });
        py.detach(move || has_left.recv().unwrap());
        thread.join().unwrap();
    });
}

/// On free-threaded builds CPython stops all attached threads to make room for a ninth and a
/// seventeenth thread state. The thread that begins the end is attached, too, and may not wait for
/// those that come in.
#[test]
fn an_end_that_begins_while_threads_come_in_does_not_wait_for_them_to_have_come() {
    for _ in 0..5 {
        let sub = sub();
        let handle = sub.interpreter();
        let ending = Arc::new(Barrier::new(21));
        sub.attach(|py| {
            let ending = Arc::clone(&ending);
            // Called before the library's own function of the kind, and attached all the time.
            let busy = PyCFunction::new_closure(py, None, None, move |_, _| {
                ending.wait();
                thread::sleep(Duration::from_millis(100));
            });
            let atexit = py.import("atexit").unwrap();
            atexit.call_method1("register", (busy.unwrap(),)).unwrap();
        })
        .unwrap();
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    ending.wait();
                    // With a GIL it comes too late.
                    let _ = handle.attach(|py| py.detach(thread::yield_now));
                });
            }
            sub.close().unwrap();
        });
    }
}
