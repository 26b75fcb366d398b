//! `float`.

use std::ffi::c_double;

use pyo3_ffi as ffi;

use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::PyAny;
use crate::types::sealed::Sealed;

/// Python's `float`. Its handles compare with `f64`, and with `f32` after rounding to `f32`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyFloat;
///
/// Python::attach(|py| {
///     let half = PyFloat::new(py, 0.5);
///     assert_eq!(half.value(), 0.5);
///     assert_eq!(half, 0.5f32);
/// });
/// ```
///
/// C API: `PyFloat_Type`.
#[repr(transparent)]
pub struct PyFloat(PyAny);

native_type!(PyFloat: ("builtins", "float"), PyFloat_Type, PyFloat_Check);

impl PyFloat {
    /// Creates a `float` from the value.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// C API: `PyFloat_FromDouble`.
    #[inline]
    #[track_caller]
    pub fn new(py: Python<'_>, val: c_double) -> Bound<'_, PyFloat> {
        // SAFETY: attached; returns a new reference or null.
        unsafe { Bound::from_owned_ptr(py, ffi::PyFloat_FromDouble(val)).cast_into_unchecked() }
    }
}

/// The methods of `float`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyFloat;
///
/// Python::attach(|py| {
///     let pi = py.import("math")?.getattr("pi")?;
///     assert_eq!(pi.cast::<PyFloat>()?.value(), std::f64::consts::PI);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyFloatMethods<'py>: Sealed {
    /// Returns the value. The `__float__` of a subclass is not called.
    ///
    /// C API: `PyFloat_AsDouble`.
    fn value(&self) -> c_double;
}

impl<'py> PyFloatMethods<'py> for Bound<'py, PyFloat> {
    #[inline]
    fn value(&self) -> c_double {
        // SAFETY: attached; `self` is a `float`, whose value is read without calling Python code.
        unsafe { ffi::PyFloat_AsDouble(self.as_ptr()) }
    }
}

value_eq!(PyFloat, f64, |object: Borrowed<'_, '_, PyFloat>,
                         value: &f64| object
    .value()
    == *value);
value_eq!(PyFloat, f32, |object: Borrowed<'_, '_, PyFloat>,
                         value: &f32| object.value()
    as f32
    == *value);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PyAnyMethods;

    #[test]
    fn a_subclass_is_read_without_calling_it() {
        Python::attach(|py| {
            let class = c"type('F', (float,), {'__float__': lambda self: 1 / 0})(2.5)";
            let object = py.eval(class, None, None).unwrap();
            assert_eq!(object.cast::<PyFloat>().unwrap().value(), 2.5);
            assert!(!crate::PyErr::occurred(py));
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
            let float = PyFloat::new(py, 1.25);
            assert!(float == 1.25 && 1.25 == float && &float == 1.25 && 1.25f32 == float);
            assert!(float.as_borrowed() == &1.25f64 && float != 1.5 && float != 1.5f32);
            // The `float` is rounded to `f32` first, although the two values differ.
            let (tenth, next) = (PyFloat::new(py, 0.1), f32::from_bits(0.1f32.to_bits() + 1));
            assert!(tenth == 0.1f32 && &tenth == 0.1f32 && tenth == &0.1f32 && tenth != next);
            assert!(0.1f32 == tenth && 0.1f32 == &tenth && &0.1f32 == tenth && next != tenth);
            let tenth = tenth.as_borrowed();
            assert!(tenth == 0.1f32 && tenth == &0.1f32 && 0.1f32 == tenth && &0.1f32 == tenth);
            assert!(tenth != next && tenth != f64::from(0.1f32));
            let nan = f64::NAN;
            assert!(PyFloat::new(py, nan) != nan);
            assert!(float.as_any().eq(1.25).unwrap());
        });
    }
}
