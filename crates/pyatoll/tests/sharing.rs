//! `#[pyclass(frozen, shareable)]`: one value in several interpreters.

mod everywhere;

use std::collections::HashSet;
use std::ffi::c_int;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Once, mpsc};
use std::thread;
use std::time::Duration;

use pyatoll::exceptions::{PyBufferError, PyTypeError};
use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::{PyBytes, PyDict};
use pyatoll::{InterpreterPool, Shared, SharedAny, ffi};

/// Tells when it is dropped.
pub struct Told(Arc<AtomicUsize>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[pymodule]
mod sharing {
    use super::*;

    /// A counter that all interpreters see.
    #[pyclass(frozen, shareable, weakref, freelist = 2)]
    pub(super) struct Counter {
        pub(super) count: AtomicU64,
        pub(super) told: Option<Told>,
        #[pyo3(get)]
        pub(super) name: String,
    }

    #[pymethods]
    impl Counter {
        #[new]
        #[pyo3(signature = (name = String::new()))]
        fn new(name: String) -> Self {
            Self {
                count: AtomicU64::new(0),
                told: None,
                name,
            }
        }

        fn add(&self, by: u64) -> u64 {
            self.count.fetch_add(by, Ordering::SeqCst) + by
        }

        /// Returns another instance around the same value.
        fn again(slf: &Bound<'_, Self>) -> Shared<Self> {
            slf.into()
        }

        fn is_that_of(slf: PyRef<'_, Self>, other: Shared<Self>) -> bool {
            Shared::ptr_eq(&Shared::from(slf), &other)
        }
    }

    /// A class with its own equality, which is not shared as one value.
    #[pyclass(frozen, shareable, eq, hash)]
    #[derive(PartialEq, Eq, Hash)]
    struct Name(String);

    #[pymethods]
    impl Name {
        #[new]
        fn new(name: String) -> Self {
            Self(name)
        }
    }

    /// Memory that is written before it is shared.
    #[pyclass(frozen, shareable)]
    struct Constants(Vec<u8>);

    /// A value that needs more alignment than Python's objects have.
    #[pyclass(frozen, shareable)]
    #[repr(align(64))]
    struct Aligned(u8);

    #[pymethods]
    impl Aligned {
        #[new]
        fn new(value: u8) -> Self {
            Self(value)
        }

        fn value(&self) -> u8 {
            self.0
        }

        fn address(&self) -> usize {
            std::ptr::from_ref(self).addr()
        }
    }

    #[pymethods]
    impl Constants {
        #[new]
        fn new(bytes: Vec<u8>) -> Self {
            Self(bytes)
        }

        unsafe fn __getbuffer__(
            slf: Bound<'_, Self>,
            view: *mut ffi::Py_buffer,
            flags: c_int,
        ) -> PyResult<()> {
            let bytes = &slf.get().0;
            // SAFETY: the bytes never change, and the view keeps the instance alive.
            unsafe { fill(&slf, view, flags, bytes.as_ptr(), bytes.len(), true) }
        }
    }

    /// Memory that all interpreters may write to.
    #[pyclass(frozen, shareable, atomic_buffer)]
    pub(super) struct Cells(Vec<AtomicU8>);

    #[pymethods]
    impl Cells {
        #[new]
        fn new(len: usize) -> Self {
            Self((0..len).map(|_| AtomicU8::new(0)).collect())
        }

        unsafe fn __getbuffer__(
            slf: Bound<'_, Self>,
            view: *mut ffi::Py_buffer,
            flags: c_int,
        ) -> PyResult<()> {
            let cells = &slf.get().0;
            let first = cells.as_ptr().cast();
            // SAFETY: the view keeps the instance alive.
            unsafe { fill(&slf, view, flags, first, cells.len(), false) }
        }
    }

    /// A class whose author forgot that it is shared.
    #[pyclass(frozen, shareable)]
    struct Careless(Vec<u8>);

    #[pymethods]
    impl Careless {
        #[new]
        fn new(bytes: Vec<u8>) -> Self {
            Self(bytes)
        }

        unsafe fn __getbuffer__(
            slf: Bound<'_, Self>,
            view: *mut ffi::Py_buffer,
            flags: c_int,
        ) -> PyResult<()> {
            let bytes = &slf.get().0;
            // SAFETY: the view keeps the instance alive. It is refused.
            unsafe { fill(&slf, view, flags, bytes.as_ptr(), bytes.len(), false) }
        }
    }
}

/// Fills in a view of bytes.
///
/// # Safety
/// As for `PyBuffer_FillInfo`.
unsafe fn fill<T>(
    slf: &Bound<'_, T>,
    view: *mut ffi::Py_buffer,
    flags: c_int,
    first: *const u8,
    len: usize,
    is_readonly: bool,
) -> PyResult<()> {
    if view.is_null() {
        return Err(PyBufferError::new_err("no view"));
    }
    // SAFETY: upheld by the caller.
    let status = unsafe {
        ffi::PyBuffer_FillInfo(
            view,
            slf.as_ptr(),
            first.cast_mut().cast(),
            len as ffi::Py_ssize_t,
            is_readonly.into(),
            flags,
        )
    };
    match status {
        0 => Ok(()),
        _ => Err(PyErr::fetch(slf.py())),
    }
}

use sharing::Counter;

/// Starts Python with the module `sharing`, which every interpreter can import.
fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        pyatoll::append_to_inittab!(sharing);
        Python::initialize();
    });
}

/// Returns a value, and the number of times that it was dropped.
fn counter() -> (Shared<Counter>, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let counter = Shared::new(Counter {
        count: AtomicU64::new(0),
        told: Some(Told(Arc::clone(&drops))),
        name: "value".into(),
    });
    assert!(counter.told.is_some());
    (counter, drops)
}

fn drops(drops: &AtomicUsize) -> usize {
    drops.load(Ordering::SeqCst)
}

fn run(py: Python<'_>, names: &Bound<'_, PyDict>, code: &str) {
    let code = std::ffi::CString::new(code).unwrap();
    if let Err(error) = py.run(&code, Some(names), None) {
        error.print(py);
        panic!("{error}");
    }
}

#[test]
fn a_class_works_like_any_other_in_every_interpreter() {
    start();
    everywhere::everywhere(
        c"
import copy, gc, pickle, weakref
from sharing import Aligned, Counter, Name
",
        c"
one = Counter('x')
assert one.name == 'x' and one.add(2) == 2 and one.add(3) == 5
again = one.again()
assert again is not one and again == one and hash(again) == hash(one) and again.add(1) == 6
assert again.is_that_of(one) and not one.is_that_of(Counter())
assert one != Counter('x') and one != 1 and len({one, again, Counter()}) == 2
try:
    one < again
except TypeError:
    pass
else:
    raise AssertionError
for copied in copy.copy(one), copy.deepcopy([one])[0], pickle.loads(pickle.dumps(one)):
    assert copied == one and copied is not one and copied.add(0) == 6, copied
both = pickle.loads(pickle.dumps({'a': [one, again], 'b': (one,)}))
assert both['a'][0] == one == both['b'][0] and both['a'][1] == one
gone = weakref.ref(again)
del again
assert gone() is None
assert Name('a') == Name('a') != Name('b') and hash(Name('a')) == hash(Name('a'))
assert pickle.loads(pickle.dumps(Name('a'))) == Name('a')
assert Aligned(1).address() % 64 == 0 and Aligned(1).value() == 1
assert not gc.is_tracked(one)
try:
    class Derived(Counter): pass
except TypeError:
    pass
else:
    raise AssertionError
",
    );
}

#[test]
fn a_value_is_the_same_in_all_interpreters_and_dropped_by_the_last_holder() {
    start();
    let (counter, dropped) = counter();
    let subs: Vec<SubInterpreter> = everywhere::kinds::subs().collect();
    let add = |py: Python<'_>, by: u64| -> PyResult<u64> {
        let object = (&counter).into_pyobject(py)?;
        // Kept by the interpreter until its end.
        py.import("sys")?.setattr(format!("kept_{by}"), &object)?;
        object.call_method1("add", (by,))?.extract()
    };
    assert_eq!(Python::attach(|py| add(py, 1)).unwrap(), 1);
    let mut total = 1;
    for (by, sub) in (2..).zip(&subs) {
        total += by;
        assert_eq!(sub.attach(|py| add(py, by)).unwrap().unwrap(), total);
    }
    assert_eq!(counter.count.load(Ordering::SeqCst), total);
    Python::attach(|py| py.import("sys").unwrap().delattr("kept_1")).unwrap();
    drop(counter);
    // In an order that is neither that of their creation nor its reverse.
    let mut subs = subs;
    while !subs.is_empty() {
        assert_eq!(drops(&dropped), 0);
        subs.remove(subs.len() / 2).close().unwrap();
    }
    assert_eq!(drops(&dropped), 1);
}

#[test]
fn a_value_outlives_the_interpreter_that_created_it() {
    start();
    let sub = SubInterpreter::builder().build().unwrap();
    let (value, dropped) = counter();
    let received: Shared<Counter> = sub
        .attach(|py| {
            let object = Bound::new(py, value).unwrap();
            object.call_method1("add", (7,)).unwrap();
            object.extract().unwrap()
        })
        .unwrap();
    sub.close().unwrap();
    assert_eq!(received.count.load(Ordering::SeqCst), 7);
    Python::attach(|py| {
        let object = Py::new(py, received.clone()).unwrap();
        assert_eq!(object.get().count.load(Ordering::SeqCst), 7);
        assert!(Shared::ptr_eq(&Shared::from(&object), &received));
    });
    assert_eq!(drops(&dropped), 0);
    // A thread that has never been attached.
    thread::spawn(move || drop(received)).join().unwrap();
    assert_eq!(drops(&dropped), 1);
}

#[test]
fn a_pool_s_jobs_take_and_return_values() {
    start();
    let pool = InterpreterPool::builder().size(2).build().unwrap();
    let (counter, dropped) = counter();
    let jobs: Vec<_> = (0..8)
        .map(|_| {
            let counter = counter.clone();
            pool.submit(move |py| {
                let object = counter.into_pyobject(py)?;
                object.call_method1("add", (1,))?;
                object.extract::<Shared<Counter>>()
            })
        })
        .collect();
    for job in jobs {
        assert!(Shared::ptr_eq(&job.join().unwrap(), &counter));
    }
    assert_eq!(counter.count.load(Ordering::SeqCst), 8);
    pool.shutdown(Duration::from_secs(600)).unwrap();
    drop(counter);
    assert_eq!(drops(&dropped), 1);
}

#[test]
fn extracting_another_class_is_a_type_error() {
    start();
    Python::attach(|py| {
        let error = py
            .eval(c"1", None, None)
            .unwrap()
            .extract::<Shared<Counter>>();
        let error = error.err().unwrap();
        assert!(error.is_instance_of::<pyatoll::exceptions::PyTypeError>(py));
        assert!(error.to_string().contains("Counter"), "{error}");
    });
}

/// Pickles a value in an interpreter.
fn pickled(py: Python<'_>, value: &Shared<Counter>) -> Vec<u8> {
    // The class is in its module.
    py.import("sharing").unwrap();
    let dumps = py.import("pickle").unwrap().getattr("dumps").unwrap();
    dumps.call1((value,)).unwrap().extract().unwrap()
}

fn unpickled(py: Python<'_>, pickle: &[u8]) -> PyResult<Shared<Counter>> {
    let loads = py.import("pickle")?.getattr("loads")?;
    loads.call1((PyBytes::new(py, pickle),))?.extract()
}

fn assert_refused(py: Python<'_>, pickle: &[u8], reason: &str) {
    let error = unpickled(py, pickle).err().unwrap();
    assert_eq!(
        error.get_type(py).name().unwrap().to_string(),
        "UnpicklingError"
    );
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn a_pickle_carries_a_value_to_another_interpreter_once() {
    start();
    for gil in [Gil::Own, Gil::Shared] {
        let [a, b] = [gil, gil].map(|gil| SubInterpreter::builder().gil(gil).build().unwrap());
        let (value, dropped) = counter();
        let pickle = a.attach(|py| pickled(py, &value)).unwrap();
        let received = b.attach(|py| unpickled(py, &pickle).unwrap()).unwrap();
        assert!(Shared::ptr_eq(&received, &value));
        drop(received);
        for sub in [&a, &b] {
            // The second time fails everywhere, though on the thread that has loaded it CPython
            // may load it again.
            let thread = || sub.attach(|py| assert_refused(py, &pickle, "was loaded before"));
            thread::scope(|scope| scope.spawn(thread).join().unwrap()).unwrap();
        }
        // The first interpreter keeps what nobody has received, until it ends.
        a.attach(|py| pickled(py, &value)).unwrap();
        let lost = a.attach(|py| pickled(py, &value)).unwrap();
        drop(value);
        assert_eq!(drops(&dropped), 0);
        a.close().unwrap();
        assert_eq!(drops(&dropped), 1);
        b.attach(|py| assert_refused(py, &lost, "has ended"))
            .unwrap();
        b.close().unwrap();
    }
}

#[test]
fn an_interpreter_that_ends_after_it_has_received_does_not_take_the_value_along() {
    start();
    let [a, b] = [(); 2].map(|()| SubInterpreter::builder().build().unwrap());
    let (value, dropped) = counter();
    let pickle = a.attach(|py| pickled(py, &value)).unwrap();
    drop(value);
    let received = b.attach(|py| unpickled(py, &pickle).unwrap()).unwrap();
    b.close().unwrap();
    a.close().unwrap();
    assert_eq!(drops(&dropped), 0);
    drop(received);
    assert_eq!(drops(&dropped), 1);
}

#[test]
fn the_thread_that_has_loaded_a_pickle_may_load_it_once_more_while_the_value_lives() {
    start();
    Python::attach(|py| {
        let (value, _dropped) = counter();
        let pickle = pickled(py, &value);
        unpickled(py, &pickle).unwrap();
        // As CPython does if the rest of a pickle cannot be loaded at first.
        unpickled(py, &pickle).unwrap();
        assert_refused(py, &pickle, "was loaded before");
        let pickle = pickled(py, &value);
        unpickled(py, &pickle).unwrap();
        drop(value);
        assert_refused(py, &pickle, "was loaded before");
    });
}

#[test]
fn a_pickle_of_another_process_is_refused() {
    start();
    Python::attach(|py| {
        let class = py.import("sharing").unwrap().getattr("Counter").unwrap();
        let redeem = class.getattr("__pyatoll_redeem__").unwrap();
        let error = redeem.call1((1_u64, 1_usize)).unwrap_err();
        assert!(error.to_string().contains("process"), "{error}");
        assert_eq!(
            error.get_type(py).name().unwrap().to_string(),
            "UnpicklingError"
        );
        assert!(redeem.call1((1,)).is_err());
        assert!(redeem.call1(("a", 1)).is_err());
    });
}

#[test]
fn a_ticket_for_another_class_is_refused() {
    start();
    Python::attach(|py| {
        let (value, dropped) = counter();
        let ticket = value.into_pyobject(py).unwrap();
        let (_, arguments) = ticket
            .call_method0("__reduce__")
            .unwrap()
            .extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()
            .unwrap();
        drop(ticket);
        let other = py.import("sharing").unwrap().getattr("Name").unwrap();
        let redeem = other.getattr("__pyatoll_redeem__").unwrap();
        let error = redeem
            .call(arguments.cast::<pyatoll::types::PyTuple>().unwrap(), None)
            .unwrap_err();
        assert!(error.is_instance_of::<pyatoll::exceptions::PyTypeError>(py));
        assert_eq!(drops(&dropped), 1);
    });
}

#[test]
fn threads_that_send_and_receive_at_once_lose_no_value() {
    const VALUES: usize = 200;

    start();
    let dropped = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = mpsc::sync_channel::<Vec<u8>>(8);
    let receiver = Arc::new(std::sync::Mutex::new(receiver));
    thread::scope(|scope| {
        for _ in 0..2 {
            let (sender, dropped) = (sender.clone(), Arc::clone(&dropped));
            scope.spawn(move || {
                let sub = SubInterpreter::builder().build().unwrap();
                for _ in 0..VALUES {
                    let value = Shared::new(Counter {
                        count: AtomicU64::new(1),
                        told: Some(Told(Arc::clone(&dropped))),
                        name: String::new(),
                    });
                    let pickle = sub.attach(|py| pickled(py, &value)).unwrap();
                    drop(value);
                    sender.send(pickle).unwrap();
                }
                // What is still under way goes with the interpreter.
                sub.close().unwrap();
            });
            let receiver = Arc::clone(&receiver);
            scope.spawn(move || {
                let sub = SubInterpreter::builder().build().unwrap();
                loop {
                    let received = receiver.lock().unwrap().recv();
                    let Ok(pickle) = received else { break };
                    sub.attach(|py| match unpickled(py, &pickle) {
                        Ok(value) => assert_eq!(value.count.load(Ordering::SeqCst), 1),
                        Err(error) => assert!(error.to_string().contains("has ended"), "{error}"),
                    })
                    .unwrap();
                }
                sub.close().unwrap();
            });
        }
        drop(sender);
    });
    assert_eq!(drops(&dropped), 2 * VALUES);
}

#[test]
fn a_buffer_is_the_same_memory_in_all_interpreters() {
    start();
    let sub = SubInterpreter::builder().build().unwrap();
    let names = sub
        .attach(|py| {
            let names = PyDict::new(py);
            let code = "
from sharing import Careless, Cells, Constants
import pickle
constants, cells = Constants(b'abc'), Cells(4)
view = memoryview(constants)
assert view.readonly and bytes(view) == b'abc'
writable = memoryview(cells)
assert not writable.readonly
writable[1] = 7
try:
    memoryview(Careless(b'abc'))
except BufferError as error:
    assert 'atomic_buffer' in str(error), error
else:
    raise AssertionError
pickled = [pickle.dumps(constants), pickle.dumps(cells)]
";
            run(py, &names, code);
            names.unbind()
        })
        .unwrap();
    let pickles: Vec<Vec<u8>> = sub
        .attach(|py| {
            let pickled = names.bind(py).get_item("pickled").unwrap().unwrap();
            pickled.extract().unwrap()
        })
        .unwrap();
    Python::attach(|py| {
        let here = PyDict::new(py);
        here.set_item("pickled", pickles).unwrap();
        let code = "
import pickle
constants, cells = map(pickle.loads, map(bytes, pickled))
view, writable = memoryview(constants), memoryview(cells)
assert bytes(view) == b'abc' and bytes(writable) == bytes([0, 7, 0, 0])
writable[2] = 9
";
        run(py, &here, code);
        here.unbind()
    });
    sub.attach(|py| {
        run(
            py,
            names.bind(py),
            "assert bytes(writable) == bytes([0, 7, 9, 0])",
        )
    })
    .unwrap();
    // Either end first: the views of the main interpreter are gone, those of the other one are not.
    drop(names);
    sub.close().unwrap();
}

#[test]
fn a_view_outlives_the_interpreter_that_created_the_memory() {
    start();
    let sub = SubInterpreter::builder().build().unwrap();
    let pickle: Vec<u8> = sub
        .attach(|py| {
            let names = PyDict::new(py);
            let code = "
from sharing import Cells
import pickle
cells = Cells(3)
memoryview(cells)[0] = 5
pickled = pickle.dumps(cells)
";
            run(py, &names, code);
            names
                .get_item("pickled")
                .unwrap()
                .unwrap()
                .extract()
                .unwrap()
        })
        .unwrap();
    Python::attach(|py| {
        let names = PyDict::new(py);
        names
            .set_item("pickled", PyBytes::new(py, &pickle))
            .unwrap();
        run(
            py,
            &names,
            "import pickle; view = memoryview(pickle.loads(pickled))",
        );
        py.detach(|| sub.close().unwrap());
        run(
            py,
            &names,
            "assert bytes(view) == bytes([5, 0, 0]); view[1] = 6",
        );
    });
}

#[test]
fn any_shareable_instance_becomes_a_value_without_a_type_and_back() {
    start();
    let (value, dropped) = counter();
    let any = Python::attach(|py| {
        let object = (&value).into_pyobject(py).unwrap();
        let any: SharedAny = object.extract().unwrap();
        let again: SharedAny = object.call_method0("again").unwrap().extract().unwrap();
        assert_eq!(any, again);
        assert_eq!(HashSet::from([any.clone(), again]).len(), 1);
        assert_ne!(any, SharedAny::from(counter().0));
        assert_eq!(any.class_name(), "Counter");
        assert!(format!("{any:?}").starts_with("SharedAny(Counter at 0x"));
        any
    });
    assert!(Shared::ptr_eq(&any.downcast::<Counter>().unwrap(), &value));
    assert!(any.downcast::<sharing::Cells>().is_none());
    drop(value);
    for sub in everywhere::kinds::subs() {
        // No interpreter has imported the module yet. Each conversion is an instance.
        let total = sub.attach(|py| {
            let [one, two] = [(); 2].map(|()| (&any).into_pyobject(py).unwrap());
            assert!(!one.is(&two) && one.eq(&two).unwrap());
            let module = one.get_type().getattr("__module__").unwrap();
            assert_eq!(module.extract::<String>().unwrap(), "sharing");
            one.call_method1("add", (1,)).unwrap();
            two.call_method1("add", (1,)).unwrap().extract::<u64>()
        });
        assert!(total.unwrap().unwrap() >= 2);
        sub.close().unwrap();
    }
    assert_eq!(drops(&dropped), 0);
    thread::spawn(move || drop(any)).join().unwrap();
    assert_eq!(drops(&dropped), 1);
}

#[test]
fn only_an_instance_of_a_shareable_class_becomes_a_value_without_a_type() {
    start();
    Python::attach(|py| {
        let names = PyDict::new(py);
        let code = "
from sharing import Counter, Name
attribute = Counter.__dict__['__pyatoll_shared__']
for read in (lambda: attribute.__get__(Counter()), lambda: Counter().__pyatoll_shared__):
    try:
        read()
    except AttributeError:
        pass
    else:
        raise AssertionError
class Copied:
    __pyatoll_shared__ = attribute
class Lying:
    __pyatoll_shared__ = attribute
    __class__ = property(lambda self: Counter)
assert isinstance(Lying(), Counter)
class Meta(type):
    __pyatoll_shared__ = attribute
class OfMeta(metaclass=Meta): pass
refused = [1, None, [], object(), Counter, Copied(), Lying(), OfMeta(), OfMeta, attribute]
counter = Counter()
for other in Copied, Lying, Name:
    try:
        counter.__class__ = other
    except TypeError:
        pass
    else:
        raise AssertionError(other)
try:
    Copied().__class__ = Counter
except TypeError:
    pass
else:
    raise AssertionError
# It cannot be initialized without its constructor.
try:
    refused.append(Counter.__new__(Name))
except TypeError:
    pass
";
        run(py, &names, code);
        let refused = names.get_item("refused").unwrap().unwrap();
        for object in refused.try_iter().unwrap() {
            let error = object.unwrap().extract::<SharedAny>().unwrap_err();
            assert!(error.is_instance_of::<PyTypeError>(py), "{error}");
            assert!(error.to_string().contains("shareable"), "{error}");
        }
    });
}

#[test]
fn a_value_without_a_type_whose_drop_uses_python_is_dropped_on_any_thread() {
    start();
    /// Runs Python code, and drops another value, when it is dropped.
    #[pyclass(frozen, shareable)]
    struct Busy {
        next: Option<SharedAny>,
        done: Arc<AtomicUsize>,
    }
    impl Drop for Busy {
        fn drop(&mut self) {
            let sum: u64 = Python::attach(|py| py.eval(c"1 + 1", None, None)?.extract()).unwrap();
            self.done.fetch_add(sum as usize, Ordering::SeqCst);
            self.next = None;
        }
    }
    let done = Arc::new(AtomicUsize::new(0));
    let busy = |next| {
        SharedAny::from(Shared::new(Busy {
            next,
            done: Arc::clone(&done),
        }))
    };
    let outer = busy(Some(busy(Some(busy(None)))));
    thread::spawn(move || drop(outer)).join().unwrap();
    assert_eq!(drops(&done), 6);
    let outer = busy(Some(busy(None)));
    Python::attach(|py| {
        let object = outer.into_pyobject(py).unwrap();
        drop(object);
    });
    assert_eq!(drops(&done), 10);
}
