//! Traversing, clearing, finalizing and dropping instances.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::prelude::*;
use pyatoll::types::PyList;
use pyatoll::{PyTraverseError, PyVisit};

use crate::{collector, run};

#[pyclass(subclass)]
struct Node {
    next: Option<Py<PyAny>>,
    drops: &'static AtomicUsize,
}

static NODE_DROPS: AtomicUsize = AtomicUsize::new(0);

#[pymethods]
impl Node {
    #[new]
    fn new() -> Self {
        Self {
            next: None,
            drops: &NODE_DROPS,
        }
    }

    #[setter]
    fn set_next(&mut self, next: Option<Py<PyAny>>) {
        self.next = next;
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.next)
    }

    fn __clear__(&mut self) {
        self.next = None;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

fn collect(py: Python<'_>) {
    collector(py).call0().unwrap();
}

#[test]
fn cycles_through_values_are_collected() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    Python::attach(|py| {
        let node = Bound::new(
            py,
            Node {
                next: None,
                drops: &DROPS,
            },
        )
        .unwrap();
        assert!(
            py.import("gc")
                .unwrap()
                .call_method1("is_tracked", (&node,))
                .unwrap()
                .is_truthy()
                .unwrap()
        );
        node.setattr("next", &node).unwrap();
        drop(node);
        collect(py);
        assert_eq!(DROPS.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn cycles_through_subclasses_and_their_classes_are_collected() {
    Python::attach(|py| {
        run(
            py,
            &[("Node", &py.get_type::<Node>())],
            c"
import weakref
def make():
    class Own(Node):
        pass
    own = Own()
    own.next = own
    Own.instance = own
    return weakref.ref(Own), weakref.ref(own)
cls, own = make()
collect()
assert cls() is None and own() is None
",
        );
    });
}

#[test]
fn a_panic_in_drop_is_reported_and_contained() {
    #[pyclass]
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("no drop");
        }
    }
    let _hook = crate::unraisable_hook();
    Python::attach(|py| {
        let seen = pyatoll::types::PyList::empty(py);
        let sys = py.import("sys").unwrap();
        let object = Bound::new(py, Panics).unwrap();
        let globals = pyatoll::types::PyDict::new(py);
        globals.set_item("seen", &seen).unwrap();
        globals.set_item("objects", vec![object]).unwrap();
        py.run(
            c"
import sys
sys.unraisablehook = lambda event: seen.append((type(event.exc_value).__name__, str(event.exc_value)))
try:
    raise ValueError('in flight')
except ValueError as error:
    objects.clear()
    kept = str(error)
sys.unraisablehook = sys.__unraisablehook__
assert kept == 'in flight'
",
            Some(&globals),
            None,
        )
        .unwrap();
        assert_eq!(seen.to_string(), "[('PanicException', 'no drop')]");
        drop(sys);
    });
}

#[pyclass]
struct Phoenix {
    #[pyo3(get, set)]
    shelf: Py<PyAny>,
}

#[pymethods]
impl Phoenix {
    fn __del__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let shelf = slf.borrow().shelf.clone_ref(slf.py());
        shelf.bind(slf.py()).call_method1("append", (slf,))?;
        Ok(())
    }
}

#[test]
fn a_finalizer_may_resurrect_the_instance() {
    Python::attach(|py| {
        let shelf = pyatoll::types::PyList::empty(py);
        let phoenix = Bound::new(
            py,
            Phoenix {
                shelf: shelf.clone().into_any().unbind(),
            },
        )
        .unwrap();
        let address = phoenix.as_ptr();
        drop(phoenix);
        assert_eq!(shelf.len(), 1);
        let risen = shelf.get_item(0).unwrap();
        assert_eq!(risen.as_ptr(), address);
        // Its value is intact.
        assert!(risen.getattr("shelf").unwrap().is(&shelf));
        risen
            .setattr("shelf", pyatoll::types::PyList::empty(py))
            .unwrap();
    });
}

#[test]
fn instances_may_be_dropped_by_any_thread() {
    #[pyclass]
    struct Sent(&'static AtomicUsize);
    impl Drop for Sent {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    let objects: Vec<Py<Sent>> = Python::attach(|py| {
        (0..10)
            .map(|_| Py::new(py, Sent(&DROPS)).unwrap())
            .collect()
    });
    // Dropped by a detached thread.
    std::thread::spawn(move || drop(objects)).join().unwrap();
    Python::attach(|_| ());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while DROPS.load(Ordering::Relaxed) < 10 && std::time::Instant::now() < deadline {
        Python::attach(|py| py.detach(|| std::thread::sleep(std::time::Duration::from_millis(1))));
    }
    assert_eq!(DROPS.load(Ordering::Relaxed), 10);
}

#[test]
#[cfg_attr(
    Py_GIL_DISABLED,
    ignore = "a type's references are counted per thread there"
)]
fn types_and_instances_do_not_leak_references() {
    #[pyclass]
    struct Plain {
        #[pyo3(get, set)]
        value: i32,
    }
    Python::attach(|py| {
        let class = py.get_type::<Plain>();
        let before = class.get_refcnt();
        for value in 0..100 {
            let object = Bound::new(py, Plain { value }).unwrap();
            object.setattr("value", 5).unwrap();
            object.getattr("value").unwrap();
        }
        assert_eq!(class.get_refcnt(), before);
    });
}

#[test]
fn traverse_can_neither_run_python_nor_free_an_object() {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    static FREED: AtomicBool = AtomicBool::new(false);
    static FREED_IN_TRAVERSE: AtomicBool = AtomicBool::new(false);
    static TRIED: AtomicBool = AtomicBool::new(false);
    static ATTACHED: AtomicBool = AtomicBool::new(false);

    #[pyclass]
    struct Victim;
    impl Drop for Victim {
        fn drop(&mut self) {
            FREED.store(true, Ordering::Relaxed);
        }
    }

    #[pyclass]
    struct Meddler {
        victim: Mutex<Option<Py<Victim>>>,
        other: Py<PyAny>,
    }
    #[pymethods]
    impl Meddler {
        fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
            if let Some(victim) = self.victim.lock().unwrap().take() {
                drop(victim);
                FREED_IN_TRAVERSE.store(FREED.load(Ordering::Relaxed), Ordering::Relaxed);
                let by_default = Python::try_attach(|_| ()).is_some();
                let by_owner = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    self.other.attach(|_, _| ()).is_ok()
                }));
                let attached = by_default || by_owner.unwrap_or(false);
                ATTACHED.store(attached, Ordering::Relaxed);
                TRIED.store(true, Ordering::Relaxed);
            }
            Ok(())
        }
    }

    Python::attach(|py| {
        let meddler = Meddler {
            victim: Mutex::new(Some(Py::new(py, Victim).unwrap())),
            other: py.None(),
        };
        let meddler = Bound::new(py, meddler).unwrap();
        collect(py);
        assert!(TRIED.load(Ordering::Relaxed));
        assert!(!ATTACHED.load(Ordering::Relaxed));
        assert!(!FREED_IN_TRAVERSE.load(Ordering::Relaxed));
        // Freed at the next entry, which may be another test's. On free-threaded builds this
        // thread, which created the object, then frees it as soon as it runs Python again.
        for _ in 0..1000 {
            run(py, &[("Node", &py.get_type::<Node>())], c"Node()");
            if FREED.load(Ordering::Relaxed) {
                break;
            }
            py.detach(std::thread::yield_now);
        }
        assert!(FREED.load(Ordering::Relaxed));
        drop(meddler);
    });
}

/// Returns the objects that an object's `tp_traverse` visits, and its result.
fn referents(object: &Bound<'_, PyAny>) -> (Vec<usize>, i32) {
    use pyatoll::ffi;
    use std::ffi::{c_int, c_void};

    unsafe extern "C" fn visit(object: *mut ffi::PyObject, seen: *mut c_void) -> c_int {
        // SAFETY: `seen` is the `Vec` passed to `tp_traverse` below, used by nobody else.
        unsafe { (*seen.cast::<Vec<usize>>()).push(object as usize) };
        0
    }

    let mut seen: Vec<usize> = Vec::new();
    // SAFETY: attached; `object` is alive and the function is its own type's. The visitor is only
    // called with the given argument, which outlives the call.
    let result = unsafe {
        let slot = ffi::PyType_GetSlot(ffi::Py_TYPE(object.as_ptr()), ffi::Py_tp_traverse);
        assert!(!slot.is_null(), "no tp_traverse");
        let traverse: ffi::traverseproc = std::mem::transmute(slot);
        traverse(object.as_ptr(), visit, (&raw mut seen).cast())
    };
    (seen, result)
}

#[pyclass(subclass)]
struct Plain;

#[pyclass(extends = Plain)]
struct PlainChild;

#[pymethods]
impl Plain {
    #[new]
    fn new() -> Self {
        Self
    }
}

#[test]
fn a_plain_instance_visits_its_type_once() {
    Python::attach(|py| {
        let child = Bound::new(py, (PlainChild, Plain)).unwrap();
        let types = [child.get_type().as_ptr() as usize];
        assert_eq!(referents(child.as_any()), (types.to_vec(), 0));

        run(
            py,
            &[("Plain", &py.get_type::<Plain>())],
            c"
import gc
class Own(Plain):
    pass
own = Own()
own.a = 'an attribute'
assert gc.get_referents(own).count(Own) == 1
",
        );
    });
}

#[pyclass]
struct Panics(Py<PyAny>);

#[pymethods]
impl Panics {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0)?;
        panic!("expected: in `__traverse__`")
    }
}

#[test]
fn a_panic_in_traverse_ends_the_traversal() {
    Python::attach(|py| {
        let object = Bound::new(py, Panics(py.None())).unwrap();
        let (seen, result) = referents(object.as_any());
        assert_eq!(result, 0);
        assert!(seen.contains(&(py.None().as_ptr() as usize)));
        run(
            py,
            &[("object", &object)],
            c"import gc; assert type(object) in gc.get_referents(object)",
        );
    });
}

/// Can be found by other threads before its value is initialized.
#[pyclass(dict, weakref, subclass)]
struct Found {
    #[pyo3(get)]
    text: String,
}

#[pymethods]
impl Found {
    #[new]
    fn new() -> Self {
        Self {
            text: "whole".into(),
        }
    }
}

#[test]
fn an_instance_found_by_another_thread_during_creation_is_complete_or_refused() {
    const CODE: &std::ffi::CStr = c"
import gc, threading, weakref
done = threading.Event()
ready = threading.Event()
found = []
errors = []
def look():
    ready.set()
    while not done.is_set():
        for object in gc.get_objects(0):
            if type(object) is Found:
                try:
                    found.append(weakref.ref(object))
                    object.seen = True
                    assert object.text == 'whole'
                except RuntimeError:
                    pass
                except BaseException as error:
                    errors.append(error)
                    return
        del found[:-100]
looker = threading.Thread(target=look)
looker.start()
ready.wait()
for round in range(2_000):
    one = Found()
    assert one.text == 'whole'
del one
done.set()
looker.join()
assert not errors, errors
for reference in found:
    assert reference() is None
";
    crate::alone(|py| run(py, &[("Found", &py.get_type::<Found>())], CODE));
}

/// Visits its handle several times.
#[pyclass]
struct VisitsTwice {
    handle: Py<PyAny>,
    times: usize,
}

#[pymethods]
impl VisitsTwice {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        (0..self.times).try_for_each(|_| visit.call(&self.handle))
    }
}

/// The collector would clear the list, which Python code still uses.
#[test]
fn a_handle_that_is_visited_twice_is_reported_and_counts_once() {
    if cfg!(not(debug_assertions)) {
        return;
    }
    const CHILD: &str = "PYATOLL_TEST_VISITS_TWICE";
    if std::env::var_os(CHILD).is_none() {
        let test = "gc::a_handle_that_is_visited_twice_is_reported_and_counts_once";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8(child.stderr).unwrap();
        assert!(child.status.success(), "{text}");
        let report = "`__traverse__` of `VisitsTwice` visits a handle twice";
        assert_eq!(text.matches(report).count(), 1, "{text}");
        return;
    }
    Python::attach(|py| {
        for times in 2..8 {
            let list = PyList::new(py, [1, 2, 3]).unwrap();
            let handle = list.clone().into_any().unbind();
            let object = Bound::new(py, VisitsTwice { handle, times }).unwrap();
            // Garbage that leads to the list.
            let cycle = PyList::new(py, [object]).unwrap();
            cycle.append(&cycle).unwrap();
            drop(cycle);
            collect(py);
            assert_eq!(list.len(), 3, "visited {times} times");
        }
    });
}
