//! `traceback`.

use crate::types::PyAny;

/// Python's `traceback`.
#[repr(transparent)]
pub struct PyTraceback(PyAny);

native_type!(
    PyTraceback,
    "traceback",
    PyTraceBack_Type,
    PyTraceBack_Check
);
