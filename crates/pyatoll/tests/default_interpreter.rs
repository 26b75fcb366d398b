//! `Python::attach` on a detached thread: it returns to the interpreter that the thread was in,
//! no matter which code detached it.

mod unstable;

use std::sync::{Mutex, MutexGuard};
use std::thread;

use pyatoll::ffi;
use pyatoll::interpreter::{Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::PyCFunction;

/// Serializes the tests: where C code has released the GIL, 3.11 does not say which interpreter the
/// thread belongs to while another thread is attached elsewhere.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Creates a sub-interpreter with each kind of GIL.
fn subs() -> [SubInterpreter; 2] {
    Python::initialize();
    [
        SubInterpreter::builder().build().unwrap(),
        SubInterpreter::builder().legacy().build().unwrap(),
    ]
}

fn attached_to() -> Interpreter {
    Python::attach(|py| py.interpreter())
}

/// Runs `f` with the GIL released as `Py_BEGIN_ALLOW_THREADS` does, unknown to the library.
fn with_the_gil_released_by_c<R>(_: Python<'_>, f: impl Send + FnOnce() -> R) -> R {
    // SAFETY: attached by the token, which is not used until the thread state is restored.
    unsafe {
        let thread_state = ffi::PyEval_SaveThread();
        let result = f();
        ffi::PyEval_RestoreThread(thread_state);
        result
    }
}

#[test]
fn a_detached_thread_attaches_to_the_interpreter_it_was_in() {
    let _alone = alone();
    for sub in subs() {
        let here = sub.interpreter();
        let check = move |py: Python<'_>| {
            let object = py.eval(c"[]", None, None).unwrap().unbind();
            py.detach(|| {
                assert_eq!(attached_to(), here);
                Python::attach(|py| assert!(object.try_bind(py).is_ok()));
                assert_eq!(Python::try_attach(|py| py.interpreter()), Some(here));
            });
        };
        sub.attach(check).unwrap();
        thread::spawn(move || here.attach(check).unwrap())
            .join()
            .unwrap();
        here.keep_thread_state(|| assert_eq!(attached_to(), here))
            .unwrap();
    }
}

#[test]
fn a_thread_returns_to_the_interpreter_it_detached_from_last() {
    let _alone = alone();
    let [one, other] = subs();
    let (one, other) = (one.interpreter(), other.interpreter());
    one.attach(|py| {
        py.detach(|| {
            other
                .attach(|py| {
                    assert_eq!(py.detach(attached_to), other);
                    py.detach(|| {
                        // Returns to the first one, and detaches from it again.
                        one.attach(|py| assert_eq!(py.detach(attached_to), one))
                            .unwrap();
                        assert_eq!(attached_to(), other);
                    });
                })
                .unwrap();
            assert_eq!(attached_to(), one);
        });
    })
    .unwrap();
    assert!(
        attached_to().is_main(),
        "a thread that has left attaches to the main interpreter"
    );
}

#[test]
fn a_thread_attaches_to_the_default_that_was_set_last() {
    let _alone = alone();
    let [one, other] = subs();
    let (one, other) = (one.interpreter(), other.interpreter());
    let check = move || {
        one.as_default(|| {
            assert_eq!(attached_to(), one);
            other.as_default(|| assert_eq!(attached_to(), other));
            assert_eq!(attached_to(), one);
            assert_eq!(Interpreter::current(), None, "it costs no attachment");
            // Detached within, so that is where the thread belongs.
            other
                .attach(|py| {
                    assert_eq!(attached_to(), other);
                    assert_eq!(py.detach(attached_to), other);
                    py.detach(|| one.as_default(|| assert_eq!(attached_to(), one)));
                    assert_eq!(with_the_gil_released_by_c(py, attached_to), other);
                })
                .unwrap();
            other
                .keep_thread_state(|| assert_eq!(attached_to(), other))
                .unwrap();
            assert_eq!(attached_to(), one);
            // A panic ends it, too.
            let panic = || other.as_default(|| std::panic::resume_unwind(Box::new(())));
            assert!(std::panic::catch_unwind(panic).is_err());
            assert_eq!(attached_to(), one);
        });
    };
    // On a thread that starts the runtime or not, and on one that is detached.
    check();
    assert!(attached_to().is_main());
    thread::spawn(move || {
        check();
        assert!(attached_to().is_main());
        Python::attach(|py| {
            one.as_default(|| assert!(attached_to().is_main(), "attached already"));
            py.detach(check);
            with_the_gil_released_by_c(py, check);
        });
    })
    .join()
    .unwrap();
}

#[test]
fn an_interpreter_that_has_ended_stays_the_default() {
    let _alone = alone();
    for sub in subs() {
        let here = sub.interpreter();
        here.as_default(|| {
            Python::attach(|_| ());
            sub.close().unwrap();
            assert_eq!(Python::try_attach(|_| ()), None);
            let message = std::panic::catch_unwind(|| Python::attach(|_| ())).unwrap_err();
            let message = message.downcast::<String>().unwrap();
            assert_eq!(*message, format!("interpreter {} has ended", here.id()));
        });
        assert!(attached_to().is_main());
    }
}

#[test]
fn a_thread_whose_gil_was_released_by_c_attaches_to_the_interpreter_it_was_in() {
    let _alone = alone();
    for sub in subs() {
        let here = sub.interpreter();
        let check = move |py: Python<'_>| {
            assert_eq!(with_the_gil_released_by_c(py, attached_to), here);
            let both = || Python::attach(|py| py.detach(attached_to));
            assert_eq!(with_the_gil_released_by_c(py, both), here);
            let through_c = || Python::attach(|py| with_the_gil_released_by_c(py, attached_to));
            assert_eq!(py.detach(through_c), here);
            // The outer attachment is unaffected.
            assert_eq!(py.interpreter(), here);
            py.run(c"import json", None, None).unwrap();
        };
        sub.attach(check).unwrap();
        thread::spawn(move || here.attach(check).unwrap())
            .join()
            .unwrap();
    }
}

/// Simulates a function of an extension module in an interpreter that Python code created and runs:
/// the library has attached no thread.
#[test]
fn a_function_called_by_python_attaches_to_the_interpreter_of_its_caller() {
    let _alone = alone();
    for sub in subs() {
        let here = sub.interpreter();
        sub.attach(|py| {
            let function = PyCFunction::new_closure(py, None, None, move |args, _| {
                let py = args.py();
                let after_detach = py.detach(attached_to);
                (after_detach == here, after_detach.id())
            })
            .unwrap();
            let globals = pyatoll::types::PyDict::new(py);
            globals.set_item("function", function).unwrap();
            // Also in a thread that Python started.
            py.run(
                c"
import threading
results = [function()]
thread = threading.Thread(target=lambda: results.append(function()))
thread.start()
thread.join()
assert all(ok for ok, _ in results) and len(results) == 2, results
",
                Some(&globals),
                None,
            )
            .unwrap();
        })
        .unwrap();
    }
}

/// Attaches a new thread to a new interpreter as a host does that uses its own thread states
/// (mod_wsgi in embedded mode), and runs `f`: CPython has none in the thread's `PyGILState` slot.
fn in_a_hosts_thread(f: fn(Python<'_>)) {
    Python::initialize();
    thread::spawn(move || {
        // SAFETY: the calls of such a host for its first request, on a thread unknown to Python.
        // Each thread state is current only on this thread, and deleted once.
        unsafe {
            let gil = ffi::PyGILState_Ensure();
            let main = ffi::PyThreadState_Get();
            let first = ffi::Py_NewInterpreter();
            assert!(!first.is_null());
            let interpreter = ffi::PyInterpreterState_Get();
            ffi::PyThreadState_Swap(main);
            let own = ffi::PyThreadState_New(interpreter);
            ffi::PyGILState_Release(gil);
            ffi::PyEval_AcquireThread(own);

            f(Python::assume_attached());

            ffi::PyThreadState_Clear(own);
            ffi::PyThreadState_Swap(first);
            ffi::PyThreadState_Delete(own);
            ffi::Py_EndInterpreter(first);
            // 3.11 keeps the GIL; later versions leave the thread detached.
            if cfg!(Py_3_12) {
                assert_eq!(Interpreter::current(), None);
            } else {
                let gil = ffi::PyThreadState_New(crate::unstable::PyInterpreterState_Main());
                ffi::PyThreadState_Swap(gil);
                ffi::PyThreadState_Clear(gil);
                crate::unstable::PyThreadState_DeleteCurrent();
            }
        }
    })
    .join()
    .unwrap();
}

#[test]
fn a_thread_attached_by_a_host_with_its_own_thread_state_counts_as_attached() {
    let _alone = alone();
    in_a_hosts_thread(|py| {
        let here = py.interpreter();
        assert!(!here.is_main());
        assert_eq!(attached_to(), here);
        assert_eq!(py.detach(attached_to), here);
        let list = py.eval(c"[1]", None, None).unwrap().unbind();
        assert_eq!(Python::attach(|py| list.bind(py).len().unwrap()), 1);
        drop(list);
        assert_eq!(attached_to(), here);
    });
}

/// A module of an application that such a host runs.
#[pymodule]
mod application {
    use super::*;

    #[pyclass]
    struct Request {
        #[pyo3(get, set)]
        handler: Py<PyAny>,
    }

    #[pymethods]
    impl Request {
        #[new]
        fn new(handler: Py<PyAny>) -> Self {
            Self { handler }
        }

        /// Calls the handler from here, within `detach`, and on a thread of its own.
        fn run(&self, py: Python<'_>) -> PyResult<Vec<i64>> {
            let call = || {
                Python::attach(|py| {
                    let result = self.handler.call1(py, (py.interpreter().id(),))?;
                    result.extract::<i64>(py)
                })
            };
            let here = py.interpreter();
            let elsewhere = || here.attach(|py| self.handler.call1(py, (2,))?.extract::<i64>(py));
            Ok(vec![
                call()?,
                py.detach(call)?,
                py.detach(|| thread::scope(|scope| scope.spawn(elsewhere).join().unwrap()))
                    .unwrap()?,
            ])
        }

        fn __add__(&self, other: i64) -> i64 {
            other + 1
        }
    }

    #[pyfunction]
    fn interpreter(py: Python<'_>) -> i64 {
        py.interpreter().id()
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // The host runs this in an interpreter of its own.
        let id = Python::attach(|py| py.interpreter().id());
        module.add("imported_in", id)
    }
}

#[test]
fn a_module_works_in_a_thread_that_a_host_attached_with_its_own_thread_state() {
    let _alone = alone();
    in_a_hosts_thread(|py| {
        let module = pyatoll::wrap_pymodule!(application)(py);
        let globals = pyatoll::types::PyDict::new(py);
        globals.set_item("application", module).unwrap();
        globals.set_item("here", py.interpreter().id()).unwrap();
        py.run(
            c"
import gc
assert application.imported_in == application.interpreter() == here
request = application.Request(lambda number: number + 1)
assert request.run() == [here + 1, here + 1, 3], request.run()
assert request + 1 == 2
request.handler = [request]
del request
gc.collect()
try:
    application.Request()
except TypeError:
    pass
",
            Some(&globals),
            None,
        )
        .unwrap();
    });
}
