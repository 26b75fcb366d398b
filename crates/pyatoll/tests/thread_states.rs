//! Thread states: reused where that is sound and never leaked, for every kind of thread.

mod keeps;
mod unstable;

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

use keeps::keeps;

fn sub() -> SubInterpreter {
    Python::initialize();
    SubInterpreter::builder().build().unwrap()
}

/// Returns the address of the current thread state.
fn current(_: Python<'_>) -> usize {
    // SAFETY: attached by the token.
    unsafe { ffi::PyThreadState_Get() }.addr()
}

/// Counts the interpreter's thread states.
fn count(_: Python<'_>) -> usize {
    // SAFETY: attached by the token; the caller ensures that no other thread creates or deletes a
    // thread state during the walk.
    unsafe {
        let mut state =
            crate::unstable::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get());
        let mut count = 0;
        while !state.is_null() {
            count += 1;
            state = crate::unstable::PyThreadState_Next(state);
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
                    // A nested attach keeps the current one.
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
fn python_thread_locals_live_as_long_as_a_kept_thread_state() {
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
fn a_thread_that_keeps_a_thread_state_cannot_end_its_interpreter() {
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

/// Returns the thread state that CPython has noted for this thread.
fn noted() -> usize {
    // SAFETY: may be called at any time; it only reads the slot.
    unsafe { ffi::PyGILState_GetThisThreadState() }.addr()
}

/// Attaches this thread as C code does, in a call that may be nested.
fn ensure(f: impl FnOnce()) {
    // SAFETY: `state` is released once, by the same thread.
    unsafe {
        let state = ffi::PyGILState_Ensure();
        f();
        ffi::PyGILState_Release(state);
    }
}

#[test]
fn a_thread_with_a_keeper_attaches_with_the_same_thread_state() {
    let subs = [sub(), sub()];
    let handles = [0, 1].map(|index: usize| subs[index].interpreter());
    let before = subs.each_ref().map(|sub| sub.attach(count).unwrap());
    thread::spawn(move || {
        let keepers = handles.map(|handle| handle.thread_state_keeper());
        // Before 3.13, the thread state that imports `threading` is not kept.
        for handle in &handles {
            handle.attach(|_| ()).unwrap();
        }
        let first = handles.map(|handle| handle.attach(current).unwrap());
        for _ in 0..3 {
            for (handle, first) in handles.iter().zip(first) {
                handle
                    .attach(|py| {
                        if keeps() {
                            assert_eq!(current(py), first);
                        }
                        assert_eq!(noted(), current(py));
                        // C code finds it, too, and so do nested calls.
                        let here = current(py);
                        ensure(|| assert_eq!(noted(), here));
                        py.detach(|| assert_eq!(handle.attach(current), Ok(here)));
                        py.run(c"import threading; threading.current_thread()", None, None)
                            .unwrap();
                    })
                    .unwrap();
                assert_eq!(noted(), 0);
                assert_eq!(Interpreter::current(), None);
                // A thread that is in no interpreter is in the main one for C code.
                ensure(|| Python::attach(|py| assert!(py.interpreter().is_main())));
                assert_eq!(noted(), 0);
            }
        }
        // Within an attachment, other interpreters get another one.
        handles[0]
            .attach(|py| {
                py.detach(|| {
                    let other = handles[1].attach(current).unwrap();
                    assert!(!keeps() || other != first[1]);
                });
            })
            .unwrap();
        // As long as one of them is left.
        let again = handles[0].thread_state_keeper();
        drop(keepers);
        if keeps() {
            assert_eq!(handles[0].attach(current), Ok(first[0]));
        }
        drop(again);
        Python::attach(|_| ());
    })
    .join()
    .unwrap();
    for (sub, before) in subs.into_iter().zip(before) {
        assert_eq!(count_after_next_keeper(&sub), before);
        sub.close().unwrap();
    }
}

/// Returns the number of thread states of an interpreter, once a thread has begun to keep one,
/// which deletes those that others kept, and has ended in an attachment.
fn count_after_next_keeper(sub: &SubInterpreter) -> usize {
    let handle = sub.interpreter();
    let next = move || {
        let keeper = handle.thread_state_keeper();
        // Before 3.13, the thread state that imports `threading` is not kept.
        handle.attach(|_| ()).unwrap();
        handle.attach(|_| drop(keeper)).unwrap();
    };
    thread::spawn(next).join().unwrap();
    sub.attach(count).unwrap()
}

#[test]
fn a_keeper_may_be_dropped_anywhere_or_with_its_thread() {
    let (a, b) = (sub(), sub());
    let (one, other) = (a.interpreter(), b.interpreter());
    let before = a.attach(count).unwrap();
    thread::spawn(move || {
        drop(one.thread_state_keeper());
        let keep = || {
            let keeper = one.thread_state_keeper();
            one.attach(|_| ()).unwrap();
            keeper
        };
        let keeper = keep();
        one.attach(|_| drop(keeper)).unwrap();
        let keeper = keep();
        other
            .attach(|py| {
                let here = current(py);
                drop(keeper);
                assert_eq!((current(py), noted()), (here, here));
                py.run(c"import json", None, None).unwrap();
            })
            .unwrap();
        let keeper = keep();
        ensure(|| drop(keeper));
        assert_eq!(noted(), 0);
        std::mem::forget(keep());
    })
    .join()
    .unwrap();
    assert_eq!(count_after_next_keeper(&a), before);
    a.close().unwrap();
    b.close().unwrap();
}

#[test]
fn a_thread_that_keeps_a_thread_state_ends_without_the_gil() {
    let sub = sub();
    let handle = sub.interpreter();
    let before = sub.attach(count).unwrap();
    for leaks in [false, true] {
        let (kept, is_kept) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let keeper = handle.thread_state_keeper();
            for _ in 0..2 {
                handle.attach(|_| ()).unwrap();
            }
            kept.send(()).unwrap();
            ends.recv().unwrap_err();
            match leaks {
                true => std::mem::forget(keeper),
                false => drop(keeper),
            }
        });
        is_kept.recv().unwrap();
        sub.attach(|py| {
            // Waits for the thread, attached.
            drop(end);
            thread.join().unwrap();
            assert_eq!(count(py), before + usize::from(keeps()));
        })
        .unwrap();
        assert_eq!(count_after_next_keeper(&sub), before);
    }
    sub.close().unwrap();
}

#[test]
fn python_thread_locals_live_as_long_as_a_keeper() {
    let sub = sub();
    let handle = sub.interpreter();
    let run = |code| {
        handle
            .attach(|py| py.run(code, None, None).map_err(|error| error.print(py)))
            .unwrap()
            .unwrap();
    };
    run(c"
import threading, contextvars, __main__
class Dies:
    def __del__(self): __main__.died.append(threading.get_ident())
__main__.died = []
__main__.mine = threading.local()
__main__.var = contextvars.ContextVar('var', default=0)");
    thread::scope(|scope| {
        scope.spawn(|| {
            let _keeper = handle.thread_state_keeper();
            run(c"mine.value = Dies(); var.set(5)");
            if keeps() {
                run(c"assert mine.value and var.get() == 5 and not died");
            }
        });
    });
    count_after_next_keeper(&sub);
    run(c"assert len(died) == 1 and var.get() == 0");
    sub.close().unwrap();
}

#[test]
fn an_interpreter_ends_without_its_idle_threads_that_keep_a_thread_state() {
    for by_python in [false, true] {
        let (ended, other) = (sub(), sub());
        let (one, two) = (ended.interpreter(), other.interpreter());
        let (kept, is_kept) = mpsc::channel();
        let (end, has_ended) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let keepers = [one, two].map(keeps::keep);
            let set = |handle: Interpreter| {
                let code = c"
import threading, __main__
class Attaches:
    def __del__(self): __import__('colorsys')
mine = threading.local()
mine.value = Attaches()";
                handle
                    .attach(|py| py.run(code, None, None).unwrap())
                    .unwrap();
            };
            set(one);
            set(two);
            kept.send(()).unwrap();
            has_ended.recv().unwrap_err();
            // Nothing refers to the thread state that is gone.
            assert_eq!(noted(), 0);
            ensure(|| Python::attach(|py| py.run(c"import json", None, None).unwrap()));
            assert!(matches!(
                one.attach(|_| ()),
                Err(AttachError::InterpreterGone { .. })
            ));
            set(two);
            Python::attach(|_| ());
            drop(keepers);
            Python::attach(|_| ());
        });
        is_kept.recv().unwrap();
        if by_python {
            // Python code calls the exit functions, which close the interpreter for others.
            ended
                .attach(|py| py.run(c"import atexit; atexit._run_exitfuncs()", None, None))
                .unwrap()
                .unwrap();
        }
        ended.close().unwrap();
        drop(end);
        thread.join().unwrap();
        other.close().unwrap();
    }
}

#[test]
fn threads_with_keepers_attach_while_their_interpreter_ends() {
    for _ in 0..20 {
        let sub = sub();
        let handle = sub.interpreter();
        thread::scope(|scope| {
            let (attached, has_attached) = mpsc::channel();
            for _ in 0..3 {
                let attached = attached.clone();
                scope.spawn(move || {
                    let _keeper = handle.thread_state_keeper();
                    let mut count = 0_u64;
                    while handle.attach(|_| ()).is_ok() {
                        count += 1;
                        if count == 5 {
                            attached.send(()).unwrap();
                        }
                    }
                });
            }
            for _ in 0..3 {
                has_attached.recv().unwrap();
            }
            sub.close().unwrap();
        });
    }
}

#[test]
fn the_gilstate_slot_never_holds_a_deleted_thread_state() {
    // `PyGILState_Ensure` uses the thread state in that slot.
    let subs: Vec<_> = (0..3).map(|_| sub()).collect();
    let handles: Vec<_> = subs.iter().map(SubInterpreter::interpreter).collect();
    let attached = Arc::new(Barrier::new(2));
    let ended = Arc::new(Barrier::new(2));
    let thread = thread::spawn({
        let (attached, ended) = (Arc::clone(&attached), Arc::clone(&ended));
        move || {
            let ensure = || {
                // SAFETY: this thread is not attached, which is what `PyGILState_Ensure` is for;
                // `state` is released once, by the same thread.
                unsafe {
                    let state = ffi::PyGILState_Ensure();
                    assert_eq!(
                        ffi::PyInterpreterState_Get(),
                        crate::unstable::PyInterpreterState_Main()
                    );
                    assert_eq!(
                        crate::unstable::PyRun_SimpleString(c"assert sum([1, 2]) == 3".as_ptr()),
                        0
                    );
                    ffi::PyGILState_Release(state);
                }
            };
            for handle in &handles {
                handle.attach(|_| ()).unwrap();
                // SAFETY: may be called at any time; it only reads the slot.
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
    // Before 3.13, `threading` regards the thread that imports it as the main thread.
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
    // Before 3.13, `join` returns before the thread has deleted its thread state.
    while sub.attach(count).unwrap() > before {
        thread::yield_now();
    }
    // The interpreter's end waits for a thread that is still running.
    sub.attach(|py| {
        let code = c"
import threading, time
threading.Thread(target=time.sleep, args=(0.2,)).start()";
        py.run(code, None, None).unwrap();
    })
    .unwrap();
    sub.close().unwrap();
}

/// Calls `function` in scoped threads that attach to the calling interpreter.
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
                        .expect("the caller is attached to it");
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

/// Calls `function` in Rayon's threads, which outlive the call and serve every interpreter.
#[pyfunction]
fn in_rayons_threads(py: Python<'_>, function: Py<PyAny>, count: usize) -> PyResult<Vec<i64>> {
    let here = py.interpreter();
    py.detach(|| {
        (0..count)
            .into_par_iter()
            .map(|number| {
                here.attach(|py| function.bind(py).call1((number,))?.extract())
                    .expect("the caller is attached to it")
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
fn threads_started_in_a_function_attach_to_its_interpreter() {
    call_in_three_interpreters(|py| wrap_pyfunction!(in_scoped_threads, py));
}

#[test]
fn rayons_threads_attach_to_the_calling_interpreter() {
    call_in_three_interpreters(|py| wrap_pyfunction!(in_rayons_threads, py));
}

#[test]
fn joining_a_detached_thread_while_holding_the_gil_does_not_deadlock() {
    // Exiting after an attachment must not need the GIL, which the joining thread holds.
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

/// On free-threaded builds CPython stops the world to make room for a ninth and a seventeenth
/// thread state. The thread that ends the interpreter is attached, too, so it must not wait for
/// threads that are attaching.
#[test]
fn closing_does_not_deadlock_with_threads_that_are_attaching() {
    for _ in 0..5 {
        let sub = sub();
        let handle = sub.interpreter();
        let ending = Arc::new(Barrier::new(21));
        sub.attach(|py| {
            let ending = Arc::clone(&ending);
            // Runs before the library's own exit function, and stays attached throughout.
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
                    // On builds with a GIL, this attach comes too late and is refused.
                    let _ = handle.attach(|py| py.detach(thread::yield_now));
                });
            }
            sub.close().unwrap();
        });
    }
}
