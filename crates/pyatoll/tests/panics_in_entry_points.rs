//! A panic in a function that CPython calls becomes an exception or a message, never the end of
//! the process: whatever function it is, and whatever the panic's payload does when it is dropped.

use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::exceptions::PyRuntimeError;
use pyatoll::ffi;
use pyatoll::prelude::*;
use pyatoll::types::{PyCFunction, PyCapsule, PyDict};

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// A payload that panics when it is dropped, with a payload that does the same.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
        if self.0 > 0 {
            panic_any(Bomb(self.0 - 1));
        }
    }
}

fn explode() -> ! {
    panic_any(Bomb(3))
}

/// Panics when it is dropped.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        explode();
    }
}

impl<'py> FromPyObject<'_, 'py> for PanicsWhenDropped {
    type Error = PyErr;

    fn extract(_: pyatoll::Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self)
    }
}

#[pyfunction]
fn function() {
    explode();
}

#[pyfunction]
fn drops_an_argument(_argument: PanicsWhenDropped) {}

/// The error of the second argument is dropped while the first one panics, and the other way round.
#[pyfunction]
fn fails_with_an_argument(_argument: PanicsWhenDropped, _number: i32) {}

#[pyfunction]
fn returns_an_error_that_panics() -> PyResult<()> {
    struct Arguments;
    impl pyatoll::PyErrArguments for Arguments {
        fn arguments(self, _: Python<'_>) -> Py<PyAny> {
            explode()
        }
    }
    Err(PyRuntimeError::new_err(Arguments))
}

/// Fails in the way that `KIND` names, in each function.
#[pyclass(subclass)]
struct Panics;

#[pymethods]
impl Panics {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyAny>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        if !_args.is_empty().unwrap() {
            explode();
        }
        Self
    }

    fn method(&self) {
        explode();
    }

    #[classmethod]
    fn of_class(_class: &Bound<'_, pyatoll::types::PyType>) {
        explode();
    }

    #[staticmethod]
    fn of_none() {
        explode();
    }

    #[getter]
    fn attribute(&self) {
        explode();
    }

    #[setter]
    fn set_attribute(&self, _value: i32) {
        explode();
    }

    #[deleter]
    fn delete_attribute(&self) {
        explode();
    }

    fn __call__(&self) {
        explode();
    }

    fn __add__(&self, _other: i32) {
        explode();
    }

    fn __iadd__(&mut self, _other: i32) {
        explode();
    }

    fn __neg__(&self) {
        explode();
    }

    fn __pow__(&self, _other: i32, _modulo: Option<i32>) {
        explode();
    }

    fn __richcmp__(&self, _other: &Bound<'_, PyAny>, _op: pyatoll::pyclass::CompareOp) -> bool {
        explode();
    }

    fn __hash__(&self) -> u64 {
        explode();
    }

    fn __repr__(&self) -> String {
        explode();
    }

    fn __str__(&self) -> String {
        explode();
    }

    fn __bool__(&self) -> bool {
        explode();
    }

    fn __int__(&self) -> i32 {
        explode();
    }

    fn __len__(&self) -> usize {
        explode();
    }

    fn __getitem__(&self, _key: i32) -> i32 {
        explode();
    }

    fn __setitem__(&self, _key: i32, _value: i32) {
        explode();
    }

    fn __delitem__(&self, _key: i32) {
        explode();
    }

    fn __contains__(&self, _key: i32) -> bool {
        explode();
    }

    fn __iter__(&self) -> Py<PyAny> {
        explode();
    }

    fn __next__(&self) -> Option<i32> {
        explode();
    }

    fn __await__(&self) -> Py<PyAny> {
        explode();
    }

    fn __getattr__(&self, _name: &str) -> Py<PyAny> {
        explode();
    }

    unsafe fn __getbuffer__(&self, _view: *mut ffi::Py_buffer, _flags: std::ffi::c_int) {
        explode();
    }
}

/// What has no way to raise an exception.
#[pyclass]
struct PanicsAtTheEnd {
    _value: PanicsWhenDropped,
}

#[pymethods]
impl PanicsAtTheEnd {
    #[new]
    fn new() -> Self {
        Self {
            _value: PanicsWhenDropped,
        }
    }

    fn __del__(&self) {
        explode();
    }

    #[allow(clippy::unused_self)]
    fn __traverse__(&self, _visit: pyatoll::PyVisit<'_>) -> Result<(), pyatoll::PyTraverseError> {
        explode();
    }

    fn __clear__(&mut self) {
        explode();
    }
}

/// A module whose initialization panics.
#[pymodule]
mod panics_at_import {
    use super::*;

    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        explode();
    }
}

const CODE: &std::ffi::CStr = c"
import sys, gc, operator
unraisable = []
sys.unraisablehook = lambda u: unraisable.append(u.exc_type.__name__)
o = C()
kinds = dict(
    function=function, drops=lambda: drops(1), fails=lambda: fails(1, 2), lazy=lazy,
    closure=closure, init=import_module, new=lambda: C(1), new_keywords=lambda: C(1, a=2),
    dunder_new=lambda: C.__new__(C, 1), subclass=lambda: type('D', (C,), {})(1),
    method=o.method, of_class=C.of_class, of_none=C.of_none, get=lambda: o.attribute,
    set=lambda: setattr(o, 'attribute', 1), delete=lambda: delattr(o, 'attribute'), call=o,
    add=lambda: o + 1, iadd=lambda: operator.iadd(o, 1), neg=lambda: -o, pow=lambda: pow(o, 1),
    eq=lambda: o == 1, lt=lambda: o < 1, hash=lambda: hash(o), repr=lambda: repr(o),
    str=lambda: str(o), bool=lambda: bool(o), int=lambda: int(o), len=lambda: len(o),
    getitem=lambda: o[1], setitem=lambda: operator.setitem(o, 1, 1),
    delitem=lambda: operator.delitem(o, 1), contains=lambda: 1 in o, iter=lambda: iter(o),
    next=lambda: next(o), getattr=lambda: o.missing, buffer=lambda: memoryview(o),
)
for name, call in kinds.items():
    try:
        call()
    except BaseException as error:
        kind = type(error).__name__
        assert kind == 'PanicException' or name == 'lazy', (name, error)
    else:
        assert False, name
assert not unraisable, unraisable
# What cannot raise is reported, and the interpreter goes on.
for _ in range(3):
    end = End()
    cycle = [end]
    cycle.append(cycle)
    del end, cycle
    gc.collect()
    End()
drop_others()
gc.collect()
assert unraisable and set(unraisable) == {'PanicException'}, unraisable
";

#[test]
fn a_panic_in_any_function_that_python_calls_becomes_an_exception() {
    // Not the default hook's output, which is long.
    std::panic::set_hook(Box::new(|_| ()));
    Python::initialize();
    Python::attach(|py| {
        let globals = PyDict::new(py);
        let closure = PyCFunction::new_closure(py, None, None, |_, _| -> () { explode() }).unwrap();
        let import_module = PyCFunction::new_closure(py, None, None, |args, _| {
            pyatoll::wrap_pymodule!(panics_at_import)(args.py());
        });
        // Values whose destruction panics: in a closure, in a capsule.
        let drop_others = PyCFunction::new_closure(py, None, None, |args, _| {
            let value = PanicsWhenDropped;
            let holds = move |_: &Bound<'_, _>, _: Option<&Bound<'_, PyDict>>| {
                let _ = &value;
            };
            drop(PyCFunction::new_closure(args.py(), None, None, holds));
            drop(PyCapsule::new(args.py(), PanicsWhenDropped, None));
            let explodes = |_: i32, _| explode();
            drop(PyCapsule::new_with_destructor(args.py(), 1, None, explodes));
        });
        let set = |name: &str, value: Bound<'_, PyAny>| globals.set_item(name, value).unwrap();
        set("closure", closure.into_any());
        set("import_module", import_module.unwrap().into_any());
        set("drop_others", drop_others.unwrap().into_any());
        set(
            "function",
            wrap_pyfunction!(function, py).unwrap().into_any(),
        );
        let drops = wrap_pyfunction!(drops_an_argument, py).unwrap();
        set("drops", drops.into_any());
        let fails = wrap_pyfunction!(fails_with_an_argument, py).unwrap();
        set("fails", fails.into_any());
        let lazy = wrap_pyfunction!(returns_an_error_that_panics, py).unwrap();
        set("lazy", lazy.into_any());
        set("C", py.get_type::<Panics>().into_any());
        set("End", py.get_type::<PanicsAtTheEnd>().into_any());
        py.run(CODE, Some(&globals), None).unwrap();
    });
    assert!(DROPPED.load(Ordering::Relaxed) > 30, "payloads are dropped");
}

/// The message of a panic in `__traverse__` goes to standard error, which may be a closed pipe.
#[cfg(unix)]
#[test]
fn a_panic_that_cannot_be_reported_does_not_end_the_process() {
    const CHILD: &str = "PYATOLL_TEST_CLOSED_STDERR";
    if std::env::var_os(CHILD).is_none() {
        let name = "a_panic_that_cannot_be_reported_does_not_end_the_process";
        let program = std::env::current_exe().unwrap();
        let mut child = std::process::Command::new(program)
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stderr.take());
        assert!(child.wait().unwrap().success());
        return;
    }
    std::panic::set_hook(Box::new(|_| ()));
    // SAFETY: ignoring a signal has no preconditions.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    Python::initialize();
    Python::attach(|py| {
        let object = py.get_type::<PanicsAtTheEnd>().call0().unwrap();
        py.run(c"import gc; gc.collect()", None, None).unwrap();
        // Not dropped: reporting that is Python's.
        std::mem::forget(object);
    });
}

/// A host's threads may be in an interpreter where something else is in the place of this library's
/// state.
#[test]
fn an_import_that_finds_no_place_for_its_state_is_an_import_error() {
    Python::initialize();
    Python::attach(|_| {
        // SAFETY: attached. The new interpreter is left with the main one's thread state current
        // again.
        unsafe {
            let main = ffi::PyThreadState_Get();
            let first = ffi::Py_NewInterpreter();
            assert!(!first.is_null());
            let dict = ffi::PyInterpreterState_GetDict(ffi::PyInterpreterState_Get());
            let key = c"pyatoll.internals.v1".as_ptr();
            ffi::PyDict_SetItemString(dict, key, ffi::Py_None());
            let definition: *mut ffi::PyModuleDef = fine::__Pyatoll::INIT().cast();
            let spec = ffi::PyModule_New(c"fine".as_ptr());
            let name = ffi::PyObject_GetAttrString(spec, c"__name__".as_ptr());
            ffi::PyObject_SetAttrString(spec, c"name".as_ptr(), name);
            let module = ffi::PyModule_FromDefAndSpec(definition, spec);
            assert!(!module.is_null());
            assert_eq!(ffi::PyModule_ExecDef(module, definition), -1);
            assert_ne!(ffi::PyErr_ExceptionMatches(ffi::PyExc_ImportError), 0);
            ffi::PyErr_Clear();
            ffi::PyDict_DelItemString(dict, key);
            assert_eq!(ffi::PyModule_ExecDef(module, definition), 0);
            ffi::Py_DECREF(name);
            ffi::Py_DECREF(spec);
            ffi::Py_DECREF(module);
            ffi::Py_EndInterpreter(first);
            if cfg!(Py_3_12) {
                ffi::PyEval_RestoreThread(main);
            } else {
                ffi::PyThreadState_Swap(main);
            }
        }
    });
}

#[pymodule]
mod fine {}
