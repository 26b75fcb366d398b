//! Python extension modules and embedding in Rust, with any number of interpreters in one process.
//!
//! Pyatoll has the API of [PyO3](https://docs.rs/pyo3/0.30.1) 0.30. A module built with it loads in
//! the main interpreter and in every sub-interpreter, with a shared GIL or its own; each gets its
//! own classes, exceptions and values. Python objects know which interpreter they belong to: using
//! one in another interpreter is an error, never a crash.
//!
//! # A module
//!
//! An extension module is a crate with `crate-type = ["cdylib"]`, built with
//! [maturin](https://www.maturin.rs).
//!
//! ```
//! /// Temperatures.
//! #[pyatoll::pymodule]
//! mod weather {
//!     use pyatoll::exceptions::PyValueError;
//!     use pyatoll::prelude::*;
//!
//!     /// Converts degrees Celsius to degrees Fahrenheit.
//!     #[pyfunction]
//!     fn to_fahrenheit(celsius: f64) -> PyResult<f64> {
//!         if celsius < -273.15 {
//!             return Err(PyValueError::new_err("below absolute zero"));
//!         }
//!         Ok(celsius * 1.8 + 32.0)
//!     }
//!
//!     /// The readings of a station.
//!     #[pyclass]
//!     struct Station {
//!         #[pyo3(get)]
//!         name: String,
//!         readings: Vec<f64>,
//!     }
//!
//!     #[pymethods]
//!     impl Station {
//!         #[new]
//!         fn new(name: String) -> Self {
//!             Self { name, readings: Vec::new() }
//!         }
//!
//!         fn add(&mut self, reading: f64) {
//!             self.readings.push(reading);
//!         }
//!
//!         fn __len__(&self) -> usize {
//!             self.readings.len()
//!         }
//!     }
//! }
//! # use pyatoll::prelude::*;
//! # pyatoll::append_to_inittab!(weather);
//! # Python::attach(|py| {
//! #     py.run(
//! #         c"
//! # from weather import Station, to_fahrenheit
//! # assert to_fahrenheit(100) == 212
//! # station = Station('north')
//! # station.add(1.5)
//! # assert (station.name, len(station)) == ('north', 1)
//! # ",
//! #         None,
//! #         None,
//! #     )
//! # })?;
//! # Ok::<_, pyatoll::PyErr>(())
//! ```
//!
//! The macros: [`macro@pymodule`], [`macro@pyfunction`], [`macro@pyclass`], [`macro@pymethods`];
//! [`macro@FromPyObject`] and [`macro@IntoPyObject`] derive conversions;
//! [`create_exception!`] defines exceptions.
//!
//! # Embedding
//!
//! [`Python::initialize`] starts the runtime, [`Python::attach`] enters the main interpreter. In
//! these pages, examples without a call of `initialize` rely on the feature `auto-initialize`: with
//! it, the first `attach` starts the runtime.
//!
//! ```
//! use pyatoll::prelude::*;
//!
//! Python::initialize();
//! let version: String = Python::attach(|py| {
//!     py.import("platform")?.call_method0("python_version")?.extract()
//! })?;
//! assert!(version.starts_with("3."));
//! # Ok::<_, PyErr>(())
//! ```
//!
//! # The token and the handles
//!
//! A [`Python<'py>`](Python) token proves that this thread is attached to an interpreter, and
//! identifies it. Functions called from Python take it as a parameter, at no cost.
//!
//! | type | purpose | valid |
//! |---|---|---|
//! | [`Python<'py>`](Python) | the token: the way to everything else | while attached |
//! | [`Bound<'py, T>`](Bound) | an owned reference with its token | while attached |
//! | [`Borrowed<'a, 'py, T>`](Borrowed) | a borrowed reference with its token | for `'a` |
//! | [`Py<T>`](Py) | an owned reference that knows its interpreter: to store and send | anywhere |
//! | [`PyRef`], [`PyRefMut`] | a borrowed value of a `#[pyclass]` | while attached |
//! | [`Shared<T>`](Shared) | the value of a `shareable` class, which all interpreters share | anywhere |
//! | [`SharedAny`] | the same, of any such class | anywhere |
//!
//! `T` is [`PyAny`], one of the [`types`], or a `#[pyclass]`. [`Py::bind`] turns a `Py` into a
//! `Bound` and panics in the wrong interpreter; [`Py::try_bind`] returns [`WrongInterpreter`]
//! instead. [`PyErr`] is an exception, [`PyResult`] the result of most functions.
//!
//! # Interpreters
//!
//! | type | purpose |
//! |---|---|
//! | [`Interpreter`] | a handle to any interpreter; [`Interpreter::attach`] enters it |
//! | [`SubInterpreter`] | owns an interpreter, which ends when it is closed or dropped |
//! | [`InterpreterPool`] | worker threads with an interpreter each, and a queue of jobs |
//! | [`sync::PyOnceLock`], [`sync::InterpreterLocal`] | a `static` with a value per interpreter |
//! | [`sync::PyArc`] | a handle whose object the interpreter keeps until its end |
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::{InterpreterPool, SubInterpreter};
//!
//! # Python::initialize();
//! let sub = SubInterpreter::builder().build()?;
//! let list: Py<PyAny> = sub.attach(|py| py.eval(c"[1, 2]", None, None).map(Bound::unbind))??;
//! // Objects stay in their interpreter; Rust values move between them.
//! assert!(Python::attach(|py| list.try_bind(py).is_err()));
//! let numbers: Vec<i32> = sub.attach(|py| list.extract(py))??;
//! drop(list);
//! sub.close()?;
//!
//! let pool = InterpreterPool::builder().size(2).build()?;
//! let doubled = pool.map(numbers, |py, n| py.eval(c"2", None, None)?.mul(n)?.extract::<i32>());
//! assert_eq!(doubled.collect::<Result<Vec<_>, _>>()?, [2, 4]);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! The rules for objects, threads and the end of an interpreter are in the module [`interpreter`],
//! and in the guide's chapter on many interpreters.
//!
//! # Features
//!
//! Only `macros` is on by default.
//!
//! | feature | effect |
//! |---|---|
//! | `macros` | the attribute and derive macros |
//! | `auto-initialize` | [`Python::attach`] starts the runtime if the process has none. For programs and tests; an extension module does not need it |
//! | `multiple-pymethods` | several `#[pymethods]` blocks per class |
//! | `experimental-async` | `async fn` as Python functions and methods |
//! | `experimental-inspect` | type hints (the module `inspect`), and a module's signatures in the built library, from which tools write its stubs |
//! | `py-clone` | `Clone` for [`Py`]; panics if not attached to the object's interpreter |
//! | `cross-module` | `#[pyclass(cross_module)]`: [several extension modules use one class](pyclass::CrossModule); sets the global allocator to the system's |
//! | `lasting-once-lock` | a [`PyOnceLock`](sync::PyOnceLock) lends its values for as long as it lives, as PyO3's does, and keeps those of interpreters that have ended |
//! | `tracing` | events of an [`InterpreterPool`] for the crate `tracing` |
//! | `test-interpreters` | runs a crate's tests in sub-interpreters (`PYATOLL_TEST_INTERPRETER`) |
//! | `extension-module` | none: accepted for compatibility with PyO3; `maturin` decides whether to link libpython |
//!
//! The stable ABI: one build for a minimum version of Python and all later ones.
//!
//! | feature | minimum |
//! |---|---|
//! | `abi3` | the Python that the build finds |
//! | `abi3-py311`, `abi3-py312`, `abi3-py313`, `abi3-py314`, `abi3-py315` | the version in the name; of several, the lowest |
//! | `abi3-py39`, `abi3-py310` | that version for the wheel's tag; it refuses to run before 3.11 |
//! | `abi3t`, `abi3t-py315` | the Python that the build finds, or 3.15, with and without a GIL; no effect before 3.15 |
//!
//! Other crates' types. Each feature is named after the crate.
//!
//! | feature | effect |
//! |---|---|
//! | `chrono`, `chrono-tz`, `jiff-02`, `time` | [conversions](conversion) for dates, times and time zones |
//! | `chrono-local` | that of `chrono::Local`; includes `chrono` |
//! | `num-bigint`, `num-complex`, `num-rational`, `ordered-float` | conversions for numbers |
//! | `bigdecimal`, `rust_decimal` | conversions for decimal numbers (`bigdecimal` includes `num-bigint`) |
//! | `bytes`, `either`, `uuid` | conversions for `Bytes`, `Either`, `Uuid` and `NonNilUuid` |
//! | `hashbrown`, `indexmap`, `smallvec` | conversions for these crates' containers |
//! | `anyhow`, `eyre` | `From<anyhow::Error>`, `From<eyre::Report>` for [`PyErr`] |
//! | `serde` | `Serialize` and `Deserialize` for [`Py`] |
//! | `lock_api`, `parking_lot` | [`MutexExt`](sync::MutexExt) and its siblings for these crates' locks (`parking_lot` includes `lock_api`) |
//! | `arc_lock` | the same for locks in an `Arc`; includes `lock_api` |
//!
//! # Related crates
//!
//! | crate | purpose |
//! |---|---|
//! | `pyatoll-async` | Rust futures as Python awaitables and the other way round, on tokio and other runtimes |
//! | `pyatoll-log` | the records of `log` and the events of `tracing` in Python's `logging`, in the interpreter that the thread is in |
//! | `pyo3-build-config` | for build scripts: the Python that was found, and the path of its library |
//!
//! # Requirements
//!
//! Rust 1.89 and CPython 3.11 to 3.15, including debug and free-threaded builds (from 3.14 on). A
//! GIL per interpreter exists from Python 3.12 on; on 3.11 all interpreters share one.
//!
//! # PyO3's documentation
//!
//! [PyO3's guide](https://pyo3.rs/v0.30.1/) applies to functions, classes, modules, conversions and
//! errors; the guide in this crate's repository covers the differences. Code written for PyO3 moves
//! over with one line, unless another crate of the build asks for PyO3, which Cargo refuses: the
//! guide shows how to replace PyO3 in a whole tree.
//!
//! ```toml
//! [dependencies]
//! pyo3 = { package = "pyatoll", version = "0.1" }
//! ```

pub use pyo3_ffi as ffi;

// `extern_python!`, from the build script: declares functions of Python that pyo3-ffi lacks.
include!(concat!(env!("OUT_DIR"), "/extern_python.rs"));

pub mod call;
#[allow(
    non_snake_case,
    non_upper_case_globals,
    dead_code,
    reason = "CPython's names; builds use different ones"
)]
mod capi;
pub mod class;
mod convert;
#[cfg(feature = "experimental-async")]
pub mod coroutine;
mod environment;
mod error;
pub mod exceptions;
#[doc(hidden)]
pub mod impl_;
pub mod interpreter;
mod macros;
mod module;
mod object;
mod optional_crates;
pub mod panic;
pub mod pool;
pub mod prelude;
#[doc(hidden)]
pub mod py_run;
mod pyo3_paths;
mod python;
pub mod sync;
pub mod types;
mod version;

#[allow(unused_imports, reason = "each module has a feature of its own")]
pub use optional_crates::*;
#[cfg(feature = "experimental-inspect")]
pub use pyo3_paths::inspect;
pub use pyo3_paths::{
    buffer, conversion, err, instance, marker, marshal, pybacked, pycell, pyclass, pyclass_init,
    type_object,
};

pub use class::guard::{PyClassGuard, PyClassGuardMut};
pub use class::initializer::PyClassInitializer;
pub use class::pyref::{PyRef, PyRefMut};
pub use class::shared::Shared;
pub use class::shared_any::SharedAny;
pub use class::slots::{PyTraverseError, PyVisit};
pub use class::{PyClass, basic, gc};
pub use convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
pub use error::{
    CastError, CastIntoError, PyErr, PyErrArguments, PyResult, RaisedException, ToPyErr,
};
pub use interpreter::{Interpreter, Python, SubInterpreter, with_embedded_python_interpreter};
pub use object::{Borrowed, Bound, BoundObject, Py, PyTypeCheck, PyTypeInfo, WrongInterpreter};
pub use pool::{InterpreterPool, Interrupter};
pub use types::PyAny;
pub use version::PythonVersionInfo;

#[cfg(feature = "macros")]
pub use pyatoll_macros::{
    FromPyObject, IntoPyObject, IntoPyObjectRef, pyclass, pyfunction, pymethods, pymodule,
};
