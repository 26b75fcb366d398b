//! Conversions between Rust values and Python objects: [`IntoPyObject`] and [`FromPyObject`].
//!
//! | Rust | to Python | from Python |
//! |---|---|---|
//! | `i8` … `i128`, `u8` … `u128`, `isize`, `usize` | `int` | `int`, or what has `__index__`; `OverflowError` if it does not fit |
//! | `NonZeroI8` … `NonZeroUsize` | `int` | as above; `ValueError` for zero |
//! | `f32`, `f64` | `float` | `float`, or what has `__float__` or `__index__` |
//! | `bool` | `bool` | `bool`, and NumPy's |
//! | `char` | `str` | a `str` of one character |
//! | `&str`, `String`, `Cow<str>` | `str` | `str` |
//! | `&CStr`, `CString`, `Cow<CStr>` | `str` | a `str` without null characters |
//! | `&OsStr`, `OsString`, `Cow<OsStr>` | `str` (PEP 383) | `str`; not to `&OsStr` |
//! | `&Path`, `PathBuf`, `Cow<Path>` | `pathlib.Path` | `str`, or what has `__fspath__`; not to `&Path` |
//! | `&[u8]`, `Vec<u8>`, `[u8; N]`, `Cow<[u8]>` | `bytes` | `bytes`; but for `&[u8]`, also `bytearray` and sequences of `int` |
//! | `Vec<T>`, `[T; N]`, `&[T]`, `Cow<[T]>` | `list` | any sequence, but no `str` for `Vec<T>`; not to `&[T]`, `Cow<[T]>` |
//! | `(A, B, …)`, up to twelve | `tuple` | a `tuple` of this length |
//! | `HashMap`, `BTreeMap` | `dict` | `dict` |
//! | `HashSet`, `BTreeSet` | `set` | `set`, `frozenset` |
//! | `Option<T>` | `None`, or as `T` | `None`, or as `T` |
//! | `Box<T>`, `Arc<T>`, `Cell<T>` | as `T` | as `T` |
//! | `Duration` | `datetime.timedelta`, cut to microseconds | `datetime.timedelta`, not negative |
//! | `SystemTime` | `datetime.datetime` in UTC, cut to microseconds | `datetime.datetime` with a time zone |
//! | `IpAddr`, `Ipv4Addr`, `Ipv6Addr` | `ipaddress.IPv4Address`, `IPv6Address` | those, or their text |
//! | `Bound<T>`, `Py<T>` | the object | the object, if it is a `T` |
//!
//! References to values convert to Python as the values do. Structs and enums get their
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
//!     assert_eq!(error.to_string(), "TypeError: 'dict' object is not an instance of 'Sequence'");
//!
//!     let delta = Duration::from_millis(1500).into_bound_py_any(py)?;
//!     assert_eq!(delta.to_string(), "0:00:01.500000");
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```
//!
//! A struct, both ways:
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
