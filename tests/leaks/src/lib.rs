//! A module with every kind of entry point. `cargo xtask leaks` imports it in one interpreter after
//! another and compares it with `leaks_c.c`, the same module in C.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use pyatoll::exceptions::{PyException, PyIndexError, PyValueError};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyArc, PyOnceLock};
use pyatoll::types::{PyDict, PyTuple, PyType};
use pyatoll::{PyTraverseError, PyVisit, Shared, create_exception, intern};

create_exception!(leaks_pyatoll, Failure, PyException);
create_exception!(leaks_pyatoll, Refusal, Failure);

/// A per-interpreter value, and an object created once per interpreter.
static CALLS: InterpreterLocal<AtomicU64> = InterpreterLocal::new();
static ONCE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Handles that outlive their interpreters.
static KEPT: Mutex<Vec<Py<PyAny>>> = Mutex::new(Vec::new());

/// Handles that outlive their interpreters, to objects that those keep.
static SHARED: Mutex<Vec<PyArc<PyAny>>> = Mutex::new(Vec::new());

#[pyfunction]
fn nothing() {}

#[pyfunction]
fn one(number: i64) -> i64 {
    number + 1
}

#[pyfunction]
fn two(first: i64, second: i64) -> i64 {
    first + second
}

#[pyfunction]
#[pyo3(signature = (first, second = 2, *rest, third = 3, **others))]
fn shapes(
    first: i64,
    second: i64,
    rest: &Bound<'_, PyTuple>,
    third: i64,
    others: Option<&Bound<'_, PyDict>>,
) -> i64 {
    let others = others.map_or(0, |others| others.len());
    first + second + third + (rest.len() + others) as i64
}

#[pyfunction]
#[pyo3(pass_module)]
fn name<'py>(module: &Bound<'py, PyModule>) -> PyResult<Bound<'py, PyAny>> {
    module.getattr("__name__")
}

#[pyfunction]
fn fails() -> PyResult<()> {
    Err(Refusal::new_err("refused"))
}

#[pyfunction]
fn call_back<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    function.call1((1,))
}

#[pyfunction]
fn count(py: Python<'_>) -> u64 {
    let calls = CALLS.get_or_init(py, || AtomicU64::new(0));
    calls.fetch_add(1, Ordering::Relaxed) + 1
}

#[pyfunction]
fn once(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let made = ONCE.get_or_try_init(py, || {
        let object = PyDict::new(py);
        object.set_item(intern!(py, "made"), "once")?;
        Ok::<_, PyErr>(object.into_any().unbind())
    })?;
    Ok(made.clone_ref(py))
}

/// Panics; the C module has no counterpart.
#[pyfunction]
fn panics() {
    panic!("leaks: on purpose")
}

/// Stores a handle that outlives its interpreter.
#[pyfunction]
fn keep(object: Py<PyAny>) {
    let mut kept = KEPT.lock().unwrap_or_else(|error| error.into_inner());
    // Handles of ended interpreters are dropped, so that their number stays the same.
    kept.clear();
    kept.push(object);
}

/// Stores a shared handle that outlives its interpreter.
#[pyfunction]
fn keep_shared(object: PyArc<PyAny>) {
    let mut shared = SHARED.lock().unwrap_or_else(|error| error.into_inner());
    shared.clear();
    shared.push(object.clone());
}

/// Attaches a new thread to this interpreter, and drops handles attached and detached.
#[pyfunction]
fn thread(py: Python<'_>, object: Py<PyAny>) -> PyResult<i64> {
    let here = py.interpreter();
    let other = object.clone_ref(py);
    let work = move || {
        let id = here.attach(|py| {
            drop(object);
            py.interpreter().id()
        });
        drop(other);
        id
    };
    let id = py.detach(|| std::thread::spawn(work).join());
    let id = id.map_err(|_| PyValueError::new_err("the thread panicked"))?;
    id.map_err(|error| PyValueError::new_err(error.to_string()))
}

/// Fields, methods of each kind, comparison.
#[pyclass(get_all, set_all, eq, subclass, weakref, dict)]
#[derive(Clone, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

#[pymethods]
impl Point {
    #[classattr]
    const DIMENSIONS: u8 = 2;

    #[new]
    #[pyo3(signature = (x = 0.0, y = 0.0))]
    fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    #[staticmethod]
    fn diagonal(x: f64) -> Self {
        Self { x, y: x }
    }

    #[classmethod]
    fn class_name<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
        class.getattr("__name__")
    }

    fn moved(&self, by: &Point) -> Point {
        Point {
            x: self.x + by.x,
            y: self.y + by.y,
        }
    }

    fn __repr__(&self) -> String {
        format!("Point({}, {})", self.x, self.y)
    }
}

/// Hashable.
#[pyclass(frozen, eq, hash)]
#[derive(PartialEq, Hash)]
struct Frozen(i64);

#[pymethods]
impl Frozen {
    #[new]
    fn new(number: i64) -> Self {
        Self(number)
    }
}

/// Refers to any object, and takes part in garbage collection.
#[pyclass]
struct Node {
    #[pyo3(get, set)]
    next: Option<Py<PyAny>>,
}

#[pymethods]
impl Node {
    #[new]
    fn new() -> Self {
        Self { next: None }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.next)
    }

    fn __clear__(&mut self) {
        self.next = None;
    }
}

/// A number.
#[pyclass]
struct Number(i64);

#[pymethods]
impl Number {
    #[new]
    fn new(number: i64) -> Self {
        Self(number)
    }

    fn __add__(&self, other: i64) -> i64 {
        self.0 + other
    }

    fn __sub__(&self, other: i64) -> i64 {
        self.0 - other
    }

    fn __neg__(&self) -> i64 {
        -self.0
    }

    fn __int__(&self) -> i64 {
        self.0
    }
}

/// A sequence.
#[pyclass]
struct Series {
    len: usize,
}

#[pymethods]
impl Series {
    #[new]
    fn new(len: usize) -> Self {
        Self { len }
    }

    fn __len__(&self) -> usize {
        self.len
    }

    fn __getitem__(&self, index: isize) -> PyResult<isize> {
        match usize::try_from(index) {
            Ok(unsigned) if unsigned < self.len => Ok(index),
            _ => Err(PyIndexError::new_err("out of range")),
        }
    }

    fn __contains__(&self, value: usize) -> bool {
        value < self.len
    }

    fn __iter__(&self) -> Steps {
        Steps { left: self.len }
    }
}

/// The iterator of [`Series`].
#[pyclass]
struct Steps {
    left: usize,
}

#[pymethods]
impl Steps {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        Some(self.left)
    }
}

/// A callable.
#[pyclass]
struct Adder(i64);

#[pymethods]
impl Adder {
    #[new]
    fn new(number: i64) -> Self {
        Self(number)
    }

    fn __call__(&self, number: i64) -> i64 {
        self.0 + number
    }
}

/// Extends a built-in class.
#[pyclass(extends = PyDict)]
struct Tagged {
    #[pyo3(get)]
    tag: i64,
}

#[pymethods]
impl Tagged {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self { tag: 5 }
    }
}

/// A value that interpreters share.
#[pyclass(frozen, shareable)]
struct Store(Vec<u8>);

#[pymethods]
impl Store {
    #[new]
    fn new(size: usize) -> Self {
        Self(vec![1; size])
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}

/// The value that the last interpreter has left here.
static STORE: Mutex<Option<Shared<Store>>> = Mutex::new(None);

/// Returns an instance around the value that another interpreter has left, and leaves one for the
/// next.
#[pyfunction]
fn exchange(store: Shared<Store>) -> Option<Shared<Store>> {
    let mut last = STORE.lock().unwrap_or_else(|error| error.into_inner());
    last.replace(store)
}

/// An enum: each variant is an attribute of its class.
#[pyclass(eq, eq_int)]
#[derive(Clone, Copy, PartialEq)]
enum Color {
    Red = 1,
    Green,
    Blue,
}

/// The module.
#[pymodule]
mod leaks_pyatoll {
    #[pymodule_export]
    use super::{
        Adder, Color, Failure, Frozen, Node, Number, Point, Refusal, Series, Steps, Store, Tagged,
        call_back, count, exchange, fails, keep, keep_shared, name, nothing, once, one, panics,
        shapes, thread, two,
    };

    #[pymodule_export]
    const ANSWER: i64 = 42;
}
