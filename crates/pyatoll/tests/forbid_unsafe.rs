//! Every macro and option compiles, and works, in a crate that forbids `unsafe`.
#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::ffi::CStr;

use pyatoll::exceptions::{PyDeprecationWarning, PyValueError};
use pyatoll::prelude::*;
use pyatoll::types::{PyDict, PyTuple, PyType};
use pyatoll::{
    IntoPyObjectExt, PyTraverseError, PyVisit, create_exception, import_exception, intern,
    py_format, py_run,
};

create_exception!(forbidden, Trouble, PyValueError, "Trouble.");
import_exception!(json.decoder, JSONDecodeError);

/// A class with most options.
#[pyclass(
    name = "Everything",
    module = "forbidden",
    crate = "pyatoll",
    dict,
    weakref,
    eq,
    ord,
    hash,
    frozen,
    str,
    from_py_object,
    generic,
    get_all,
    rename_all = "camelCase",
    subclass,
    freelist = 4,
    new = "from_fields"
)]
#[derive(Clone, PartialEq, PartialOrd, Hash)]
struct Everything {
    number: i64,
    text_of_it: String,
}

impl std::fmt::Display for Everything {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}>", self.number)
    }
}

#[pyclass(str = "{text}-{number:03}")]
struct Formatted {
    text: String,
    number: u8,
}

#[pyclass(get_all, set_all, unsendable, skip_from_py_object)]
#[derive(Clone)]
struct Fields {
    #[pyo3(name = "renamed")]
    handle: Option<Py<PyAny>>,
    list: Vec<u8>,
}

#[pyclass(extends = PyDict, immutable_type, mapping)]
struct ExtendsDict;

#[pyclass(extends = Everything, frozen)]
struct ExtendsEverything;

#[pyclass(sequence)]
struct Tuple(
    #[pyo3(get, set, name = "zero")] u8,
    #[pyo3(get, name = "one")] String,
);

#[pyclass(eq, eq_int, ord, hash, frozen, rename_all = "SCREAMING_SNAKE_CASE")]
#[derive(Clone, PartialEq, PartialOrd, Hash)]
enum Plain {
    FirstOne = 3,
    #[pyo3(name = "other")]
    SecondOne,
}

#[pyclass(eq)]
#[derive(PartialEq)]
enum Shape {
    #[pyo3(constructor = (radius = 1.0))]
    Circle {
        radius: f64,
    },
    Pair(i32, String),
    Empty {},
}

/// A class with all kinds of methods.
#[pyclass]
struct Methods {
    value: i32,
    held: Option<Py<PyAny>>,
}

#[pymethods]
impl Methods {
    #[classattr]
    const CONSTANT: i32 = 5;

    #[classattr]
    fn attribute(py: Python<'_>) -> PyResult<Py<PyAny>> {
        7.into_py_any(py)
    }

    #[new]
    #[pyo3(signature = (value = 1, *rest, **options), text_signature = "(value=1)")]
    fn new(
        value: i32,
        rest: &Bound<'_, PyTuple>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let _ = (rest, options);
        Ok(Self { value, held: None })
    }

    #[getter]
    fn value(&self) -> i32 {
        self.value
    }

    #[setter]
    fn set_value(&mut self, value: i32) {
        self.value = value;
    }

    #[deleter]
    fn delete_value(&mut self) {
        self.value = 0;
    }

    #[staticmethod]
    fn stat(text: &str) -> usize {
        text.len()
    }

    #[classmethod]
    fn class_name(class: &Bound<'_, PyType>) -> PyResult<String> {
        Ok(class.name()?.to_string())
    }

    #[pyo3(name = "renamed", signature = (other, /, *, key = None))]
    fn method(
        slf: PyRefMut<'_, Self>,
        other: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = double)] key: Option<i32>,
    ) -> PyResult<i32> {
        Ok(slf.value + other.extract::<i32>()? + key.unwrap_or(0))
    }

    #[pyo3(warn(message = "old", category = PyDeprecationWarning))]
    fn old(&self) {}

    fn __add__(&self, other: &Self) -> i32 {
        self.value + other.value
    }

    fn __iadd__(&mut self, other: i32) {
        self.value += other;
    }

    fn __pow__(&self, other: u32, modulus: Option<i32>) -> i32 {
        self.value.pow(other) % modulus.unwrap_or(i32::MAX)
    }

    fn __richcmp__(&self, other: &Self, operator: pyatoll::basic::CompareOp) -> bool {
        operator.matches(self.value.cmp(&other.value))
    }

    fn __hash__(&self) -> u64 {
        9
    }

    fn __getitem__(&self, index: isize) -> isize {
        index
    }

    fn __setitem__(&mut self, index: i32, value: i32) {
        self.value = index + value;
    }

    fn __delitem__(&mut self, index: i32) {
        self.value = -index;
    }

    fn __getattr__(&self, name: &str) -> PyResult<usize> {
        Ok(name.len())
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> Option<i32> {
        self.value -= 1;
        (self.value > 0).then_some(self.value)
    }

    fn __call__(&self, plus: i32) -> i32 {
        self.value + plus
    }

    fn __len__(&self) -> usize {
        2
    }

    fn __contains__(&self, item: i32) -> bool {
        item == self.value
    }

    fn __repr__(slf: &Bound<'_, Self>) -> String {
        format!("Methods({})", slf.borrow().value)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.held)
    }

    fn __clear__(&mut self) {
        self.held = None;
    }
}

#[pymethods]
impl Methods {
    fn second_block(&self) -> i32 {
        2
    }
}

fn double(object: &Bound<'_, PyAny>) -> PyResult<Option<i32>> {
    Ok(Some(object.extract::<i32>()? * 2))
}

fn half<'py>(value: Cow<'_, i32>, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    (*value / 2).into_bound_py_any(py)
}

#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Items {
    name: String,
    #[pyo3(item("e-mail"), default)]
    mail: Option<String>,
    #[pyo3(from_py_with = double)]
    number: Option<i32>,
}

#[derive(FromPyObject)]
struct Attributes {
    #[pyo3(attribute("real"))]
    real: i32,
    #[pyo3(attribute)]
    imag: i32,
}

#[derive(FromPyObject)]
#[pyo3(transparent)]
struct Transparent(i64);

#[derive(FromPyObject)]
struct Text<'a, 'py>(&'a str, Bound<'py, PyAny>);

#[derive(FromPyObject, IntoPyObject)]
enum Id {
    #[pyo3(annotation = "int")]
    Number(u64),
    Name {
        name: String,
    },
}

#[derive(IntoPyObject, IntoPyObjectRef)]
struct Row {
    #[pyo3(item("key"))]
    name: String,
    #[pyo3(into_py_with = half)]
    value: i32,
}

/// A function with most options.
#[pyfunction(
    name = "everything",
    signature = (number, text = "x", *rest, key = None, **options),
    text_signature = "(number)"
)]
fn function(
    py: Python<'_>,
    number: Transparent,
    text: &str,
    rest: &Bound<'_, PyTuple>,
    key: Option<&Bound<'_, PyAny>>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<usize> {
    let _ = (py, key, options);
    Ok(number.0 as usize + text.len() + rest.len())
}

#[pyfunction]
#[pyo3(warn(message = "old"))]
fn warns() {}

#[pyfunction]
fn take(items: Items, attributes: Attributes, text: Text<'_, '_>, id: Id) -> Row {
    let id = match id {
        Id::Number(number) => number.to_string(),
        Id::Name { name } => name,
    };
    let mail = items.mail.unwrap_or_default();
    Row {
        name: format!("{}{mail}{}{}{id}", items.name, text.0, text.1),
        value: items.number.unwrap_or(0) + attributes.real + attributes.imag,
    }
}

#[pyfunction]
#[pyo3(pass_module)]
fn module_name(module: &Bound<'_, PyModule>) -> PyResult<String> {
    Ok(module.name()?.to_string())
}

/// A module with all kinds of items.
#[pymodule(gil_used = false, multiple_interpreters = per_interpreter_gil)]
mod forbidden {
    #[pymodule_export]
    use super::{
        Everything, ExtendsDict, ExtendsEverything, Fields, Methods, Plain, Shape, Trouble, Tuple,
        function, module_name, take, warns,
    };
    use pyatoll::prelude::*;

    #[pymodule_export]
    const ANSWER: i32 = 42;

    #[pyfunction]
    fn inner() -> i32 {
        1
    }

    #[pyclass]
    struct Inner {
        #[pyo3(get, set)]
        value: i32,
    }

    #[pymodule(submodule)]
    mod nested {
        #[pymodule_init]
        fn init(m: &pyatoll::Bound<'_, pyatoll::types::PyModule>) -> pyatoll::PyResult<()> {
            pyatoll::types::PyModuleMethods::add(m, "depth", 2)
        }
    }

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("an_inner", Py::new(m.py(), Inner { value: 3 })?)?;
        m.add_function(wrap_pyfunction!(inner, m)?)
    }
}

/// A module as a function.
#[pymodule]
#[pyo3(name = "by_function", gil_used = false)]
fn by_function(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_wrapped(wrap_pyfunction!(warns))?;
    m.add_class::<Tuple>()
}

const CODE: &CStr = c"
import warnings, by_function, forbidden as m
e = m.Everything(3, 'x')
assert (e.number, e.textOfIt, str(e), e == m.Everything(3, 'x')) == (3, 'x', '<3>', True)
e.free = hash(e)
assert m.Everything[int] and m.ANSWER == 42 and m.nested.depth == 2
assert m.inner() == 1 and m.an_inner.value == 3
f = m.Plain
assert f.FIRST_ONE == 3 and f.other > f.FIRST_ONE
circle = m.Shape.Circle()
assert circle.radius == 1.0 and m.Shape.Pair(1, 'a')[1] == 'a' and len(m.Shape.Pair(1, 'a')) == 2
assert m.Shape.Pair(1, 'a')._0 == 1 and m.Shape.Pair(1, 'a') == m.Shape.Pair(1, 'a')
o = m.Methods(4, 1, 2, k=3)
o.value += 1
assert (o.value, o.CONSTANT, o.attribute, o.stat('abc'), o.class_name()) == (5, 5, 7, 3, 'Methods')
assert o.renamed(1, key=2) == 10 and o + o == 10 and o ** 2 == 25 and pow(o, 2, 7) == 4
o += 1
assert o[7] == 7 and o(1) == 7 and len(o) == 2 and 6 in o and o.second_block() == 2
o[1] = 2; del o[3]
assert o.value == -3 and repr(o) == 'Methods(-3)' and list(o) == [] and o == o and hash(o) == 9
del o.value
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter('always')
    o.old(); m.warns(); by_function.warns()
assert len(seen) == 3
assert m.everything(1, 'ab', 3, key=4, other=5) == 4 and m.module_name() == 'forbidden'
row = m.take({'name': 'n', 'number': 4}, 2, ('t', None), 7)
assert row == {'key': 'ntNone7', 'value': 5}, row
assert issubclass(m.Trouble, ValueError)
";

#[test]
fn every_macro_works_without_unsafe_code_of_the_user() {
    pyatoll::append_to_inittab!(forbidden);
    pyatoll::append_to_inittab!(by_function);
    Python::attach(|py| {
        py.run(CODE, None, None)?;
        let fields = Bound::new(
            py,
            Fields {
                handle: None,
                list: vec![1],
            },
        )?;
        py_run!(py, fields, "fields.renamed = 1; fields.list = [1, 2]");
        assert_eq!(fields.borrow().list, [1, 2]);
        let tuple = Bound::new(py, Tuple(1, "b".into()))?;
        py_run!(py, tuple, "tuple.zero += 1; assert tuple.one == 'b'");
        assert_eq!(tuple.borrow().0, 2);
        let extended = Bound::new(
            py,
            (
                ExtendsEverything,
                Everything {
                    number: 1,
                    text_of_it: String::new(),
                },
            ),
        )?;
        assert_eq!(
            extended.getattr(intern!(py, "number"))?.extract::<i64>()?,
            1
        );
        assert_eq!(extended.extract::<Everything>()?.number, 1);
        let formatted = Formatted {
            text: "t".into(),
            number: 7,
        };
        assert_eq!(Bound::new(py, formatted)?.to_string(), "t-007");
        assert!(Trouble::new_err("x").is_instance_of::<PyValueError>(py));
        assert!(!Trouble::new_err("x").is_instance_of::<JSONDecodeError>(py));
        assert_eq!(py_format!(py, "{}", 1)?.to_string(), "1");
        assert!(py.get_type::<ExtendsDict>().is_subclass_of::<PyDict>()?);
        let row = Row {
            name: "n".into(),
            value: 4,
        };
        assert_eq!(
            (&row).into_pyobject(py)?.to_string(),
            "{'key': 'n', 'value': 2}"
        );
        assert_eq!(Id::Number(3).into_pyobject(py)?.to_string(), "3");
        let module = pyatoll::wrap_pymodule!(by_function)(py);
        assert!(module.bind(py).hasattr("Tuple")?);
        Ok::<_, PyErr>(())
    })
    .unwrap();
}
