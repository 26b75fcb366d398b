//! Using classes leaks neither references nor memory. Alone in its process, since CPython's
//! counters are process-wide.

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;
use pyatoll::types::PyDict;

pyatoll::create_exception!(leaks, LeakedError, pyatoll::exceptions::PyException);

#[test]
fn references_and_memory_do_not_grow() {
    #[pyclass(subclass, dict, weakref, get_all, set_all, new = "from_fields")]
    struct Base {
        held: Option<Py<PyAny>>,
        text: String,
    }
    #[pyclass(extends = Base, subclass, frozen, eq, hash, str = "{0}")]
    #[derive(PartialEq, Hash)]
    struct Derived(u8);
    #[pymethods]
    impl Derived {
        #[new]
        fn new(number: u8) -> PyResult<(Self, Base)> {
            if number == 255 {
                return Err(pyatoll::exceptions::PyValueError::new_err("too much"));
            }
            let text = String::new();
            Ok((Self(number), Base { held: None, text }))
        }

        fn kind(&self) -> Kind {
            Kind::Small
        }

        fn shape(&self) -> Shape {
            Shape::Line { length: self.0 }
        }
    }
    #[pyclass(eq, eq_int)]
    #[derive(PartialEq)]
    enum Kind {
        Small,
    }
    #[pyclass]
    enum Shape {
        Line { length: u8 },
        Pair(u8, u8),
    }

    #[pyclass(extends = pyatoll::types::PyTuple)]
    struct Pair {
        #[pyo3(get)]
        held: Py<PyAny>,
    }
    #[pymethods]
    impl Pair {
        #[new]
        fn new(items: Bound<'_, PyAny>) -> PyResult<PyClassInitializer<Self>> {
            let held = PyDict::new(items.py()).into_any().unbind();
            PyClassInitializer::from(Self { held }).with_base_args(items.py(), (items,))
        }
    }
    #[pyclass(extends = LeakedError, bases = "collections.abc:Sized")]
    struct Failure(#[allow(dead_code)] String);
    #[pymethods]
    impl Failure {
        #[new]
        fn new(py: Python<'_>, text: &str) -> PyResult<PyClassInitializer<Self>> {
            PyClassInitializer::from(Self("x".repeat(100))).with_base_args(py, (text,))
        }

        fn __len__(&self) -> usize {
            1
        }
    }

    Python::initialize();
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let globals = PyDict::new(py);
        for (name, class) in [
            ("Base", py.get_type::<Base>()),
            ("Derived", py.get_type::<Derived>()),
            ("Kind", py.get_type::<Kind>()),
            ("Shape", py.get_type::<Shape>()),
            ("Pair", py.get_type::<Pair>()),
            ("Failure", py.get_type::<Failure>()),
        ] {
            globals.set_item(name, class).unwrap();
        }
        let result = py.run(
            c"
import gc, sys, weakref
class Own(Derived):
    pass
def everything():
    base = Base(None, text='t')
    base.held = [base.text]
    base.held = base.held
    base.other = 1
    weakref.ref(base)
    for cls in (Derived, Own):
        derived = cls(1)
        assert derived == cls(1) and derived != cls(2) and derived != 5
        hash(derived), str(derived), repr(derived)
        assert derived.kind() is Kind.Small and Kind.Small == 0 and int(Kind.Small) == 0
        assert derived.shape().length == 1
        try:
            cls(255)
        except ValueError:
            pass
        try:
            cls('no')
        except TypeError:
            pass
        try:
            derived.held = 1
            del derived.held
        except AttributeError:
            pass
    items = Pair([[], base])
    assert len(items) == 2 and items.held == {}
    failure = Failure('text')
    failure.self = failure
    assert len(failure) == 1
    try:
        raise Failure('raised')
    except Failure:
        pass
    try:
        Pair(5)
    except TypeError:
        pass
    pair = Shape.Pair(1, 2)
    assert list(pair) == [1, 2]
    match pair:
        case Shape.Pair(a, b):
            assert a == 1
    try:
        Shape()
    except TypeError:
        pass
def count():
    gc.collect()
    references = getattr(sys, 'gettotalrefcount', int)()
    return references, sys.getallocatedblocks()
counts = []
for _ in range(6):
    for _ in range(300):
        everything()
    counts.append(count())
grown = [after - before for before, after in zip(counts[-2], counts[-1])]
assert all(growth < 150 for growth in grown), counts
",
            Some(&globals),
            None,
        );
        if let Err(error) = result {
            error.print(py);
            panic!("{error}");
        }
    })
    .unwrap();
    sub.close().unwrap();
}
