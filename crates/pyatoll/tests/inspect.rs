//! The type hints of types, conversions and derived conversions.
#![cfg(feature = "experimental-inspect")]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pyatoll::exceptions::{PyException, PyKeyError};
use pyatoll::inspect::PyStaticExpr;
use pyatoll::prelude::*;
use pyatoll::types::{
    PyAny, PyCode, PyDate, PyDict, PyDictKeys, PyEllipsis, PyInt, PyIterator, PyMapping, PyNone,
    PyNotImplemented, PyTraceback, PyType, PyTzInfo, PyWeakref,
};
use pyatoll::{PyTypeCheck, create_exception, type_hint_identifier};

create_exception!(shapes, Refused, PyException);

fn input<'a, 'py, T: FromPyObject<'a, 'py>>() -> String {
    T::INPUT_TYPE.to_string()
}

fn output<'py, T: IntoPyObject<'py>>() -> String {
    T::OUTPUT_TYPE.to_string()
}

fn hint<T: PyTypeCheck>() -> String {
    T::TYPE_HINT.to_string()
}

#[test]
fn types_have_the_names_that_type_checkers_know() {
    Python::attach(|py| {
        for hint in [
            hint::<PyAny>(),
            hint::<PyCode>(),
            hint::<PyDate>(),
            hint::<PyDict>(),
            hint::<PyDictKeys>(),
            hint::<PyEllipsis>(),
            hint::<PyInt>(),
            hint::<PyIterator>(),
            hint::<PyMapping>(),
            hint::<PyNotImplemented>(),
            hint::<PyTraceback>(),
            hint::<PyType>(),
            hint::<PyTzInfo>(),
            hint::<PyKeyError>(),
        ] {
            let (module, name) = hint.rsplit_once('.').unwrap();
            let module = py.import(module).unwrap();
            assert!(module.hasattr(name).unwrap(), "{hint}");
        }
    });
    assert_eq!(hint::<PyNone>(), "None");
    assert_eq!(hint::<Refused>(), "shapes.Refused");
    assert_eq!(
        hint::<PyWeakref>(),
        "weakref.ProxyType | weakref.CallableProxyType | weakref.ReferenceType"
    );
}

#[test]
fn conversions_have_hints_in_both_directions() {
    const INT: &str = "typing.SupportsIndex";
    assert_eq!(
        (input::<u8>(), output::<u8>()),
        (INT.into(), "builtins.int".into())
    );
    assert_eq!(input::<f64>(), format!("typing.SupportsFloat | {INT}"));
    assert_eq!(
        input::<Vec<u8>>(),
        format!("_typeshed.SupportsGetItem[int, {INT}]")
    );
    assert_eq!(output::<Vec<u8>>(), "builtins.bytes");
    assert_eq!(output::<&[u8]>(), "builtins.bytes");
    assert_eq!(output::<Vec<u16>>(), "builtins.list[builtins.int]");
    assert_eq!(output::<Cow<'_, [String]>>(), "builtins.list[builtins.str]");
    assert_eq!(output::<[bool; 2]>(), "builtins.list[builtins.bool]");
    assert_eq!(
        output::<((), &str)>(),
        "builtins.tuple[builtins.tuple[()], builtins.str]"
    );
    assert_eq!(input::<(bool,)>(), "builtins.tuple[builtins.bool]");
    assert_eq!(output::<&Option<Arc<i32>>>(), "builtins.int | None");
    assert_eq!(
        output::<HashMap<String, BTreeMap<u8, f32>>>(),
        "builtins.dict[builtins.str, builtins.dict[builtins.int, builtins.float]]"
    );
    assert_eq!(
        input::<HashSet<String>>(),
        "builtins.set[builtins.str] | builtins.frozenset[builtins.str]"
    );
    assert_eq!(
        input::<PathBuf>(),
        "builtins.str | os.PathLike[builtins.str]"
    );
    assert_eq!(output::<PathBuf>(), "pathlib.Path");
    assert_eq!(output::<OsString>(), "builtins.str");
    assert_eq!(
        output::<IpAddr>(),
        "ipaddress.IPv4Address | ipaddress.IPv6Address"
    );
    assert_eq!(input::<Duration>(), "datetime.timedelta");
    assert_eq!(output::<&SystemTime>(), "datetime.datetime");
    assert_eq!(output::<Py<PyDate>>(), "datetime.date");
    assert_eq!(output::<PyErr>(), "builtins.BaseException");
}

#[pyclass(module = "shapes", from_py_object)]
#[derive(Clone)]
struct Square;

#[test]
fn a_class_is_its_name() {
    assert_eq!(hint::<Square>(), "shapes.Square");
    assert_eq!(input::<Square>(), "shapes.Square");
    assert_eq!(output::<Square>(), "shapes.Square");
    assert_eq!(input::<PyRef<'_, Square>>(), "shapes.Square");
}

#[derive(FromPyObject, IntoPyObject, IntoPyObjectRef)]
struct Wrapped<T>(T);

#[derive(FromPyObject, IntoPyObject)]
struct Pair(i32, String);

#[derive(FromPyObject, IntoPyObject)]
struct Named {
    #[pyo3(item)]
    name: String,
}

#[derive(FromPyObject, IntoPyObject)]
enum Either {
    Number(i32),
    Text(String),
    Both(i32, String),
}

#[test]
fn derived_conversions_have_hints() {
    assert_eq!(output::<Wrapped<i32>>(), "builtins.int");
    assert_eq!(output::<&Wrapped<String>>(), "builtins.str");
    assert_eq!(input::<Wrapped<bool>>(), "builtins.bool");
    assert_eq!(output::<Pair>(), "tuple[builtins.int, builtins.str]");
    assert_eq!(input::<Pair>(), "tuple[typing.SupportsIndex, builtins.str]");
    assert_eq!(output::<Named>(), "dict[str, typing.Any]");
    assert_eq!(input::<Named>(), "_typeshed.Incomplete");
    assert_eq!(
        output::<Either>(),
        "builtins.int | builtins.str | tuple[builtins.int, builtins.str]"
    );
}

struct Own;

impl<'py> IntoPyObject<'py> for Own {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    const OUTPUT_TYPE: PyStaticExpr = type_hint_identifier!("decimal", "Decimal");

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        py.import("decimal")?.getattr("Decimal")?.call0()
    }
}

#[test]
fn a_hint_can_be_declared() {
    assert_eq!(output::<Own>(), "decimal.Decimal");
    assert_eq!(output::<Vec<Own>>(), "builtins.list[decimal.Decimal]");
}
