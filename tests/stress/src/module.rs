//! `atoll`, the module that is imported everywhere: functions, classes and per-interpreter statics,
//! each of which the driver can tell the result of.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use pyatoll::exceptions::{PyRuntimeError, PyValueError};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};
use pyatoll::types::{PyDict, PyTuple, PyType};
use pyatoll::{PyTraverseError, PyVisit, create_exception, intern};

use crate::handle::Tracked;
use crate::life::{Life, Model, lock};

create_exception!(atoll, Refused, PyValueError, "What `fails` raises.");

/// The interpreter this is, to the driver. Dropped with the interpreter's values.
static LIFE: InterpreterLocal<Here> = InterpreterLocal::new();

/// Counted objects of the interpreter, in a value that ends with it.
static SHELF: InterpreterLocal<Mutex<Vec<Py<Counted>>>> = InterpreterLocal::new();

static CALLS: InterpreterLocal<AtomicU64> = InterpreterLocal::new();

static ONCE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

struct Here(Arc<Life>);

impl Drop for Here {
    fn drop(&mut self) {
        self.0.values_dropped.store(true, Ordering::SeqCst);
    }
}

/// Interpreters made from Python, which say who they are with `adopt`.
static ORPHANS: Mutex<Option<HashMap<u64, Arc<Life>>>> = Mutex::new(None);

/// Where every interpreter finds extension modules besides Python's own.
pub static EXTENSIONS: OnceLock<PathBuf> = OnceLock::new();

/// Lets `adopt` find it, once.
pub fn expect_adoption(life: &Arc<Life>) {
    lock(&ORPHANS)
        .get_or_insert_default()
        .insert(life.number, life.clone());
}

/// Tells the interpreter which life it is.
pub fn settle(py: Python<'_>, life: &Arc<Life>) -> PyResult<()> {
    life.is_of(py.interpreter());
    // Before the module's other values, so that it is dropped after them.
    LIFE.set(py, Here(life.clone()))
        .map_err(|_| PyRuntimeError::new_err("the interpreter has a life already"))?;
    let sys = py.import("sys")?;
    py.run(
        c"import sys; sys.unraisablehook = lambda unraisable: None",
        None,
        None,
    )?;
    if let Some(folder) = EXTENSIONS.get() {
        sys.getattr("path")?
            .call_method1("append", (folder.as_os_str(),))?;
    }
    Ok(())
}

/// The life of this interpreter.
pub fn life(py: Python<'_>) -> PyResult<&Arc<Life>> {
    match LIFE.get(py) {
        Some(here) => Ok(&here.0),
        None => Err(PyRuntimeError::new_err("the interpreter has no life yet")),
    }
}

/// A counted object.
pub fn make(py: Python<'_>, value: u64) -> PyResult<Bound<'_, Counted>> {
    let model = Model::born(life(py)?, value);
    Bound::new(py, Counted { model })
}

/// Puts an object on this interpreter's shelf.
pub fn shelve(py: Python<'_>, object: &Bound<'_, Counted>) {
    object.get().model.shelve();
    let shelf = SHELF.get_or_init(py, Mutex::default);
    lock(shelf).push(object.clone().unbind());
}

/// Takes an object off it.
pub fn unshelve(py: Python<'_>) -> Option<Bound<'_, Counted>> {
    let object = lock(SHELF.get(py)?).pop()?.into_bound(py);
    object.get().model.unshelve();
    Some(object)
}

/// An object whose birth and death the driver notes.
#[pyclass(frozen, module = "atoll")]
pub struct Counted {
    pub model: Arc<Model>,
}

#[pymethods]
impl Counted {
    #[new]
    fn new(py: Python<'_>, value: u64) -> PyResult<Self> {
        Ok(Self {
            model: Model::born(life(py)?, value),
        })
    }

    #[getter]
    pub fn value(&self) -> u64 {
        self.model.value
    }

    fn plus(&self, other: &Counted) -> u64 {
        self.model.value.wrapping_add(other.model.value)
    }

    #[staticmethod]
    fn twice(number: u64) -> u64 {
        number.wrapping_mul(2)
    }

    #[classmethod]
    fn made_by(class: &Bound<'_, PyType>, value: u64) -> PyResult<Py<PyAny>> {
        Ok(class.call1((value,))?.unbind())
    }

    fn __add__(&self, other: u64) -> u64 {
        self.model.value.wrapping_add(other)
    }

    fn __len__(&self) -> usize {
        (self.model.value % 1000) as usize
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.model.dies();
    }
}

/// A value that can change, and that says so while it is borrowed.
#[pyclass(module = "atoll", subclass, dict, weakref)]
pub struct Tally {
    #[pyo3(get, set)]
    pub total: u64,
}

#[pymethods]
impl Tally {
    #[new]
    #[pyo3(signature = (total = 0))]
    fn new(total: u64) -> Self {
        Self { total }
    }

    fn add(&mut self, by: u64) -> u64 {
        self.total = self.total.wrapping_add(by);
        self.total
    }

    /// Calls back while it is borrowed.
    fn borrowed<'py>(&mut self, callback: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        callback.call0()
    }
}

/// Refers to any object, in a cycle or not.
#[pyclass(module = "atoll")]
pub struct Node {
    #[pyo3(get, set)]
    next: Option<Py<PyAny>>,
    _counted: Py<Counted>,
}

#[pymethods]
impl Node {
    #[new]
    fn new(py: Python<'_>, value: u64) -> PyResult<Self> {
        Ok(Self {
            next: None,
            _counted: make(py, value)?.unbind(),
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self._counted)?;
        visit.call(&self.next)
    }

    fn __clear__(&mut self) {
        self.next = None;
    }
}

/// Holds a handle to an object of any interpreter, and shows it to the garbage collector.
#[pyclass(module = "atoll")]
pub struct Keeper {
    pub kept: Option<Tracked>,
}

#[pymethods]
impl Keeper {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.kept.as_ref().map(Tracked::object))
    }

    /// The object: refused where it is another interpreter's.
    fn get(&self, py: Python<'_>) -> PyResult<Py<Counted>> {
        let kept = self.kept.as_ref();
        let kept = kept.ok_or_else(|| PyValueError::new_err("nothing is kept"))?;
        Ok(kept.object().try_bind(py)?.clone().unbind())
    }

    /// The same, with the check that panics.
    fn get_unchecked(&self, py: Python<'_>) -> Option<Py<Counted>> {
        let kept = self.kept.as_ref()?;
        Some(kept.object().bind(py).clone().unbind())
    }

    /// As a result: the conversion refuses it.
    fn give(&self) -> Option<&Py<Counted>> {
        self.kept.as_ref().map(Tracked::object)
    }

    fn __clear__(&mut self) {
        self.kept = None;
    }
}

/// Panics when it dies.
#[pyclass(module = "atoll")]
pub struct Grenade;

#[pymethods]
impl Grenade {
    #[new]
    fn new() -> Self {
        Self
    }
}

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("stress: a drop panics");
    }
}

/// Its visit panics.
#[pyclass(module = "atoll")]
pub struct Shy {
    _counted: Py<Counted>,
}

#[pymethods]
impl Shy {
    #[new]
    fn new(py: Python<'_>, value: u64) -> PyResult<Self> {
        Ok(Self {
            _counted: make(py, value)?.unbind(),
        })
    }

    fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        panic!("stress: a visit panics")
    }
}

#[pyfunction]
fn adopt(py: Python<'_>, number: u64) -> PyResult<()> {
    let life = lock(&ORPHANS).as_mut().and_then(|map| map.remove(&number));
    let life = life.ok_or_else(|| PyRuntimeError::new_err("no such life"))?;
    settle(py, &life)
}

#[pyfunction]
fn nothing() {}

#[pyfunction]
fn add(first: u64, second: u64) -> u64 {
    first.wrapping_add(second)
}

#[pyfunction]
#[pyo3(signature = (first, /, second = 2, *rest, third = 3, **others))]
fn shapes(
    first: u64,
    second: u64,
    rest: &Bound<'_, PyTuple>,
    third: u64,
    others: Option<&Bound<'_, PyDict>>,
) -> (u64, u64, usize, u64, usize) {
    let others = others.map_or(0, |others| others.len());
    (first, second, rest.len(), third, others)
}

#[pyfunction]
#[pyo3(pass_module)]
fn name_of_module(module: &Bound<'_, PyModule>) -> PyResult<String> {
    Ok(module.name()?.to_string())
}

#[pyfunction]
fn interpreter(py: Python<'_>) -> i64 {
    py.interpreter().id()
}

/// Counts its calls, one count for each interpreter.
#[pyfunction]
fn count(py: Python<'_>) -> PyResult<u64> {
    life(py)?.calls.fetch_add(1, Ordering::SeqCst);
    let calls = CALLS.get_or_init(py, || AtomicU64::new(0));
    Ok(calls.fetch_add(1, Ordering::SeqCst) + 1)
}

/// How many were counted.
pub fn counted(py: Python<'_>) -> u64 {
    CALLS
        .get(py)
        .map_or(0, |calls| calls.load(Ordering::SeqCst))
}

/// An object that is made once in each interpreter, with a name that is interned.
#[pyfunction]
fn once(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let made = ONCE.get_or_try_init(py, || {
        let object = PyDict::new(py);
        object.set_item(intern!(py, "an interned name"), py.interpreter().id())?;
        Ok::<_, PyErr>(object.into_any().unbind())
    })?;
    Ok(made.clone_ref(py))
}

#[pyfunction]
fn fails(what: &str) -> PyResult<()> {
    Err(match what {
        "refused" => Refused::new_err("refused"),
        _ => PyValueError::new_err(what.to_owned()),
    })
}

#[pyfunction]
fn panics(text: &str) {
    panic!("stress: {text}")
}

#[pyfunction]
fn call_back<'py>(function: &Bound<'py, PyAny>, argument: u64) -> PyResult<Bound<'py, PyAny>> {
    function.call1((argument,))
}

/// Detaches, and lets new threads into this interpreter. Returns the sum of their numbers.
#[pyfunction]
fn threads(py: Python<'_>, count: u64) -> PyResult<u64> {
    let here = py.interpreter();
    let work = |number| {
        let entered = here.attach(|py| {
            let add = py.import("atoll")?.getattr("add")?;
            add.call1((number, 1))?.extract::<u64>()
        });
        match entered {
            Ok(result) => result.map_err(|error| error.to_string()),
            // The end has begun while this thread was detached.
            Err(error) => Err(error.to_string()),
        }
    };
    let results: Vec<_> = py.detach(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..count)
                .map(|number| scope.spawn(move || work(number)))
                .collect();
            threads.into_iter().map(|thread| thread.join()).collect()
        })
    });
    let mut sum = 0;
    for result in results {
        let result = result.map_err(|_| PyRuntimeError::new_err("a thread panicked"))?;
        sum += result.map_err(PyRuntimeError::new_err)?;
    }
    Ok(sum)
}

/// What is imported in every interpreter.
#[pymodule]
pub mod atoll {
    #[pymodule_export]
    use super::{
        Counted, Grenade, Keeper, Node, Refused, Shy, Tally, add, adopt, call_back, count, fails,
        interpreter, name_of_module, nothing, once, panics, shapes, threads,
    };
}

/// A module whose execution fails when the driver says so.
#[pymodule]
pub mod flaky {
    use std::sync::atomic::Ordering;

    use pyatoll::exceptions::PyRuntimeError;
    use pyatoll::prelude::*;

    #[pyclass]
    struct Part;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add_class::<Part>()?;
        module.add("part", Py::new(module.py(), Part)?)?;
        if super::life(module.py())?
            .fail_import
            .swap(false, Ordering::SeqCst)
        {
            return Err(PyRuntimeError::new_err("not this time"));
        }
        Ok(())
    }
}
