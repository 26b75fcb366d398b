//! `bool`.

use pyo3_ffi as ffi;

use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;
use crate::types::sealed::Sealed;

/// Python's `bool`. Its handles compare with Rust's `bool`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyBool;
///
/// Python::attach(|py| {
///     let yes = PyBool::new(py, true);
///     assert!(yes.is_true());
///     assert_eq!(yes, true);
/// });
/// ```
///
/// C API: `PyBool_Type`.
#[repr(transparent)]
pub struct PyBool(PyAny);

native_type!(PyBool: ("builtins", "bool"), PyBool_Type, PyBool_Check);

impl PyBool {
    /// Returns `True` or `False`, without creating an object.
    ///
    /// C API: `Py_True`, `Py_False`.
    #[inline]
    pub fn new(py: Python<'_>, val: bool) -> Borrowed<'_, '_, Self> {
        // SAFETY: both are statics of CPython, valid in every interpreter.
        unsafe {
            let object = if val { ffi::Py_True() } else { ffi::Py_False() };
            Borrowed::from_ptr(py, object).cast_unchecked()
        }
    }
}

/// The methods of `bool`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyBool;
///
/// Python::attach(|py| {
///     let less = py.eval(c"1 < 2", None, None)?;
///     assert!(less.cast::<PyBool>()?.is_true());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyBoolMethods<'py>: Sealed {
    /// Returns whether this is `True`.
    ///
    /// C API: `Py_True`.
    fn is_true(&self) -> bool;
}

impl<'py> PyBoolMethods<'py> for Bound<'py, PyBool> {
    #[inline]
    fn is_true(&self) -> bool {
        // SAFETY: `True` is a static of CPython.
        self.as_ptr() == unsafe { ffi::Py_True() }
    }
}

fn equal(object: Borrowed<'_, '_, PyBool>, value: &bool) -> bool {
    object.is_true() == *value
}

value_eq!(PyBool, bool, equal);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PyAnyMethods;

    #[test]
    fn both_values_are_the_singletons() {
        Python::attach(|py| {
            for value in [true, false] {
                let object = PyBool::new(py, value);
                assert!(object.is_exact_instance_of::<PyBool>());
                assert_eq!(object.is_true(), value);
                assert_eq!(object.extract::<bool>().unwrap(), value);
                assert!(object.is(PyBool::new(py, value)));
            }
            assert!(!PyBool::new(py, true).is(PyBool::new(py, false)));
        });
    }

    #[test]
    #[allow(
        clippy::bool_comparison,
        clippy::nonminimal_bool,
        clippy::op_ref,
        reason = "the comparisons are what is tested"
    )]
    fn handles_compare_with_rust_values_from_both_sides() {
        Python::attach(|py| {
            let borrowed = PyBool::new(py, true);
            let bound: Bound<'_, PyBool> = borrowed.to_owned();
            assert!(borrowed == true && true == borrowed && borrowed == &true && &true == borrowed);
            assert!(bound == true && true == bound && bound == &true && &true == bound);
            assert!(&bound == true && true == &bound);
            assert!(borrowed != false && false != bound);
        });
    }
}
