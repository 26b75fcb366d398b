//! What holds between interpreters: owners, attaching, ends.

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
    // Dropped in the wrong interpreter, in no interpreter, and after its own ended.
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
