//! Python's built-in types: a marker struct for each, as in `Bound<'py, PyList>`, with its methods
//! in a trait, as in `list.append(…)`. The [`prelude`](crate::prelude) has the traits.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::types::{PyDict, PyList};
//!
//! Python::attach(|py| {
//!     let list = PyList::new(py, [3, 1, 2])?;
//!     list.append(0)?;
//!     list.sort()?;
//!     let dict = PyDict::new(py);
//!     dict.set_item("numbers", &list)?;
//!     assert_eq!(dict.to_string(), "{'numbers': [0, 1, 2, 3]}");
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

// | file | concern |
// |---|---|
// | `macros.rs` | `native_type!`, `into_iterator!`, `sequence_methods!` |
// | `layouts.rs` | CPython's structs of instances |
// | `native_type.rs` | PyO3's hidden macros `pyobject_native_type!`, … |
// | `singleton.rs` | `singleton_type!` |
// | `span.rs` | `Span` and `span_iterator!`: iteration by index |
// | `value_eq.rs` | `value_eq!`: comparison with Rust values |
// | `sealed.rs` | the supertrait that seals the method traits |
// | `compat.rs` | differences between CPython versions |
// | `returned.rs` | from return values of the C API to results |
// | `fill.rs` | lists and tuples under construction |
// | `imported.rs` | types that the C API does not export |
// | `any/` | `PyAny` and the methods of every object |
// | `py_methods.rs` | the same methods on `Py<T>` |
// | `call_args.rs` | `PyCallArgs`: calls and their arguments |
// | `none.rs`, `ellipsis.rs`, `notimplemented.rs` | the singletons |
// | `boolobject.rs`, `int.rs`, `float.rs`, `complex.rs` | numbers |
// | `buffer/` | `PyBuffer`: memory that objects export |
// | `string/`, `bytes.rs`, `bytearray.rs`, `memoryview.rs` | text and binary data |
// | `bytes_writer.rs`, `marshal.rs` | `bytes::PyBytesWriter`; serialization to `bytes` |
// | `pybacked/` | text and bytes that stay valid without a token |
// | `list/`, `tuple/`, `range.rs`, `slice.rs` | sequences and slices |
// | `dict/`, `frozendict.rs`, `mappingproxy.rs` | mappings |
// | `set.rs`, `frozenset.rs`, `set_iter.rs` | sets and their iterators |
// | `sequence/`, `mapping.rs`, `iterator.rs` | the protocols |
// | `typeobject.rs`, `genericalias.rs`, `pysuper.rs` | classes |
// | `datetime/` | dates, times, durations and time zones |
// | `function.rs`, `code.rs`, `frame.rs`, `traceback.rs` | functions and their execution |
// | `capsule/`, `weakref/`, `context.rs` | capsules, weak references, contexts |
// | `moved.rs` | deprecated paths |

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
pub(crate) mod buffer;
pub(crate) mod bytearray;
pub mod bytes;
mod bytes_writer;
pub(crate) mod call_args;
pub mod capsule;
pub mod code;
mod compat;
pub(crate) mod complex;
pub mod context;
pub mod datetime;
pub mod dict;
mod ellipsis;
mod fill;
pub(crate) mod float;
mod frame;
#[cfg(Py_3_15)]
pub mod frozendict;
pub mod frozenset;
pub(crate) mod function;
pub(crate) mod genericalias;
pub(crate) mod imported;
mod int;
pub mod iterator;
#[cfg(not(Py_LIMITED_API))]
mod layouts;
pub mod list;
pub(crate) mod mapping;
pub mod mappingproxy;
pub(crate) mod marshal;
mod memoryview;
mod moved;
mod native_type;
mod none;
mod notimplemented;
pub(crate) mod py_methods;
pub(crate) mod pybacked;
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

pub use crate::module::pymodule::{PyModule, PyModuleMethods};
pub use crate::object::DerefToPyAny;
pub use any::{CompareOp, PyAny, PyAnyMethods};
pub use boolobject::{PyBool, PyBoolMethods};
pub use bytearray::{PyByteArray, PyByteArrayMethods};
pub use bytes::{PyBytes, PyBytesMethods};
pub use call_args::PyCallArgs;
pub use capsule::{PyCapsule, PyCapsuleMethods};
pub use code::{PyCode, PyCodeMethods};
pub use complex::{PyComplex, PyComplexMethods};
pub use context::PyContext;
pub use datetime::{
    PyDate, PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyTime, PyTimeAccess, PyTzInfo,
    PyTzInfoAccess,
};
pub use dict::{IntoPyDict, PyDict, PyDictItems, PyDictKeys, PyDictMethods, PyDictValues};
pub use ellipsis::PyEllipsis;
pub use float::{PyFloat, PyFloatMethods};
pub use frame::{PyFrame, PyFrameMethods};
#[cfg(Py_3_15)]
pub use frozendict::{PyFrozenDict, PyFrozenDictMethods};
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
    //! The iterators over Python's built-in containers.
    pub use super::dict::BoundDictIterator;
    #[cfg(Py_3_15)]
    pub use super::frozendict::BoundFrozenDictIterator;
    pub use super::list::BoundListIterator;
    pub use super::set_iter::{BoundFrozenSetIterator, BoundSetIterator};
    pub use super::tuple::{BorrowedTupleIterator, BoundTupleIterator};
}
