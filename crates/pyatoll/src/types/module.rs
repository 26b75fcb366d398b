//! `module`.

use crate::types::PyAny;

/// Python's `module`.
#[repr(transparent)]
pub struct PyModule(PyAny);

native_type!(PyModule, "module", PyModule_Type, PyModule_Check);
