//! Threads that Python code has started without `threading` and that the end of their interpreter
//! leaves behind, from Python 3.14 on: CPython hangs them once they want to run Python again.

use std::ffi::CString;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pyatoll::ffi;
use pyatoll::interpreter::{Gil, Interpreter};
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyDict};

use crate::closing::{run, sub};
use crate::{LIMIT, finalize, in_child, interpreters_module, is_from, outcome_in_child};

/// Runs `body` in a child for each kind of interpreter, and then creates interpreters for which
/// CPython takes the memory of the ended ones. Does nothing before 3.14, where no thread is left.
fn with_each_gil(name: &str, body: impl Fn(Gil)) {
    in_child(&format!("left_behind::{name}"), LIMIT, || {
        Python::initialize();
        if !is_from(14) {
            return;
        }
        for gil in [Gil::Own, Gil::Shared] {
            body(gil);
        }
        for _ in 0..3 {
            sub(Gil::Own).close().unwrap();
        }
        finalize();
    });
}

/// Starts ten threads that always want the GIL.
const BUSY: &str = "
import _thread
def loop():
    while True:
        pass
for _ in range(10):
    _thread.start_new_thread(loop, ())
";

#[test]
fn those_that_wait_for_the_gil_hang() {
    with_each_gil("those_that_wait_for_the_gil_hang", |gil| {
        let sub = sub(gil);
        run(&sub, BUSY);
        sub.close().unwrap();
    });
}

#[test]
fn those_that_start_while_cpython_ends_the_interpreter_hang() {
    with_each_gil(
        "those_that_start_while_cpython_ends_the_interpreter_hang",
        |gil| {
            let sub = sub(gil);
            // `Py_EndInterpreter` calls it for a second time. Without the exit functions, nothing
            // waits for the threads.
            let indented = BUSY.replace('\n', "\n        ");
            let code = format!(
                "
import atexit, threading
calls = 0
@threading._register_atexit
def begin():
    global calls
    calls += 1
    if calls == 2:
        atexit._clear()
        {indented}
"
            );
            run(&sub, &code);
            sub.close().unwrap();
        },
    );
}

// Without a GIL, a thread may have the memory of the interpreter's first thread state.
#[cfg(not(Py_GIL_DISABLED))]
#[test]
fn those_that_sleep_use_nothing_of_the_interpreter_when_they_wake() {
    with_each_gil(
        "those_that_sleep_use_nothing_of_the_interpreter_when_they_wake",
        |gil| {
            let sub = sub(gil);
            // The second thread is started while no thread is attached from Rust, so its thread
            // state would be the one that is part of the interpreter.
            let code = "
import _thread, time
def second():
    time.sleep(1.5)
def first():
    while not go:
        time.sleep(0.001)
    _thread.start_new_thread(second, ())
    time.sleep(1.5)
go = False
_thread.start_new_thread(first, ())
";
            run(&sub, code);
            run(&sub, "go = True");
            thread::sleep(Duration::from_millis(100));
            sub.close().unwrap();
            // Each gets the memory of the one before.
            for _ in 0..3 {
                let _ended = crate::closing::sub(Gil::Own).close();
            }
            thread::sleep(Duration::from_secs(1));
        },
    );
}

#[test]
fn an_interpreter_that_another_thread_ends_deallocates_its_objects() {
    static FINALIZED: AtomicUsize = AtomicUsize::new(0);
    with_each_gil(
        "an_interpreter_that_another_thread_ends_deallocates_its_objects",
        |gil| {
            FINALIZED.store(0, Ordering::Relaxed);
            let sub = sub(gil);
            sub.attach(|py| {
                let tell = PyCFunction::new_closure(py, None, None, |_, _| {
                    FINALIZED.fetch_add(1, Ordering::Relaxed);
                });
                let globals = py.import("__main__")?.dict();
                globals.set_item("tell", tell?)?;
                let code = c"
class Finalized:
    def __del__(self, tell=tell):
        tell()
kept = [Finalized() for _ in range(5)]
";
                py.run(code, Some(&globals), None)
            })
            .unwrap()
            .unwrap();
            // On a stack of its own, whose limits are not those of this thread.
            thread::spawn(move || sub.close().unwrap()).join().unwrap();
            assert_eq!(FINALIZED.load(Ordering::Relaxed), 5);
        },
    );
}

#[test]
fn one_whose_gil_other_code_released_attaches_to_the_main_interpreter() {
    with_each_gil(
        "one_whose_gil_other_code_released_attaches_to_the_main_interpreter",
        |gil| {
            let sub = sub(gil);
            let (is_inside, inside) = mpsc::channel();
            let (end, is_ended) = mpsc::channel::<()>();
            let (tell, attached) = mpsc::channel();
            let shared = Mutex::new((is_inside, is_ended, tell));
            sub.attach(|py| {
                let function = PyCFunction::new_closure(py, None, None, move |_, _| {
                    let shared = shared.lock().unwrap();
                    // SAFETY: attached, as in C code that releases the GIL. Nothing of Python is
                    // used until the thread attaches again, and it never returns.
                    unsafe { ffi::PyEval_SaveThread() };
                    shared.0.send(()).unwrap();
                    shared.1.recv().unwrap();
                    let main = Python::try_attach(|py| py.interpreter().is_main());
                    shared.2.send(main).unwrap();
                    loop {
                        thread::park();
                    }
                    #[expect(unreachable_code, reason = "names the type")]
                    Ok::<_, PyErr>(())
                });
                let names = PyDict::new(py);
                names.set_item("function", function?)?;
                let code = c"import _thread; _thread.start_new_thread(function, ())";
                py.run(code, Some(&names), None)
            })
            .unwrap()
            .unwrap();
            inside.recv().unwrap();
            sub.close().unwrap();
            let later = crate::closing::sub(Gil::Own);
            end.send(()).unwrap();
            assert_eq!(attached.recv().unwrap(), Some(true));
            later.close().unwrap();
        },
    );
}

#[test]
fn an_interpreter_that_is_destroyed_on_a_thread_inside_leaves_them_behind() {
    let outcome = outcome_in_child(
        "left_behind::an_interpreter_that_is_destroyed_on_a_thread_inside_leaves_them_behind",
        LIMIT,
        || {
            Python::initialize();
            if !is_from(14) {
                eprintln!("left out");
                return;
            }
            let main = Interpreter::main().unwrap();
            let sub = sub(Gil::Own);
            let id = sub.id();
            sub.attach(|py| {
                let code = CString::new(BUSY).unwrap();
                py.run(&code, None, None).unwrap();
                py.detach(|| {
                    let destroyed = main.attach(|py| {
                        let module = py.import(interpreters_module())?;
                        module.call_method1("destroy", (id,))?;
                        Ok::<_, PyErr>(())
                    });
                    destroyed.unwrap().unwrap();
                    eprintln!("it goes on");
                });
            })
            .unwrap();
        },
    );
    if let Some((status, output)) = outcome
        && !output.contains("left out")
    {
        // The thread cannot return to it.
        assert!(!status.success(), "{output}");
        assert!(output.contains("it goes on"), "{output}");
    }
}
