//! `dict`.

use crate::types::PyAny;

/// Python's `dict`.
#[repr(transparent)]
pub struct PyDict(PyAny);

native_type!(PyDict, "dict", PyDict_Type, PyDict_Check);
