//! Python's own types: a marker struct each, for `Bound<'py, PyList>`, with its methods in a
//! trait, for `list.append(…)`.

#[macro_use]
pub(crate) mod macros;
#[macro_use]
mod singleton;
#[macro_use]
pub(crate) mod span;
#[macro_use]
mod value_eq;
pub(crate) mod any;
pub(crate) mod boolobject;
pub(crate) mod bytearray;
pub mod bytes;
pub(crate) mod call_args;
pub mod capsule;
pub mod code;
pub(crate) mod complex;
pub mod dict;
mod ellipsis;
pub(crate) mod float;
mod frame;
pub mod frozenset;
pub(crate) mod function;
pub(crate) mod genericalias;
pub(crate) mod imported;
mod int;
pub mod iterator;
pub mod list;
pub(crate) mod mapping;
pub mod mappingproxy;
mod memoryview;
mod moved;
mod none;
mod notimplemented;
pub(crate) mod py_methods;
pub(crate) mod pysuper;
pub(crate) mod range;
pub(crate) mod returned;
pub(crate) mod sealed;
pub(crate) mod sequence;
pub mod set;
mod set_iter;
pub mod slice;
pub mod string;
pub(crate) mod traceback;
pub mod tuple;
pub(crate) mod typeobject;
pub(crate) mod weakref;

pub use crate::object::DerefToPyAny;
pub use any::{CompareOp, PyAny, PyAnyMethods};
pub use boolobject::{PyBool, PyBoolMethods};
pub use bytearray::{PyByteArray, PyByteArrayMethods};
pub use bytes::{PyBytes, PyBytesMethods};
pub use call_args::PyCallArgs;
pub use capsule::{PyCapsule, PyCapsuleMethods};
pub use code::{PyCode, PyCodeMethods};
pub use complex::{PyComplex, PyComplexMethods};
pub use dict::{IntoPyDict, PyDict, PyDictItems, PyDictKeys, PyDictMethods, PyDictValues};
pub use ellipsis::PyEllipsis;
pub use float::{PyFloat, PyFloatMethods};
pub use frame::{PyFrame, PyFrameMethods};
pub use frozenset::{PyFrozenSet, PyFrozenSetMethods};
pub use function::{PyCFunction, PyFunction};
pub use genericalias::PyGenericAlias;
pub use int::PyInt;
pub use iterator::PyIterator;
pub use list::{PyList, PyListMethods};
pub use mapping::{PyMapping, PyMappingMethods};
pub use mappingproxy::{PyMappingProxy, PyMappingProxyMethods};
pub use memoryview::PyMemoryView;
#[allow(deprecated)]
pub use moved::*;
pub use none::PyNone;
pub use notimplemented::PyNotImplemented;
pub use pysuper::PySuper;
pub use range::{PyRange, PyRangeMethods};
pub use sequence::{PySequence, PySequenceMethods};
pub use set::{PySet, PySetMethods};
pub use slice::{PySlice, PySliceIndices, PySliceMethods};
pub use string::{PyString, PyStringData, PyStringMethods};
pub use traceback::{PyTraceback, PyTracebackMethods};
pub use tuple::{PyTuple, PyTupleMethods};
pub use typeobject::{PyType, PyTypeMethods};
pub use weakref::{PyWeakref, PyWeakrefMethods, PyWeakrefProxy, PyWeakrefReference};

pub mod iter {
    //! The iterators over Python's own containers.
    pub use super::dict::BoundDictIterator;
    pub use super::list::BoundListIterator;
    pub use super::set_iter::{BoundFrozenSetIterator, BoundSetIterator};
    pub use super::tuple::{BorrowedTupleIterator, BoundTupleIterator};
}
