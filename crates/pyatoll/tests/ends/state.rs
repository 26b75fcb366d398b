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

use crate::{LIMIT, finalize, in_child};

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
