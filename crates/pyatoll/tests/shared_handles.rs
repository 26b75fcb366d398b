//! `PyArc`: handles to an object that the interpreter keeps until it ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pyatoll::interpreter::{AttachError, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyArc};
use pyatoll::types::PyList;

fn sub() -> SubInterpreter {
    SubInterpreter::builder().build().unwrap()
}

/// An object that counts its instances.
#[pyclass]
struct Counted(&'static AtomicUsize);

impl Counted {
    fn make(py: Python<'_>, alive: &'static AtomicUsize) -> PyArc<Counted> {
        alive.fetch_add(1, Ordering::Relaxed);
        PyArc::new(Bound::new(py, Counted(alive)).unwrap())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn the_object_lives_until_the_last_clone_is_dropped() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    let sub = sub();
    let handle = sub.attach(|py| Counted::make(py, &ALIVE)).unwrap();
    let clones: Vec<_> = (0..4).map(|_| handle.clone()).collect();
    thread::scope(|scope| {
        for clone in clones {
            scope.spawn(move || {
                let again = clone.clone();
                drop(clone);
                let alive = again.attach(|_, object| object.borrow().0.load(Ordering::Relaxed));
                assert_eq!(alive, Ok(1));
            });
        }
    });
    sub.attach(|py| assert!(handle.try_bind(py).is_ok()))
        .unwrap();
    assert_eq!(ALIVE.load(Ordering::Relaxed), 1);
    // Elsewhere: released by the next entry.
    Python::attach(|_| drop(handle));
    assert_eq!(ALIVE.load(Ordering::Relaxed), 1);
    sub.attach(|_| assert_eq!(ALIVE.load(Ordering::Relaxed), 0))
        .unwrap();
    // Attached: at once.
    sub.attach(|py| {
        let handle = Counted::make(py, &ALIVE);
        assert_eq!(ALIVE.load(Ordering::Relaxed), 1);
        drop(handle);
        assert_eq!(ALIVE.load(Ordering::Relaxed), 0);
    })
    .unwrap();
}

#[test]
fn the_interpreters_end_releases_the_object_whatever_handles_are_left() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    let sub = sub();
    let id = sub.id();
    let handle = sub.attach(|py| Counted::make(py, &ALIVE)).unwrap();
    let clone = handle.clone();
    sub.close().unwrap();
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0);
    let gone = Err(AttachError::InterpreterGone { id });
    assert_eq!(handle.attach(|_, _| ()), gone);
    assert!(!handle.interpreter().is_alive());
    Python::attach(|py| {
        let error = clone.clone().try_bind(py).map(drop).unwrap_err();
        assert_eq!(
            (error.owner().id(), error.current()),
            (id, py.interpreter())
        );
        assert!(error.to_string().contains("which has ended"), "{error}");
        assert!((&clone).into_pyobject(py).is_err());
        assert_eq!(py.detach(|| clone.attach(|_, _| ())), gone);
    });
    thread::spawn(move || drop(clone)).join().unwrap();
    Python::attach(|_| drop(handle));
}

#[test]
fn another_interpreter_is_refused() {
    let (one, two) = (sub(), sub());
    let list = one.attach(|py| PyArc::from(PyList::empty(py))).unwrap();
    two.attach(|py| {
        let text = format!(
            "this object belongs to interpreter {} and cannot be used in interpreter {}",
            one.id(),
            two.id()
        );
        let error = list.try_bind(py).unwrap_err().to_string();
        assert!(error.starts_with(&text), "{error}");
        let error = PyErr::from((&list).into_pyobject(py).map(drop).unwrap_err());
        assert!(error.to_string().starts_with("RuntimeError: "), "{error}");
        let bind = std::panic::AssertUnwindSafe(|| list.bind(py).len());
        let panic = std::panic::catch_unwind(bind).unwrap_err();
        assert!(panic.downcast::<String>().unwrap().starts_with(&text));
        let elsewhere = list.attach(|_, _| ());
        assert!(matches!(
            elsewhere,
            Err(AttachError::AttachedElsewhere { .. })
        ));
        assert_eq!(py.detach(|| list.attach(|_, list| list.len())), Ok(0));
    })
    .unwrap();
}

/// Values are dropped newest first, so a value still has the handles that were made before it.
#[test]
fn code_that_runs_at_the_end_gets_the_object_or_an_error() {
    static RESULTS: std::sync::Mutex<Vec<Result<usize, String>>> =
        std::sync::Mutex::new(Vec::new());
    static EARLY: InterpreterLocal<Asks> = InterpreterLocal::new();
    static LATE: InterpreterLocal<Asks> = InterpreterLocal::new();
    struct Asks(std::sync::Mutex<Option<PyArc<PyList>>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let handle = self.0.lock().unwrap().take().unwrap();
            let result = Python::attach(|py| match handle.try_bind(py) {
                Ok(list) => Ok(list.len()),
                Err(error) => Err(error.to_string()),
            });
            RESULTS.lock().unwrap().push(result);
        }
    }
    let sub = sub();
    let id = sub.id();
    sub.attach(|py| {
        let early = EARLY.get_or_init(py, || Asks(None.into()));
        let handle = PyArc::new(PyList::new(py, [1, 2]).unwrap());
        let late = LATE.get_or_init(py, || Asks(None.into()));
        *early.0.lock().unwrap() = Some(handle.clone());
        *late.0.lock().unwrap() = Some(handle);
    })
    .unwrap();
    sub.close().unwrap();
    let gone = format!("interpreter {id} is at its end and has given this object up");
    assert_eq!(*RESULTS.lock().unwrap(), [Ok(2), Err(gone)]);
}

/// Stands for the state of an object that another thread works for.
#[pyclass(from_py_object)]
#[derive(Clone)]
struct Client {
    callback: PyArc<PyAny>,
}

#[pymethods]
impl Client {
    #[new]
    fn new(callback: PyArc<PyAny>) -> Self {
        Self { callback }
    }

    #[getter]
    fn callback(&self) -> PyArc<PyAny> {
        self.callback.clone()
    }
}

#[test]
fn handles_are_arguments_results_and_fields() {
    sub()
        .attach(|py| {
            let list = PyList::empty(py);
            let client = py.get_type::<Client>().call1((&list,)).unwrap();
            assert!(client.getattr("callback").unwrap().is(&list));
            let clone = client.extract::<Client>().unwrap();
            assert!(clone.callback.bind(py).is(&list));
            assert!(PyArc::<PyList>::extract(py.None().bind_borrowed(py)).is_err());
            assert_eq!(list.get_refcnt(), 2);
            drop((clone, client));
            assert_eq!(list.get_refcnt(), 1);
        })
        .unwrap();
}
