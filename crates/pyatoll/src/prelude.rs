//! The items that nearly every file of an extension needs: `use pyatoll::prelude::*;`.

pub use crate::class::guard::{PyClassGuard, PyClassGuardMut};
pub use crate::class::initializer::PyClassInitializer;
pub use crate::class::pyref::{PyRef, PyRefMut};
pub use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject};
pub use crate::error::{PyErr, PyResult};
pub use crate::interpreter::Python;
pub use crate::object::{Borrowed, Bound, BoundObject, Py};
#[cfg(Py_3_15)]
pub use crate::types::PyFrozenDictMethods;
pub use crate::types::{
    PyAny, PyAnyMethods, PyBoolMethods, PyByteArrayMethods, PyBytesMethods, PyCapsuleMethods,
    PyComplexMethods, PyDictMethods, PyFloatMethods, PyFrozenSetMethods, PyListMethods,
    PyMappingMethods, PyMappingProxyMethods, PyModule, PyModuleMethods, PySequenceMethods,
    PySetMethods, PySliceMethods, PyStringMethods, PyTracebackMethods, PyTupleMethods,
    PyTypeMethods, PyWeakrefMethods,
};

#[cfg(feature = "macros")]
pub use pyatoll_macros::{
    FromPyObject, IntoPyObject, IntoPyObjectRef, pyclass, pyfunction, pymethods, pymodule,
};

pub use crate::wrap_pyfunction;
