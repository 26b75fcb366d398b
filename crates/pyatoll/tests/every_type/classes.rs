//! Classes that extend types of varying size, exceptions, imported types and Python classes, and
//! one with a metaclass.

use pyatoll::exceptions::PyException;
use pyatoll::prelude::*;
use pyatoll::types::{PyBytes, PyInt, PyString, PyTuple, PyTzInfo};
use pyatoll::{PyTraverseError, PyVisit, Shared, create_exception};

create_exception!(every_type, Refused, PyException);

macro_rules! extending {
    ($($name:ident = $base:ty;)*) => {
        $(
            #[pyclass(extends = $base, subclass)]
            struct $name {
                #[pyo3(get, set)]
                held: Option<Py<PyAny>>,
            }

            #[pymethods]
            impl $name {
                #[new]
                #[pyo3(signature = (*args))]
                fn new<'py>(args: &Bound<'py, PyTuple>) -> PyResult<PyClassInitializer<Self>> {
                    PyClassInitializer::from(Self { held: None })
                        .with_base_args(args.py(), args.clone())
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

extending! {
    Int = PyInt;
    Text = PyString;
    Bytes = PyBytes;
    Tuple = PyTuple;
    Failed = Refused;
}

#[pyclass(extends = PyTzInfo)]
struct Zone {
    #[pyo3(get, set)]
    held: Option<Py<PyAny>>,
}

#[pymethods]
impl Zone {
    #[new]
    fn new() -> Self {
        Self { held: None }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.held)
    }

    fn __clear__(&mut self) {
        self.held = None;
    }
}

/// A mapping, for `collections.abc`.
#[pyclass(bases = "collections.abc:Mapping")]
struct Shelf;

#[pymethods]
impl Shelf {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __getitem__<'py>(&self, key: Bound<'py, PyAny>) -> Bound<'py, PyAny> {
        key
    }

    fn __len__(&self) -> usize {
        1
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyTuple::new(py, ["key"])?.try_iter()?.into_any())
    }
}

#[pyclass(metaclass = "abc:ABCMeta", subclass)]
struct Registry;

#[pymethods]
impl Registry {
    #[new]
    fn new() -> Self {
        Self
    }
}

/// A value that all interpreters share, and that goes through a pickle.
#[pyclass(frozen, shareable)]
struct Common(Vec<u8>);

#[pymethods]
impl Common {
    fn size(&self) -> usize {
        self.0.len()
    }
}

fn shared(py: Python<'_>) -> PyResult<()> {
    let object = Shared::new(Common(vec![1, 2])).into_pyobject(py)?;
    let (redeem, ticket) = object
        .call_method0("__reduce__")?
        .extract::<(Bound<'_, PyAny>, Bound<'_, PyTuple>)>()?;
    let other: Shared<Common> = redeem.call1(ticket)?.extract()?;
    assert!(Shared::ptr_eq(&other, &Shared::from(&object)));
    assert!(object.eq(&other)? && object.hash()? == other.into_pyobject(py)?.hash()?);
    assert_eq!(object.call_method0("size")?.extract::<usize>()?, 2);
    Ok(())
}

pub fn classes(py: Python<'_>) -> PyResult<()> {
    shared(py)?;
    let names = [
        ("Int", py.get_type::<Int>().into_any()),
        ("Text", py.get_type::<Text>().into_any()),
        ("Bytes", py.get_type::<Bytes>().into_any()),
        ("Tuple", py.get_type::<Tuple>().into_any()),
        ("Zone", py.get_type::<Zone>().into_any()),
        ("Failed", py.get_type::<Failed>().into_any()),
        ("Shelf", py.get_type::<Shelf>().into_any()),
        ("Registry", py.get_type::<Registry>().into_any()),
    ];
    let code = c"
for cls, value in ((Int, 2**89), (Text, '\\u20ac' * 9), (Bytes, b'x' * 9), (Tuple, tuple(range(9)))):
    object = cls(value)
    object.held = [object]
    assert object == value and object + object == value + value
for cls in (Zone, Failed):
    object = cls()
    object.held = [object]
try:
    raise Failed('refused')
except Failed as error:
    error.held = error
    assert str(error) == 'refused'
shelf = Shelf()
assert dict(shelf) == {'key': 'key'} and shelf.get(7) == 7
assert isinstance(Registry(), Registry)
del object
";
    super::run(py, code, &names)
}
