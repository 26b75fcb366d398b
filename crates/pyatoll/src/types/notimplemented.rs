//! `NotImplemented`.

use crate::types::PyAny;

/// The type of Python's `NotImplemented`, which an operator method returns so that Python tries
/// the other operand.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyNotImplemented;
///
/// Python::attach(|py| {
///     let result = py.eval(c"(1).__add__('text')", None, None)?;
///     assert!(result.is(PyNotImplemented::get(py)));
///     assert!(result.cast::<PyNotImplemented>().is_ok());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `Py_NotImplemented`.
#[repr(transparent)]
pub struct PyNotImplemented(PyAny);

singleton_type!(
    PyNotImplemented: type_hint_identifier!("types", "NotImplementedType"),
    "NotImplementedType",
    Py_NotImplemented
);
