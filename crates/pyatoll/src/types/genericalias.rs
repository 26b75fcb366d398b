//! `types.GenericAlias`.

use pyo3_ffi as ffi;

use super::returned::new_reference;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::PyAny;

/// Python's `types.GenericAlias`, such as `list[int]`: the result of `__class_getitem__`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyGenericAlias, PyInt, PyList};
///
/// Python::attach(|py| {
///     let (list, int) = (py.get_type::<PyList>(), py.get_type::<PyInt>());
///     let alias = PyGenericAlias::new(py, &list, &int)?;
///     assert_eq!(alias.to_string(), "list[int]");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `Py_GenericAliasType`.
#[repr(transparent)]
pub struct PyGenericAlias(PyAny);

native_type!(PyGenericAlias: ("types", "GenericAlias"), Py_GenericAliasType);

impl PyGenericAlias {
    /// Creates `origin[args]`, where `args` is a tuple or a single argument.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// C API: `Py_GenericAlias`.
    pub fn new<'py>(
        py: Python<'py>,
        origin: &Bound<'py, PyAny>,
        args: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyGenericAlias>> {
        // SAFETY: attached; both objects are valid; returns a new alias or null.
        unsafe { new_reference(py, ffi::Py_GenericAlias(origin.as_ptr(), args.as_ptr())) }
    }
}

#[cfg(test)]
mod tests {
    use super::PyGenericAlias;
    use crate::interpreter::Python;
    use crate::types::PyAnyMethods;

    #[test]
    fn an_alias_equals_the_one_that_python_creates() {
        Python::attach(|py| {
            let dict = py.eval(c"dict", None, None).unwrap();
            let arguments = py.eval(c"(str, int)", None, None).unwrap();
            let alias = PyGenericAlias::new(py, &dict, &arguments).unwrap();
            let expected = py.eval(c"dict[str, int]", None, None).unwrap();
            assert!(alias.eq(&expected).unwrap());
            assert!(expected.cast::<PyGenericAlias>().is_ok());
        });
    }
}
