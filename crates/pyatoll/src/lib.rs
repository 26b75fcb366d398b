//! Python extension modules and embedding in Rust, with any number of interpreters in one process.

pub use pyo3_ffi as ffi;

mod call;
mod class;
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
mod object;
pub mod panic;
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
pub mod types;
mod version;

pub use class::PyClass;
pub use class::guard::{PyClassGuard, PyClassGuardMut};
pub use class::initializer::PyClassInitializer;
pub use class::pyref::{PyRef, PyRefMut};
pub use class::slots::{PyTraverseError, PyVisit};
pub use convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
pub use error::{CastError, CastIntoError, PyErr, PyErrArguments, PyResult, ToPyErr};
pub use interpreter::{Interpreter, Python, SubInterpreter, with_embedded_python_interpreter};
pub use object::{
    Borrowed, Bound, BoundObject, DerefToPyAny, Py, PyTypeCheck, PyTypeInfo, WrongInterpreter,
};
pub use types::PyAny;

#[cfg(feature = "macros")]
pub use pyatoll_macros::{
    FromPyObject, IntoPyObject, IntoPyObjectRef, pyclass, pyfunction, pymethods, pymodule,
};
pub use version::PythonVersionInfo;
