//! The per-interpreter state, at the end and under interference from Python code.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyatoll::exceptions::PyValueError;
use pyatoll::interpreter::{Interpreter, SubInterpreter};
use pyatoll::panic::PanicException;
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::{PyCFunction, PyDict, PyTuple};

use crate::{LIMIT, finalize, in_child, interpreters_module, is_from};

/// Returns the interpreter's dict, which Python code can find with `gc.get_objects` on some
/// versions.
fn dict(py: Python<'_>) -> Bound<'_, PyAny> {
    // SAFETY: attached; the result is a borrowed reference to a live dict.
    unsafe {
        let interpreter = pyatoll::ffi::PyInterpreterState_Get();
        let dict = pyatoll::ffi::PyInterpreterState_GetDict(interpreter);
        Bound::from_borrowed_ptr(py, dict)
    }
}

#[test]
fn values_survive_if_python_removes_the_capsule_from_the_interpreters_dict() {
    in_child(
        "state::values_survive_if_python_removes_the_capsule_from_the_interpreters_dict",
        LIMIT,
        || {
            static DROPS: AtomicUsize = AtomicUsize::new(0);
            static VALUE: InterpreterLocal<Counts> = InterpreterLocal::new();
            struct Counts(String);
            impl Drop for Counts {
                fn drop(&mut self) {
                    DROPS.fetch_add(1, Ordering::SeqCst);
                }
            }
            const CODE: &std::ffi::CStr = c"
def delete(d, key):
    del d[key]
def clear(d, key):
    d.clear()
def pop_and_keep(d, key):
    global kept
    kept = d.pop(key)
def replace(d, key):
    d[key] = None
    del d[key]
";
            Python::initialize();
            let mut expected = 0;
            for how in ["delete", "clear", "pop_and_keep", "replace"] {
                let sub = SubInterpreter::builder().build().unwrap();
                sub.attach(|py| {
                    let value = VALUE.get_or_init(py, || Counts(how.to_owned()));
                    let names = py.import("__main__").unwrap().dict();
                    py.run(CODE, Some(&names), None).unwrap();
                    let function = names.get_item(how).unwrap().unwrap();
                    let dict = dict(py);
                    let is_ours =
                        |key: &Bound<'_, PyAny>| key.to_string().starts_with("pyatoll.internals");
                    let key = dict
                        .try_iter()
                        .unwrap()
                        .map(Result::unwrap)
                        .find(is_ours)
                        .unwrap();
                    function.call1((&dict, key)).unwrap();
                    py.run(c"import gc; gc.collect()", None, None).unwrap();
                    assert_eq!(value.0, how);
                    assert_eq!(DROPS.load(Ordering::SeqCst), expected, "{how}");
                    // New entries find the state as well, and a panic its exception class.
                    assert!(std::ptr::eq(VALUE.get(py).unwrap(), value));
                })
                .unwrap();
                sub.close().unwrap();
                expected += 1;
                assert_eq!(DROPS.load(Ordering::SeqCst), expected, "{how}");
            }
            finalize();
        },
    );
}

#[pyatoll::pymodule]
mod removing {
    use super::*;
    use std::sync::mpsc;

    pub static DROPPED: AtomicBool = AtomicBool::new(false);
    pub static RESULT: std::sync::Mutex<Option<mpsc::Receiver<bool>>> = std::sync::Mutex::new(None);
    static VALUE: InterpreterLocal<Noted> = InterpreterLocal::new();
    struct Noted;
    impl Drop for Noted {
        fn drop(&mut self) {
            DROPPED.store(true, Ordering::SeqCst);
        }
    }

    /// Starts a thread that borrows a value and gives up the last reference to the capsule, once
    /// `is_time` says so.
    #[pyfunction]
    fn start(py: Python<'_>, is_time: Py<PyAny>, done: Py<PyAny>) {
        let here = py.interpreter();
        let (result, results) = mpsc::channel();
        *RESULT.lock().unwrap() = Some(results);
        thread::spawn(move || {
            let is_time = |py: Python<'_>| is_time.bind(py).call0()?.is_truthy();
            while !here.attach(is_time).unwrap().unwrap() {
                thread::sleep(Duration::from_millis(1));
            }
            here.attach(|py| {
                let _lent = VALUE.get_or_init(py, || Noted);
                let dict = dict(py);
                let names = PyDict::new(py);
                names.set_item("d", &dict).unwrap();
                let code = c"[d.pop(key) for key in list(d) if str(key).startswith('pyatoll.')]";
                let popped = py.eval(code, Some(&names), None).unwrap();
                assert!(popped.len().unwrap() > 0);
                drop(popped);
                let is_there = !DROPPED.load(Ordering::SeqCst);
                done.bind(py).call0().unwrap();
                result.send(is_there).unwrap();
            })
            .unwrap();
            drop((is_time, done));
        });
    }
}

/// Here, too, the end has begun: an exit function that is older than the module runs.
#[test]
fn values_survive_if_a_thread_removes_the_capsule_while_exit_functions_run() {
    in_child(
        "state::values_survive_if_a_thread_removes_the_capsule_while_exit_functions_run",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(removing);
            Python::initialize();
            let code = "
import atexit, threading, time
has_begun, may_end = threading.Event(), threading.Event()
def slow():
    has_begun.set()
    while not may_end.is_set(): time.sleep(0.001)
atexit.register(slow)
import removing
removing.start(has_begun.is_set, may_end.set)
";
            Python::attach(|py| {
                let module = py.import(interpreters_module()).unwrap();
                let id = module.call_method0("create").unwrap();
                if is_from(12) {
                    module.call_method1("run_string", (&id, code)).unwrap();
                    module.call_method1("destroy", (&id,)).unwrap();
                    let result = removing::RESULT.lock().unwrap().take().unwrap();
                    assert!(
                        result.recv().unwrap(),
                        "the value was dropped while it was lent"
                    );
                    assert!(removing::DROPPED.load(Ordering::SeqCst));
                }
            });
            finalize();
        },
    );
}

/// Here the end has begun: exit functions have been called, and modules are being cleared.
#[test]
fn values_survive_while_a_finalizer_that_removes_the_capsule_uses_them() {
    in_child(
        "state::values_survive_while_a_finalizer_that_removes_the_capsule_uses_them",
        LIMIT,
        || {
            static DROPPED: AtomicBool = AtomicBool::new(false);
            static USED: AtomicBool = AtomicBool::new(false);
            static VALUE: InterpreterLocal<Noted> = InterpreterLocal::new();
            struct Noted;
            impl Drop for Noted {
                fn drop(&mut self) {
                    DROPPED.store(true, Ordering::SeqCst);
                }
            }
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            sub.attach(|py| {
                let hold = |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
                    let py = arguments.py();
                    let _lent = VALUE.get(py).unwrap();
                    let popped: usize = arguments.get_item(0)?.call0()?.extract()?;
                    assert!(!DROPPED.load(Ordering::SeqCst));
                    USED.store(popped > 0, Ordering::SeqCst);
                    Ok::<_, PyErr>(())
                };
                VALUE.get_or_init(py, || Noted);
                let names = PyDict::new(py);
                let hold = PyCFunction::new_closure(py, None, None, hold).unwrap();
                names.set_item("hold", hold).unwrap();
                names.set_item("dict", dict(py)).unwrap();
                let code = c"
import sys
class Late:
    def __del__(self, hold=hold, dict=dict, str=str, list=list):
        def pop():
            ours = [key for key in list(dict) if str(key).startswith('pyatoll.internals')]
            for key in ours: del dict[key]
            return len(ours)
        hold(pop)
sys.late = Late()
";
                py.run(code, Some(&names), None).unwrap();
            })
            .unwrap();
            sub.close().unwrap();
            assert!(USED.load(Ordering::SeqCst));
            assert!(DROPPED.load(Ordering::SeqCst));
            finalize();
        },
    );
}

#[test]
fn a_thread_finds_the_capsule_while_python_removes_it() {
    in_child(
        "state::a_thread_finds_the_capsule_while_python_removes_it",
        LIMIT,
        || {
            static VALUE: InterpreterLocal<String> = InterpreterLocal::new();
            Python::initialize();
            let main = Interpreter::main().unwrap();
            let stop = AtomicBool::new(false);
            let kept: Py<PyAny> = Python::attach(|py| {
                VALUE.get_or_init(py, || "here".to_owned());
                let ours = |key: &Bound<'_, PyAny>| key.to_string().starts_with("pyatoll.int");
                let mut keys = dict(py).try_iter().unwrap().map(Result::unwrap);
                keys.find(ours).unwrap().unbind()
            });
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        main.attach(|py| {
                            while !stop.load(Ordering::Relaxed) {
                                // Both look up the exception class for panics.
                                assert!(PyErr::take(py).is_none());
                                PyValueError::new_err("x").restore(py);
                                assert!(
                                    PyErr::take(py).unwrap().is_instance_of::<PyValueError>(py)
                                );
                                assert!(py.get_type::<PanicException>().is_callable());
                                assert_eq!(VALUE.get(py).unwrap(), "here");
                                py.detach(thread::yield_now);
                            }
                        })
                        .unwrap();
                    });
                }
                let end = Instant::now() + Duration::from_secs(3);
                while Instant::now() < end {
                    main.attach(|py| {
                        let dict = dict(py);
                        for _ in 0..100 {
                            dict.call_method1("pop", (&kept, py.None())).unwrap();
                        }
                    })
                    .unwrap();
                }
                stop.store(true, Ordering::Relaxed);
            });
            drop(kept);
            finalize();
        },
    );
}

#[test]
fn a_value_requested_too_late_panics_and_python_survives() {
    in_child(
        "state::a_value_requested_too_late_panics_and_python_survives",
        LIMIT,
        || {
            static VALUE: InterpreterLocal<u64> = InterpreterLocal::new();
            static REFUSED: AtomicUsize = AtomicUsize::new(0);
            static SERVED: AtomicUsize = AtomicUsize::new(0);
            #[pyclass]
            struct Late;
            impl Drop for Late {
                fn drop(&mut self) {
                    let made = std::panic::catch_unwind(|| {
                        Python::attach(|py| *VALUE.get_or_init(py, || 5))
                    });
                    match made {
                        Ok(5) => SERVED.fetch_add(1, Ordering::SeqCst),
                        Ok(_) => std::process::abort(),
                        Err(_) => REFUSED.fetch_add(1, Ordering::SeqCst),
                    };
                    assert!(std::panic::catch_unwind(|| panic!("on purpose")).is_err());
                    panic!("in a drop, on purpose");
                }
            }
            Python::initialize();
            for _ in 0..2 {
                let sub = SubInterpreter::builder().build().unwrap();
                sub.attach(|py| {
                    // Dies in the very last collection: part of a cycle that a type keeps alive.
                    let late = Py::new(py, Late).unwrap();
                    let names = py.import("__main__").unwrap().dict();
                    names.set_item("late", late).unwrap();
                    let code = c"
import sys
class Keeper(type): pass
class Kept(metaclass=Keeper):
    pass
Kept.late = late
Kept.self = Kept
sys.kept = Kept
import builtins
builtins.kept = Kept
del late
";
                    py.run(code, Some(&names), None).unwrap();
                })
                .unwrap();
                sub.close().unwrap();
            }
            let died = REFUSED.load(Ordering::SeqCst) + SERVED.load(Ordering::SeqCst);
            assert_eq!(died, 2);
            finalize();
        },
    );
}
