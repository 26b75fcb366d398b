//! `PyErr::print` of a `SystemExit`, which ends the process, on a thread that is inside a
//! sub-interpreter.

use std::ffi::c_long;
use std::thread;

use pyatoll::InterpreterPool;
use pyatoll::interpreter::{Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict, PyTuple};

use crate::{LIMIT, outcome_in_child};

/// Registers an exit function in the interpreter that prints `name`, and writes to its standard
/// output without flushing it.
fn note_the_end(py: Python<'_>, name: &str) {
    let code = format!(
        "import atexit, sys
atexit.register(print, 'exit function of', '{name}')
sys.stdout.write('written in {name};')"
    );
    let code = std::ffi::CString::new(code).unwrap();
    py.run(&code, None, None).unwrap();
}

fn print(py: Python<'_>) {
    let error = py.run(c"raise SystemExit(5)", None, None).unwrap_err();
    error.print(py);
    unreachable!("it ends the process");
}

fn check(name: &str, body: impl FnOnce(SubInterpreter)) {
    let outcome = outcome_in_child(name, LIMIT, || {
        Python::initialize();
        Python::attach(|py| note_the_end(py, "main"));
        let sub = SubInterpreter::builder().build().unwrap();
        let other = SubInterpreter::builder().build().unwrap();
        for (sub, name) in [(&sub, "sub"), (&other, "other")] {
            sub.attach(|py| note_the_end(py, name)).unwrap();
        }
        std::mem::forget(other);
        body(sub);
    });
    let Some((status, output)) = outcome else {
        return;
    };
    assert_eq!(status.code(), Some(5), "{output}");
    for name in ["main", "sub", "other"] {
        for text in ["exit function of ", "written in "] {
            let text = format!("{text}{name}");
            assert_eq!(output.matches(&text).count(), 1, "{text}: {output}");
        }
    }
}

#[test]
fn a_printed_system_exit_ends_the_process_from_within_a_sub_interpreter() {
    check(
        "system_exit::a_printed_system_exit_ends_the_process_from_within_a_sub_interpreter",
        |sub| sub.attach(print).unwrap(),
    );
}

#[test]
fn a_printed_system_exit_ends_the_process_from_a_thread_within_a_sub_interpreter() {
    check(
        "system_exit::a_printed_system_exit_ends_the_process_from_a_thread_within_a_sub_interpreter",
        |sub| {
            Python::attach(|py| {
                py.detach(|| {
                    thread::scope(|scope| {
                        scope.spawn(|| sub.attach(|py| py.detach(|| Python::attach(print))));
                    });
                });
            });
        },
    );
}

#[test]
fn a_printed_system_exit_ends_the_process_from_a_python_thread_of_a_sub_interpreter() {
    check(
        "system_exit::a_printed_system_exit_ends_the_process_from_a_python_thread_of_a_sub_\
         interpreter",
        |sub| {
            let waited = sub.attach(|py| {
                let exit = |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
                    print(arguments.py());
                };
                let names = PyDict::new(py);
                let exit = PyCFunction::new_closure(py, None, None, exit)?;
                names.set_item("exit", exit)?;
                let code = c"
import threading
thread = threading.Thread(target=exit)
thread.start()
thread.join()";
                py.run(code, Some(&names), None)
            });
            waited.unwrap().unwrap();
        },
    );
}

#[test]
fn a_system_exit_printed_in_main_ends_the_process_though_the_thread_is_inside_another_one() {
    let outcome = outcome_in_child(
        "system_exit::a_system_exit_printed_in_main_ends_the_process_though_the_thread_is_inside_\
         another_one",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            let main = Interpreter::main().unwrap();
            main.attach(|py| note_the_end(py, "main")).unwrap();
            let printed = sub.attach(|py| py.detach(|| main.attach(print)));
            printed.unwrap().unwrap();
        },
    );
    let Some((status, output)) = outcome else {
        return;
    };
    assert_eq!(status.code(), Some(5), "{output}");
    assert!(output.contains("exit function of main"), "{output}");
}

#[test]
fn a_system_exit_printed_by_a_job_of_a_pool_ends_the_process() {
    let outcome = outcome_in_child(
        "system_exit::a_system_exit_printed_by_a_job_of_a_pool_ends_the_process",
        LIMIT,
        || {
            Python::initialize();
            let pool = InterpreterPool::builder().size(2).build().unwrap();
            let job = pool.submit(|py| {
                let message = py.run(c"raise SystemExit('the reason')", None, None);
                message.unwrap_err().print(py);
                Ok(())
            });
            job.join().unwrap();
        },
    );
    let Some((status, output)) = outcome else {
        return;
    };
    assert_eq!(status.code(), Some(1), "{output}");
    assert!(output.contains("the reason\n"), "{output}");
}

/// CPython reads the code as a `long`, which has 32 bits on some systems.
#[test]
fn a_large_exit_code_is_truncated_as_by_python() {
    let outcome = outcome_in_child(
        "system_exit::a_large_exit_code_is_truncated_as_by_python",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            let exit = |py: Python<'_>| {
                let error = py.run(c"raise SystemExit(2**32 + 3)", None, None);
                error.unwrap_err().print(py);
            };
            sub.attach(exit).unwrap();
        },
    );
    let Some((status, output)) = outcome else {
        return;
    };
    let code = c_long::try_from((1i64 << 32) + 3).map_or(-1, |code| code as i32);
    // Unix has the lowest 8 bits of it only.
    let code = if cfg!(unix) { code & 0xFF } else { code };
    assert_eq!(status.code(), Some(code), "{output}");
}
