//! Python extension modules and embedding in Rust, with any number of interpreters in one process.

pub use pyo3_ffi as ffi;

mod call;
mod class;
pub mod conversion {
    //! Conversions between Rust values and Python objects.
    pub use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
}
mod convert;
mod error;
pub mod exceptions;
#[doc(hidden)]
pub mod impl_;
pub mod interpreter;
mod macros;
mod object;
pub mod panic;
pub mod prelude;
mod python;
pub mod sync;
pub mod types;
mod version;

pub use convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
pub use error::{CastError, CastIntoError, PyErr, PyErrArguments, PyResult, ToPyErr};
pub use interpreter::{Interpreter, Python, SubInterpreter};
pub use object::{
    Borrowed, Bound, BoundObject, DerefToPyAny, Py, PyTypeCheck, PyTypeInfo, WrongInterpreter,
};
pub use types::PyAny;

#[cfg(feature = "macros")]
pub use pyatoll_macros::{
    FromPyObject, IntoPyObject, IntoPyObjectRef, pyclass, pyfunction, pymethods, pymodule,
};
pub use version::PythonVersionInfo;
