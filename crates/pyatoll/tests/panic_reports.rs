//! Reports of panics name the interpreter.

use std::process::Command;
use std::thread;

use pyatoll::interpreter::SubInterpreter;
use pyatoll::panic::{PanicException, install_hook};
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict};

/// Has a Rust function panic, and returns the text and the notes of the exception in Python.
fn panic_in(py: Python<'_>) -> (String, Vec<String>) {
    let function = PyCFunction::new_closure(py, None, None, |_, _| -> () { panic!("oh no") });
    let names = PyDict::new(py);
    names.set_item("function", function.unwrap()).unwrap();
    let code = c"
try:
    function()
except BaseException as error:
    caught = error
    text, notes = str(error), getattr(error, '__notes__', [])
";
    py.run(code, Some(&names), None).unwrap();
    let get = |name| names.get_item(name).unwrap().unwrap();
    assert!(get("caught").is_instance_of::<PanicException>());
    (
        get("text").extract().unwrap(),
        get("notes").extract().unwrap(),
    )
}

#[test]
fn the_exception_of_a_panic_has_a_note_with_the_interpreter_and_the_thread() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let interpreter = sub.interpreter();
    let thread = thread::Builder::new().name("reef".to_owned());
    let named = thread.spawn(move || interpreter.attach(panic_in).unwrap());
    let note = format!("in interpreter {}, on the thread 'reef'", sub.id());
    assert_eq!(
        named.unwrap().join().unwrap(),
        ("oh no".to_owned(), vec![note])
    );
    let unnamed = thread::spawn(move || interpreter.attach(panic_in).unwrap());
    let note = format!("in interpreter {}", sub.id());
    assert_eq!(unnamed.join().unwrap(), ("oh no".to_owned(), vec![note]));
    // Where everybody expects it.
    assert_eq!(Python::attach(panic_in), ("oh no".to_owned(), vec![]));
}

/// The panics of the child process: `(interpreter, detached)` of each, -1 without one.
fn panics() -> Vec<(i64, bool)> {
    install_hook();
    install_hook();
    let panics = || {
        thread::spawn(|| panic!("without Python"))
            .join()
            .unwrap_err()
    };
    drop(panics());
    Python::initialize();
    drop(panics());
    let sub = SubInterpreter::builder().build().unwrap();
    let interpreter = sub.interpreter();
    let attached = thread::spawn(move || interpreter.attach(|_py| -> () { panic!("attached") }));
    attached.join().unwrap_err();
    let detached =
        thread::spawn(move || interpreter.attach(|py| py.detach(|| -> () { panic!("detached") })));
    detached.join().unwrap_err();
    thread::spawn(|| Python::attach(|_py| -> () { panic!("main") }))
        .join()
        .unwrap_err();
    vec![
        (-1, false),
        (-1, false),
        (sub.id(), false),
        (sub.id(), true),
        (0, false),
    ]
}

#[test]
fn the_hook_names_the_interpreter_before_each_report() {
    const CHILD: &str = "PYATOLL_PANIC_REPORTS_CHILD";
    const TEST: &str = "the_hook_names_the_interpreter_before_each_report";
    if std::env::var_os(CHILD).is_some() {
        for (id, is_detached) in panics() {
            println!("expected {id} {is_detached}");
        }
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([TEST, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{err}");
    let expected: Vec<String> = out
        .lines()
        .filter_map(|line| line.split_once("expected ")?.1.split_once(' '))
        .filter(|(id, _)| *id != "-1")
        .map(|(id, is_detached)| match is_detached {
            "true" => format!("interpreter {id}, detached:"),
            _ => format!("interpreter {id}:"),
        })
        .collect();
    assert_eq!(expected.len(), 3, "{out}");
    let lines: Vec<&str> = err.lines().collect();
    let named = lines.iter().filter(|line| line.starts_with("interpreter "));
    assert_eq!(
        named.collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>(),
        "{err}"
    );
    // Each is followed by the report.
    for name in &expected {
        let at = lines.iter().position(|line| line == name).unwrap();
        let report = lines[at + 1..].iter().find(|line| !line.is_empty());
        assert!(
            report.is_some_and(|line| line.contains("panicked at")),
            "{err}"
        );
    }
    assert_eq!(err.matches("panicked at").count(), 5, "{err}");
}
