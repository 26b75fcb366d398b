//! `atoll`, the module that every interpreter imports: functions, classes and per-interpreter
//! statics whose results the driver can predict.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use pyatoll::exceptions::{PyRuntimeError, PyValueError};
use pyatoll::prelude::*;
use pyatoll::sync::{InterpreterLocal, PyOnceLock};
use pyatoll::types::{PyDict, PyTuple, PyType};
use pyatoll::{PyTraverseError, PyVisit, create_exception, intern};

use crate::failure;
use crate::handle::Tracked;
use crate::model::{InterpreterModel, ObjectModel, lock};
use crate::operations::call_here;
use crate::world::enter_unannounced;

create_exception!(atoll, Refused, PyValueError, "What `fails` raises.");

/// The model of the current interpreter. Dropped with the interpreter's values.
static MODEL: InterpreterLocal<ModelRef> = InterpreterLocal::new();

/// Counted objects held by a per-interpreter value.
static SHELF: InterpreterLocal<Mutex<Vec<Py<Counted>>>> = InterpreterLocal::new();

static CALLS: InterpreterLocal<AtomicU64> = InterpreterLocal::new();

static ONCE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Handles to objects of any interpreter, held by a per-interpreter value.
static KEPT: InterpreterLocal<Mutex<Vec<Tracked>>> = InterpreterLocal::new();

/// Values that enter other interpreters when they are dropped.
static ENTERING: InterpreterLocal<Mutex<Vec<EntersOnDrop>>> = InterpreterLocal::new();

struct ModelRef(Arc<InterpreterModel>);

impl Drop for ModelRef {
    fn drop(&mut self) {
        self.0.values_dropped.store(true, Ordering::SeqCst);
    }
}

/// Models of interpreters created by Python code, which claim them with `adopt`.
static UNADOPTED: Mutex<Option<HashMap<u64, Arc<InterpreterModel>>>> = Mutex::new(None);

/// The folder of additional extension modules.
pub static EXTENSIONS: OnceLock<PathBuf> = OnceLock::new();

/// Registers a model for `adopt`, once.
pub fn expect_adoption(interpreter: &Arc<InterpreterModel>) {
    lock(&UNADOPTED)
        .get_or_insert_default()
        .insert(interpreter.number, interpreter.clone());
}

/// Associates the current interpreter with its model.
pub fn set_model(py: Python<'_>, interpreter: &Arc<InterpreterModel>) -> PyResult<()> {
    interpreter.set_handle(py.interpreter());
    // Set before the module's other values, so that it is dropped after them.
    MODEL
        .set(py, ModelRef(interpreter.clone()))
        .map_err(|_| PyRuntimeError::new_err("the interpreter already has a model"))?;
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

/// Returns the model of the current interpreter.
pub fn current_model(py: Python<'_>) -> PyResult<&Arc<InterpreterModel>> {
    match MODEL.get(py) {
        Some(here) => Ok(&here.0),
        None => Err(PyRuntimeError::new_err("the interpreter has no model yet")),
    }
}

/// Creates a counted object.
pub fn make(py: Python<'_>, value: u64) -> PyResult<Bound<'_, Counted>> {
    let model = ObjectModel::new(current_model(py)?, value);
    Bound::new(py, Counted { model })
}

/// Puts an object on the current interpreter's shelf.
pub fn shelve(py: Python<'_>, object: &Bound<'_, Counted>) {
    object.get().model.shelve();
    let shelf = SHELF.get_or_init(py, Mutex::default);
    lock(shelf).push(object.clone().unbind());
}

/// Takes an object off the current interpreter's shelf.
pub fn unshelve(py: Python<'_>) -> Option<Bound<'_, Counted>> {
    let object = lock(SHELF.get(py)?).pop()?.into_bound(py);
    object.get().model.unshelve();
    Some(object)
}

/// Puts a handle into a value of the current interpreter. Returns the one that makes room for it.
pub fn keep(py: Python<'_>, handle: Tracked) -> Option<Tracked> {
    const MAX: usize = 10;
    let mut kept = lock(KEPT.get_or_init(py, Mutex::default));
    kept.push(handle);
    (kept.len() > MAX).then(|| kept.swap_remove(0))
}

/// Gives the current interpreter a value that enters `there` when it is dropped.
pub fn enter_on_drop(py: Python<'_>, there: Arc<InterpreterModel>) {
    const MAX: usize = 3;
    let mut entering = lock(ENTERING.get_or_init(py, Mutex::default));
    if entering.len() < MAX {
        entering.push(EntersOnDrop { there });
    }
}

struct EntersOnDrop {
    there: Arc<InterpreterModel>,
}

impl Drop for EntersOnDrop {
    fn drop(&mut self) {
        let there = &self.there;
        let entered = Python::attach(|py| {
            let is_here = py.interpreter() == there.handle();
            py.detach(|| {
                enter_unannounced(there, |py| {
                    // Its own modules are cleared already, but it can be left and entered.
                    if is_here {
                        return Ok(());
                    }
                    call_here(py, there, 1, 2, 0).map(drop)
                })
            })
        });
        if let Err(error) = entered {
            failure::record(format!("a dropped value: {error:#}"));
        }
    }
}

/// Has a cell that is not a static.
#[pyclass(module = "atoll", frozen)]
pub struct Lazy {
    cell: PyOnceLock<Py<Counted>>,
}

#[pymethods]
impl Lazy {
    #[new]
    fn new() -> Self {
        let cell = PyOnceLock::new();
        Self { cell }
    }

    fn value(&self, py: Python<'_>) -> PyResult<Py<Counted>> {
        let made = self
            .cell
            .get_or_try_init(py, || Ok::<_, PyErr>(make(py, 7)?.unbind()));
        Ok(made?.clone_ref(py))
    }
}

/// Records that an exit function of Python code got to its end.
#[pyfunction]
fn at_exit(py: Python<'_>) -> PyResult<()> {
    current_model(py)?.exits.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// An object whose creation and death the model records.
#[pyclass(frozen, module = "atoll")]
pub struct Counted {
    pub model: Arc<ObjectModel>,
}

#[pymethods]
impl Counted {
    #[new]
    fn new(py: Python<'_>, value: u64) -> PyResult<Self> {
        Ok(Self {
            model: ObjectModel::new(current_model(py)?, value),
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
        self.model.mark_dead();
    }
}

/// A mutable value that can call back while it is borrowed.
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

    /// Calls back while mutably borrowed.
    fn borrowed<'py>(&mut self, callback: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        callback.call0()
    }
}

/// Refers to any object, possibly in a cycle.
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

/// Holds a handle to an object of any interpreter, and visits it in `__traverse__`.
#[pyclass(module = "atoll")]
pub struct Holder {
    pub kept: Option<Tracked>,
}

#[pymethods]
impl Holder {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.kept.as_ref().map(Tracked::object))
    }

    /// Returns the object; an error if it belongs to another interpreter.
    fn get(&self, py: Python<'_>) -> PyResult<Py<Counted>> {
        let kept = self.kept.as_ref();
        let kept = kept.ok_or_else(|| PyValueError::new_err("nothing is kept"))?;
        Ok(kept.object().try_bind(py)?.clone().unbind())
    }

    /// Returns the object; panics if it belongs to another interpreter.
    fn get_unchecked(&self, py: Python<'_>) -> Option<Py<Counted>> {
        let kept = self.kept.as_ref()?;
        Some(kept.object().bind(py).clone().unbind())
    }

    /// Returns the handle, whose conversion fails if it belongs to another interpreter.
    fn give(&self) -> Option<&Py<Counted>> {
        self.kept.as_ref().map(Tracked::object)
    }

    fn __clear__(&mut self) {
        self.kept = None;
    }
}

/// Panics when dropped.
#[pyclass(module = "atoll")]
pub struct DropPanics;

#[pymethods]
impl DropPanics {
    #[new]
    fn new() -> Self {
        Self
    }
}

impl Drop for DropPanics {
    fn drop(&mut self) {
        panic!("stress: panic in a drop");
    }
}

/// Panics in `__traverse__`.
#[pyclass(module = "atoll")]
pub struct TraversePanics {
    _counted: Py<Counted>,
}

#[pymethods]
impl TraversePanics {
    #[new]
    fn new(py: Python<'_>, value: u64) -> PyResult<Self> {
        Ok(Self {
            _counted: make(py, value)?.unbind(),
        })
    }

    fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        panic!("stress: panic in __traverse__")
    }
}

#[pyfunction]
fn adopt(py: Python<'_>, number: u64) -> PyResult<()> {
    let interpreter = lock(&UNADOPTED)
        .as_mut()
        .and_then(|map| map.remove(&number));
    let interpreter = interpreter.ok_or_else(|| PyRuntimeError::new_err("no such model"))?;
    set_model(py, &interpreter)
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

/// Counts its calls per interpreter.
#[pyfunction]
fn count(py: Python<'_>) -> PyResult<u64> {
    current_model(py)?.calls.fetch_add(1, Ordering::SeqCst);
    let calls = CALLS.get_or_init(py, || AtomicU64::new(0));
    Ok(calls.fetch_add(1, Ordering::SeqCst) + 1)
}

/// Returns the number of calls of [`count`].
pub fn counted(py: Python<'_>) -> u64 {
    CALLS
        .get(py)
        .map_or(0, |calls| calls.load(Ordering::SeqCst))
}

/// Returns an object that is created once per interpreter, with an interned key.
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
fn fails(kind: &str) -> PyResult<()> {
    Err(match kind {
        "refused" => Refused::new_err("refused"),
        _ => PyValueError::new_err(kind.to_owned()),
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

/// Detaches while new threads attach to this interpreter. Returns the sum of their numbers.
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
            // The interpreter began to end while this thread was detached.
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

/// The module that every interpreter imports.
#[pymodule]
pub mod atoll {
    #[pymodule_export]
    use super::{
        Counted, DropPanics, Holder, Lazy, Node, Refused, Tally, TraversePanics, add, adopt,
        at_exit, call_back, count, fails, interpreter, name_of_module, nothing, once, panics,
        shapes, threads,
    };
    #[pymodule_export]
    use crate::operations::Parcel;
    #[pymodule_export]
    use crate::ways::{attaches, call_deep, forever, released};
}

/// A module whose execution fails on request of the driver.
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
        if super::current_model(module.py())?
            .fail_import
            .swap(false, Ordering::SeqCst)
        {
            return Err(PyRuntimeError::new_err("not this time"));
        }
        Ok(())
    }
}
