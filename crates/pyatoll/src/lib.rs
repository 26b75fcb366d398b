//! Python extension modules and embedding in Rust, with any number of interpreters in one process.

pub use pyo3_ffi as ffi;

#[path = "types/mod.rs"]
mod builtin_types;
pub mod call;
pub mod class;
pub mod conversion;
mod convert;
pub mod err;
mod error;
pub mod exceptions;
#[doc(hidden)]
pub mod impl_;
pub mod instance;
pub mod interpreter;
mod macros;
pub mod marker;
mod module;
mod object;
pub mod panic;
pub mod pool;
pub mod prelude;
#[doc(hidden)]
pub mod py_run;
pub mod pycell {
    //! Borrowing the values of instances.
    pub use crate::class::borrow_flag::{PyBorrowError, PyBorrowMutError};
    pub use crate::class::pyref::{PyRef, PyRefMut};
}
pub mod pyclass {
    //! Classes and their instances.
    pub use crate::class::guard::{
        PyClassGuard, PyClassGuardError, PyClassGuardMap, PyClassGuardMapMut, PyClassGuardMut,
        PyClassGuardMutError, PyClassGuardMutSuper,
    };
    pub use crate::class::slots::{PyTraverseError, PyVisit};
    pub use crate::class::{PyClass, boolean_struct};
    pub use crate::types::any::CompareOp;
}
pub mod pyclass_init {
    //! Making instances.
    pub use crate::class::initializer::PyClassInitializer;
}
mod python;
pub mod sync;
pub mod type_object;
pub mod types {
    //! Python's built-in types: a marker struct each, for handles such as `Bound<'py, PyList>`, with
    //! its methods in a trait.
    pub use crate::builtin_types::*;
    pub use crate::module::pymodule::{PyModule, PyModuleMethods};
}
mod version;

pub use class::guard::{PyClassGuard, PyClassGuardMut};
pub use class::initializer::PyClassInitializer;
pub use class::pyref::{PyRef, PyRefMut};
pub use class::slots::{PyTraverseError, PyVisit};
pub use class::{PyClass, basic, gc};
pub use convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
pub use error::{CastError, CastIntoError, PyErr, PyErrArguments, PyResult, ToPyErr};
pub use interpreter::{Interpreter, Python, SubInterpreter, with_embedded_python_interpreter};
pub use object::{
    Borrowed, Bound, BoundObject, DerefToPyAny, Py, PyTypeCheck, PyTypeInfo, WrongInterpreter,
};
pub use pool::InterpreterPool;
pub use types::PyAny;

/// ```
/// use pyatoll::prelude::*;
///
/// /// A point in the plane.
/// #[pyclass(frozen, get_all, eq, str = "({x}, {y})", new = "from_fields")]
/// #[derive(PartialEq)]
/// struct Point {
///     x: i32,
///     y: i32,
/// }
///
/// #[pyclass]
/// enum Shape {
///     Circle { radius: f64 },
///     #[pyo3(constructor = (width, height=1.0))]
///     Rectangle { width: f64, height: f64 },
/// }
///
/// Python::attach(|py| {
///     let point = py.get_type::<Point>().call1((1, 2))?;
///     assert_eq!(point.to_string(), "(1, 2)");
///     assert!(point.eq(Bound::new(py, Point { x: 1, y: 2 })?)?);
///
///     let rectangle = py.get_type::<Shape>().getattr("Rectangle")?.call1((3.0,))?;
///     assert_eq!(rectangle.getattr("height")?.extract::<f64>()?, 1.0);
///     assert!(rectangle.is_instance_of::<Shape>());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[cfg(feature = "macros")]
pub use pyatoll_macros::pyclass;

#[cfg(feature = "macros")]
pub use pyatoll_macros::pymethods;

/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDict, PyTuple};
///
/// /// Says hello, `times` times.
/// #[pyfunction]
/// #[pyo3(signature = (name, *others, times = 1, **options))]
/// fn greet(
///     name: &str,
///     others: &Bound<'_, PyTuple>,
///     times: usize,
///     options: Option<&Bound<'_, PyDict>>,
/// ) -> PyResult<String> {
///     let loud = options.is_some_and(|options| options.contains("loud").unwrap_or(false));
///     let names = if others.is_empty() { name.to_owned() } else { format!("{name} and others") };
///     let text = format!("hello {names} ").repeat(times);
///     Ok(if loud { text.to_uppercase() } else { text })
/// }
///
/// Python::attach(|py| {
///     let greet = wrap_pyfunction!(greet, py)?;
///     assert_eq!(greet.call1(("you",))?.to_string(), "hello you ");
///     let signature = greet.getattr("__text_signature__")?;
///     assert_eq!(signature.to_string(), "(name, *others, times=1, **options)");
///     let error = greet.call0().unwrap_err();
///     assert_eq!(
///         error.to_string(),
///         "TypeError: greet() missing 1 required positional argument: 'name'"
///     );
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[cfg(feature = "macros")]
pub use pyatoll_macros::pyfunction;

/// ```
/// use pyatoll::prelude::*;
///
/// /// Counts things.
/// #[pymodule(gil_used = false)]
/// mod counting {
///     use pyatoll::prelude::*;
///
///     #[pymodule_export]
///     const START: usize = 1;
///
///     #[pyfunction]
///     fn count(text: &str, word: &str) -> usize {
///         text.matches(word).count()
///     }
///
///     #[pymodule_init]
///     fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
///         m.add("interpreter", m.py().interpreter().id())
///     }
/// }
///
/// pyatoll::append_to_inittab!(counting);
/// Python::attach(|py| {
///     let counting = py.import("counting")?;
///     let two: usize = counting.getattr("count")?.call1(("to be or not to be", "be"))?.extract()?;
///     assert_eq!(two, 2);
///     assert_eq!(counting.getattr("__doc__")?.to_string(), "Counts things.");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[cfg(feature = "macros")]
pub use pyatoll_macros::pymodule;

/// ```
/// use pyatoll::prelude::*;
///
/// #[derive(Debug, PartialEq, FromPyObject)]
/// #[pyo3(from_item_all)]
/// struct User {
///     name: String,
///     #[pyo3(item("e-mail"), default)]
///     email: Option<String>,
/// }
///
/// #[derive(Debug, PartialEq, FromPyObject)]
/// enum Id {
///     Number(u64),
///     User(User),
/// }
///
/// Python::attach(|py| {
///     let user: Id = py.eval(c"{'name': 'Ada'}", None, None)?.extract()?;
///     assert_eq!(user, Id::User(User { name: "Ada".into(), email: None }));
///     assert_eq!(py.eval(c"7", None, None)?.extract::<Id>()?, Id::Number(7));
///
///     let error = py.eval(c"'x'", None, None)?.extract::<Id>().unwrap_err();
///     assert!(error.to_string().contains("failed to extract enum Id ('Number | User')"));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[cfg(feature = "macros")]
pub use pyatoll_macros::FromPyObject;

/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyDict;
///
/// #[derive(IntoPyObject)]
/// struct User {
///     name: String,
///     #[pyo3(item("e-mail"))]
///     email: Option<String>,
/// }
///
/// Python::attach(|py| {
///     let user = User { name: "Ada".into(), email: None };
///     let dict: Bound<'_, PyDict> = user.into_pyobject(py)?;
///     assert_eq!(dict.to_string(), "{'name': 'Ada', 'e-mail': None}");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[cfg(feature = "macros")]
pub use pyatoll_macros::IntoPyObject;

/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::IntoPyObjectExt;
///
/// #[derive(IntoPyObject, IntoPyObjectRef)]
/// struct Pair(String, i32);
///
/// Python::attach(|py| {
///     let pair = Pair("a".into(), 1);
///     assert_eq!((&pair).into_bound_py_any(py)?.to_string(), "('a', 1)");
///     assert_eq!(pair.1, 1);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
#[cfg(feature = "macros")]
pub use pyatoll_macros::IntoPyObjectRef;
pub use version::PythonVersionInfo;

// Their code blocks are tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../guide/differences.md")]
    mod differences {}
    #[doc = include_str!("../../../guide/many-interpreters.md")]
    mod many_interpreters {}
}
