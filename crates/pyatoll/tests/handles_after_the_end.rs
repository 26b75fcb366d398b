//! Handles that outlive their interpreter, wherever they are stored: using one is a typed error,
//! dropping one is a no-op.

mod collector;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use pyatoll::interpreter::{AttachError, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyList};
use pyatoll::{PyTraverseError, PyVisit, ffi};

use collector::collector;

fn sub() -> SubInterpreter {
    Python::initialize();
    SubInterpreter::builder().build().unwrap()
}

/// Returns a handle to an object of an interpreter that has ended, and that interpreter's id.
fn orphan() -> (Py<PyAny>, i64) {
    let sub = sub();
    let object = sub.attach(|py| PyList::new(py, [1, 2]).unwrap().into_any().unbind());
    let id = sub.id();
    sub.close().unwrap();
    (object.unwrap(), id)
}

/// Returns the message of the panic that `f` causes.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => *payload.downcast::<String>().unwrap(),
    }
}

/// Asserts that every use of the handle is refused while attached to another interpreter.
fn assert_refused(py: Python<'_>, object: &Py<PyAny>, id: i64) {
    let error = object.try_bind(py).unwrap_err();
    assert_eq!(error.owner(), object.interpreter());
    assert!(!error.owner().is_alive());
    assert_eq!(error.current(), py.interpreter());
    let text = format!(
        "this object belongs to interpreter {id}, which has ended, and cannot be used in \
         interpreter {}: each interpreter needs an object of its own. Keep the `Py<PyAny>` in a \
         `PyOnceLock`, not in a `static` or thread-local; in a thread of your own, attach with \
         `Py::interpreter()`",
        py.interpreter().id()
    );
    assert_eq!(error.to_string(), text);
    assert!(object.try_bind_borrowed(py).is_err());
    assert_eq!(panic_of(|| object.bind(py).len()), text);
    assert_eq!(panic_of(|| object.clone_ref(py)), text);
    // A conversion to Python raises an exception.
    let error = object.into_pyobject(py).map(drop).unwrap_err();
    assert_eq!(
        PyErr::from(error).to_string(),
        format!("RuntimeError: {text}")
    );
    // Attaching to its interpreter is refused, with that reason rather than `AttachedElsewhere`.
    let gone = Err(AttachError::InterpreterGone { id });
    assert_eq!(
        py.detach(|| object.attach(|_, object| object.len().unwrap())),
        gone
    );
}

#[test]
fn a_handle_in_a_static_is_refused_and_can_be_dropped() {
    static KEPT: Mutex<Option<(Py<PyAny>, i64)>> = Mutex::new(None);
    *KEPT.lock().unwrap() = Some(orphan());
    let kept = KEPT.lock().unwrap().take().unwrap();
    Python::attach(|py| assert_refused(py, &kept.0, kept.1));
    let other = sub();
    other
        .attach(|py| assert_refused(py, &kept.0, kept.1))
        .unwrap();
    *KEPT.lock().unwrap() = Some(kept);
    // Dropped while attached to another interpreter.
    other
        .attach(|_| KEPT.lock().unwrap().take().is_some())
        .unwrap();
}

/// Holds any object, including one of another interpreter, and visits it in `__traverse__`.
#[pyclass]
struct Holder {
    held: Option<Py<PyAny>>,
    itself: Option<Py<PyAny>>,
    /// Tells the test that the value is alive.
    _alive: Arc<()>,
}

#[pymethods]
impl Holder {
    fn length(&self, py: Python<'_>) -> PyResult<usize> {
        self.held.as_ref().unwrap().bind(py).len()
    }

    fn take(&mut self) -> Option<Py<PyAny>> {
        self.held.take()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.held)?;
        visit.call(&self.itself)
    }

    fn __clear__(&mut self) {
        self.held = None;
        self.itself = None;
    }
}

#[test]
fn a_handle_in_another_interpreters_object_is_refused_and_collected() {
    let (object, id) = orphan();
    Python::attach(|py| {
        let holder = Holder {
            held: Some(object),
            itself: None,
            _alive: Arc::default(),
        };
        let holder = Bound::new(py, holder).unwrap();
        holder.borrow_mut().itself = Some(holder.clone().into_any().unbind());
        let names = PyDict::new(py);
        names.set_item("holder", &holder).unwrap();
        names.set_item("collect", collector(py)).unwrap();
        drop(holder);
        // Python code gets exceptions, and the collector does not visit the freed object.
        let code = c"
caught = []
for method in (holder.length, holder.take):
    try:
        method()
    except RuntimeError as error:
        caught.append(str(error))
collect()
del method
";
        py.run(code, Some(&names), None).unwrap();
        let caught: Vec<String> = names
            .get_item("caught")
            .unwrap()
            .unwrap()
            .extract()
            .unwrap();
        assert_eq!(caught.len(), 2);
        for text in caught {
            assert!(
                text.contains(&format!("interpreter {id}, which has ended,")),
                "{text}"
            );
        }
    });
    let (object, _) = orphan();
    Python::attach(|py| {
        let alive = Arc::new(());
        let holder = Holder {
            held: Some(object),
            itself: None,
            _alive: Arc::clone(&alive),
        };
        let holder = Bound::new(py, holder).unwrap();
        holder.borrow_mut().itself = Some(holder.clone().into_any().unbind());
        drop(holder);
        assert_eq!(Arc::strong_count(&alive), 2);
        // A cycle that contains the handle and that only the collector can free.
        collector(py).call0().unwrap();
        assert_eq!(Arc::strong_count(&alive), 1);
    });
}

#[test]
fn handles_in_a_queue_between_threads_are_refused_and_can_be_dropped() {
    let (send, receive) = mpsc::channel::<(Py<PyAny>, i64)>();
    let consumer = std::thread::spawn(move || {
        let mut seen = 0;
        for (object, id) in receive {
            Python::attach(|py| assert_refused(py, &object, id));
            seen += 1;
            // Every other handle is dropped by an attached thread.
            if seen % 2 == 0 {
                Python::attach(|_| drop(object));
            }
        }
        seen
    });
    for _ in 0..6 {
        send.send(orphan()).unwrap();
    }
    drop(send);
    assert_eq!(consumer.join().unwrap(), 6);
}

#[test]
fn a_handle_in_a_thread_that_outlives_the_interpreter_is_refused_and_can_be_dropped() {
    let sub = sub();
    let (ended, has_ended) = mpsc::channel::<()>();
    let (ready, is_ready) = mpsc::channel();
    let object = sub.attach(|py| py.eval(c"[1, 2]", None, None).unwrap().unbind());
    let object: Py<PyAny> = object.unwrap();
    let thread = std::thread::spawn(move || {
        assert_eq!(object.attach(|_, list| list.len().unwrap()), Ok(2));
        ready.send(()).unwrap();
        has_ended.recv().unwrap_err();
        let id = object.interpreter().id();
        assert_eq!(
            object.attach(|_, list| list.len().unwrap()),
            Err(AttachError::InterpreterGone { id })
        );
        Python::attach(|py| assert_refused(py, &object, id));
        drop(object);
    });
    is_ready.recv().unwrap();
    sub.close().unwrap();
    drop(ended);
    thread.join().unwrap();
}

#[test]
fn threads_that_use_handles_while_the_interpreter_ends_get_the_error() {
    static REFUSED: AtomicUsize = AtomicUsize::new(0);
    for _ in 0..5 {
        let sub = sub();
        let objects: Vec<Py<PyAny>> = sub
            .attach(|py| {
                (0..40)
                    .map(|_| PyList::new(py, [1]).unwrap().into_any().unbind())
                    .collect()
            })
            .unwrap();
        let mut objects = objects.into_iter();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mut own: Vec<_> = objects.by_ref().take(10).collect();
                scope.spawn(move || {
                    while let Some(object) = own.last() {
                        match object.attach(|_, list| list.len().unwrap()) {
                            Ok(length) => assert_eq!(length, 1),
                            Err(AttachError::InterpreterGone { .. }) => {
                                REFUSED.fetch_add(1, Ordering::Relaxed);
                                own.pop();
                            }
                            Err(other) => panic!("{other}"),
                        }
                        // Dropped while the interpreter may be ending.
                        if own.len() > 5 {
                            own.pop();
                        }
                    }
                });
            }
            std::thread::yield_now();
            sub.close().unwrap();
        });
    }
    assert!(REFUSED.load(Ordering::Relaxed) >= 5 * 4);
}

/// Returns the address of the current interpreter.
fn address(_: Python<'_>) -> usize {
    // SAFETY: attached by the token.
    unsafe { ffi::PyInterpreterState_Get() as usize }
}

#[test]
fn a_handle_is_refused_in_a_later_interpreter_at_the_same_address() {
    let mut kept: Vec<(Py<PyAny>, i64, usize)> = Vec::new();
    for _ in 0..20 {
        let sub = sub();
        let made = sub.attach(|py| {
            for (object, id, _) in &kept {
                assert_refused(py, object, *id);
            }
            let repeated = kept.iter().any(|&(.., earlier)| earlier == address(py));
            let object = PyList::empty(py).into_any().unbind();
            assert_eq!(object.bind(py).len().unwrap(), 0);
            (repeated, (object, sub.id(), address(py)))
        });
        let (repeated, made) = made.unwrap();
        // Half of the handles are dropped in the later interpreter.
        if repeated {
            sub.attach(|_| kept.truncate(kept.len() / 2)).unwrap();
        }
        kept.push(made);
        sub.close().unwrap();
    }
}

/// A drop during the interpreter's end still uses an object kept in a `static`.
#[test]
fn a_handle_is_usable_until_its_interpreter_has_ended() {
    static KEPT: Mutex<Option<Py<PyAny>>> = Mutex::new(None);
    static LENGTHS: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    struct Reads;
    impl Drop for Reads {
        fn drop(&mut self) {
            Python::attach(|py| {
                let kept = KEPT.lock().unwrap();
                let length = kept.as_ref().unwrap().bind(py).len().unwrap();
                LENGTHS.lock().unwrap().push(length);
            });
        }
    }
    #[pyclass(frozen)]
    struct Last(#[allow(dead_code, reason = "held for its drop")] Reads);

    let sub = sub();
    sub.attach(|py| {
        *KEPT.lock().unwrap() = Some(PyList::new(py, [1, 2, 3]).unwrap().into_any().unbind());
        // One is referred to by `__main__`, one only by itself.
        let main = py.import("__main__").unwrap();
        main.setattr("last", Py::new(py, Last(Reads)).unwrap())
            .unwrap();
        let cycle = PyList::new(py, [Py::new(py, Last(Reads)).unwrap()]).unwrap();
        cycle.append(&cycle).unwrap();
    })
    .unwrap();
    sub.close().unwrap();
    assert_eq!(*LENGTHS.lock().unwrap(), [3, 3]);
    let kept = KEPT.lock().unwrap().take().unwrap();
    Python::attach(|py| assert!(kept.try_bind(py).is_err()));
}
