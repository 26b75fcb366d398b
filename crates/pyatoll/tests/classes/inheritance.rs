//! `extends`, `subclass`, and Python subclasses of Rust classes.

use pyatoll::exceptions::PyException;
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyList};

use crate::run;

#[pyclass(subclass)]
struct Base {
    #[pyo3(get, set)]
    value: u32,
}

#[pymethods]
impl Base {
    #[new]
    fn new() -> Self {
        Self { value: 1 }
    }

    fn base_method(&self) -> u32 {
        self.value
    }

    fn raise_value(&mut self) {
        self.value += 1;
    }
}

#[pyclass(extends = Base, subclass)]
struct Middle {
    #[pyo3(get)]
    text: String,
}

#[pymethods]
impl Middle {
    #[new]
    fn new() -> (Self, Base) {
        (Self { text: "m".into() }, Base { value: 2 })
    }

    fn both(slf: PyRef<'_, Self>) -> (u32, String) {
        (slf.as_super().value, slf.text.clone())
    }

    fn change(mut slf: PyRefMut<'_, Self>) {
        slf.as_super().value = 20;
        slf.text.push('!');
    }
}

#[pyclass(extends = Middle, frozen)]
struct Last;

#[pymethods]
impl Last {
    #[new]
    fn new() -> PyClassInitializer<Self> {
        PyClassInitializer::from(Base { value: 3 })
            .add_subclass(Middle { text: "l".into() })
            .add_subclass(Last)
    }
}

#[test]
fn rust_classes_extend_rust_classes() {
    Python::attach(|py| {
        run(
            py,
            &[
                ("Base", &py.get_type::<Base>()),
                ("Middle", &py.get_type::<Middle>()),
                ("Last", &py.get_type::<Last>()),
            ],
            c"
assert Last.__mro__ == (Last, Middle, Base, object)
middle = Middle()
assert middle.base_method() == 2 and middle.both() == (2, 'm')
middle.change()
assert middle.both() == (20, 'm!')
last = Last()
assert last.value == 3 and last.text == 'l'
last.raise_value()
assert last.both() == (4, 'l')
assert isinstance(last, Base)
",
        );
    });
}

#[test]
fn a_borrow_of_a_subclass_borrows_its_base() {
    Python::attach(|py| {
        let middle = Bound::new(py, (Middle { text: "t".into() }, Base { value: 5 })).unwrap();
        {
            let borrow = middle.borrow();
            assert_eq!(borrow.as_super().value, 5);
            assert!(middle.as_super().try_borrow_mut().is_err());
            let base: PyRef<'_, Base> = borrow.into_super();
            assert_eq!(base.value, 5);
            assert!(middle.try_borrow_mut().is_err());
        }
        {
            let mut borrow = middle.borrow_mut();
            let base = borrow.as_super();
            base.value += 1;
            let value: &mut Base = base;
            assert_eq!(value.value, 6);
            assert!(middle.as_super().try_borrow().is_err());
            let base = borrow.into_super();
            assert_eq!(base.value, 6);
            assert!(middle.try_borrow().is_err());
        }
        assert!(middle.try_borrow_mut().is_ok());
        let base: Bound<'_, Base> = middle.into_super();
        assert_eq!(base.borrow().value, 6);
    });
}

#[pyclass(subclass, frozen)]
struct FrozenBase;

#[pyclass(extends = FrozenBase)]
struct Changing(u8);

#[test]
fn a_borrow_converted_to_a_frozen_base_releases_the_subclass() {
    Python::attach(|py| {
        let object = Bound::new(py, (Changing(1), FrozenBase)).unwrap();
        let base = object.borrow().into_super();
        object.borrow_mut().0 = 2;
        drop(base);
        assert_eq!(object.borrow().0, 2);
        assert!(object.try_borrow_mut().is_ok());
    });
}

#[test]
fn python_classes_may_derive_from_rust_classes() {
    Python::attach(|py| {
        run(
            py,
            &[
                ("Base", &py.get_type::<Base>()),
                ("Middle", &py.get_type::<Middle>()),
            ],
            c"
import weakref
class Derived(Middle):
    def __init__(self):
        self.extra = [self]
    def base_method(self):
        return super().base_method() + 100
derived = Derived()
assert derived.base_method() == 102 and derived.both() == (2, 'm')
derived.raise_value()
assert derived.value == 3
seen = weakref.ref(derived)
del derived
collect()
assert seen() is None

class Slots(Base):
    __slots__ = ()
assert Slots().value == 1

try:
    object.__new__(Base)
except TypeError:
    pass
else:
    assert False
class NoNew(Base):
    def __new__(cls):
        return object.__new__(cls)
try:
    NoNew()
except TypeError:
    pass
else:
    assert False
",
        );
    });
}

#[pyclass]
struct Final;

#[test]
fn a_class_without_subclass_cannot_be_derived_from() {
    Python::attach(|py| {
        let class = py.get_type::<Final>();
        let error = py
            .import("types")
            .unwrap()
            .call_method1("new_class", ("Derived", (class,)))
            .unwrap_err();
        assert!(error.to_string().contains("not an acceptable base type"));
    });
}

#[pyclass(extends = PyDict)]
struct DictWithName {
    #[pyo3(get, set)]
    name: String,
}

#[pymethods]
impl DictWithName {
    #[new]
    fn new() -> Self {
        Self {
            name: "first".into(),
        }
    }
}

#[pyclass(extends = PyList, subclass)]
struct CountingList {
    #[pyo3(get)]
    count: usize,
}

#[pymethods]
impl CountingList {
    #[new]
    fn new() -> Self {
        Self { count: 0 }
    }

    fn add(slf: &Bound<'_, Self>, item: Bound<'_, PyAny>) -> PyResult<()> {
        slf.borrow_mut().count += 1;
        slf.as_super().append(item)
    }
}

#[pyclass(extends = PyException, dict)]
struct CustomError {
    #[pyo3(get)]
    code: i32,
}

#[pymethods]
impl CustomError {
    #[new]
    fn new(code: i32) -> Self {
        Self { code }
    }
}

#[test]
fn rust_classes_extend_built_in_classes() {
    Python::attach(|py| {
        run(
            py,
            &[
                ("DictWithName", &py.get_type::<DictWithName>()),
                ("CountingList", &py.get_type::<CountingList>()),
                ("CustomError", &py.get_type::<CustomError>()),
            ],
            c"
import weakref
object = DictWithName()
object['key'] = object
assert object['key'] is object and object.name == 'first' and len(object) == 1
assert isinstance(object, dict)
del object
collect()

items = CountingList()
items.add(1)
items.append(2)
assert items == [1, 2] and items.count == 1
class Own(CountingList):
    pass
own = Own()
own.add(own)
assert own.count == 1
seen = weakref.ref(own)
del own
collect()
assert seen() is None

try:
    raise CustomError(5)
except Exception as error:
    assert error.code == 5 and error.args == (5,) and str(error) == '5'
    error.note = 'a dict of its own'
    assert error.__dict__ == {'note': 'a dict of its own'}
",
        );
    });
}

#[test]
fn a_value_is_dropped_once_however_its_class_is_derived_from() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static DROPS: AtomicUsize = AtomicUsize::new(0);

    #[pyclass(subclass)]
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    #[pymethods]
    impl Counted {
        #[new]
        fn new() -> Self {
            Self
        }
    }
    #[pyclass(extends = Counted, subclass)]
    struct CountedToo;
    impl Drop for CountedToo {
        fn drop(&mut self) {
            DROPS.fetch_add(10, Ordering::Relaxed);
        }
    }
    #[pymethods]
    impl CountedToo {
        #[new]
        fn new() -> (Self, Counted) {
            (Self, Counted)
        }
    }

    Python::attach(|py| {
        let drops = || DROPS.swap(0, Ordering::Relaxed);
        drop(Bound::new(py, (CountedToo, Counted)).unwrap());
        assert_eq!(drops(), 11);
        run(
            py,
            &[
                ("Counted", &py.get_type::<Counted>()),
                ("CountedToo", &py.get_type::<CountedToo>()),
            ],
            c"
class A(Counted): pass
class B(CountedToo): pass
class C(B):
    __slots__ = ()
for cls in (Counted, A, B, C):
    cls()
",
        );
        assert_eq!(drops(), 1 + 1 + 11 + 11);
    });
}

macro_rules! extend_each {
    ($($name:ident = $base:path;)*) => {
        #[test]
        fn every_built_in_base_has_the_expected_layout() {
            $(
                #[pyclass(extends = $base)]
                struct $name {
                    #[pyo3(get)]
                    value: u64,
                }

                #[pymethods]
                impl $name {
                    #[new]
                    #[pyo3(signature = (*_args))]
                    fn new(_args: &Bound<'_, pyatoll::types::PyTuple>) -> Self {
                        Self { value: 0x0123_4567_89ab_cdef }
                    }
                }
            )*
            Python::attach(|py| {
                $(
                    let object = py.get_type::<$name>().call0().unwrap();
                    let _ = object.repr().unwrap();
                    let value: u64 = object.getattr("value").unwrap().extract().unwrap();
                    assert_eq!(value, 0x0123_4567_89ab_cdef, "{}", stringify!($base));
                    drop(object);
                )*
                py.import("gc").unwrap().call_method0("collect").unwrap();
            });
        }
    };
}

extend_each! {
    OfAny = pyatoll::PyAny;
    OfComplex = pyatoll::types::PyComplex;
    OfDict = pyatoll::types::PyDict;
    OfFloat = pyatoll::types::PyFloat;
    OfFrozenSet = pyatoll::types::PyFrozenSet;
    OfList = pyatoll::types::PyList;
    OfSet = pyatoll::types::PySet;
    OfAttributeError = pyatoll::exceptions::PyAttributeError;
    OfBaseException = pyatoll::exceptions::PyBaseException;
    OfImportError = pyatoll::exceptions::PyImportError;
    OfKeyError = pyatoll::exceptions::PyKeyError;
    OfNameError = pyatoll::exceptions::PyNameError;
    OfOSError = pyatoll::exceptions::PyOSError;
    OfStopIteration = pyatoll::exceptions::PyStopIteration;
    OfSyntaxError = pyatoll::exceptions::PySyntaxError;
    OfSystemExit = pyatoll::exceptions::PySystemExit;
    OfUnboundLocalError = pyatoll::exceptions::PyUnboundLocalError;
    OfWarning = pyatoll::exceptions::PyWarning;
}

#[pyclass(subclass, freelist = 2)]
struct Kept;

#[pyclass(extends = Kept, subclass, dict)]
struct Collected(String);

#[pyclass(extends = Collected, freelist = 2)]
struct KeptAgain;

#[test]
fn a_collected_class_may_extend_an_uncollected_one_with_a_freelist() {
    Python::attach(|py| {
        for round in 0..100 {
            let value =
                || PyClassInitializer::from(Kept).add_subclass(Collected("a".repeat(round)));
            let one = Bound::new(py, value()).unwrap();
            let two = Bound::new(py, value().add_subclass(KeptAgain)).unwrap();
            let three = Bound::new(py, Kept).unwrap();
            assert_eq!(one.borrow().0.len(), two.as_super().borrow().0.len());
            one.setattr("itself", &one).unwrap();
            two.setattr("itself", &two).unwrap();
            drop((one, two, three));
            py.import("gc").unwrap().call_method0("collect").unwrap();
        }
    });
}

#[pyclass(subclass, frozen)]
struct Plain;

#[pymethods]
impl Plain {
    #[new]
    fn new() -> Self {
        Self
    }
}

/// Has no values.
enum Never {}

macro_rules! markers {
    ($($(#[$options:meta])* $open:ident($base:ident), $never:ident;)*) => {$(
        $(#[$options])*
        struct $open;

        #[pymethods]
        impl $open {
            #[new]
            fn new() -> PyClassInitializer<Self> {
                PyClassInitializer::new(Self, $base::new().into())
            }
        }

        $(#[$options])*
        struct $never(Never);

        #[pymethods]
        impl $never {
            fn proof(&self) -> u32 {
                match self.0 {}
            }
        }
    )*};
}

markers! {
    #[pyclass(subclass, frozen, extends = Plain)]
    Empty(Plain), NeverEmpty;
    #[pyclass(subclass, frozen, dict, extends = Plain)]
    WithDict(Plain), NeverWithDict;
    #[pyclass(subclass, frozen, dict, weakref, extends = Plain)]
    WithBoth(Plain), NeverWithBoth;
    #[pyclass(subclass, dict, weakref, extends = Empty)]
    Mutable(Empty), NeverMutable;
}

#[test]
fn python_code_cannot_turn_an_instance_into_one_of_another_rust_class() {
    Python::attach(|py| {
        let classes = [
            py.get_type::<Plain>(),
            py.get_type::<Empty>(),
            py.get_type::<WithDict>(),
            py.get_type::<WithBoth>(),
            py.get_type::<Mutable>(),
        ];
        let never = [
            py.get_type::<NeverEmpty>(),
            py.get_type::<NeverWithDict>(),
            py.get_type::<NeverWithBoth>(),
            py.get_type::<NeverMutable>(),
        ];
        run(
            py,
            &[
                ("classes", PyList::new(py, classes).unwrap().as_any()),
                ("never", PyList::new(py, never).unwrap().as_any()),
            ],
            c"
def derive(one, other):
    class Both(one, other):
        pass
    return Both()
def turn(one, other):
    it = one()
    it.__class__ = other
    return it
def turn_derived(one, other):
    class One(one): pass
    class Other(other): pass
    it = One()
    it.__class__ = Other
    return it
def rebase(one, other):
    class One(one): pass
    it = One()
    One.__bases__ = (other,)
    return it
for one in classes:
    assert isinstance(one(), one)
    for other in never:
        for way in (derive, turn, turn_derived, rebase):
            try:
                it = way(one, other)
            except TypeError:
                continue
            assert not isinstance(it, other), (one, other, way)
",
        );
    });
}

#[pyclass(subclass, weakref)]
struct Open;

#[pymethods]
impl Open {
    #[new]
    fn new() -> Self {
        Self
    }
}

#[pyclass(extends = PyDict, subclass)]
struct OpenDict;

#[pymethods]
impl OpenDict {
    #[new]
    fn new() -> Self {
        Self
    }
}

#[test]
fn python_subclasses_with_abstract_methods_cannot_be_instantiated() {
    Python::attach(|py| {
        run(
            py,
            &[
                ("Base", &py.get_type::<Base>()),
                ("Middle", &py.get_type::<Middle>()),
                ("Open", &py.get_type::<Open>()),
                ("OpenDict", &py.get_type::<OpenDict>()),
            ],
            c"
import abc

def refused(cls):
    try:
        cls()
    except TypeError as error:
        text = str(error)
        return text.startswith(\"Can't instantiate abstract class Impl \") and 'run' in text
    return False

for base in Base, Middle, Open:
    class Impl(base, abc.ABC):
        @abc.abstractmethod
        def run(self): ...
    assert refused(Impl), base

    class Works(Impl):
        def run(self):
            return 1
    assert Works().run() == 1 and isinstance(Works(), base)

    # Of the size of the base, and not tracked by the collector if the base is not.
    class Impl(base, abc.ABC):
        __slots__ = ()
        @abc.abstractmethod
        def run(self): ...
    assert refused(Impl), base

    class Works(Impl):
        __slots__ = ()
        def run(self):
            return 1
    assert Works().run() == 1
    assert isinstance(base(), base)

# As in CPython, other built-in types do not check.
class Impl(OpenDict, abc.ABC):
    @abc.abstractmethod
    def run(self): ...
assert Impl() == {}
class Impl(dict, abc.ABC):
    @abc.abstractmethod
    def run(self): ...
assert Impl() == {}
",
        );
    });
}

#[pyclass(subclass)]
struct Point(i64, i64);

#[pymethods]
impl Point {
    #[new]
    fn new(x: i64) -> Self {
        Self(x, 0)
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0 && self.1 == other.1
    }

    fn __hash__(&self) -> i64 {
        self.0
    }
}

#[test]
fn unequal_is_the_opposite_of_a_subclass_s_eq() {
    Python::attach(|py| {
        run(
            py,
            &[("Point", &py.get_type::<Point>())],
            c"
class Never(Point):
    def __eq__(self, other):
        return False
class Always(Point):
    def __eq__(self, other):
        return True
class Failing(Point):
    def __eq__(self, other):
        raise ValueError
class Plain(Point):
    pass
class Everything:
    def __eq__(self, other):
        return True

assert Never(1) != Never(1) and not Never(1) == Never(1)
assert not Always(1) != Always(2) and Always(1) == Always(2)
assert Point(1) != Never(1) and not Point(1) != Always(2)
assert not Always(1) != 5 and Never(1) != 5
assert not Plain(1) != Plain(1) and Plain(1) != Plain(2) and Plain(1) != Point(2)
assert not Plain(1) != Point(1) and not Point(1) != Plain(1)
try:
    Failing(1) != 1
except ValueError:
    pass
else:
    assert False
assert super(Always, Always(1)).__ne__(3) is False

# Never `NotImplemented`: `==` falls back to identity.
for point in Point(1), Plain(1):
    assert point.__ne__(5) is True and Point.__ne__(point, 5) is True
    assert point.__ne__(Everything()) is False and not point != Everything()
    assert point != 5 and not point == 5
",
        );
    });
}
