//! `Ellipsis`, written `...`.

use crate::types::PyAny;

/// The type of Python's `...`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyEllipsis;
///
/// Python::attach(|py| {
///     let dots = py.eval(c"...", None, None)?;
///     assert!(dots.is(PyEllipsis::get(py)) && dots.cast::<PyEllipsis>().is_ok());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `Py_Ellipsis`.
#[repr(transparent)]
pub struct PyEllipsis(PyAny);

singleton_type!(
    PyEllipsis: type_hint_identifier!("types", "EllipsisType"),
    "ellipsis",
    Py_Ellipsis
);
