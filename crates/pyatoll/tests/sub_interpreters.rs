//! Sub-interpreters: created from anywhere, moved, nested, shared, each with its own state.
//!
//! Together with `interpreters.rs`, `modules.rs` and `tests/python/` this covers the promises that
//! pybind11 tests in `test_subinterpreter.cpp` and `test_multiple_interpreters.py`.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pyatoll::interpreter::{AttachError, Gil, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};

fn sub() -> SubInterpreter {
    Python::initialize();
    SubInterpreter::builder().build().unwrap()
}

fn set(py: Python<'_>, name: &str, value: &str) {
    py.import("__main__").unwrap().setattr(name, value).unwrap();
}

fn get(py: Python<'_>, name: &str) -> Option<String> {
    let main = py.import("__main__").unwrap();
    main.getattr(name).ok().map(|value| value.to_string())
}

#[test]
fn each_interpreter_has_its_own_main_module_and_values() {
    static VALUE: InterpreterLocal<u64> = InterpreterLocal::new();
    Python::initialize();
    let at = |py: Python<'_>| std::ptr::from_ref(VALUE.get_or_init(py, || 7)).addr();
    let in_main = Python::attach(|py| {
        set(py, "tag_of_main", "main");
        at(py)
    });
    let sub = sub();
    sub.attach(|py| {
        assert_eq!(get(py, "tag_of_main"), None);
        set(py, "tag_of_sub", "sub");
        assert_ne!(at(py), in_main);
        assert_eq!(at(py), at(py));
    })
    .unwrap();
    sub.close().unwrap();
    Python::attach(|py| {
        assert_eq!(get(py, "tag_of_main").as_deref(), Some("main"));
        assert_eq!(get(py, "tag_of_sub"), None);
        assert_eq!(at(py), in_main);
    });
}

#[test]
fn an_interpreter_may_be_moved_to_another_thread_and_ended_there() {
    let sub = sub();
    sub.attach(|py| {
        for module in ["datetime", "threading", "decimal"] {
            py.import(module).unwrap();
        }
    })
    .unwrap();
    let handle = sub.interpreter();
    thread::spawn(move || {
        sub.attach(|py| assert!(py.import("datetime").is_ok()))
            .unwrap();
        sub.close().unwrap();
    })
    .join()
    .unwrap();
    assert!(!handle.is_alive());
}

#[test]
fn a_detached_thread_may_create_an_interpreter() {
    Python::initialize();
    thread::spawn(|| {
        assert_eq!(Interpreter::current(), None);
        let sub = sub();
        assert_eq!(Interpreter::current(), None);
        sub.attach(|py| assert_eq!(py.interpreter(), sub.interpreter()))
            .unwrap();
        sub.close().unwrap();
        assert_eq!(Interpreter::current(), None);
    })
    .join()
    .unwrap();
}

#[test]
fn an_interpreter_may_be_created_and_ended_within_another() {
    let outer = sub();
    let inner = outer
        .attach(|py| {
            set(py, "tag", "outer");
            let ended = SubInterpreter::builder().build().unwrap();
            ended.close().unwrap();
            let inner = SubInterpreter::builder().build().unwrap();
            assert_eq!(Interpreter::current(), Some(outer.interpreter()));
            assert_eq!(get(py, "tag").as_deref(), Some("outer"));
            let left = py.detach(|| inner.attach(|py| set(py, "tag", "inner")));
            left.unwrap();
            inner
        })
        .unwrap();
    Python::attach(|py| assert_eq!(get(py, "tag"), None));
    let tag = |sub: &SubInterpreter| sub.attach(|py| get(py, "tag")).unwrap();
    assert_eq!(tag(&outer).as_deref(), Some("outer"));
    assert_eq!(tag(&inner).as_deref(), Some("inner"));
    outer.close().unwrap();
    assert_eq!(tag(&inner).as_deref(), Some("inner"));
}

#[test]
fn a_set_exception_survives_the_creation_of_an_interpreter() {
    Python::initialize();
    Python::attach(|py| {
        PyErr::new::<pyatoll::exceptions::PyKeyError, _>("mine").restore(py);
        let _sub = SubInterpreter::builder().build().unwrap();
        assert!(PyErr::take(py).unwrap().to_string().contains("mine"));
    });
}

#[test]
fn a_thread_can_attach_from_main_to_a_to_b_and_back() {
    let (a, b) = (sub(), sub());
    let main = Interpreter::main().unwrap();
    main.attach(|py| {
        py.detach(|| {
            a.attach(|py| {
                assert_eq!(py.interpreter(), a.interpreter());
                py.detach(|| {
                    b.attach(|py| {
                        assert_eq!(py.interpreter(), b.interpreter());
                        let expected = AttachError::AttachedElsewhere {
                            wanted: a.id(),
                            attached: b.id(),
                        };
                        assert_eq!(a.attach(|_| ()), Err(expected));
                        py.detach(|| main.attach(|py| assert!(py.interpreter().is_main())))
                            .unwrap();
                        py.detach(|| a.attach(|py| assert!(py.import("json").is_ok())))
                            .unwrap();
                        assert_eq!(Interpreter::current(), Some(b.interpreter()));
                    })
                    .unwrap();
                });
                assert_eq!(Interpreter::current(), Some(a.interpreter()));
            })
            .unwrap();
        });
        assert_eq!(py.interpreter(), main);
        assert_eq!(Interpreter::current(), Some(main));
    })
    .unwrap();
    assert_eq!(Interpreter::current(), None);
}

#[test]
fn a_thread_attaches_to_main_by_default_even_after_another_interpreter() {
    let sub = sub();
    thread::spawn(move || {
        sub.attach(|_| ()).unwrap();
        assert!(Python::attach(|py| py.interpreter()).is_main());
        sub.attach(|_| ()).unwrap();
    })
    .join()
    .unwrap();
}

#[test]
fn many_threads_attach_to_one_interpreter_at_once() {
    let sub = sub();
    sub.attach(|py| py.run(c"import __main__; __main__.seen = []", None, None))
        .unwrap()
        .unwrap();
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for number in 0..8 {
            let (sub, barrier) = (&sub, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for round in 0..50 {
                    sub.attach(|py| {
                        let seen = py.import("__main__").unwrap().getattr("seen").unwrap();
                        seen.call_method1("append", (number * 50 + round,)).unwrap();
                    })
                    .unwrap();
                }
            });
        }
    });
    let seen: Vec<i32> = sub
        .attach(|py| py.import("__main__")?.getattr("seen")?.extract())
        .unwrap()
        .unwrap();
    assert_eq!(seen.len(), 400);
    assert_eq!(seen.into_iter().collect::<HashSet<_>>().len(), 400);
}

#[test]
fn statics_are_per_interpreter_and_only_static_types_are_shared() {
    static ID: PyOnceLock<i64> = PyOnceLock::new();
    static CLASSES: PyOnceLock<[Py<PyAny>; 2]> = PyOnceLock::new();
    fn addresses(py: Python<'_>) -> [usize; 2] {
        let classes = CLASSES.get_or_init(py, || {
            ["OrderedDict", "defaultdict"].map(|name| {
                let class = py.import("collections").unwrap().getattr(name);
                class.unwrap().unbind()
            })
        });
        classes.each_ref().map(|class| class.as_ptr().addr())
    }
    Python::initialize();
    let id = |py: Python<'_>| *ID.get_or_init(py, || py.interpreter().id());
    let (main_id, main_classes) = Python::attach(|py| (id(py), addresses(py)));
    assert_eq!(main_id, 0);
    let sub = sub();
    sub.attach(|py| {
        assert_eq!(id(py), sub.id());
        let classes = addresses(py);
        assert_eq!(classes[0], main_classes[0], "a static type");
        if py.version_info() >= (3, 12) {
            assert_ne!(classes[1], main_classes[1], "a heap type");
        }
    })
    .unwrap();
    drop(sub);
    Python::attach(|py| assert_eq!((id(py), addresses(py)), (main_id, main_classes)));
}

#[test]
fn the_main_interpreter_is_reachable_from_anywhere() {
    let sub = sub();
    let main = Interpreter::main().unwrap();
    assert!(main.is_main() && main.is_alive());
    assert_eq!(main.id(), 0);
    assert_eq!(sub.attach(|_| Interpreter::main()), Ok(Some(main)));
    assert_eq!(thread::spawn(Interpreter::main).join().unwrap(), Some(main));
    assert_eq!(Python::attach(|py| py.interpreter()), main);
}

#[test]
fn all_lists_the_interpreters_that_are_alive() {
    let (a, b) = (sub(), sub());
    let handles = [
        Interpreter::main().unwrap(),
        a.interpreter(),
        b.interpreter(),
    ];
    let listed = || -> Vec<bool> {
        let all = Interpreter::all();
        handles.iter().map(|handle| all.contains(handle)).collect()
    };
    assert_eq!(listed(), [true, true, true]);
    let all = Interpreter::all();
    let position = |sub: &SubInterpreter| all.iter().position(|one| *one == sub.interpreter());
    assert!(position(&a) < position(&b), "the oldest first");
    a.close().unwrap();
    assert_eq!(listed(), [true, false, true]);
    // The same list from within one.
    b.attach(|_| assert_eq!(listed(), [true, false, true]))
        .unwrap();
}

#[test]
fn an_interpreter_made_by_python_is_listed_once_this_binary_is_used_in_it() {
    Python::initialize();
    let count = Interpreter::all().len();
    assert!(count >= 1);
    // Created by Python, as `concurrent.interpreters` does.
    let (made, id) = Python::attach(|py| {
        let name = if py.version_info() >= (3, 13) {
            "_interpreters"
        } else {
            "_xxsubinterpreters"
        };
        let module = py.import(name).unwrap().unbind();
        let made = module.bind(py).call_method0("create").unwrap();
        (module, made.unbind())
    });
    Python::attach(|py| {
        let number: i64 = py
            .import("builtins")
            .and_then(|module| module.getattr("int")?.call1((id.bind(py),))?.extract())
            .unwrap();
        assert!(Interpreter::all().iter().all(|known| known.id() != number));
        made.bind(py)
            .call_method1("destroy", (id.bind(py),))
            .unwrap();
    });
}

#[test]
fn interpreters_with_their_own_gil_run_python_at_the_same_time() {
    Python::initialize();
    if Python::attach(|py| py.version_info() < (3, 12)) {
        return;
    }
    // Each holds its interpreter's GIL while it waits for the others. It runs Python while waiting,
    // since a free-threaded Python sometimes stops the world and waits for all attached threads.
    let here = AtomicUsize::new(0);
    let wait_for = |py: Python<'_>, count| {
        here.fetch_add(1, Ordering::SeqCst);
        while here.load(Ordering::SeqCst) < count {
            py.run(c"sum(range(10))", None, None).unwrap();
        }
    };
    thread::scope(|scope| {
        for number in 0..3 {
            let wait_for = &wait_for;
            scope.spawn(move || {
                let sub = sub();
                sub.attach(|py| {
                    set(py, "number", &number.to_string());
                    wait_for(py, 3);
                    assert_eq!(get(py, "number"), Some(number.to_string()));
                    wait_for(py, 6);
                })
                .unwrap();
            });
        }
    });
}

#[test]
fn every_setting_of_the_builder_reaches_the_interpreter() {
    Python::initialize();
    let from_3_12 = Python::attach(|py| py.version_info() >= (3, 12));
    let works =
        |sub: &SubInterpreter, code| sub.attach(|py| py.run(code, None, None).is_ok()).unwrap();
    let thread = c"import threading; t = threading.Thread(target=int); t.start(); t.join()";
    let daemon = c"import threading; threading.Thread(target=int, daemon=True)";
    let exec = c"
import os
try:
    os.execv('/no/such/program', ['program'])
except FileNotFoundError:
    pass
";
    for yes in [true, false] {
        let sub = SubInterpreter::builder()
            .allow_threads(yes)
            .allow_daemon_threads(yes)
            .allow_exec(yes)
            .allow_fork(yes)
            .build()
            .unwrap();
        let expected = yes || !from_3_12;
        assert_eq!(works(&sub, thread), expected, "threads: {yes}");
        assert_eq!(works(&sub, daemon), expected, "daemon threads: {yes}");
        assert_eq!(works(&sub, exec), expected, "exec: {yes}");
    }
    let sub = SubInterpreter::builder().allow_fork(false).build().unwrap();
    if from_3_12 {
        assert!(!works(&sub, c"import os; os.fork()"));
    }
    SubInterpreter::builder()
        .gil(Gil::Shared)
        .use_main_obmalloc(true)
        .build()
        .unwrap();
    SubInterpreter::builder().legacy().build().unwrap();
}

#[test]
fn python_code_may_import_decimal_datetime_and_zoneinfo_first() {
    let code = c"
import datetime, decimal, zoneinfo
try:
    zone = zoneinfo.ZoneInfo('Europe/Paris')
    moment = datetime.datetime(2024, 7, 1, tzinfo=zone)
    assert moment.utcoffset() == datetime.timedelta(hours=2)
except zoneinfo.ZoneInfoNotFoundError:
    # This system has no database.
    pass
moment = datetime.datetime(2024, 2, 29) + datetime.timedelta(days=1)
assert moment.isoformat() == '2024-03-01T00:00:00'
assert decimal.Decimal('0.1') + decimal.Decimal('0.2') == decimal.Decimal('0.3')
with decimal.localcontext() as context:
    context.prec = 3
    assert str(decimal.Decimal(1) / 3) == '0.333'
";
    Python::initialize();
    Python::attach(|py| {
        // CPython 3.13 crashes if the main interpreter is not the first to import it.
        if py.version_info() >= (3, 13) && py.version_info() < (3, 14) {
            py.import("datetime").unwrap();
        }
    });
    for _ in 0..2 {
        for gil in [Gil::Own, Gil::Shared] {
            let subs = [(); 2].map(|()| SubInterpreter::builder().gil(gil).build().unwrap());
            for sub in &subs {
                sub.attach(|py| py.run(code, None, None).unwrap()).unwrap();
            }
            for sub in subs {
                sub.close().unwrap();
            }
        }
        // The main interpreter may import the modules before or after the others.
        Python::attach(|py| py.run(code, None, None).unwrap());
    }
}

#[test]
fn the_shared_allocator_is_refused_with_an_own_gil() {
    Python::initialize();
    let built = SubInterpreter::builder().use_main_obmalloc(true).build();
    if Python::attach(|py| py.version_info() >= (3, 12)) {
        let message = built.unwrap_err().to_string();
        assert!(message.contains("gil(Gil::Shared)"), "{message}");
    } else {
        built.unwrap();
    }
}

/// As `send_wrapper` and `scoped-tls` do, for which `Send` means another thread.
struct Smuggled<T>(T);

// SAFETY: the tests stay on one thread.
unsafe impl<T> Send for Smuggled<T> {}
// SAFETY: the tests stay on one thread.
unsafe impl<T> Sync for Smuggled<T> {}

impl<T> Smuggled<T> {
    /// A closure that calls this captures the whole.
    fn get(&self) -> &T {
        &self.0
    }
}

#[test]
fn an_object_that_is_smuggled_into_another_interpreter_is_noticed_in_a_debug_build() {
    if !cfg!(debug_assertions) {
        return;
    }
    let sub = sub();
    Python::attach(|py| {
        let list = Smuggled(py.eval(c"[1, 2]", None, None).unwrap());
        py.detach(|| {
            sub.attach(|other| {
                let uses: [&dyn Fn(); 3] = [
                    &|| _ = list.get().len(),
                    &|| _ = list.get().clone(),
                    &|| _ = other.eval(c"len", None, None).unwrap().call1((list.get(),)),
                ];
                for used in uses {
                    let used = std::panic::catch_unwind(std::panic::AssertUnwindSafe(used));
                    let message = *used.unwrap_err().downcast::<String>().unwrap();
                    let expected = "this object belongs to interpreter 0 and cannot be used in";
                    assert!(message.starts_with(expected), "{message}");
                }
            })
            .unwrap();
        });
        assert_eq!(list.get().len().unwrap(), 2);
    });
}
