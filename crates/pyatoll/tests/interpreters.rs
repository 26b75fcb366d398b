//! Promises across interpreters: owners of handles, attaching, closing.

use pyatoll::interpreter::{AttachError, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_sub_interpreter_runs_python_and_ends() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let text = sub
        .attach(|py| py.eval(c"str(6 * 7)", None, None).unwrap().to_string())
        .unwrap();
    assert_eq!(text, "42");
    let handle = sub.interpreter();
    sub.close().unwrap();
    assert_eq!(
        handle.attach(|_| ()),
        Err(AttachError::InterpreterGone { id: handle.id() })
    );
}

#[test]
fn a_handle_is_refused_by_another_interpreter() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let list = sub
        .attach(|py| py.eval(c"[]", None, None).unwrap().unbind())
        .unwrap();
    let message = Python::attach(|py| list.try_bind(py).unwrap_err().to_string());
    assert!(
        message.contains(&format!("interpreter {}", sub.id())),
        "{message}"
    );
    assert!(message.contains("interpreter 0"), "{message}");
    // Dropped in another interpreter, in none, and after the end of its own.
    let other = sub.attach(|py| list.clone_ref(py)).unwrap();
    let late = sub.attach(|py| list.clone_ref(py)).unwrap();
    Python::attach(|_| drop(list));
    drop(other);
    sub.close().unwrap();
    assert!(Python::attach(|py| late.try_bind(py).is_err()));
    drop(late);
}

#[test]
fn each_interpreter_has_its_own_value_and_drops_it_at_its_end() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Value(i64);
    impl Drop for Value {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    static VALUE: InterpreterLocal<Value> = InterpreterLocal::new();

    Python::initialize();
    let a = SubInterpreter::builder().build().unwrap();
    let b = SubInterpreter::builder().build().unwrap();
    for sub in [&a, &b] {
        sub.attach(|py| {
            let value = VALUE.get_or_init(py, || Value(sub.id()));
            assert_eq!(value.0, sub.id());
        })
        .unwrap();
    }
    assert!(Python::attach(|py| VALUE.get(py).is_none()));
    drop(a);
    assert_eq!(DROPS.load(Ordering::Relaxed), 1);
    drop(b);
    assert_eq!(DROPS.load(Ordering::Relaxed), 2);
}

#[test]
fn attaching_to_another_interpreter_needs_a_detach() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    Python::attach(|py| {
        assert!(matches!(
            sub.attach(|_| ()),
            Err(AttachError::AttachedElsewhere { .. })
        ));
        py.detach(|| sub.attach(|py| assert_eq!(py.interpreter(), sub.interpreter())))
            .unwrap();
    });
}

#[test]
fn many_threads_make_and_end_interpreters() {
    Python::initialize();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let sub = SubInterpreter::builder().build().unwrap();
                    sub.attach(|py| py.run(c"import json, threading", None, None).unwrap())
                        .unwrap();
                    let id =
                        std::thread::spawn(move || sub.attach(|py| py.interpreter().id()).unwrap());
                    assert!(id.join().unwrap() > 0);
                }
            });
        }
    });
}

/// Returns the number of [`mortal`] objects that have died in this interpreter.
fn deaths(py: Python<'_>) -> usize {
    let code = c"__import__('builtins').__dict__.get('deaths', 0)";
    py.eval(code, None, None).unwrap().extract().unwrap()
}

/// Returns an object whose death [`deaths`] counts.
fn mortal(py: Python<'_>) -> Py<PyAny> {
    let code = c"
import builtins
class Mortal:
    def __del__(self):
        builtins.deaths = getattr(builtins, 'deaths', 0) + 1
made = Mortal()
";
    let names = pyatoll::types::PyDict::new(py);
    py.run(code, Some(&names), Some(&names)).unwrap();
    // The class keeps the names alive, so take the object out of them.
    let made = names.get_item("made").unwrap().unwrap().unbind();
    names.del_item("made").unwrap();
    made
}

#[test]
fn a_handle_dropped_elsewhere_is_released_at_its_owners_next_entry() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let (a, b, c) = sub
        .attach(|py| (mortal(py), mortal(py), mortal(py)))
        .unwrap();
    // Attached to the owner: released at once.
    sub.attach(|py| {
        drop(a);
        assert_eq!(deaths(py), 1);
    })
    .unwrap();
    // Attached to none or to another interpreter: released at the owner's next entry.
    std::thread::spawn(move || drop(b)).join().unwrap();
    Python::attach(|_| drop(c));
    assert_eq!(sub.attach(deaths), Ok(3));
}

#[test]
fn a_handle_dropped_while_detached_from_its_owner_is_released() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let object = mortal(py);
        py.detach(move || drop(object));
        assert_eq!(deaths(py), 1);
        // Sooner, if there is an entry before the thread returns.
        let (object, handle) = (mortal(py), py.interpreter());
        py.detach(|| {
            drop(object);
            handle.attach(|py| assert_eq!(deaths(py), 2))
        })
        .unwrap();
    })
    .unwrap();
}

/// Drops a handle while detached.
#[pyfunction]
fn drop_detached(py: Python<'_>, object: Py<PyAny>) {
    py.detach(move || drop(object));
}

#[test]
fn a_finalizer_has_run_when_a_detached_call_that_dropped_the_object_returns() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let names = pyatoll::types::PyDict::new(py);
        names.set_item("drop_detached", wrap_pyfunction!(drop_detached, py)?)?;
        let code = c"
log = []
class Link:
    def __init__(self, name, next=None):
        self.name, self.next = name, next
    def __del__(self):
        log.append(self.name)
        next, self.next = self.next, None
        if next:
            # Calls back, and detaches itself.
            drop_detached(next)
        log.append(self.name)
";
        py.run(code, Some(&names), Some(&names))?;
        let link = |code| py.eval(code, Some(&names), None).map(Bound::unbind);
        let log = || {
            let log = names.get_item("log")?.unwrap();
            let text: Vec<String> = log.extract()?;
            log.call_method0("clear")?;
            Ok::<_, PyErr>(text.join(" "))
        };
        let object = link(c"Link('a', Link('b', Link('c')))")?;
        py.detach(move || drop(object));
        // The argument of the inner call holds the next link until that call returns.
        assert_eq!(log()?, "a a b b c c");
        // If the call panics.
        let object = link(c"Link('d')")?;
        let panics = || {
            py.detach(move || {
                let _dropped = object;
                std::panic::resume_unwind(Box::new("in detach"));
            })
        };
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"in detach"));
        assert_eq!(log()?, "d d");
        // An exception that is set stays.
        let object = link(c"Link('e', Link('f'))")?;
        pyatoll::exceptions::PyKeyError::new_err("set").restore(py);
        py.detach(move || drop(object));
        let error = PyErr::take(py).unwrap();
        assert!(error.is_instance_of::<pyatoll::exceptions::PyKeyError>(py));
        assert_eq!(log()?, "e e f f");
        Ok::<_, PyErr>(())
    })
    .unwrap()
    .unwrap();
    sub.close().unwrap();
}

#[test]
fn closing_waits_for_the_threads_inside() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let (entered, inside) = std::sync::mpsc::channel();
    let left = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let handle = sub.interpreter();
        for _ in 0..4 {
            let entered = entered.clone();
            let left = &left;
            scope.spawn(move || {
                handle
                    .attach(|py| {
                        entered.send(()).unwrap();
                        py.detach(|| std::thread::sleep(std::time::Duration::from_millis(50)));
                        py.run(c"import json; json.dumps([1])", None, None).unwrap();
                        left.fetch_add(1, Ordering::SeqCst);
                    })
                    .unwrap();
            });
        }
        for _ in 0..4 {
            inside.recv().unwrap();
        }
        sub.close().unwrap();
        assert_eq!(left.load(Ordering::SeqCst), 4);
    });
}

#[test]
fn closing_an_interpreter_from_within_is_refused_and_dropping_it_is_deferred() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let handle = sub.interpreter();
    let sub = handle
        .attach(|_| sub.close().unwrap_err())
        .unwrap()
        .into_inner();
    assert!(handle.is_alive());
    let sub = handle
        .attach(|py| py.detach(|| sub.close().unwrap_err()))
        .unwrap()
        .into_inner();
    assert!(handle.is_alive());
    // Dropped while attached to it: another thread ends it.
    handle.attach(move |_| drop(sub)).unwrap();
    while handle.is_alive() {
        std::thread::yield_now();
    }
}

#[test]
fn closing_while_attached_elsewhere_returns_to_that_interpreter() {
    Python::initialize();
    Python::attach(|py| {
        let sub = SubInterpreter::builder().build().unwrap();
        assert!(py.eval(c"1", None, None).is_ok());
        let handle = sub.interpreter();
        py.detach(|| handle.attach(|py| py.run(c"import threading", None, None).unwrap()))
            .unwrap();
        sub.close().unwrap();
        assert_eq!(
            py.eval(c"6 * 7", None, None)
                .unwrap()
                .extract::<i32>()
                .unwrap(),
            42
        );
    });
}

#[test]
fn attachments_nest_from_main_to_sub_and_back() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    Python::attach(|py| {
        let main = py.interpreter();
        py.detach(|| {
            sub.attach(|py| {
                assert_eq!(Python::attach(|py| py.interpreter()), sub.interpreter());
                py.detach(|| {
                    main.attach(|py| {
                        assert!(py.interpreter().is_main());
                        assert!(sub.attach(|_| ()).is_err());
                    })
                    .unwrap();
                    sub.attach(|_| ()).unwrap();
                });
                assert_eq!(py.interpreter(), sub.interpreter());
            })
            .unwrap();
        });
        assert_eq!(py.interpreter(), main);
    });
}

#[test]
fn a_panic_unwinds_through_every_attachment() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    for _ in 0..3 {
        let caught = std::panic::catch_unwind(|| sub.attach(|py| py.detach(|| panic!("oh no"))));
        assert!(caught.is_err());
        assert!(pyatoll::Interpreter::current().is_none());
    }
    sub.attach(|py| assert!(py.eval(c"1", None, None).is_ok()))
        .unwrap();
}

#[test]
fn a_value_created_by_a_drop_at_the_end_is_dropped_as_well() {
    static LATE: InterpreterLocal<CountsDrop> = InterpreterLocal::new();
    static EARLY: InterpreterLocal<MakesLate> = InterpreterLocal::new();
    static LATE_DROPS: AtomicUsize = AtomicUsize::new(0);
    struct CountsDrop;
    impl Drop for CountsDrop {
        fn drop(&mut self) {
            LATE_DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    struct MakesLate;
    impl Drop for MakesLate {
        fn drop(&mut self) {
            Python::attach(|py| LATE.set(py, CountsDrop).ok().unwrap());
        }
    }
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| EARLY.set(py, MakesLate).ok().unwrap())
        .unwrap();
    sub.close().unwrap();
    assert_eq!(LATE_DROPS.load(Ordering::Relaxed), 1);
}

#[test]
fn shared_gil_and_own_gil_interpreters_work_at_once() {
    use pyatoll::interpreter::Gil;
    Python::initialize();
    std::thread::scope(|scope| {
        for number in 0..16 {
            scope.spawn(move || {
                let builder = SubInterpreter::builder();
                let builder = match number % 3 {
                    0 => builder,
                    1 => builder.gil(Gil::Shared),
                    _ => builder.legacy(),
                };
                let sub = builder.build().unwrap();
                for _ in 0..3 {
                    let code = c"sum(len(str(n)) for n in range(2000))";
                    let sum = sub.attach(|py| py.eval(code, None, None)?.extract::<i32>());
                    assert_eq!(sum.unwrap().unwrap(), 6890);
                }
            });
        }
    });
}

#[test]
fn settings_that_python_refuses_are_reported_as_errors() {
    Python::initialize();
    let builder = SubInterpreter::builder().check_multi_interp_extensions(false);
    let refused = builder.build();
    if Python::attach(|py| py.version_info() >= (3, 12)) {
        let message = refused.unwrap_err().to_string();
        assert!(message.contains("use_main_obmalloc(true)"), "{message}");
    } else {
        // 3.11 has only one kind of interpreter.
        refused.unwrap();
    }
    SubInterpreter::builder().build().unwrap();
}
