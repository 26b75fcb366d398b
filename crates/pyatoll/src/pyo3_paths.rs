//! The modules of PyO3's paths, such as `pyo3::conversion` and `pyo3::pyclass`, as re-exports.
//!
//! The items are defined in the layers; lib.rs makes these modules public.

pub mod buffer {
    //! Access to the memory that objects export: [`PyBuffer`].
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use pyatoll::buffer::PyBuffer;
    //! use pyatoll::types::PyByteArray;
    //!
    //! Python::attach(|py| {
    //!     let array = PyByteArray::new(py, b"atoll");
    //!     let buffer = PyBuffer::<u8>::get(&array)?;
    //!     assert!(array.resize(9).is_err(), "the memory is in use");
    //!     assert_eq!(buffer.to_vec(py)?, b"atoll");
    //!     drop(buffer);
    //!     array.resize(9)
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```

    pub use crate::types::buffer::{Element, ElementType, PyBuffer, PyUntypedBuffer, ReadOnlyCell};
}

pub mod conversion {
    //! Conversions between Rust values and Python objects: [`IntoPyObject`] and [`FromPyObject`].
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `i8` … `i128`, `u8` … `u128`, `isize`, `usize` | `int` | `int`, or any object with `__index__`; `OverflowError` if it does not fit |
    //! | `NonZeroI8` … `NonZeroUsize` | `int` | like the integers; `ValueError` for zero |
    //! | `f32`, `f64` | `float` | `float`, or any object with `__float__` or `__index__` |
    //! | `bool` | `bool` | `bool`, and NumPy's |
    //! | `char` | `str` | a `str` of one character |
    //! | `&str`, `String`, `Cow<str>` | `str` | `str` |
    //! | `&CStr`, `CString`, `Cow<CStr>` | `str` | a `str` without null characters |
    //! | `&OsStr`, `OsString`, `Cow<OsStr>` | `str` (PEP 383) | `str`; `&OsStr` only as a parameter |
    //! | `&Path`, `PathBuf`, `Cow<Path>` | `pathlib.Path` | `str`, or any object with `__fspath__`; `&Path` only as a parameter |
    //! | `&[u8]`, `Vec<u8>`, `[u8; N]`, `Cow<[u8]>` | `bytes` | `bytes`; except for `&[u8]`, also `bytearray` and sequences of `int` |
    //! | [`PyBackedStr`](crate::pybacked::PyBackedStr), [`PyBackedBytes`](crate::pybacked::PyBackedBytes) | `str`, `bytes` | `str`; `bytes`, `bytearray` |
    //! | [`PyBuffer<T>`](crate::buffer::PyBuffer) | none | any object that exports a buffer of `T`s |
    //! | `Vec<T>`, `[T; N]`, `&[T]`, `Cow<[T]>` | `list` | any sequence, except a `str` for `Vec<T>`; not to `&[T]`, `Cow<[T]>` |
    //! | `(A, B, …)`, up to twelve | `tuple` | a `tuple` of this length |
    //! | `HashMap`, `BTreeMap` | `dict` | `dict` |
    //! | `HashSet`, `BTreeSet` | `set` | `set`, `frozenset` |
    //! | `Option<T>` | `None`, or like `T` | `None`, or like `T` |
    //! | `Arc<T>`, `Cell<T>` | like `T` | like `T` |
    //! | `Duration` | `datetime.timedelta`, truncated to microseconds | `datetime.timedelta`, not negative |
    //! | `SystemTime` | `datetime.datetime` in UTC, truncated to microseconds | `datetime.datetime` with a time zone |
    //! | with the features `chrono`, `chrono-local`, `chrono-tz`, `jiff-02`, `time`: the types of these crates | `datetime`'s classes | `datetime`'s classes |
    //! | `IpAddr`, `Ipv4Addr`, `Ipv6Addr` | `ipaddress.IPv4Address`, `IPv6Address` | these, or text |
    //! | `Bound<T>`, `Py<T>` | the object | the object, if it is a `T` |
    //!
    //! With the feature named after the crate:
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `num_bigint::BigInt`, `BigUint` | `int` | like the integers |
    //! | `num_complex::Complex<f32>`, `<f64>` | `complex` | `complex`, or any object with `__complex__`, `__float__` or `__index__` |
    //! | `num_rational::Ratio` of `i8` … `i64`, `isize`, `BigInt` | `fractions.Fraction` | any object with `numerator` and `denominator` |
    //! | `ordered_float::OrderedFloat`, `NotNan` | `float` | like the floats; `ValueError` for `NotNan` of NaN |
    //! | `bigdecimal::BigDecimal` | `decimal.Decimal` | any object whose `str()` is a number |
    //! | `rust_decimal::Decimal` | `decimal.Decimal` | `int`, or any object whose `str()` is a number |
    //! | `uuid::Uuid`, `NonNilUuid` | `uuid.UUID` | `uuid.UUID`; `ValueError` for `NonNilUuid` of nil |
    //! | `bytes::Bytes` | `bytes` | `bytes`, which is shared, or `bytearray`, which is copied |
    //! | `either::Either<L, R>` | like `L` or `R` | like `L`, else like `R` |
    //! | `hashbrown::HashMap`, `indexmap::IndexMap` | `dict` | `dict` |
    //! | `hashbrown::HashSet` | `set` | `set`, `frozenset` |
    //! | `smallvec::SmallVec` | like `Vec` | like `Vec` |
    //!
    //! A parameter of a function that Python calls can also be a reference that `extract` cannot
    //! return: `&Path`, `&OsStr`, `&Bound<T>`, `&T` and `&mut T` of a `#[pyclass]`.
    //!
    //! A path becomes a `pathlib.Path`. Where Python wants a `str`, as in `sys.path`, convert
    //! [`Path::as_os_str`](std::path::Path::as_os_str):
    //!
    //! ```
    //! use std::path::Path;
    //!
    //! use pyatoll::prelude::*;
    //!
    //! #[pyfunction]
    //! fn add_to_sys_path(py: Python<'_>, folder: &Path) -> PyResult<()> {
    //!     let path = py.import("sys")?.getattr("path")?;
    //!     path.call_method1("append", (folder.as_os_str(),))?;
    //!     Ok(())
    //! }
    //!
    //! Python::attach(|py| {
    //!     wrap_pyfunction!(add_to_sys_path, py)?.call1((Path::new("/plugins"),))?;
    //!     let last = py.eval(c"__import__('sys').path[-1]", None, None)?;
    //!     assert_eq!(last.extract::<String>()?, "/plugins");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
    //!
    //! References to values convert to Python like the values. Structs and enums get their
    //! conversions from `#[derive(FromPyObject, IntoPyObject, IntoPyObjectRef)]`, classes from
    //! `#[pyclass]`.
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use pyatoll::conversion::IntoPyObjectExt;
    //! use std::collections::BTreeMap;
    //! use std::time::Duration;
    //!
    //! Python::attach(|py| {
    //!     let object = BTreeMap::from([("a", vec![(1, 2.5)])]).into_bound_py_any(py)?;
    //!     assert_eq!(object.to_string(), "{'a': [(1, 2.5)]}");
    //!     let map: BTreeMap<String, Vec<(u8, f64)>> = object.extract()?;
    //!     assert_eq!(map["a"], [(1, 2.5)]);
    //!
    //!     let error = object.extract::<Vec<u8>>().unwrap_err();
    //!     let message = "TypeError: 'dict' object is not an instance of 'Sequence'";
    //!     assert_eq!(error.to_string(), message);
    //!
    //!     let delta = Duration::from_millis(1500).into_bound_py_any(py)?;
    //!     assert_eq!(delta.to_string(), "0:00:01.500000");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
    //!
    //! A struct in both directions:
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use pyatoll::{FromPyObject, IntoPyObject};
    //!
    //! #[derive(FromPyObject, IntoPyObject)]
    //! struct Point {
    //!     #[pyo3(item)]
    //!     x: f64,
    //!     #[pyo3(item, default)]
    //!     y: f64,
    //! }
    //!
    //! Python::attach(|py| {
    //!     let point: Point = py.eval(c"{'x': 1}", None, None)?.extract()?;
    //!     assert_eq!((point.x, point.y), (1.0, 0.0));
    //!     assert_eq!(point.into_pyobject(py)?.to_string(), "{'x': 1.0, 'y': 0.0}");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```

    pub use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
}

pub mod err {
    //! Python exceptions as Rust errors.
    //!
    //! ```
    //! use pyatoll::err::{PyErr, PyResult};
    //! use pyatoll::exceptions::PyValueError;
    //!
    //! fn refuse() -> PyResult<()> {
    //!     Err(PyErr::new::<PyValueError, _>("no"))
    //! }
    //! assert!(refuse().is_err());
    //! ```

    pub use crate::error::{CastError, CastIntoError, PyErr, PyErrArguments, PyResult, ToPyErr};
}

#[cfg(feature = "experimental-inspect")]
pub mod inspect {
    //! Type hints, for the stubs of modules.
    //!
    //! Each type and each conversion has one: [`PyTypeInfo::TYPE_HINT`],
    //! [`FromPyObject::INPUT_TYPE`] and [`IntoPyObject::OUTPUT_TYPE`]. The macros put the
    //! signatures of a module into the built library, where `maturin` and the crate
    //! `pyo3-introspection` find them.
    //!
    //! [`PyTypeInfo::TYPE_HINT`]: crate::PyTypeInfo::TYPE_HINT
    //! [`FromPyObject::INPUT_TYPE`]: crate::FromPyObject::INPUT_TYPE
    //! [`IntoPyObject::OUTPUT_TYPE`]: crate::IntoPyObject::OUTPUT_TYPE
    //!
    //! ```
    //! use std::collections::HashMap;
    //!
    //! use pyatoll::prelude::*;
    //! use pyatoll::inspect::PyStaticExpr;
    //!
    //! const HINT: PyStaticExpr = <HashMap<String, Option<f64>> as IntoPyObject>::OUTPUT_TYPE;
    //! assert_eq!(
    //!     HINT.to_string(),
    //!     "builtins.dict[builtins.str, builtins.float | None]"
    //! );
    //! ```

    pub use crate::object::inspect::{
        PyClassNameStaticExpr, PyStaticConstant, PyStaticExpr, PyStaticOperator,
    };
}

pub mod instance {
    //! Handles to Python objects.
    //!
    //! ```
    //! use pyatoll::instance::{Bound, Py};
    //! use pyatoll::{PyAny, Python};
    //!
    //! Python::attach(|py| {
    //!     let none: Py<PyAny> = py.None();
    //!     let bound: Bound<'_, PyAny> = none.into_bound(py);
    //!     assert_eq!(bound.to_string(), "None");
    //! });
    //! ```

    pub use crate::object::{Borrowed, Bound, BoundObject, Py};
}

pub mod marker {
    //! The token, [`Python`].
    //!
    //! ```
    //! use pyatoll::marker::Python;
    //!
    //! Python::attach(|py| assert!(py.version_info() >= (3, 11)));
    //! ```

    pub use crate::interpreter::{Python, Ungil};
}

pub mod marshal {
    //! Serialization of Python's built-in types, as in `.pyc` files.

    pub use crate::types::marshal::{VERSION, dumps, loads};
}

pub mod type_object {
    //! The Python types that Rust types represent.
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use pyatoll::type_object::PyTypeInfo;
    //! use pyatoll::types::PyList;
    //!
    //! Python::attach(|py| assert_eq!(PyList::type_object(py).to_string(), "<class 'list'>"));
    //! ```

    pub use crate::object::{PyLayout, PySizedLayout, PyTypeCheck, PyTypeInfo};
}

pub mod pybacked {
    //! Text and bytes of Python objects that can be read without a token.
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use pyatoll::pybacked::{PyBackedBytes, PyBackedStr};
    //!
    //! /// Counts how often a word occurs in the texts, while other threads can run Python code.
    //! #[pyfunction]
    //! fn count(py: Python<'_>, texts: Vec<PyBackedStr>, word: PyBackedBytes) -> usize {
    //!     let word = std::str::from_utf8(&word).unwrap_or("");
    //!     py.detach(|| texts.iter().map(|text| text.matches(word).count()).sum())
    //! }
    //!
    //! Python::attach(|py| {
    //!     let count = wrap_pyfunction!(count, py)?;
    //!     let two = count.call1((["to be", "or not to be"], b"be".as_slice()))?;
    //!     assert_eq!(two.extract::<usize>()?, 2);
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```

    pub use crate::types::pybacked::{PyBackedBytes, PyBackedStr};
}

pub mod pycell {
    //! Borrowing the Rust values of class instances.

    pub use crate::class::borrow_flag::{PyBorrowError, PyBorrowMutError};
    pub use crate::class::pyref::{PyRef, PyRefMut, PyRefMutSuper};
}

pub mod pyclass {
    //! Classes and their instances.

    pub use crate::class::cross_module::CrossModule;
    pub use crate::class::guard::{
        PyClassGuard, PyClassGuardError, PyClassGuardMap, PyClassGuardMapMut, PyClassGuardMut,
        PyClassGuardMutError, PyClassGuardMutSuper,
    };
    pub use crate::class::slots::{PyTraverseError, PyVisit};
    pub use crate::class::{PyClass, boolean_struct};
    pub use crate::types::any::CompareOp;
}

pub mod pyclass_init {
    //! Creating instances of classes.

    pub use crate::class::initializer::PyClassInitializer;
}
