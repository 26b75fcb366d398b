//! Errors and panics in awkward moments: in a module's exec, in finalizers, in the garbage
//! collector, in drops, and in drops at the interpreter's end.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

use pyatoll::exceptions::{PyMemoryError, PyRecursionError, PyValueError};
use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::sync::InterpreterLocal;
use pyatoll::types::{PyBytes, PyDict};
use pyatoll::{PyTraverseError, PyVisit, create_exception};

create_exception!(picky, Refused, PyValueError);

/// The id of the interpreter in which the module fails; negative for none.
static FAILS_IN: AtomicI64 = AtomicI64::new(-1);
static PANICS_IN: AtomicI64 = AtomicI64::new(-1);
static THINGS: AtomicUsize = AtomicUsize::new(0);
static EXECUTED: InterpreterLocal<AtomicUsize> = InterpreterLocal::new();

/// Counts its live instances.
#[pyclass]
struct Thing;

impl Thing {
    fn new() -> Self {
        THINGS.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        THINGS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Fails in one interpreter, at the end of its exec.
#[pymodule]
fn picky(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add_class::<Thing>()?;
    m.add("Refused", py.get_type::<Refused>())?;
    m.add("thing", Py::new(py, Thing::new())?)?;
    let executed = EXECUTED.get_or_init(py, || AtomicUsize::new(0));
    m.add("executed", executed.fetch_add(1, Ordering::SeqCst) + 1)?;
    let here = py.interpreter().id();
    if FAILS_IN.load(Ordering::SeqCst) == here {
        return Err(Refused::new_err(format!("not in interpreter {here}")));
    }
    assert_ne!(PANICS_IN.load(Ordering::SeqCst), here, "a panic in exec");
    Ok(())
}

fn start() {
    static START: Once = Once::new();
    START.call_once(|| pyatoll::append_to_inittab!(picky));
    Python::initialize();
}

fn sub() -> SubInterpreter {
    start();
    SubInterpreter::builder().build().unwrap()
}

/// Runs code and returns its variable `result` as text.
fn run(py: Python<'_>, code: &str) -> String {
    let names = PyDict::new(py);
    names.set_item("Panicky", py.get_type::<Panicky>()).unwrap();
    let code = CString::new(code).unwrap();
    py.run(&code, Some(&names), None).unwrap();
    names.get_item("result").unwrap().unwrap().to_string()
}

const IMPORT: &str = "
try:
    import picky
    result = ('imported', picky.executed, type(picky.thing) is picky.Thing)
except BaseException as error:
    import sys
    result = (type(error).__name__, 'picky' in sys.modules)
";

#[test]
fn a_failed_exec_affects_one_interpreter_and_can_be_retried() {
    let [first, second, third] = [sub(), sub(), sub()];
    let import = |sub: &SubInterpreter| sub.attach(|py| run(py, IMPORT)).unwrap();
    let before = THINGS.load(Ordering::SeqCst);
    for (cell, failure) in [
        (&FAILS_IN, "('Refused', False)"),
        (&PANICS_IN, "('PanicException', False)"),
    ] {
        let second = if cell.as_ptr() == FAILS_IN.as_ptr() {
            &second
        } else {
            &sub()
        };
        cell.store(second.id(), Ordering::SeqCst);
        let third = if cell.as_ptr() == FAILS_IN.as_ptr() {
            &third
        } else {
            &sub()
        };
        assert_eq!(import(&first), "('imported', 1, True)");
        assert_eq!(import(second), failure);
        // The failed attempt's instances are gone; its types and per-interpreter values are reused.
        second
            .attach(|py| py.import("gc").unwrap().call_method0("collect").map(drop))
            .unwrap()
            .unwrap();
        assert_eq!(import(third), "('imported', 1, True)");
        assert_eq!(import(second), failure, "as long as it fails");
        cell.store(-1, Ordering::SeqCst);
        assert_eq!(import(second), "('imported', 3, True)");
        assert_eq!(import(second), "('imported', 3, True)", "once");
    }
    first.close().unwrap();
    second.close().unwrap();
    third.close().unwrap();
    assert!(THINGS.load(Ordering::SeqCst) <= before);
}

#[test]
fn an_interpreter_may_end_after_a_failed_exec() {
    let sub = sub();
    sub.attach(|py| {
        let code = c"
import importlib.machinery, sys
class Finder:
    def find_spec(self, *_):
        raise OSError('no such module')
sys.meta_path.insert(0, Finder())
";
        py.run(code, None, None).unwrap();
        assert!(py.import("no_such_module_at_all").is_err());
        assert!(PyModule::import(py, "json.no_such_module").is_err());
    })
    .unwrap();
    sub.close().unwrap();
}

static IN_DEL: AtomicBool = AtomicBool::new(false);
static IN_TRAVERSE: AtomicBool = AtomicBool::new(false);
static IN_CLEAR: AtomicBool = AtomicBool::new(false);
static IN_DROP: AtomicBool = AtomicBool::new(false);
static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Serializes the tests that use the process-wide switches above.
static SWITCHES: Mutex<()> = Mutex::new(());

/// Panics wherever a switch is set.
#[pyclass(subclass, weakref)]
struct Panicky {
    #[pyo3(get, set)]
    next: Option<Py<PyAny>>,
}

#[pymethods]
impl Panicky {
    #[new]
    fn new() -> Self {
        Self { next: None }
    }

    fn __del__(&self) {
        assert!(!IN_DEL.load(Ordering::SeqCst), "a panic in __del__");
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        assert!(
            !IN_TRAVERSE.load(Ordering::SeqCst),
            "a panic in __traverse__"
        );
        visit.call(&self.next)
    }

    fn __clear__(&mut self) {
        assert!(!IN_CLEAR.load(Ordering::SeqCst), "a panic in __clear__");
        self.next = None;
    }
}

impl Drop for Panicky {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
        assert!(!IN_DROP.load(Ordering::SeqCst), "a panic in drop");
    }
}

/// Keeps a switch set while it lives.
struct Switched<'a>(
    &'a AtomicBool,
    #[allow(dead_code)] std::sync::MutexGuard<'a, ()>,
);

fn switch(switch: &AtomicBool) -> Switched<'_> {
    let guard = SWITCHES.lock().unwrap_or_else(|error| error.into_inner());
    DROPPED.store(0, Ordering::SeqCst);
    switch.store(true, Ordering::SeqCst);
    Switched(switch, guard)
}

impl Drop for Switched<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// Drops one object and one cycle; the result is what `sys.unraisablehook` received, and whether
/// both are gone.
const DROP_ONE_AND_A_CYCLE: &str = "
import gc, sys, weakref
seen = []
old, sys.unraisablehook = sys.unraisablehook, lambda info: seen.append(
    (type(info.exc_value).__name__, str(info.exc_value)))
try:
    1 / 0
except ZeroDivisionError:
    one = Panicky()
    weak = [weakref.ref(one)]
    del one
    first, second = Panicky(), Panicky()
    first.next, second.next = second, first
    weak.append(weakref.ref(first))
    del first, second
    gc.collect()
    gc.collect()
sys.unraisablehook = old
result = (sorted(set(seen)), [w() is None for w in weak])
";

#[test]
fn a_panic_in_a_finalizer_is_reported_and_the_objects_are_freed() {
    let switched = switch(&IN_DEL);
    let sub = sub();
    assert_eq!(
        sub.attach(|py| run(py, DROP_ONE_AND_A_CYCLE)).unwrap(),
        "([('PanicException', 'a panic in __del__')], [True, True])"
    );
    assert_eq!(DROPPED.load(Ordering::SeqCst), 3);
    // Also at the interpreter's end.
    sub.attach(|py| {
        py.import("__main__")
            .unwrap()
            .setattr("kept", Panicky::new())
    })
    .unwrap()
    .unwrap();
    sub.close().unwrap();
    assert_eq!(DROPPED.load(Ordering::SeqCst), 4);
    drop(switched);
}

#[test]
fn a_panic_in_a_drop_is_reported_and_the_objects_are_freed() {
    let switched = switch(&IN_DROP);
    let sub = sub();
    assert_eq!(
        sub.attach(|py| run(py, DROP_ONE_AND_A_CYCLE)).unwrap(),
        "([('PanicException', 'a panic in drop')], [True, True])"
    );
    assert_eq!(DROPPED.load(Ordering::SeqCst), 3);
    // In an instance of a Python subclass, and in a chain of instances.
    let code = "
import sys
seen = []
old, sys.unraisablehook = sys.unraisablehook, lambda info: seen.append(str(info.exc_value))
class Child(Panicky):
    pass
first = Child()
first.next = Child()
first.next.next = Panicky()
del first
sys.unraisablehook = old
result = seen
";
    assert_eq!(
        sub.attach(|py| run(py, code)).unwrap(),
        "['a panic in drop', 'a panic in drop', 'a panic in drop']"
    );
    assert_eq!(DROPPED.load(Ordering::SeqCst), 6);
    drop(sub);
    drop(switched);
}

#[test]
fn a_panic_in_a_drop_at_the_interpreters_end_does_not_prevent_other_drops() {
    static VALUE: InterpreterLocal<PanicsInDrop> = InterpreterLocal::new();
    static FIRST: InterpreterLocal<Counted> = InterpreterLocal::new();
    static LAST: InterpreterLocal<Counted> = InterpreterLocal::new();
    static COUNTED: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            COUNTED.fetch_add(1, Ordering::SeqCst);
        }
    }
    struct PanicsInDrop;
    impl Drop for PanicsInDrop {
        fn drop(&mut self) {
            COUNTED.fetch_add(10, Ordering::SeqCst);
            Python::attach(|py| {
                py.run(c"raise ValueError('a failure in drop')", None, None)
                    .unwrap()
            });
        }
    }
    let switched = switch(&IN_DROP);
    for times in 1..=3 {
        let sub = sub();
        sub.attach(|py| {
            FIRST.set(py, Counted).ok().unwrap();
            VALUE.set(py, PanicsInDrop).ok().unwrap();
            LAST.set(py, Counted).ok().unwrap();
            let main = py.import("__main__").unwrap();
            main.setattr("kept", Panicky::new()).unwrap();
            main.setattr("chain", Panicky::new()).unwrap();
            let chain = main.getattr("chain").unwrap();
            chain.setattr("next", Panicky::new()).unwrap();
            // In a cycle with itself.
            let alone = Py::new(py, Panicky::new()).unwrap();
            alone.borrow_mut(py).next = Some(alone.clone_ref(py).into_any());
        })
        .unwrap();
        sub.close().unwrap();
        assert_eq!(COUNTED.load(Ordering::SeqCst), 12 * times);
        assert_eq!(DROPPED.load(Ordering::SeqCst), 4 * times);
    }
    drop(switched);
}

#[test]
fn a_panic_in_traverse_keeps_the_objects_and_the_collector_working() {
    let switched = switch(&IN_TRAVERSE);
    let sub = sub();
    let code = "
import gc, weakref
one = Panicky()
one.next = [one]
weak = weakref.ref(one)
del one
try:
    gc.collect()
except MemoryError:
    # Free-threaded builds report the aborted collection with this error.
    pass
result = weak() is None
builtins = __import__('builtins')
builtins.weak = weak
";
    // The collector may not find out that it is garbage, but nothing breaks.
    assert_eq!(sub.attach(|py| run(py, code)).unwrap(), "False");
    IN_TRAVERSE.store(false, Ordering::SeqCst);
    let code = "import gc; gc.collect(); result = weak() is None";
    assert_eq!(sub.attach(|py| run(py, code)).unwrap(), "True");
    // Also with an object that panics until the very end.
    IN_TRAVERSE.store(true, Ordering::SeqCst);
    sub.attach(|py| {
        py.import("__main__")
            .unwrap()
            .setattr("kept", Panicky::new())
    })
    .unwrap()
    .unwrap();
    sub.close().unwrap();
    drop(switched);
}

#[test]
fn a_panic_in_clear_is_reported_and_the_collection_continues() {
    let switched = switch(&IN_CLEAR);
    let sub = sub();
    let code = "
import gc, sys, weakref
seen = []
old, sys.unraisablehook = sys.unraisablehook, lambda info: seen.append(str(info.exc_value))
one = Panicky()
one.next = one
other = []
other.append(other)
class Plain: pass
plain = Plain()
plain.plain = plain
weak = weakref.ref(plain)
del one, other, plain
gc.collect()
sys.unraisablehook = old
result = (sorted(set(seen)), weak() is None)
";
    assert_eq!(
        sub.attach(|py| run(py, code)).unwrap(),
        "(['a panic in __clear__'], True)"
    );
    sub.close().unwrap();
    drop(switched);
}

#[test]
fn an_allocation_that_is_too_large_raises_an_error() {
    for sub in [None, Some(sub())] {
        let check = |py: Python<'_>| {
            // Where one fits into a 32-bit address space, four do not.
            let large = || PyBytes::new_with(py, isize::MAX as usize / 2, |_| Ok(()));
            let error = (0..4).map(|_| large()).collect::<PyResult<Vec<_>>>();
            let error = error.unwrap_err();
            assert!(error.is_instance_of::<PyMemoryError>(py), "{error}");
            let code = c"[bytearray(__import__('sys').maxsize // 2) for _ in range(4)]";
            let error = py.eval(code, None, None).unwrap_err();
            assert!(error.is_instance_of::<PyMemoryError>(py), "{error}");
            // Python still works.
            assert_eq!(py.eval(c"6 * 7", None, None).unwrap().to_string(), "42");
        };
        match sub {
            Some(sub) => sub.attach(check).unwrap(),
            None => Python::attach(check),
        }
    }
}

/// Calls its argument with itself and a number.
#[pyfunction]
fn call<'py>(function: &Bound<'py, PyAny>, number: i64) -> PyResult<Bound<'py, PyAny>> {
    function.call1((number,))
}

#[test]
fn recursion_through_python_and_rust_ends_with_an_error() {
    let check = |py: Python<'_>| {
        let names = PyDict::new(py);
        let function = pyatoll::wrap_pyfunction!(call, py).unwrap();
        names.set_item("call", function).unwrap();
        let code = c"
import sys
sys.setrecursionlimit(300)
deepest = 0
def down(number):
    global deepest
    deepest = number
    return call(down, number + 1)
";
        py.run(code, Some(&names), None).unwrap();
        let down = names.get_item("down").unwrap().unwrap();
        for _ in 0..3 {
            let error = down.call1((0,)).unwrap_err();
            assert!(error.is_instance_of::<PyRecursionError>(py), "{error}");
            let deepest = names.get_item("deepest").unwrap().unwrap();
            assert!(deepest.extract::<i64>().unwrap() > 50);
        }
        assert_eq!(py.eval(c"6 * 7", None, None).unwrap().to_string(), "42");
        py.run(c"import sys; sys.setrecursionlimit(1000)", None, None)
            .unwrap();
    };
    Python::initialize();
    // With a stack of the size of a main thread's.
    let builder = std::thread::Builder::new().stack_size(8 << 20);
    let thread = builder.spawn(move || {
        Python::attach(check);
        sub().attach(check).unwrap();
    });
    thread.unwrap().join().unwrap();
}

/// A link of a chain.
#[pyclass]
struct Link {
    #[expect(dead_code, reason = "held for its drop")]
    next: Option<Py<Link>>,
}

static LINKS: AtomicUsize = AtomicUsize::new(0);

impl Drop for Link {
    fn drop(&mut self) {
        LINKS.fetch_add(1, Ordering::SeqCst);
    }
}

/// A link whose successor is held in a Python list.
#[pyclass(frozen, weakref)]
struct Spaced {
    #[expect(dead_code, reason = "held for its drop")]
    next: Py<PyAny>,
}

const LENGTH: usize = 200_000;

fn chain(py: Python<'_>) -> Py<Link> {
    let mut first = Py::new(py, Link { next: None }).unwrap();
    for _ in 1..LENGTH {
        first = Py::new(py, Link { next: Some(first) }).unwrap();
    }
    first
}

#[test]
fn a_chain_of_any_length_is_dropped_without_overflowing_the_stack() {
    start();
    LINKS.store(0, Ordering::SeqCst);
    Python::attach(|py| {
        drop(chain(py));
        assert_eq!(LINKS.load(Ordering::SeqCst), LENGTH);
    });
    // By a detached thread, and by two threads in turn.
    let first = Python::attach(chain);
    std::thread::spawn(move || drop(first)).join().unwrap();
    Python::attach(|py| {
        drop(py.None());
        pyatoll::wrap_pyfunction!(call, py)
            .unwrap()
            .call0()
            .unwrap_err();
        assert_eq!(LINKS.load(Ordering::SeqCst), 2 * LENGTH);
    });
    // With Python objects in between, which have their own deallocators.
    Python::attach(|py| {
        let mut next = py.None();
        for number in 0..LENGTH / 2 {
            let list = match number % 3 {
                0 => pyatoll::types::PyList::new(py, [next]).unwrap().into_any(),
                1 => pyatoll::types::PyTuple::new(py, [next]).unwrap().into_any(),
                _ => {
                    let dict = PyDict::new(py);
                    dict.set_item("next", next).unwrap();
                    dict.into_any()
                }
            };
            next = Py::new(
                py,
                Spaced {
                    next: list.unbind(),
                },
            )
            .unwrap()
            .into_any();
        }
        drop(next);
    });
    // At the end of an interpreter.
    let sub = sub();
    sub.attach(|py| {
        let main = py.import("__main__").unwrap();
        main.setattr("chain", chain(py)).unwrap();
    })
    .unwrap();
    sub.close().unwrap();
    assert_eq!(LINKS.load(Ordering::SeqCst), 3 * LENGTH);
}
