//! The feature `test-interpreters`: tests as users write them. The last test reruns them with the
//! environment variable set.

use std::env;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use pyatoll::interpreter::{Interpreter, SubInterpreter};
use pyatoll::prelude::*;

const VARIABLE: &str = "PYATOLL_TEST_INTERPRETER";

/// The interpreters of the tests that have called [`check_own_interpreter`].
static SEEN: Mutex<Vec<Interpreter>> = Mutex::new(Vec::new());

/// Does what a user's test does: attaches, and finds the same interpreter again.
fn check_own_interpreter() {
    let first = Python::attach(|py| {
        py.run(
            c"import sys; sys.mark = sys.__dict__.get('mark', 0) + 1",
            None,
            None,
        )?;
        Ok::<_, PyErr>(py.interpreter())
    });
    let first = first.expect("it runs");
    let (second, marks) = Python::attach(|py| {
        py.detach(|| Python::attach(|py| assert_eq!(py.interpreter(), first)));
        let marks: i32 = py.import("sys")?.getattr("mark")?.extract()?;
        Ok::<_, PyErr>((py.interpreter(), marks))
    })
    .expect("it runs");
    assert_eq!(first, second);
    if env::var_os(VARIABLE).is_none() {
        assert!(first.is_main());
        return;
    }
    assert!(!first.is_main());
    assert_eq!(marks, 1, "another test was in this interpreter before");
    let mut seen = SEEN.lock().expect("no panic");
    assert!(!seen.contains(&first), "{first:?} is another test's");
    seen.push(first);
}

#[test]
fn one() {
    check_own_interpreter();
}

#[test]
fn two() {
    check_own_interpreter();
}

#[test]
fn three() {
    check_own_interpreter();
}

#[test]
fn threads_without_a_name_attach_as_usual() {
    Python::attach(|py| {
        py.detach(|| {
            thread::scope(|scope| {
                scope.spawn(|| Python::attach(|py| assert!(py.interpreter().is_main())));
            });
        });
    });
}

#[test]
fn the_interpreter_ends_with_its_thread() {
    let spawned = thread::Builder::new().name("a_test".to_owned()).spawn(|| {
        let kept = Python::attach(|py| py.eval(c"[]", None, None).map(Bound::unbind));
        kept.expect("it evaluates")
    });
    let kept = spawned.expect("it starts").join().expect("no panic");
    let is_alive = kept.interpreter().is_alive();
    assert_eq!(is_alive, env::var_os(VARIABLE).is_none());
}

#[test]
fn a_test_can_make_sub_interpreters() {
    let sub = SubInterpreter::builder().build().expect("it starts");
    let mine = Python::attach(|py| py.interpreter());
    let others = sub
        .attach(|py| py.interpreter())
        .expect("the interpreter is alive");
    assert_ne!(mine, others);
    sub.close().expect("no thread is attached");
}

#[test]
#[should_panic(expected = "as it should")]
fn a_test_that_panics() {
    Python::attach(|_py| panic!("as it should"));
}

/// Runs the tests above in another process; returns whether they pass, and their output.
fn run_with(value: &str) -> (bool, String) {
    let tests = [
        "one",
        "two",
        "three",
        "a_test_",
        "threads_",
        "the_interpreter_",
    ];
    let output = Command::new(env::current_exe().expect("the executable has a path"))
        .args(tests)
        .env(VARIABLE, value)
        .output()
        .expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn each_test_can_run_in_its_own_sub_interpreter() {
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    let (passed, output) = run_with("shared-gil");
    assert!(passed && output.contains("7 passed"), "{output}");
    let has_own_gil = Python::attach(|py| py.version_info() >= (3, 12));
    let (passed, output) = run_with("own-gil");
    if has_own_gil {
        assert!(passed && output.contains("7 passed"), "{output}");
    } else {
        assert!(!passed && output.contains("only Python 3.12"), "{output}");
    }
    let (passed, output) = run_with("other");
    assert!(
        !passed && output.contains("it must be 'own-gil' or 'shared-gil'"),
        "{output}"
    );
}
