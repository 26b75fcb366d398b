//! `#[pyclass(pickle)]`, and pickled panics, in every kind of interpreter.

mod everywhere;

use std::sync::Once;

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::{PyBytes, PyDict, PyString};

#[pymodule]
mod pickled {
    use pyatoll::prelude::*;
    use pyatoll::types::PyList;

    /// A class without a constructor, with fields that have no conversion by reference.
    #[pyclass(pickle, eq, get_all)]
    #[derive(PartialEq, Clone)]
    pub(super) struct Place {
        pub(super) name: String,
        pub(super) at: Option<Point>,
        #[cfg(any())]
        absent: std::convert::Infallible,
    }

    #[pyclass(pickle, eq, frozen, hash, from_py_object)]
    #[derive(PartialEq, Eq, Hash, Clone)]
    pub(super) struct Point(pub(super) i32, pub(super) i32);

    #[pymethods]
    impl Point {
        #[new]
        fn new(x: i32, y: i32) -> Self {
            Self(x, y)
        }
    }

    #[pyfunction]
    fn place(name: String, at: Option<Point>) -> Place {
        Place { name, at }
    }

    #[pyclass(pickle, subclass, dict, weakref)]
    struct Base {
        #[pyo3(get, set)]
        items: Py<PyList>,
    }

    #[pymethods]
    impl Base {
        #[new]
        #[pyo3(signature = (*, items))]
        fn new(items: Py<PyList>) -> Self {
            Self { items }
        }
    }

    #[pyclass(pickle, extends = Base, subclass)]
    struct Middle;

    #[pyclass(pickle, extends = Middle, subclass, unsendable, freelist = 2)]
    struct Derived {
        #[pyo3(get, set)]
        r#type: u8,
    }

    #[pymethods]
    impl Derived {
        #[new]
        fn new(items: Py<PyList>, r#type: u8) -> PyClassInitializer<Self> {
            PyClassInitializer::from(Base { items })
                .add_subclass(Middle)
                .add_subclass(Self { r#type })
        }

        fn grow(&mut self, during: Bound<'_, PyAny>) -> PyResult<()> {
            self.r#type += 1;
            during.call0().map(drop)
        }
    }

    /// Extends a class with `pickle`, but has none.
    #[pyclass(extends = Base, subclass)]
    struct Incomplete(u8);

    #[pymethods]
    impl Incomplete {
        #[new]
        fn new(items: Py<PyList>) -> PyClassInitializer<Self> {
            PyClassInitializer::from(Base { items }).add_subclass(Self(1))
        }

        fn value(&self) -> u8 {
            self.0
        }
    }

    #[pyclass(pickle, subclass)]
    struct OwnReduce {
        #[pyo3(get)]
        count: u8,
    }

    #[pymethods]
    impl OwnReduce {
        #[new]
        fn new(count: u8) -> Self {
            Self { count }
        }

        fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, (u8,)) {
            (slf.get_type().into_any(), (slf.borrow().count + 1,))
        }
    }

    #[pyclass(pickle, eq, rename_all = "lowercase")]
    #[derive(PartialEq, Clone)]
    enum Color {
        Red,
        #[pyo3(name = "Vert")]
        Green,
        #[cfg(any())]
        Absent,
    }

    #[pyclass(pickle, eq)]
    #[derive(PartialEq, Clone)]
    enum Shape {
        Circle {
            radius: f64,
        },
        #[pyo3(constructor = (*, _0, _1=None))]
        Polygon(Vec<Point>, Option<String>),
        Nothing(),
    }

    #[pyfunction]
    fn panics(text: &str) {
        panic!("{text}")
    }
}

fn start() {
    static START: Once = Once::new();
    START.call_once(|| pyatoll::append_to_inittab!(pickled));
    Python::initialize();
}

/// Runs code in the main interpreter, and in a new sub-interpreter of each kind.
fn everywhere(code: &std::ffi::CStr) {
    start();
    let setup = c"
import copy, pickle, pickled as m

def copies(item):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield pickle.loads(pickle.dumps(item, protocol))
        yield pickle._loads(pickle._dumps(item, protocol))
    yield copy.copy(item)
    yield copy.deepcopy(item)

def error(function, *args):
    try:
        function(*args)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return 'nothing'
";
    everywhere::everywhere(setup, code);
}

#[test]
fn a_class_is_pickled_by_its_fields() {
    everywhere(
        c"
place = m.place('here', m.Point(1, -2))
for copied in copies(place):
    assert copied == place and copied is not place and type(copied) is m.Place
    assert (copied.name, copied.at) == ('here', m.Point(1, -2))
for copied in copies(m.place('', None)):
    assert (copied.name, copied.at) == ('', None)
for copied in copies({m.Point(3, 4): [m.Point(5, 6)]}):
    assert copied == {m.Point(3, 4): [m.Point(5, 6)]}
",
    );
}

#[test]
fn the_parts_of_base_classes_are_pickled_too() {
    everywhere(
        c"
for copied in copies(m.Derived([1, 'x'], 200)):
    assert (copied.items, copied.type) == ([1, 'x'], 200)
derived = m.Derived([[]], 7)
derived.tag = derived.items
for copied in copies(derived):
    assert copied.items == [[]] and copied.tag is copied.items
assert copy.copy(derived).items is derived.items
assert copy.deepcopy(derived).items is not derived.items
",
    );
}

#[test]
fn what_a_python_subclass_adds_is_kept() {
    everywhere(
        c"
import types, sys
here = sys.modules['here'] = types.ModuleType('here')

class Sub(m.Derived):
    def __new__(cls, *args):
        return m.Derived.__new__(cls, [0], 1)
    def __init__(self, name):
        self.name = name

class Slotted(m.Derived):
    __slots__ = ('slot',)

class Stateful(m.Derived):
    def __getstate__(self):
        return 'state'
    def __setstate__(self, state):
        self.restored = state

class Deep(Sub, Stateful):
    pass

for cls in (Sub, Slotted, Stateful, Deep):
    cls.__module__ = 'here'
    setattr(here, cls.__name__, cls)

sub = Sub('name')
sub.items = [sub.name]
for copied in copies(sub):
    assert type(copied) is Sub and copied.__dict__ == {'name': 'name'}
    assert (copied.items, copied.type) == (['name'], 1)
slotted = Slotted([], 1)
slotted.slot = 5
slotted.other = 6
for copied in list(copies(slotted))[4:]:  # Python's own slots need protocol 2.
    assert (copied.slot, copied.other, copied.type) == (5, 6, 1)
for copied in copies(Stateful([2], 3)):
    assert (copied.restored, copied.items, copied.type) == ('state', [2], 3)
for copied in copies(Deep('deep')):
    assert (copied.restored, copied.items, type(copied)) == ('state', [0], Deep)
",
    );
}

#[test]
fn enums_are_pickled_by_variant_and_fields() {
    everywhere(
        c"
for color in m.Color.red, m.Color.Vert:
    for copied in copies(color):
        assert copied is color
assert m.Shape.Circle.__name__ == 'Circle' and m.Shape.Circle.__module__ == m.Shape.__module__
for shape in (m.Shape.Circle(0.5), m.Shape.Nothing(),
              m.Shape.Polygon(_0=[m.Point(0, 0), m.Point(1, 1)], _1='text')):
    for copied in copies(shape):
        assert copied == shape and type(copied) is type(shape)
",
    );
}

#[test]
fn what_cannot_be_pickled_is_an_error() {
    everywhere(
        c"
assert error(pickle.dumps, m.Incomplete([])) == (
    \"TypeError: cannot pickle 'Incomplete' object: its base class has `pickle`, but it does not\")
class Sub(m.Incomplete):
    pass
assert 'cannot pickle' in error(copy.copy, Sub([]))
unpickle = vars(m.Base)['__pyatoll_unpickle__']
for cls in m.Incomplete, m.Derived, Sub:
    assert 'cannot pickle' in error(unpickle.__get__(None, cls), [])
assert 'TypeError' in error(unpickle.__get__, None, int)

derived = m.Derived([], 1)
results = []
derived.grow(lambda: results.append(error(copy.copy, derived)))
assert results == ['RuntimeError: Already mutably borrowed'], results
assert copy.copy(derived).type == 2
",
    );
}

#[test]
fn data_of_another_version_of_the_class_is_an_error() {
    everywhere(
        c"
unpickle = m.Point.__pyatoll_unpickle__
assert unpickle(1, 2) == m.Point(1, 2)
other = 'the object was pickled by another version of its class'
assert error(unpickle, 1) == f'ValueError: too few fields: {other}'
assert error(unpickle, 1, 2, 3) == f'ValueError: too many fields: {other}'
assert error(unpickle, 1, 'x').startswith('TypeError: ')
assert error(m.Color.__pyatoll_unpickle__, 'Green') == f'ValueError: no variant Green: {other}'
assert error(m.Color.__pyatoll_unpickle__, 1).startswith('TypeError: ')
assert error(m.Shape.__pyatoll_unpickle__) == f'ValueError: too few fields: {other}'
",
    );
}

#[test]
fn methods_of_the_class_win() {
    everywhere(c"assert pickle.loads(pickle.dumps(m.OwnReduce(1))).count == 2");
}

#[test]
fn instances_are_pickled_in_one_interpreter_and_unpickled_in_another() {
    start();
    let data: Vec<u8> = Python::attach(|py| {
        let names = PyDict::new(py);
        let code = c"
import pickle, pickled as m
data = pickle.dumps([m.place('there', m.Point(1, 2)), m.Derived([1], 2), m.Color.red,
                     m.Shape.Nothing()])";
        py.run(code, Some(&names), None).unwrap();
        names.get_item("data").unwrap().unwrap().extract().unwrap()
    });
    for _ in 0..2 {
        let sub = SubInterpreter::builder().build().unwrap();
        sub.attach(|py| {
            let names = PyDict::new(py);
            names.set_item("data", PyBytes::new(py, &data)).unwrap();
            let code = c"
import pickle
place, derived, color, shape = pickle.loads(data)
import pickled as m
assert place == m.place('there', m.Point(1, 2)) and color is m.Color.red
assert (derived.items, derived.type, shape) == ([1], 2, m.Shape.Nothing())";
            py.run(code, Some(&names), None)
                .inspect_err(|error| error.print(py))
                .unwrap();
        })
        .unwrap();
        sub.close().unwrap();
    }
}

#[test]
fn a_class_without_the_option_has_no_methods_for_it() {
    everywhere(
        c"
names = '__reduce__', '__pyatoll_unpickle__'
assert not any(name in vars(m.Incomplete) for name in names)
assert all(name in vars(m.Middle) for name in names)
",
    );
}

#[test]
fn a_panic_is_pickled_as_itself() {
    everywhere(
        c"
from pickled.pyo3_runtime import PanicException
import pyo3_runtime, sys
assert pyo3_runtime.PanicException is PanicException
assert PanicException.__module__ == 'pyo3_runtime'
try:
    m.panics('oh no')
except BaseException as raised:
    panic = raised
assert type(panic) is PanicException
panic.add_note('a note')
for copied in copies(panic):
    assert type(copied) is PanicException and copied is not panic
    assert str(copied) == 'oh no' and copied.args == ('oh no',)
    assert copied.__notes__ == panic.__notes__ and copied.__notes__[-1] == 'a note'
assert pickle.loads(pickle.dumps(PanicException)) is PanicException
class Sub(PanicException): pass
Sub.__module__ = 'pyo3_runtime'
pyo3_runtime.Sub = Sub
assert type(pickle.loads(pickle.dumps(Sub(1, 2)))) is Sub
del pyo3_runtime.Sub
assert error(getattr, pyo3_runtime, 'other') == (
    \"AttributeError: module 'pyo3_runtime' has no attribute 'other'\")
",
    );
}

#[test]
fn a_panic_of_another_interpreter_arrives_as_itself() {
    start();
    let pickle = c"
import pickle, pickled
try:
    pickled.panics('over there')
except BaseException as panic:
    data = pickle.dumps(panic)";
    let sub = SubInterpreter::builder().build().unwrap();
    let data = sub
        .attach(|py| {
            let names = PyDict::new(py);
            py.run(pickle, Some(&names), None).unwrap();
            let data = names.get_item("data").unwrap().unwrap();
            data.extract::<Vec<u8>>().unwrap()
        })
        .unwrap();
    sub.close().unwrap();
    // Into an interpreter that has not loaded the module.
    let other = SubInterpreter::builder().build().unwrap();
    let text = other
        .attach(|py| {
            let names = PyDict::new(py);
            names.set_item("data", PyBytes::new(py, &data)).unwrap();
            let code = c"
import pickle, sys
assert 'pickled' not in sys.modules and 'pyo3_runtime' not in sys.modules
panic = pickle.loads(data)
";
            py.run(code, Some(&names), None)
                .inspect_err(|error| error.print(py))
                .unwrap();
            let panic = names.get_item("panic").unwrap().unwrap();
            let class = py.get_type::<pyatoll::panic::PanicException>();
            assert!(panic.get_type().is(&class));
            let text: String = panic
                .str()
                .map(|text: Bound<'_, PyString>| text.to_string())
                .unwrap();
            // It is one for Rust, too: it goes on as a panic.
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                py.run(c"raise panic", Some(&names), None).is_ok()
            }))
            .unwrap_err();
            text
        })
        .unwrap();
    assert_eq!(text, "over there");
    other.close().unwrap();
}

#[test]
fn another_librarys_module_of_panics_is_left_alone() {
    start();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let code = c"
import sys, types
other = sys.modules['pyo3_runtime'] = types.ModuleType('pyo3_runtime')
import pickle, pickled
assert sys.modules['pyo3_runtime'] is other and not hasattr(other, 'PanicException')
try:
    pickled.panics('oh no')
except BaseException as error:
    other.PanicException = type(error)
    assert str(pickle.loads(pickle.dumps(error))) == 'oh no'
";
        py.run(code, Some(&PyDict::new(py)), None)
            .inspect_err(|error| error.print(py))
            .unwrap();
    })
    .unwrap();
    sub.close().unwrap();
}

#[test]
fn a_panic_is_pickled_where_no_module_is_imported() {
    start();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let names = PyDict::new(py);
        let error = pyatoll::panic::PanicException::new_err("early").into_value(py);
        names.set_item("error", error).unwrap();
        let code = c"
import pickle, sys
assert str(pickle.loads(pickle.dumps(error))) == 'early'
import pickled
assert b'pickled.pyo3_runtime' in pickle.dumps(error)
assert str(pickle.loads(pickle.dumps(error))) == 'early'
";
        py.run(code, Some(&names), None)
            .inspect_err(|error| error.print(py))
            .unwrap();
    })
    .unwrap();
    sub.close().unwrap();
}

#[pyclass(pickle, metaclass = "abc:ABCMeta", subclass)]
struct Abstract(u8);

#[pyclass(pickle, bases = ["collections.abc:Sized"], subclass)]
struct Measured(u8);

macro_rules! numbered {
    ($($class:ident)*) => {$(
        #[pymethods]
        impl $class {
            #[new]
            fn new(number: u8) -> Self {
                Self(number)
            }

            fn __len__(&self) -> usize {
                self.0.into()
            }
        }
    )*};
}

numbered!(Abstract Measured);

#[test]
fn classes_that_a_metaclass_creates_are_pickled() {
    Python::attach(|py| {
        let names = PyDict::new(py);
        let code = c"
import copy, pickle, sys, types
module = sys.modules['made_by_metaclass'] = types.ModuleType('made_by_metaclass')
for base in bases:
    class Derived(base):
        pass
    for made in base, Derived:
        made.__module__ = 'made_by_metaclass'
        made.__qualname__ = made.__name__
        setattr(module, made.__name__, made)
        for again in pickle.loads(pickle.dumps(made(3))), copy.copy(made(3)):
            assert type(again) is made and len(again) == 3
";
        let bases = [py.get_type::<Abstract>(), py.get_type::<Measured>()];
        names.set_item("bases", bases).unwrap();
        py.run(code, Some(&names), None).unwrap();
    });
}
