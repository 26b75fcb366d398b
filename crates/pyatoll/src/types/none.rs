//! `None`.

use crate::types::PyAny;

/// The type of Python's `None`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyNone;
///
/// Python::attach(|py| {
///     let none = py.eval(c"None", None, None)?;
///     assert!(none.is(PyNone::get(py)) && none.cast::<PyNone>().is_ok());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `Py_None`.
#[repr(transparent)]
pub struct PyNone(PyAny);

singleton_type!(
    PyNone: crate::object::inspect::NONE,
    "NoneType",
    Py_None
);
