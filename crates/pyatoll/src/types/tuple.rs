//! `tuple`.

use crate::types::PyAny;

/// Python's `tuple`.
#[repr(transparent)]
pub struct PyTuple(PyAny);

native_type!(PyTuple, "tuple", PyTuple_Type, PyTuple_Check);
