//! Built-in types whose instances vary in size, exceptions that macros define, and Python classes
//! as bases; metaclasses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyatoll::exceptions::{
    PyBaseExceptionGroup, PyException, PyExceptionGroup, PyOSError, PyValueError,
};
use pyatoll::interpreter::{Gil, SubInterpreter};
use pyatoll::prelude::*;
use pyatoll::types::{PyBytes, PyCFunction, PyDict, PyInt, PyString, PyTuple, PyType};
use pyatoll::{PyTraverseError, PyVisit, create_exception, import_exception};

use crate::{collector, run};

/// Defines a class that extends a built-in type, with a constructor that passes its first argument
/// on, and a value large enough to overlap with anything that is misplaced.
macro_rules! extending {
    ($($name:ident = $base:ty;)*) => {
        $(
            #[pyclass(extends = $base, subclass)]
            struct $name {
                #[pyo3(get, set)]
                marker: [u64; 5],
                held: Option<Py<PyAny>>,
            }

            #[pymethods]
            impl $name {
                #[new]
                #[pyo3(signature = (value, *_rest))]
                fn new<'py>(
                    py: Python<'py>,
                    value: Bound<'py, PyAny>,
                    _rest: &Bound<'py, PyTuple>,
                ) -> PyResult<PyClassInitializer<Self>> {
                    let marker = [0x0123_4567_89ab_cdef; 5];
                    PyClassInitializer::from(Self { marker, held: None })
                        .with_base_args(py, (value,))
                }

                fn hold(&mut self, object: Py<PyAny>) {
                    self.held = Some(object);
                }

                fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
                    visit.call(&self.held)
                }

                fn __clear__(&mut self) {
                    self.held = None;
                }
            }
        )*

        fn extending_classes(py: Python<'_>) -> Vec<(&'static str, Bound<'_, PyType>)> {
            vec![$((stringify!($name), py.get_type::<$name>()),)*]
        }
    };
}

extending! {
    Int = PyInt;
    Text = PyString;
    Bytes = PyBytes;
    Tuple = PyTuple;
}

const EXTENDING: &std::ffi::CStr = c"
import sys, weakref
marker = [0x0123_4567_89ab_cdef] * 5
numbers = [0, 1, -1, 5, 2**30 - 1, 2**30, -2**30, 2**60, 2**89 - 1, -2**1000]
cases = {
    Int: (int, numbers),
    Text: (str, ['', 'a', '\\xe4' * 3, '\\u20ac' * 100, chr(0x1f600) * 7]),
    Bytes: (bytes, [b'x' * n for n in (*range(40), 1000)]),
    Tuple: (tuple, [tuple(range(n)) for n in (*range(20), 1000)]),
}
def check(cls, base, value):
    object = cls(value)
    assert object == value and type(object) is cls and isinstance(object, base)
    assert hash(object) == hash(value) and base(object) == value
    assert object.marker == marker
    object.marker = [1, 2, 3, 4, 5]
    assert object.marker == [1, 2, 3, 4, 5] and object == value
    assert object + object == value + value
    return object
for cls, (base, values) in cases.items():
    class Own(cls):
        pass
    class Sealed(cls):
        __slots__ = ()
    for value in values:
        check(cls, base, value)
        check(Sealed, base, value)
        own = check(Own, base, value)
        own.me = own
        own.hold([own])
        assert own.marker == [1, 2, 3, 4, 5] and own == value
    class Noted(Own):
        gone = []
        def __del__(self):
            self.gone.append(base(self))
    noted = Noted(values[1])
    noted.hold(noted)
    held = cls(values[-1])
    held.hold((held,))
    del noted, held
    collect()
    assert Noted.gone == [values[1]]
    try:
        base.__new__(cls, values[0])
    except TypeError:
        pass
    else:
        raise AssertionError
    try:
        type('Both', (cls, Int if cls is not Int else Tuple), {})
    except TypeError as error:
        assert 'lay-out' in str(error) or 'layout' in str(error), error
    else:
        raise AssertionError
    plain = type('Plain', (base,), {'__slots__': ()})(values[1])
    try:
        plain.__class__ = Sealed
    except TypeError:
        pass
    else:
        raise AssertionError
    mixed = type('Mixed', (cls, type('Mixin', (), {'twice': lambda self: self + self})), {})
    assert check(mixed, base, values[1]).twice() == values[1] + values[1]
";

/// Runs `f` in the main interpreter and in a new sub-interpreter of each kind, which then ends.
fn in_each_interpreter(f: impl Fn(Python<'_>) + Sync) {
    Python::attach(&f);
    for gil in [Gil::Own, Gil::Shared] {
        let sub = SubInterpreter::builder().gil(gil).build().unwrap();
        sub.attach(&f).unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn a_class_may_extend_types_whose_instances_vary_in_size() {
    Python::initialize();
    in_each_interpreter(|py| {
        let classes = extending_classes(py);
        let names: Vec<(&str, &Bound<'_, PyAny>)> = classes
            .iter()
            .map(|(name, class)| (*name, class.as_any()))
            .collect();
        run(py, &names, EXTENDING);
        let number = Bound::new(
            py,
            PyClassInitializer::from(Int {
                marker: [7; 5],
                held: None,
            })
            .with_base_args(py, (1_i128 << 100,))
            .unwrap(),
        )
        .unwrap();
        assert_eq!(number.borrow().marker, [7; 5]);
        assert_eq!(number.extract::<i128>().unwrap(), 1 << 100);
    });
}

#[pyclass(extends = Int, frozen)]
struct Derived {
    #[pyo3(get)]
    constant: Py<PyAny>,
}

#[pymethods]
impl Derived {
    #[new]
    fn new(py: Python<'_>, number: i128) -> PyResult<PyClassInitializer<Self>> {
        let marker = [number as u64; 5];
        let base = PyClassInitializer::from(Int { marker, held: None });
        let constant = py.None();
        Ok(base
            .with_base_args(py, (number,))?
            .add_subclass(Self { constant }))
    }
}

#[test]
fn a_class_may_extend_a_class_whose_instances_vary_in_size() {
    Python::attach(|py| {
        run(
            py,
            &[("Derived", &py.get_type::<Derived>())],
            c"
for number in (0, 3, 2**40, 2**70):
    derived = Derived(number)
    assert derived == number and derived.constant is None
    assert derived.marker == [number % 2**64] * 5
",
        );
    });
}

create_exception!(device, DeviceError, PyException, "A device failed.");
create_exception!(device, DeviceOSError, PyOSError);
create_exception!(device, NestedError, DeviceError);
import_exception!(json, JSONDecodeError);

static DROPS: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct CountDrops(Watched);

impl Drop for CountDrops {
    fn drop(&mut self) {
        DROPS.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts the drops of one value.
#[derive(Default)]
struct Watched(Arc<AtomicUsize>);

impl Watched {
    /// Returns a Python function that returns how often this value was dropped. Looking for the
    /// instance in `gc.get_objects` would keep what other tests expect to be freed.
    fn watch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCFunction>> {
        let own = Arc::clone(&self.0);
        PyCFunction::new_closure(py, None, None, move |_, _| own.load(Ordering::Relaxed))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

macro_rules! extending_exceptions {
    ($($name:ident = $base:ty;)*) => {
        $(
            #[pyclass(extends = $base, subclass)]
            struct $name {
                #[pyo3(get)]
                code: u64,
                held: Option<Py<PyAny>>,
                drops: CountDrops,
            }

            #[pymethods]
            impl $name {
                #[new]
                #[pyo3(signature = (*args))]
                fn new(args: Bound<'_, PyTuple>) -> PyResult<PyClassInitializer<Self>> {
                    let this = Self { code: 77, held: None, drops: CountDrops::default() };
                    PyClassInitializer::from(this).with_base_args(args.py(), args)
                }

                fn hold(&mut self, object: Py<PyAny>) {
                    self.held = Some(object);
                }

                fn watch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCFunction>> {
                    self.drops.0.watch(py)
                }

                fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
                    visit.call(&self.held)
                }

                fn __clear__(&mut self) {
                    self.held = None;
                }
            }
        )*
    };
}

extending_exceptions! {
    OfDefined = DeviceError;
    OfDefinedOSError = DeviceOSError;
    OfNested = NestedError;
    OfImported = JSONDecodeError;
    OfBaseGroup = PyBaseExceptionGroup;
    OfGroup = PyExceptionGroup;
}

#[pyclass(extends = OfDefined, subclass)]
struct Furthest(u8);

#[pymethods]
impl Furthest {
    #[new]
    fn new(py: Python<'_>, text: &str) -> PyResult<PyClassInitializer<Self>> {
        let base = OfDefined {
            code: 3,
            held: None,
            drops: CountDrops::default(),
        };
        Ok(PyClassInitializer::from(base)
            .with_base_args(py, (text,))?
            .add_subclass(Self(9)))
    }

    fn number(&self) -> u8 {
        self.0
    }
}

#[test]
fn a_class_may_extend_exceptions_of_each_interpreter() {
    Python::initialize();
    in_each_interpreter(|py| {
        let before = DROPS.load(Ordering::Relaxed);
        run(
            py,
            &[
                ("DeviceError", &py.get_type::<DeviceError>()),
                ("JSONDecodeError", &py.get_type::<JSONDecodeError>()),
                ("OfDefined", &py.get_type::<OfDefined>()),
                ("OfDefinedOSError", &py.get_type::<OfDefinedOSError>()),
                ("OfNested", &py.get_type::<OfNested>()),
                ("OfImported", &py.get_type::<OfImported>()),
                ("OfBaseGroup", &py.get_type::<OfBaseGroup>()),
                ("OfGroup", &py.get_type::<OfGroup>()),
                ("Furthest", &py.get_type::<Furthest>()),
            ],
            c"
def cycle(object):
    object.hold([object])
    object.self = object
    drops = object.watch()
    del object
    collect()
    assert drops() == 1
for cls, args, base in [
    (OfDefined, ('text',), DeviceError),
    (OfNested, (1, 2), DeviceError),
    (OfDefinedOSError, (2, 'no file'), FileNotFoundError.__mro__[1]),
    (OfImported, ('text', 'doc', 0), JSONDecodeError),
    (OfBaseGroup, ('group', [KeyboardInterrupt()]), BaseExceptionGroup),
    (OfGroup, ('group', [ValueError()]), ExceptionGroup),
    (Furthest, ('text',), DeviceError),
]:
    class Own(cls):
        pass
    for made in (cls, Own):
        error = made(*args)
        try:
            raise error
        except base as caught:
            assert caught is error and type(caught) is made
        assert error.code in (77, 3) and str(error)
        error.note = 'a dict'
        assert vars(error)['note'] == 'a dict'
        error.add_note('a note')
        del error
        cycle(made(*args))
assert OfImported('text', 'doc', 0).doc == 'doc'
assert issubclass(OfGroup, Exception) and not issubclass(OfBaseGroup, Exception)
assert Furthest('text').args == ('text',) and Furthest('text').number() == 9
assert Furthest('text').code == 3
assert OfDefinedOSError(2, 'no file').errno == 2
try:
    OfGroup('group', [])
except ValueError:
    pass
else:
    raise AssertionError
try:
    raise OfGroup('group', [ValueError(1), KeyError(2)])
except* ValueError as some:
    assert some.exceptions[0].args == (1,)
except* KeyError:
    pass
collect()
",
        );
        let error = Bound::new(
            py,
            PyClassInitializer::from(OfDefined {
                code: 1,
                held: None,
                drops: CountDrops::default(),
            })
            .with_base_args(py, ("from Rust",))
            .unwrap(),
        )
        .unwrap();
        let error = PyErr::from_value(error.into_any());
        assert!(error.is_instance_of::<DeviceError>(py));
        assert_eq!(error.to_string(), "OfDefined: from Rust");
        drop(error);
        collector(py).call0().unwrap();
        assert!(DROPS.load(Ordering::Relaxed) > before + 20);
    });
}

import_exception!(socket, gaierror);

#[pyclass(extends = PyException)]
struct Final;

// Neither can be extended in Rust, which must not keep them from being defined.
create_exception!(device, OfImportedError, gaierror);
create_exception!(device, OfFinal, Final);

#[pyclass(extends = gaierror)]
struct OfImportedOSError;

#[test]
fn a_base_with_another_layout_is_a_type_error() {
    Python::attach(|py| {
        let module = PyModule::new(py, "m").unwrap();
        let error = module.add_class::<OfImportedOSError>().unwrap_err();
        let cause = error.cause(py).unwrap();
        assert!(cause.is_instance_of::<pyatoll::exceptions::PyTypeError>(py));
        assert!(cause.to_string().contains("conflict"), "{cause}");
    });
}

#[pyclass(bases = "collections.abc:MutableMapping", module = "shelves")]
/// A mapping.
struct Shelf {
    items: Py<PyDict>,
    drops: Watched,
}

#[pymethods]
impl Shelf {
    #[new]
    fn new(py: Python<'_>) -> Self {
        Self {
            items: PyDict::new(py).unbind(),
            drops: Watched::default(),
        }
    }

    fn watch<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCFunction>> {
        self.drops.watch(py)
    }

    fn __getitem__<'py>(&self, key: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.items.bind(key.py()).as_any().get_item(key)
    }

    fn __setitem__(&self, key: Bound<'_, PyAny>, value: Bound<'_, PyAny>) -> PyResult<()> {
        self.items.bind(key.py()).set_item(key, value)
    }

    fn __delitem__(&self, key: Bound<'_, PyAny>) -> PyResult<()> {
        self.items.bind(key.py()).del_item(key)
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.items.bind(py).len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.items.bind(py).as_any().try_iter()?.into_any())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.items)
    }
}

#[pyclass(metaclass = "abc:ABCMeta", subclass)]
struct Registry(u8);

#[pymethods]
impl Registry {
    #[new]
    fn new() -> Self {
        Self(4)
    }

    fn number(&self) -> u8 {
        self.0
    }

    #[classattr]
    const LIMIT: u8 = 10;
}

#[pyclass(extends = Registry, bases = ["collections.abc:Hashable", "collections.abc:Sized"])]
struct Incomplete;

#[pymethods]
impl Incomplete {
    #[new]
    fn new() -> (Self, Registry) {
        (Self, Registry(5))
    }

    fn __hash__(&self) -> u64 {
        5
    }
}

const ABSTRACT: &std::ffi::CStr = c"
import abc, collections.abc, inspect, weakref
assert type(Shelf) is abc.ABCMeta and issubclass(Shelf, collections.abc.MutableMapping)
assert Shelf.__module__ == 'shelves' and Shelf.__qualname__ == 'Shelf'
assert Shelf.__doc__ == 'A mapping.' and Shelf.__abstractmethods__ == frozenset()
shelf = Shelf()
assert isinstance(shelf, collections.abc.Mapping) and type(shelf) is Shelf
shelf.update(a=1, b=2)
assert shelf.setdefault('c', 3) == 3 and shelf.pop('a') == 1 and 'b' in shelf
assert dict(shelf) == {'b': 2, 'c': 3} and shelf == {'b': 2, 'c': 3}
match shelf:
    case {'b': two}:
        assert two == 2
try:
    class Derived(Shelf):
        pass
except TypeError as error:
    assert 'not an acceptable base type' in str(error)
else:
    raise AssertionError
try:
    shelf.attribute = 1
except AttributeError:
    pass
else:
    raise AssertionError
shelf['self'] = shelf
drops = shelf.watch()
del shelf
collect()
assert drops() == 1

class Other:
    pass
Registry.register(Other)
assert isinstance(Other(), Registry) and type(Registry) is abc.ABCMeta
assert Registry().number() == 4 and Registry.LIMIT == 10
class Concrete(Registry):
    @property
    @abc.abstractmethod
    def needed(self): ...
try:
    Concrete()
except TypeError as error:
    assert 'abstract' in str(error) and 'needed' in str(error)
else:
    raise AssertionError
class Complete(Concrete):
    needed = 1
assert Complete().number() == 4
seen = weakref.ref(Complete())
collect()
assert seen() is None

assert Incomplete.__abstractmethods__ == frozenset({'__len__'})
assert issubclass(Incomplete, Registry) and issubclass(Incomplete, collections.abc.Sized)
try:
    Incomplete()
except TypeError as error:
    assert 'abstract' in str(error) and '__len__' in str(error)
else:
    raise AssertionError
";

#[test]
fn a_class_may_have_python_classes_as_bases_and_a_metaclass() {
    Python::initialize();
    in_each_interpreter(|py| {
        run(
            py,
            &[
                ("Shelf", &py.get_type::<Shelf>()),
                ("Registry", &py.get_type::<Registry>()),
                ("Incomplete", &py.get_type::<Incomplete>()),
            ],
            ABSTRACT,
        );
        let shelf = Bound::new(py, Shelf::new(py)).unwrap();
        assert!(shelf.is_instance_of::<Shelf>());
        assert!(shelf.as_any().cast::<Shelf>().is_ok());
        assert!(shelf.cast::<pyatoll::types::PyMapping>().is_ok());
        let error = Bound::new(py, Incomplete::new()).unwrap_err();
        assert!(error.to_string().contains("abstract"), "{error}");
    });
}

#[test]
fn what_python_bases_bring_is_there() {
    /// A module with the classes that the test's classes are made with.
    fn define(py: Python<'_>) {
        let code = c"
log = []
class Plain:
    def __init_subclass__(cls, **keywords):
        log.append(cls.__name__)
    def greet(self):
        return f'{self.name()} says {self.word}'
class Meta(type):
    def __new__(metaclass, name, bases, namespace):
        namespace['made'] = True
        return super().__new__(metaclass, name, bases, namespace)
    def __len__(cls):
        return 7
class Wrong(type):
    def __new__(metaclass, name, bases, namespace):
        return super().__new__(metaclass, name, (), {})
class Slots:
    __slots__ = ('slot',)
";
        PyModule::from_code(py, code, c"parts.py", c"pyatoll_test_parts").unwrap();
    }

    #[pyclass(
        bases = "pyatoll_test_parts:Plain",
        metaclass = "pyatoll_test_parts:Meta",
        immutable_type,
        subclass
    )]
    struct Talker;
    #[pymethods]
    impl Talker {
        #[new]
        fn new() -> Self {
            Self
        }
        fn name(&self) -> &'static str {
            "Talker"
        }
    }
    #[pyclass(metaclass = "pyatoll_test_parts:Wrong")]
    struct Wrong;
    #[pyclass(bases = "pyatoll_test_parts:Slots")]
    struct Slots;
    #[pyclass(bases = "pyatoll_test_parts:missing")]
    struct Missing;
    #[pyclass(bases = "typing:Generic")]
    struct Listed;

    in_each_interpreter(|py| {
        define(py);
        run(
            py,
            &[("Talker", &py.get_type::<Talker>())],
            c"
import pyatoll_test_parts as parts
assert parts.log == ['Talker'] and len(Talker) == 7 and Talker.made
talker = Talker()
talker.word = 'hello'
assert talker.greet() == 'Talker says hello'
class Own(Talker):
    pass
assert Own.made and len(Own) == 7 and parts.log == ['Talker', 'Own']
own = Own()
own.word = own
del own, talker
collect()
try:
    Talker.attribute = 1
except TypeError:
    pass
else:
    raise AssertionError
",
        );
        let module = PyModule::new(py, "m").unwrap();
        let cause = |error: PyErr| error.cause(py).unwrap().to_string();
        let error = cause(module.add_class::<Wrong>().unwrap_err());
        assert!(error.contains("returned another class"), "{error}");
        let error = cause(module.add_class::<Slots>().unwrap_err());
        assert!(error.contains("conflict"), "{error}");
        let error = cause(module.add_class::<Missing>().unwrap_err());
        assert!(error.contains("AttributeError"), "{error}");
        module.add_class::<Listed>().unwrap_err();
    });
}

#[test]
fn a_class_cannot_be_used_while_its_bases_are_told_of_it() {
    #[pyclass(bases = "pyatoll_test_eager:Eager")]
    struct Eager;

    #[pyfunction]
    fn eager(py: Python<'_>) -> PyResult<()> {
        PyModule::new(py, "m")?.add_class::<Eager>()
    }

    in_each_interpreter(|py| {
        let code = c"
uses = []
class Eager:
    def __init_subclass__(cls):
        uses.pop()()
";
        let module = PyModule::from_code(py, code, c"eager.py", c"pyatoll_test_eager").unwrap();
        let uses = module.getattr("uses").unwrap();
        let eager = wrap_pyfunction!(eager, py).unwrap();
        uses.call_method1("extend", (vec![&eager; 100_000],))
            .unwrap();
        let mut error = eager.call0().unwrap_err();
        while let Some(cause) = error.cause(py) {
            error = cause;
        }
        let text = error.to_string();
        assert!(text.contains("being created"), "{text}");
        assert_eq!(uses.len().unwrap(), 99_999);
        // The failure has left nothing behind.
        uses.set_item(99_998, py.eval(c"lambda: None", None, None).unwrap())
            .unwrap();
        py.get_type::<Eager>();
    });
}

#[test]
fn instances_may_outlive_the_values_of_their_interpreter() {
    // Kept by an object that is deallocated after the interpreter's dict is cleared.
    let code = c"
import sys
kept = [Int(2**70), Tuple((1, 2)), OfDefined('x'), OfGroup('g', [ValueError()]), Shelf()]
class Own(OfGroup): pass
class Number(Int): pass
kept += [Own('g', [ValueError()]), Number(5)]
for object in kept:
    if hasattr(object, 'hold'):
        object.hold(kept)
import builtins
builtins.kept = kept
sys.modules['kept'] = kept
";
    Python::initialize();
    let before = DROPS.load(Ordering::Relaxed);
    let mut subs = Vec::new();
    for gil in [Gil::Own, Gil::Shared, Gil::Own, Gil::Shared] {
        let sub = SubInterpreter::builder().gil(gil).build().unwrap();
        sub.attach(|py| {
            run(
                py,
                &[
                    ("Int", &py.get_type::<Int>()),
                    ("Tuple", &py.get_type::<Tuple>()),
                    ("OfDefined", &py.get_type::<OfDefined>()),
                    ("OfGroup", &py.get_type::<OfGroup>()),
                    ("Shelf", &py.get_type::<Shelf>()),
                ],
                code,
            );
        })
        .unwrap();
        subs.push(sub);
    }
    subs.swap(0, 2);
    for sub in subs {
        sub.close().unwrap();
    }
    assert!(DROPS.load(Ordering::Relaxed) >= before + 12);
}

/// A type that each interpreter imports.
#[repr(transparent)]
struct TzInfo(PyAny);

pyatoll::pyobject_native_type_core!(TzInfo, tz_info, "datetime", "tzinfo");
pyatoll::pyobject_subclassable_native_type!(TzInfo, pyatoll::ffi::PyObject);

fn tz_info(py: Python<'_>) -> *mut pyatoll::ffi::PyTypeObject {
    static CLASS: pyatoll::sync::PyOnceLock<Py<PyType>> = pyatoll::sync::PyOnceLock::new();
    let class = CLASS.import(py, "datetime", "tzinfo").unwrap();
    class.as_ptr().cast()
}

#[pyclass(extends = TzInfo)]
struct FixedOffset(i32);

#[pymethods]
impl FixedOffset {
    #[new]
    fn new(hours: i32) -> Self {
        Self(hours)
    }

    fn utcoffset<'py>(&self, moment: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let arguments = (0, self.0 * 3600);
        moment
            .py()
            .import("datetime")?
            .getattr("timedelta")?
            .call1(arguments)
    }
}

#[test]
fn a_class_may_extend_an_imported_type() {
    Python::initialize();
    in_each_interpreter(|py| {
        run(
            py,
            &[("FixedOffset", &py.get_type::<FixedOffset>())],
            c"
import datetime
zone = FixedOffset(2)
assert isinstance(zone, datetime.tzinfo)
moment = datetime.datetime(2024, 1, 1, 12, tzinfo=zone)
assert moment.isoformat() == '2024-01-01T12:00:00+02:00'
assert moment.astimezone(datetime.timezone.utc).hour == 10
",
        );
    });
}

#[test]
fn arguments_of_another_interpreter_are_refused() {
    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    let initializer = Python::attach(|py| {
        let this = OfDefined {
            code: 1,
            held: None,
            drops: CountDrops::default(),
        };
        PyClassInitializer::from(this)
            .with_base_args(py, ([1_000_000],))
            .unwrap()
    });
    sub.attach(|py| {
        let error = Bound::new(py, initializer).unwrap_err();
        assert!(!error.is_instance_of::<PyValueError>(py));
        assert!(error.to_string().contains("interpreter"), "{error}");
    })
    .unwrap();
    sub.close().unwrap();
}
