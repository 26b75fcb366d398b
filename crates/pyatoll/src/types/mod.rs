//! Python's own types: a marker struct each, for `Bound<'py, PyList>`, with its methods in a
//! trait, for `list.append(…)`.

#[macro_use]
mod macros;
#[macro_use]
mod span;
pub(crate) mod any;
pub(crate) mod call_args;
pub(crate) mod critical_section;
pub mod dict;
mod dict_iter;
pub(crate) mod function;
mod imported;
pub(crate) mod iterator;
pub mod list;
pub(crate) mod mapping;
mod markers;
pub(crate) mod module;
pub(crate) mod py_methods;
pub(crate) mod pysuper;
pub(crate) mod returned;
mod sealed;
pub(crate) mod sequence;
pub(crate) mod string;
pub(crate) mod traceback;
pub mod tuple;
pub(crate) mod typeobject;

pub use any::{CompareOp, PyAny, PyAnyMethods};
pub use call_args::PyCallArgs;
pub use dict::{IntoPyDict, PyDict, PyDictMethods};
pub use function::{PyCFunction, PyFunction};
pub use iterator::PyIterator;
pub use list::{PyList, PyListMethods};
pub use mapping::{PyMapping, PyMappingMethods};
pub use markers::{PyBool, PyBytes, PyFloat, PyFrozenSet, PyInt, PySet};
pub use module::PyModule;
pub use pysuper::PySuper;
pub use sequence::{PySequence, PySequenceMethods};
pub use string::PyString;
pub use traceback::PyTraceback;
pub use tuple::{PyTuple, PyTupleMethods};
pub use typeobject::PyType;

pub mod iter {
    //! The iterators over Python's own containers.
    pub use super::dict_iter::BoundDictIterator;
    pub use super::list::BoundListIterator;
    pub use super::tuple::{BorrowedTupleIterator, BoundTupleIterator};
}
