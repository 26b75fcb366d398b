//! Python's own types: a marker struct each, for `Bound<'py, PyList>`, with its methods in a
//! trait, for `list.append(…)`.

#[macro_use]
mod macros;
pub(crate) mod any;
pub(crate) mod call_args;
pub(crate) mod dict;
pub(crate) mod iterator;
pub(crate) mod list;
mod markers;
pub(crate) mod module;
pub(crate) mod py_methods;
pub(crate) mod pysuper;
mod sealed;
pub(crate) mod string;
pub(crate) mod traceback;
pub(crate) mod tuple;
pub(crate) mod typeobject;

pub use any::{CompareOp, PyAny, PyAnyMethods};
pub use call_args::PyCallArgs;
pub use dict::PyDict;
pub use iterator::PyIterator;
pub use list::PyList;
pub use markers::{PyBool, PyBytes, PyFloat, PyInt};
pub use module::PyModule;
pub use pysuper::PySuper;
pub use string::PyString;
pub use traceback::PyTraceback;
pub use tuple::PyTuple;
pub use typeobject::PyType;
