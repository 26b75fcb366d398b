//! Attaching with a time limit and with one error type, and the methods of handles that return an
//! error for a token of another interpreter.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use pyatoll::exceptions::{PyRuntimeError, PyTypeError, PyZeroDivisionError};
use pyatoll::interpreter::{AttachError, CloseErrorKind, Interpreter, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::PyArc;
use pyatoll::types::{PyBytes, PyDict, PyList, PyString};

/// Only hangs reach it.
const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(20);

fn sub() -> SubInterpreter {
    Python::initialize();
    SubInterpreter::builder().build().unwrap()
}

/// Returns whether this Python has a GIL.
fn has_gil() -> bool {
    Python::attach(|py| {
        let name = "Py_GIL_DISABLED";
        let config = py
            .import("sysconfig")?
            .call_method1("get_config_var", (name,))?;
        config.is_truthy().map(|disabled| !disabled)
    })
    .unwrap()
}

/// A thread that blocks while it is attached.
struct Blocker {
    stop: Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Blocker {
    fn start(interpreter: Interpreter) -> Self {
        let (begin, begun) = channel();
        let (stop, stopped): (_, Receiver<()>) = channel();
        let thread = thread::spawn(move || {
            let block = |_py: Python<'_>| {
                begin.send(()).unwrap();
                stopped.recv_timeout(LONG).unwrap();
            };
            interpreter.attach(block).unwrap();
        });
        begun.recv_timeout(LONG).unwrap();
        Self { stop, thread }
    }

    fn stop(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

#[test]
fn a_function_runs_attached_on_another_thread_and_may_borrow() {
    let sub = sub();
    let (texts, mut seen) = (vec!["a", "b"], None);
    let joined: String = sub
        .attach_timeout(LONG, |py| {
            seen = Some((py.interpreter().id(), thread::current().id()));
            let list = PyList::new(py, &texts).unwrap();
            let join = PyString::new(py, "-").call_method1("join", (list,));
            join.unwrap().extract().unwrap()
        })
        .unwrap();
    assert_eq!(joined, "a-b");
    let (id, ran_on) = seen.unwrap();
    assert_eq!(id, sub.id());
    assert_ne!(ran_on, thread::current().id());
    sub.close().unwrap();
}

#[test]
fn a_wait_for_the_gil_is_given_up_and_the_function_is_dropped() {
    if !has_gil() {
        return;
    }
    let sub = sub();
    let blocker = Blocker::start(sub.interpreter());
    let dropped = Arc::new(());
    let held = Arc::clone(&dropped);
    let mut has_run = false;
    let result = sub.attach_timeout(SHORT, |_py| {
        let _held = held;
        has_run = true;
    });
    assert_eq!(result, Err(AttachError::TimedOut { id: sub.id() }));
    assert_eq!((has_run, Arc::strong_count(&dropped)), (false, 1));
    let message = result.unwrap_err().to_string();
    assert!(
        message.contains("could not be entered in time"),
        "{message}"
    );
    // Zero is a limit as well.
    let result = sub.attach_timeout(Duration::ZERO, |_py| ());
    assert_eq!(result, Err(AttachError::TimedOut { id: sub.id() }));
    blocker.stop();
    // Those that gave up are no hindrance, to others or to the end.
    assert_eq!(sub.attach_timeout(Duration::MAX, |_py| 5), Ok(5));
    sub.close().unwrap();
}

#[test]
fn the_limit_does_not_end_a_function_that_runs() {
    let sub = sub();
    // Much longer than the limit, once it has begun.
    let limit = Duration::from_secs(2);
    let ran = sub.attach_timeout(limit, |py| py.detach(|| thread::sleep(2 * limit)));
    // On a busy machine, it may not have begun in time.
    assert!(ran == Ok(()) || ran == Err(AttachError::TimedOut { id: sub.id() }));
}

#[test]
fn an_attached_thread_runs_the_function_itself() {
    let sub = sub();
    sub.attach(|_py| {
        let here = thread::current().id();
        let there = sub.attach_timeout(Duration::ZERO, |_py| thread::current().id());
        assert_eq!(there, Ok(here));
    })
    .unwrap();
    Python::attach(|py| {
        let (wanted, attached) = (sub.id(), py.interpreter().id());
        let refused = sub.attach_timeout(LONG, |_py| ());
        assert_eq!(
            refused,
            Err(AttachError::AttachedElsewhere { wanted, attached })
        );
        assert_eq!(py.detach(|| sub.attach_timeout(LONG, |_py| 7)), Ok(7));
    });
}

#[test]
fn an_interpreter_that_has_ended_is_no_matter_of_time() {
    let sub = sub();
    let (id, interpreter) = (sub.id(), sub.interpreter());
    sub.close().unwrap();
    let result = interpreter.attach_timeout(LONG, |_py| ());
    assert_eq!(result, Err(AttachError::InterpreterGone { id }));
}

#[test]
fn a_panic_goes_on_in_the_caller() {
    let sub = sub();
    let result = catch_unwind(AssertUnwindSafe(|| {
        sub.attach_timeout(LONG, |_py| -> () { panic!("oh no") })
    }));
    assert_eq!(
        *result.unwrap_err().downcast_ref::<&str>().unwrap(),
        "oh no"
    );
    assert_eq!(sub.attach_timeout(LONG, |_py| 1), Ok(1));
}

#[test]
fn a_function_that_would_wait_for_its_caller_gets_an_error() {
    let (inner, outer) = (sub(), sub());
    let closed = inner.interpreter().attach(|py| {
        // This thread is inside `inner`, and waits for the one that closes it.
        py.detach(|| {
            outer.attach_timeout(LONG, move |py| {
                py.detach(move || inner.close().map_err(|error| error.kind()))
            })
        })
    });
    assert_eq!(closed.unwrap().unwrap(), Err(CloseErrorKind::WouldDeadlock));
}

#[test]
fn errors_of_python_code_and_of_attaching_have_one_type() {
    let sub = sub();
    let sum: PyResult<i32> = sub.attach_and_then(|py| py.eval(c"1 + 1", None, None)?.extract());
    assert_eq!(sum.unwrap(), 2);
    let interpreter = sub.interpreter();
    let error = interpreter
        .attach_and_then(|py| py.run(c"1 / 0", None, None))
        .unwrap_err();
    let is_its_own = sub.attach(|py| error.is_instance_of::<PyZeroDivisionError>(py));
    assert_eq!(is_its_own, Ok(true));
    drop(error);

    let list = sub.attach(|py| PyList::empty(py).unbind()).unwrap();
    let shared = sub.attach(|py| PyArc::from(PyList::empty(py))).unwrap();
    list.attach_and_then(|_py, list| list.append(1)).unwrap();
    shared.attach_and_then(|_py, list| list.append(1)).unwrap();
    assert!(
        list.attach_and_then(|_py, list| list.get_item(1).map(drop))
            .is_err()
    );

    sub.close().unwrap();
    for gone in [
        interpreter.attach_and_then(|_py| Ok(())),
        list.attach_and_then(|_py, _list| Ok(())),
        shared.attach_and_then(|_py, _list| Ok(())),
    ] {
        let error = gone.unwrap_err();
        Python::attach(|py| {
            assert!(error.is_instance_of::<PyRuntimeError>(py), "{error}");
            assert!(error.to_string().contains("has ended"), "{error}");
        });
    }
}

#[pyclass]
struct Counter(u32);

#[test]
fn handles_have_a_method_with_an_error_for_each_that_panics() {
    Python::initialize();
    let (list, text, bytes, none, counter) = Python::attach(|py| {
        (
            PyList::empty(py).into_any().unbind(),
            PyString::new(py, "tide").unbind(),
            PyBytes::new(py, b"reef").unbind(),
            py.None(),
            Py::new(py, Counter(3)).unwrap(),
        )
    });
    let sub = sub();
    sub.attach(|py| {
        let errors = [
            list.try_bind(py).map(drop),
            list.try_bind_borrowed(py).map(drop),
            list.try_clone_ref(py).map(drop),
            list.try_get_refcnt(py).map(drop),
            list.try_is_none(py).map(drop),
            // SAFETY: every object is a `PyAny`.
            unsafe { list.try_cast_bound_unchecked::<PyAny>(py) }.map(drop),
            text.try_to_string_lossy(py).map(drop),
            bytes.try_as_bytes(py).map(drop),
        ];
        let errors = errors.map(|result| PyErr::from(result.unwrap_err()));
        let others = [
            list.try_extract::<Vec<i32>>(py).map(drop).unwrap_err(),
            list.try_cast_bound::<PyList>(py).map(drop).unwrap_err(),
            counter.try_borrow(py).map(drop).unwrap_err().into(),
            counter.try_borrow_mut(py).map(drop).unwrap_err().into(),
        ];
        for error in errors.into_iter().chain(others) {
            assert!(error.is_instance_of::<PyRuntimeError>(py), "{error}");
            assert!(error.to_string().contains("belongs to"), "{error}");
        }
    })
    .unwrap();
    Python::attach(|py| {
        let count = list.try_get_refcnt(py).unwrap();
        let (other, third) = (list.try_clone_ref(py).unwrap(), list.clone_ref(py));
        assert_eq!(list.try_get_refcnt(py).unwrap(), count + 2);
        assert!(
            py.detach(|| sub.attach(|py| third.try_drop_ref(py).is_err()))
                .unwrap()
        );
        other.try_drop_ref(py).unwrap();
        // The third one was released when the thread came back.
        assert_eq!(list.try_get_refcnt(py).unwrap(), count);
        assert_eq!(none.try_is_none(py).ok(), Some(true));
        assert_eq!(list.try_is_none(py).ok(), Some(false));
        assert_eq!(text.try_to_string_lossy(py).unwrap(), "tide");
        assert_eq!(bytes.try_as_bytes(py).unwrap(), b"reef");
        assert_eq!(text.try_extract::<String>(py).unwrap(), "tide");
        assert!(list.try_cast_bound::<PyList>(py).unwrap().is_empty());
        let error = list.try_cast_bound::<PyDict>(py).unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
        let error = text.try_extract::<i32>(py).unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
        counter.try_borrow_mut(py).unwrap().0 += 1;
        assert_eq!(counter.try_borrow(py).unwrap().0, 4);
    });
    // It does so when it is entered.
    Python::attach(|py| assert_eq!(list.try_get_refcnt(py).unwrap(), 1));
    let error = sub
        .attach_and_then(|py| py.run(c"1 / 0", None, None))
        .unwrap_err();
    Python::attach(|py| assert!(error.try_value(py).is_err()));
    assert!(sub.attach(|py| error.try_value(py).is_ok()).unwrap());
}
