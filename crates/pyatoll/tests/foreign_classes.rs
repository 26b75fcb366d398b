//! Python 3.11 has one `object` for all interpreters, so that `object.__subclasses__()` hands out
//! the classes of others: their functions raise an error instead of running with the other
//! interpreter's token. Later versions hand out none.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

static CALLS: AtomicUsize = AtomicUsize::new(0);

/// A class that keeps an object, and has instances among its attributes.
#[pyclass(subclass)]
struct Reached {
    #[pyo3(get, set)]
    value: Option<Py<PyAny>>,
}

#[pymethods]
impl Reached {
    #[classattr]
    const ONE: Reached = Reached { value: None };

    #[new]
    #[pyo3(signature = (value=None))]
    fn new(value: Option<Py<PyAny>>) -> Self {
        Self { value }
    }

    fn method(&self) {
        CALLS.fetch_add(1, Ordering::Relaxed);
    }

    #[getter]
    fn getter(&self) -> i32 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        1
    }

    fn __add__(&self, _other: &Bound<'_, PyAny>) -> i32 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        1
    }

    fn __len__(&self) -> usize {
        CALLS.fetch_add(1, Ordering::Relaxed);
        1
    }

    fn __hash__(&self) -> u64 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        1
    }

    /// Takes its token from the running interpreter.
    #[staticmethod]
    fn interpreter(py: Python<'_>) -> i64 {
        py.interpreter().id()
    }
}

#[pymodule]
mod reached {
    #[pymodule_export]
    use super::Reached;
}

/// Imports the class's module, and returns the class.
fn class(py: Python<'_>) -> Bound<'_, PyAny> {
    let module = pyatoll::wrap_pymodule!(reached)(py);
    module.bind(py).getattr("Reached").unwrap()
}

const SEARCH: &std::ffi::CStr = c"
import sys
# Not `c.__name__`: Python code of an interpreter that has ended does not work any more.
name_of = type.__dict__['__name__'].__get__
foreign = [c for c in object.__subclasses__() if name_of(c) == 'Reached' and c is not own]
assert bool(foreign) == (sys.version_info < (3, 12)), foreign
refused = 0
for C in foreign:
    if not hasattr(C, 'ONE'):
        continue  # of an interpreter that has ended
    one = C.ONE
    class Derived(C):
        pass
    argument = [object()]
    before = sys.getrefcount(argument)
    def set_value():
        one.value = argument
    for use in (
        one.method, lambda: one.getter, lambda: one.value, set_value, lambda: one + argument,
        lambda: argument + one, lambda: len(one), lambda: hash(one),
    ):
        try:
            use()
        except RuntimeError as error:
            assert 'belongs to interpreter' in str(error), error
            refused += 1
        else:
            assert False, use.__code__.co_names
    # The class knows its interpreter from its module, if it has one.
    try:
        created = [C(argument)]
    except RuntimeError as error:
        assert 'belongs to interpreter' in str(error), error
        refused += 1
        created = []
    # A constructor that cannot know where it belongs creates an object of this interpreter.
    created += [Derived(argument), C.__new__(C, argument)]
    assert {c.value is argument and c.interpreter() for c in created} == {here}
    del one, created, set_value, use
    assert sys.getrefcount(argument) == before
    assert C.interpreter() == here, C.interpreter()
";

/// Uses the classes of other interpreters that Python code finds. Returns how many uses were
/// refused.
fn search(py: Python<'_>, with_own: bool) -> usize {
    let globals = pyatoll::types::PyDict::new(py);
    if with_own {
        globals.set_item("own", py.get_type::<Reached>()).unwrap();
    } else {
        globals.set_item("own", py.None()).unwrap();
    }
    globals.set_item("here", py.interpreter().id()).unwrap();
    py.run(SEARCH, Some(&globals), None).unwrap();
    let refused = globals.get_item("refused").unwrap().unwrap();
    refused.extract().unwrap()
}

#[test]
fn functions_of_another_interpreters_class_raise_an_error() {
    Python::initialize();
    Python::attach(|py| drop(class(py)));
    let finds_some = Python::attach(|py| py.version_info() < (3, 12));
    for with_own in [false, true] {
        let sub = SubInterpreter::builder().legacy().build().unwrap();
        let calls = CALLS.load(Ordering::Relaxed);
        let refused = sub.attach(|py| search(py, with_own)).unwrap();
        assert_eq!(refused > 8, finds_some, "{refused}");
        assert_eq!(CALLS.load(Ordering::Relaxed), calls, "a function ran");
        if with_own {
            // The other way round, also after the class's interpreter has ended.
            Python::attach(|py| search(py, true));
            let kept = Python::attach(|py| {
                let kept = py.eval(c"object.__subclasses__()", None, None).unwrap();
                kept.unbind()
            });
            sub.close().unwrap();
            Python::attach(|py| search(py, true));
            drop(kept);
            assert_eq!(CALLS.load(Ordering::Relaxed), calls, "a function ran");
        } else {
            sub.close().unwrap();
        }
    }
    // In its own interpreter it works.
    Python::attach(|py| {
        let class = class(py);
        let object = class.call1(([1],)).unwrap();
        object.call_method0("method").unwrap();
        assert_eq!(object.len().unwrap(), 1);
    });
    assert!(CALLS.load(Ordering::Relaxed) >= 2);
}
