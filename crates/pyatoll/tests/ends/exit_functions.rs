//! All exit functions (`atexit`) can use threads that attach, including those registered before the
//! import of this binary's module; and no Python code keeps an interpreter's end from waiting for
//! the threads inside.

use std::sync::{Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pyatoll::exceptions::PyRuntimeError;
use pyatoll::ffi;
use pyatoll::interpreter::{AttachError, Interpreter, SubInterpreter};
use pyatoll::prelude::*;

use crate::{LIMIT, finalize, in_child, interpreters_module, is_from, wait_forever};

static NOTES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static THREADS: Mutex<Vec<JoinHandle<usize>>> = Mutex::new(Vec::new());

#[pyatoll::pymodule]
mod exiting {
    use super::*;

    /// Calls `function` on a new thread, which attaches to this interpreter.
    #[pyfunction]
    fn in_thread(py: Python<'_>, function: Py<PyAny>) -> PyResult<()> {
        let here = py.interpreter();
        let call = move || here.attach(|py| function.call0(py).map(drop));
        let called = py.detach(|| thread::spawn(call).join().unwrap());
        called.map_err(|gone| PyRuntimeError::new_err(gone.to_string()))?
    }

    /// Calls `function` on this thread, attached within a detachment.
    #[pyfunction]
    fn come_back(py: Python<'_>, function: Py<PyAny>) -> PyResult<()> {
        py.detach(|| Python::attach(|py| function.call0(py).map(drop)))
    }

    /// As [`come_back`], to this interpreter by its handle.
    #[pyfunction]
    fn come_back_here(py: Python<'_>, function: Py<PyAny>) -> PyResult<()> {
        let here = py.interpreter();
        let called = py.detach(|| here.attach(|py| function.call0(py).map(drop)));
        called.map_err(|gone| PyRuntimeError::new_err(gone.to_string()))?
    }

    #[pyfunction]
    fn note(text: String) {
        NOTES.lock().unwrap().push(text);
    }

    /// Starts threads that use this interpreter until it refuses them.
    #[pyfunction]
    fn start_threads(py: Python<'_>) {
        let mut threads = THREADS.lock().unwrap();
        // Far less than the end of the process waits, for all of them together.
        for pause in [1, 10, 25] {
            threads.push(keep_using(py.interpreter(), Duration::from_millis(pause)));
        }
    }
}

/// Starts a thread that attaches to `interpreter` until it is refused, and returns how often it was
/// inside. It is detached, and runs Python code that releases the GIL, for `pause` at a time.
fn keep_using(interpreter: Interpreter, pause: Duration) -> JoinHandle<usize> {
    let (inside, is_inside) = mpsc::channel();
    let thread = thread::spawn(move || {
        let mut times = 0;
        let gone = loop {
            let used = interpreter.attach(|py| {
                inside.send(()).ok();
                py.detach(|| thread::sleep(pause));
                let code = format!("import time; time.sleep({})", pause.as_secs_f32());
                let code = std::ffi::CString::new(code).unwrap();
                py.run(&code, None, None).unwrap();
            });
            match used {
                Ok(()) => times += 1,
                Err(error) => break error,
            }
        };
        let id = interpreter.id();
        assert_eq!(gone, AttachError::InterpreterGone { id });
        times
    });
    // Attached or not: this only waits for a channel.
    match Interpreter::current() {
        Some(_) => Python::attach(|py| py.detach(move || is_inside.recv().unwrap())),
        None => is_inside.recv().unwrap(),
    }
    thread
}

/// Code that takes this library's exit function out of `atexit`.
const TAKES_OUT: &[&std::ffi::CStr] = &[
    c"import atexit; atexit._clear()",
    c"
import atexit
class Equal:
    def __eq__(self, other): return True
atexit.unregister(Equal())
atexit.unregister(Equal())",
    c"
import atexit, threading
for _ in range(3):
    atexit._clear()
    threading.local()",
    // Called first, in the middle of the exit functions.
    c"
import atexit
@atexit.register
def clear(): atexit._clear()",
];

/// As [`TAKES_OUT`]. Before 3.14 CPython forgets a function that is registered while both calls are
/// under way, so that only the ends that this library begins are sure to wait.
const TAKES_OUT_TWICE: &std::ffi::CStr = c"
import atexit
class Clears:
    def __del__(self): atexit._clear()
atexit.register(print, Clears())
atexit._clear()";

/// A sub-interpreter with threads inside, in which Python code has taken the exit function out.
fn with_hostile_subs(twice: bool, end: impl Fn(SubInterpreter)) {
    Python::initialize();
    let twice = twice.then_some(TAKES_OUT_TWICE);
    for code in TAKES_OUT.iter().copied().chain(twice) {
        let sub = SubInterpreter::builder().build().unwrap();
        let threads =
            [1, 20, 75].map(|pause| keep_using(sub.interpreter(), Duration::from_millis(pause)));
        sub.attach(|py| py.run(code, None, None).unwrap()).unwrap();
        thread::sleep(Duration::from_millis(50));
        end(sub);
        for thread in threads {
            assert!(thread.join().unwrap() > 0, "{code:?}");
        }
    }
}

#[test]
fn closing_waits_for_threads_inside_whatever_python_code_does_to_the_exit_functions() {
    in_child(
        "exit_functions::closing_waits_for_threads_inside_whatever_python_code_does_to_the_exit_functions",
        LIMIT,
        || {
            with_hostile_subs(true, |sub| sub.close().unwrap());
            finalize();
        },
    );
}

#[test]
fn pythons_end_of_an_interpreter_waits_whatever_python_code_does_to_the_exit_functions() {
    in_child(
        "exit_functions::pythons_end_of_an_interpreter_waits_whatever_python_code_does_to_the_exit_functions",
        LIMIT,
        || {
            Python::initialize();
            if !is_from(12) {
                // 3.11 refuses to end an interpreter with another thread state.
                return;
            }
            with_hostile_subs(is_from(14), |sub| {
                Python::attach(|py| {
                    let module = py.import(interpreters_module()).unwrap();
                    module.call_method1("destroy", (sub.id(),)).unwrap();
                });
            });
            finalize();
        },
    );
}

#[test]
fn the_runtimes_end_waits_whatever_python_code_does_to_the_exit_functions() {
    in_child(
        "exit_functions::the_runtimes_end_waits_whatever_python_code_does_to_the_exit_functions",
        LIMIT,
        || {
            for code in TAKES_OUT {
                Python::initialize();
                let main = Interpreter::main().unwrap();
                let threads =
                    [1, 20, 75].map(|pause| keep_using(main, Duration::from_millis(pause)));
                Python::attach(|py| py.run(code, None, None).unwrap());
                thread::sleep(Duration::from_millis(50));
                finalize();
                for thread in threads {
                    assert!(thread.join().unwrap() > 0, "{code:?}");
                }
            }
        },
    );
}

#[test]
fn an_interpreter_whose_exit_functions_were_cleared_is_used_as_before() {
    in_child(
        "exit_functions::an_interpreter_whose_exit_functions_were_cleared_is_used_as_before",
        LIMIT,
        || {
            Python::initialize();
            let sub = SubInterpreter::builder().build().unwrap();
            for _ in 0..50 {
                sub.attach(|py| {
                    let code = c"
import atexit
def count(): return atexit._ncallbacks()
before = count()
atexit._clear()
assert count() <= 1, count()
";
                    py.run(code, None, None).unwrap();
                })
                .unwrap();
                // Put back once, by the next entry at the latest.
                sub.attach(|py| {
                    let code = c"import atexit; assert atexit._ncallbacks() == 1";
                    py.run(code, None, None).unwrap();
                })
                .unwrap();
            }
            assert!(sub.interpreter().is_alive());
            sub.close().unwrap();
            finalize();
        },
    );
}

/// Exit functions and a finalizer that use threads and detachment. The module is imported last.
const USES_THREADS: &str = "
import atexit, sys, weakref
class Object: pass
kept = Object()
def use(name):
    def report(): exiting.note(name + ' in a thread')
    exiting.in_thread(report)
    exiting.come_back(lambda: exiting.note(name + ' back'))
    exiting.come_back_here(lambda: exiting.note(name + ' back here'))
weakref.finalize(kept, use, 'finalizer')
atexit.register(use, 'older')
import exiting
atexit.register(use, 'newer')
class Late:
    # Modules are cleared by then.
    def __del__(self, note=exiting.note, in_thread=exiting.in_thread, back=exiting.come_back,
                here=exiting.come_back_here, print=print, RuntimeError=RuntimeError):
        back(lambda: note('late back'))
        here(lambda: note('late back here'))
        try: in_thread(print)
        except RuntimeError: note('late refused')
sys.late = Late()
exiting.start_threads()
";

/// Asserts that everything in [`USES_THREADS`] was called, and that its threads were waited for.
fn all_was_used() {
    let notes = std::mem::take(&mut *NOTES.lock().unwrap());
    let ways = ["in a thread", "back", "back here"];
    let names = ["newer", "older", "finalizer"];
    let calls = names.map(|name| ways.map(|way| format!("{name} {way}")));
    let late = ["late back", "late back here", "late refused"].map(str::to_owned);
    let expected: Vec<String> = calls.concat().into_iter().chain(late).collect();
    assert_eq!(notes, expected);
    for thread in THREADS.lock().unwrap().drain(..) {
        assert!(thread.join().unwrap() > 0);
    }
}

#[test]
fn exit_functions_older_than_the_module_use_threads_in_the_main_interpreter() {
    in_child(
        "exit_functions::exit_functions_older_than_the_module_use_threads_in_the_main_interpreter",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(exiting);
            // SAFETY: as a host that is not built with this library; nothing else uses Python.
            unsafe {
                ffi::Py_InitializeEx(0);
                let code = std::ffi::CString::new(USES_THREADS).unwrap();
                assert_eq!(crate::unstable::PyRun_SimpleString(code.as_ptr()), 0);
                assert_eq!(ffi::Py_FinalizeEx(), 0);
            }
            all_was_used();
        },
    );
}

#[test]
fn exit_functions_older_than_the_module_use_threads_in_a_sub_interpreter() {
    in_child(
        "exit_functions::exit_functions_older_than_the_module_use_threads_in_a_sub_interpreter",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(exiting);
            Python::initialize();
            // Closed by Rust, ended with the runtime, and, where it does not refuse because of the
            // threads, by Python.
            for end in ["close", "destroy", "finalize"] {
                if end == "destroy" && !is_from(12) {
                    continue;
                }
                let sub = SubInterpreter::builder().build().unwrap();
                let code = std::ffi::CString::new(USES_THREADS).unwrap();
                sub.attach(|py| {
                    let names = py.import("__main__").unwrap().dict();
                    py.run(&code, Some(&names), None).unwrap();
                })
                .unwrap();
                match end {
                    "close" => sub.close().unwrap(),
                    "destroy" => Python::attach(|py| {
                        let module = py.import(interpreters_module()).unwrap();
                        module.call_method1("destroy", (sub.id(),)).unwrap();
                    }),
                    _ => {
                        std::mem::forget(sub);
                        finalize();
                    }
                }
                all_was_used();
            }
        },
    );
}

#[test]
fn an_exit_function_may_be_the_first_to_import_the_module() {
    in_child(
        "exit_functions::an_exit_function_may_be_the_first_to_import_the_module",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(exiting);
            // SAFETY: as a host that is not built with this library; nothing else uses Python.
            unsafe {
                ffi::Py_InitializeEx(0);
                let code = c"
import atexit
@atexit.register
def first():
    import exiting
    exiting.in_thread(lambda: exiting.note('in a thread'))
    exiting.start_threads()
";
                assert_eq!(crate::unstable::PyRun_SimpleString(code.as_ptr()), 0);
                assert_eq!(ffi::Py_FinalizeEx(), 0);
            }
            assert_eq!(*NOTES.lock().unwrap(), ["in a thread"]);
            for thread in THREADS.lock().unwrap().drain(..) {
                assert!(thread.join().unwrap() > 0);
            }
        },
    );
}

/// The host and the main interpreter do not know this binary: only Python code in sub-interpreters
/// that share the main interpreter's GIL has imported its module.
#[test]
fn exit_waits_for_threads_in_interpreters_of_a_main_interpreter_that_was_never_seen() {
    in_child(
        "exit_functions::exit_waits_for_threads_in_interpreters_of_a_main_interpreter_that_was_never_seen",
        LIMIT,
        || {
            pyatoll::append_to_inittab!(exiting);
            let code = match (cfg!(Py_3_13), cfg!(Py_3_12)) {
                (true, _) => {
                    c"
import _interpreters
made = [_interpreters.create('legacy') for _ in range(3)]
for each in made:
    assert _interpreters.exec(each, 'import exiting; exiting.start_threads()') is None
"
                }
                (_, is_newer) => match is_newer {
                    true => {
                        c"
import _xxsubinterpreters
made = [_xxsubinterpreters.create(isolated=False) for _ in range(3)]
for each in made:
    _xxsubinterpreters.run_string(each, 'import exiting; exiting.start_threads()')
"
                    }
                    // It ends them itself, and cannot while a thread is inside.
                    false => return,
                },
            };
            // SAFETY: as a host that is not built with this library; nothing else uses Python.
            unsafe {
                ffi::Py_InitializeEx(0);
                assert_eq!(crate::unstable::PyRun_SimpleString(code.as_ptr()), 0);
                assert_eq!(ffi::Py_FinalizeEx(), 0);
            }
            let mut threads = THREADS.lock().unwrap();
            assert_eq!(threads.len(), 9);
            for thread in threads.drain(..) {
                assert!(thread.join().unwrap() > 0);
            }
        },
    );
}

/// Without a GIL, the thread that created the exit function is the one that deallocates it, as it
/// leaves.
#[test]
fn an_interpreter_whose_exit_functions_were_cleared_stays_open_when_its_creator_leaves() {
    in_child(
        "exit_functions::an_interpreter_whose_exit_functions_were_cleared_stays_open_when_its_creator_leaves",
        LIMIT,
        || {
            Python::initialize();
            let (inside, is_inside) = mpsc::channel();
            let (go, may_go) = mpsc::channel();
            let creator = thread::spawn(move || {
                let sub = SubInterpreter::builder().build().unwrap();
                let interpreter = sub.interpreter();
                let wait = move || {
                    inside.send(sub).unwrap();
                    may_go.recv().unwrap();
                };
                interpreter.attach(|py| py.detach(wait)).unwrap();
            });
            let sub = is_inside.recv().unwrap();
            let clear = c"import atexit; atexit._clear()";
            sub.attach(|py| py.run(clear, None, None)).unwrap().unwrap();
            go.send(()).unwrap();
            creator.join().unwrap();
            assert!(sub.interpreter().is_alive());
            sub.attach(|_| ()).unwrap();
            sub.close().unwrap();
            finalize();
        },
    );
}

#[test]
fn exit_counts_the_time_that_it_waits_and_not_that_of_exit_functions() {
    in_child(
        "exit_functions::exit_counts_the_time_that_it_waits_and_not_that_of_exit_functions",
        LIMIT,
        || {
            Python::initialize();
            let [slow, next] = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
            let code = c"import atexit, time; atexit.register(time.sleep, 1.5)";
            let registered = slow.attach(|py| py.run(code, None, None));
            registered.unwrap().unwrap();
            let (inside, is_inside) = mpsc::channel();
            let interpreter = next.interpreter();
            let thread = thread::spawn(move || {
                interpreter.attach(|py| {
                    inside.send(()).unwrap();
                    py.detach(|| {
                        while interpreter.is_alive() {
                            thread::sleep(Duration::from_millis(1));
                        }
                        // The end of its interpreter waits for it now.
                        thread::sleep(Duration::from_millis(100));
                    });
                })
            });
            is_inside.recv().unwrap();
            std::mem::forget((slow, next));
            finalize();
            thread.join().unwrap().unwrap();
        },
    );
}

#[test]
fn exit_gives_all_threads_that_are_stuck_ten_seconds_together() {
    in_child(
        "exit_functions::exit_gives_all_threads_that_are_stuck_ten_seconds_together",
        LIMIT,
        || {
            Python::initialize();
            if !is_from(14) {
                // CPython would exit the threads and abort the process: the end waits.
                return;
            }
            let subs = [(); 3].map(|()| SubInterpreter::builder().build().unwrap());
            let (inside, is_inside) = mpsc::channel();
            for interpreter in subs.each_ref().map(SubInterpreter::interpreter) {
                let inside = inside.clone();
                thread::spawn(move || {
                    interpreter.attach(|py| {
                        inside.send(()).unwrap();
                        wait_forever(py)
                    })
                });
            }
            subs.iter().for_each(|_| is_inside.recv().unwrap());
            thread::sleep(Duration::from_millis(100));
            std::mem::forget(subs);
            let start = Instant::now();
            finalize();
            let passed = start.elapsed();
            assert!(passed >= Duration::from_secs(10), "{passed:?}");
            assert!(passed < Duration::from_secs(28), "{passed:?}, once for all");
        },
    );
}
