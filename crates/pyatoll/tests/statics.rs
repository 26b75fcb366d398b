//! Per-interpreter statics: one value per interpreter, created without deadlock and dropped at the
//! interpreter's end in reverse order of creation.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::Duration;

use pyatoll::exceptions::PyValueError;
use pyatoll::interpreter::{Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};
use pyatoll::types::{PyDict, PyList, PyType};
use pyatoll::{create_exception, import_exception, intern};

fn sub() -> SubInterpreter {
    Python::initialize();
    SubInterpreter::builder().build().unwrap()
}

create_exception!(statics, Trouble, PyValueError);
import_exception!(json.decoder, JSONDecodeError);

#[pyclass]
struct Thing;

/// Returns one object for each kind of static.
fn objects(py: Python<'_>) -> Vec<Py<PyAny>> {
    static LIST: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static TEMPLATE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static LOCAL: InterpreterLocal<Py<PyAny>> = InterpreterLocal::new();
    let eval = || py.eval(c"[]", None, None).unwrap().unbind();
    let template = TEMPLATE.import(py, "string", "Template").unwrap();
    vec![
        LIST.get_or_init(py, eval).clone_ref(py),
        template.clone().into_any().unbind(),
        LOCAL.get_or_init(py, eval).clone_ref(py),
        py.get_type::<Trouble>().into_any().unbind(),
        py.get_type::<JSONDecodeError>().into_any().unbind(),
        py.get_type::<Thing>().into_any().unbind(),
        intern!(py, "a name of statics.rs")
            .clone()
            .into_any()
            .unbind(),
    ]
}

#[test]
fn every_kind_of_static_has_one_value_per_interpreter() {
    let subs = [sub(), sub(), sub()];
    let own_gil = Python::attach(|py| py.version_info() >= (3, 12));
    let mut seen: Vec<Py<PyAny>> = Vec::new();
    for sub in &subs {
        let made = sub.attach(|py| {
            let first = objects(py);
            for (first, second) in first.iter().zip(objects(py)) {
                assert!(first.is(&second), "two values in one interpreter");
                assert_eq!(first.interpreter(), sub.interpreter());
            }
            assert_eq!(first[6].bind(py).to_string(), "a name of statics.rs");
            // Objects of the other interpreters, which are still alive, cannot be bound here.
            assert!(seen.iter().all(|other| other.try_bind(py).is_err()));
            first
        });
        let made = made.unwrap();
        for object in &made[..if own_gil { 7 } else { 6 }] {
            assert!(
                !seen.iter().any(|other| other.is(object)),
                "one value in two interpreters"
            );
        }
        seen.extend(made);
    }
    // Ending one interpreter leaves the others' values alone.
    let [first, second, _third] = subs;
    first.close().unwrap();
    second
        .attach(|py| {
            let again = objects(py);
            for (object, again) in seen[7..14].iter().zip(again) {
                assert!(object.is(&again));
            }
        })
        .unwrap();
}

#[test]
fn classes_of_statics_are_used_for_checks_in_their_own_interpreter() {
    let subs = [sub(), sub()];
    for sub in &subs {
        sub.attach(|py| {
            let error = py
                .run(c"import json; json.loads('{')", None, None)
                .unwrap_err();
            assert!(error.is_instance_of::<JSONDecodeError>(py));
            assert!(!error.is_instance_of::<Trouble>(py));
            let error = Trouble::new_err("no");
            assert!(error.is_instance_of::<Trouble>(py));
            assert!(error.is_instance_of::<PyValueError>(py));
            assert!(
                Bound::new(py, Thing)
                    .unwrap()
                    .into_any()
                    .cast::<Thing>()
                    .is_ok()
            );
        })
        .unwrap();
    }
}

/// Records its name when dropped, and the result of using Python at that moment.
struct Noted(&'static str);

static NOTES: Mutex<Vec<(&'static str, i64)>> = Mutex::new(Vec::new());

impl Drop for Noted {
    fn drop(&mut self) {
        let id = Python::attach(|py| {
            assert_eq!(PyList::new(py, [6, 7]).unwrap().to_string(), "[6, 7]");
            py.interpreter().id()
        });
        NOTES.lock().unwrap().push((self.0, id));
    }
}

#[test]
fn values_are_dropped_attached_in_reverse_order_of_creation() {
    static A: InterpreterLocal<Noted> = InterpreterLocal::new();
    static B: PyOnceLock<Noted> = PyOnceLock::new();
    static C: InterpreterLocal<Noted> = InterpreterLocal::new();
    static D: PyOnceLock<Noted> = PyOnceLock::new();
    let (first, second) = (sub(), sub());
    let (first_id, second_id) = (first.id(), second.id());
    first
        .attach(|py| {
            C.get_or_init(py, || Noted("c"));
            B.get_or_init(py, || Noted("b"));
            D.get_or_init(py, || Noted("d"));
            A.get_or_init(py, || Noted("a"));
        })
        .unwrap();
    second
        .attach(|py| {
            A.get_or_init(py, || Noted("a"));
            D.get_or_init(py, || Noted("d"));
        })
        .unwrap();
    let notes = || std::mem::take(&mut *NOTES.lock().unwrap());
    assert!(notes().is_empty());
    first.close().unwrap();
    assert_eq!(notes(), ["a", "d", "b", "c"].map(|name| (name, first_id)));
    second.close().unwrap();
    assert_eq!(notes(), ["d", "a"].map(|name| (name, second_id)));
}

/// A value that depends on another is created after it, and so dropped before it.
#[test]
fn a_value_created_from_another_is_dropped_first() {
    static BASE: InterpreterLocal<Base> = InterpreterLocal::new();
    static DERIVED: InterpreterLocal<Derived> = InterpreterLocal::new();
    static SUMS: Mutex<Vec<i32>> = Mutex::new(Vec::new());
    struct Base(i32);
    struct Derived(i32);
    impl Drop for Derived {
        fn drop(&mut self) {
            let base = Python::attach(|py| BASE.get(py).map(|base| base.0));
            SUMS.lock().unwrap().push(base.unwrap() + self.0);
        }
    }
    let sub = sub();
    sub.attach(|py| {
        let derived = DERIVED.get_or_init(py, || Derived(BASE.get_or_init(py, || Base(40)).0 + 1));
        assert_eq!(derived.0, 41);
    })
    .unwrap();
    sub.close().unwrap();
    assert_eq!(*SUMS.lock().unwrap(), [81]);
}

#[test]
fn an_interpreter_locals_initializer_may_recurse_and_the_first_value_wins() {
    static LOCAL: InterpreterLocal<u32> = InterpreterLocal::new();
    let sub = sub();
    sub.attach(|py| {
        let outer = LOCAL.get_or_init(py, || {
            let inner = LOCAL.get_or_init(py, || {
                // Recurses through Python code.
                let names = PyDict::new(py);
                py.run(c"import json; value = json.loads('5')", Some(&names), None)
                    .unwrap();
                names.get_item("value").unwrap().unwrap().extract().unwrap()
            });
            assert_eq!(*inner, 5);
            6
        });
        assert_eq!(*outer, 5);
    })
    .unwrap();
}

#[test]
fn a_once_locks_initializer_that_recurses_panics_and_can_be_retried() {
    static LOCK: PyOnceLock<u32> = PyOnceLock::new();
    let sub = sub();
    sub.attach(|py| {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            LOCK.get_or_init(py, || *LOCK.get_or_init(py, || 1));
        }));
        let text = *caught.unwrap_err().downcast::<&str>().unwrap();
        assert!(text.contains("asked for that value"), "{text}");
        assert_eq!(LOCK.get(py), None);
        assert_eq!(*LOCK.get_or_init(py, || 2), 2);
    })
    .unwrap();
}

/// Runs `f` with a time limit, so that a deadlock fails the test.
fn within_a_minute(f: impl FnOnce() + Send + 'static) {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        f();
        drop(done);
    });
    match is_done.recv_timeout(Duration::from_secs(60)) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("a deadlock"),
        _ => thread.join().unwrap(),
    }
}

#[test]
fn an_initializer_that_releases_the_gil_does_not_deadlock_other_threads() {
    static LOCK: PyOnceLock<usize> = PyOnceLock::new();
    static OUTER: PyOnceLock<usize> = PyOnceLock::new();
    static LOCAL: InterpreterLocal<usize> = InterpreterLocal::new();
    static MADE: AtomicUsize = AtomicUsize::new(0);
    within_a_minute(|| {
        let sub = sub();
        let barrier = Barrier::new(6);
        std::thread::scope(|scope| {
            for number in 0..6 {
                let (sub, barrier) = (&sub, &barrier);
                scope.spawn(move || {
                    sub.attach(|py| {
                        py.detach(|| {
                            barrier.wait();
                        });
                        let make = || {
                            MADE.fetch_add(1, Ordering::Relaxed);
                            // Releases the GIL, from Rust and from Python.
                            py.detach(|| std::thread::sleep(Duration::from_millis(20)));
                            py.run(c"import time; time.sleep(0.02)", None, None)
                                .unwrap();
                            7
                        };
                        let value = match number % 3 {
                            0 => *LOCK.get_or_init(py, make),
                            1 => *OUTER.get_or_init(py, || *LOCK.get_or_init(py, make)),
                            _ => *LOCAL.get_or_init(py, || {
                                *OUTER.get_or_init(py, || *LOCK.get_or_init(py, make))
                            }),
                        };
                        assert_eq!(value, 7);
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(MADE.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn interpreters_initialize_their_values_without_waiting_for_each_other() {
    static LOCK: PyOnceLock<i64> = PyOnceLock::new();
    static LOCAL: InterpreterLocal<i64> = InterpreterLocal::new();
    within_a_minute(|| {
        let subs = [sub(), sub(), sub()];
        // All initializers run at the same time.
        let inside = Barrier::new(2 * subs.len());
        std::thread::scope(|scope| {
            for sub in &subs {
                for once in [true, false] {
                    let inside = &inside;
                    scope.spawn(move || {
                        sub.attach(|py| {
                            let make = || {
                                py.detach(|| inside.wait());
                                Interpreter::current().unwrap().id()
                            };
                            let value = if once {
                                LOCK.get_or_init(py, make)
                            } else {
                                LOCAL.get_or_init(py, make)
                            };
                            assert_eq!(*value, sub.id());
                        })
                        .unwrap();
                    });
                }
            }
        });
    });
}

#[test]
fn a_failed_initializer_affects_its_own_interpreter_only() {
    static LOCK: PyOnceLock<i32> = PyOnceLock::new();
    static LOCAL: InterpreterLocal<i32> = InterpreterLocal::new();
    let (good, bad) = (sub(), sub());
    good.attach(|py| {
        LOCK.set(py, 1).unwrap();
        LOCAL.set(py, 1).unwrap();
    })
    .unwrap();
    bad.attach(|py| {
        let fail = || Err::<i32, _>(Trouble::new_err("not now"));
        assert!(LOCK.get_or_try_init(py, fail).is_err());
        assert!(LOCAL.get_or_try_init(py, fail).is_err());
        assert_eq!((LOCK.get(py), LOCAL.get(py)), (None, None));
        assert!(matches!(
            LOCK.get_or_try_init(py, || Ok::<_, PyErr>(2)),
            Ok(2)
        ));
        assert!(matches!(
            LOCAL.get_or_try_init(py, || Ok::<_, PyErr>(2)),
            Ok(2)
        ));
    })
    .unwrap();
    good.attach(|py| assert_eq!((LOCK.get(py), LOCAL.get(py)), (Some(&1), Some(&1))))
        .unwrap();
}
