//! Python's own types: a marker struct each, for `Bound<'py, PyList>`, with its methods in a
//! trait, for `list.append(…)`.

#[macro_use]
mod macros;
pub(crate) mod any;
pub(crate) mod dict;
pub(crate) mod list;
mod markers;
pub(crate) mod string;
pub(crate) mod traceback;
pub(crate) mod typeobject;

pub use any::PyAny;
pub use dict::PyDict;
pub use list::PyList;
pub use markers::{PyBool, PyBytes, PyFloat, PyInt};
pub use string::PyString;
pub use traceback::PyTraceback;
pub use typeobject::PyType;
