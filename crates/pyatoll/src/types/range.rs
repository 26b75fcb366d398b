//! `range`.

use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Bound, PyTypeInfo};
use crate::types::sealed::Sealed;
use crate::types::{PyAny, PyAnyMethods};

/// Python's `range`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PyRange;
///
/// Python::attach(|py| {
///     let even = PyRange::new_with_step(py, 0, 10, 2)?;
///     assert_eq!(even.extract::<Vec<i32>>()?, [0, 2, 4, 6, 8]);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyRange_Type`.
#[repr(transparent)]
pub struct PyRange(PyAny);

native_type!(PyRange: ("builtins", "range"), PyRange_Type, PyRange_Check);

impl<'py> PyRange {
    /// Creates Python's `range(start, stop)`.
    ///
    /// # Errors
    /// If Python runs out of memory.
    ///
    /// C API: `PyRange_Type`.
    pub fn new(py: Python<'py>, start: isize, stop: isize) -> PyResult<Bound<'py, Self>> {
        Self::new_with_step(py, start, stop, 1)
    }

    /// Creates Python's `range(start, stop, step)`.
    ///
    /// # Errors
    /// `ValueError` if the step is 0; if Python runs out of memory.
    ///
    /// C API: `PyRange_Type`.
    pub fn new_with_step(
        py: Python<'py>,
        start: isize,
        stop: isize,
        step: isize,
    ) -> PyResult<Bound<'py, Self>> {
        let range = Self::type_object(py).call1((start, stop, step))?;
        // SAFETY: calling the class itself returns an instance of it.
        Ok(unsafe { range.cast_into_unchecked() })
    }
}

/// The methods of `range`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyRange, PyRangeMethods};
///
/// Python::attach(|py| {
///     let range = PyRange::new(py, 3, 7)?;
///     assert_eq!((range.start()?, range.stop()?, range.step()?), (3, 7, 1));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyRangeMethods<'py>: Sealed {
    /// Returns the first number.
    ///
    /// # Errors
    /// `OverflowError` if it does not fit an `isize`.
    ///
    /// C API: `PyObject_GetAttr`.
    fn start(&self) -> PyResult<isize>;

    /// Returns the end, which is not part of the range.
    ///
    /// # Errors
    /// `OverflowError` if it does not fit an `isize`.
    ///
    /// C API: `PyObject_GetAttr`.
    fn stop(&self) -> PyResult<isize>;

    /// Returns the difference between consecutive numbers.
    ///
    /// # Errors
    /// `OverflowError` if it does not fit an `isize`.
    ///
    /// C API: `PyObject_GetAttr`.
    fn step(&self) -> PyResult<isize>;
}

impl<'py> PyRangeMethods<'py> for Bound<'py, PyRange> {
    fn start(&self) -> PyResult<isize> {
        self.getattr(crate::intern!(self.py(), "start"))?.extract()
    }

    fn stop(&self) -> PyResult<isize> {
        self.getattr(crate::intern!(self.py(), "stop"))?.extract()
    }

    fn step(&self) -> PyResult<isize> {
        self.getattr(crate::intern!(self.py(), "step"))?.extract()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_range_has_the_given_start_stop_and_step() {
        Python::attach(|py| {
            let range = PyRange::new_with_step(py, isize::MAX, isize::MIN, -7).unwrap();
            assert_eq!(range.start().unwrap(), isize::MAX);
            assert_eq!(range.stop().unwrap(), isize::MIN);
            assert_eq!(range.step().unwrap(), -7);
            assert_eq!(PyRange::new(py, 1, 1).unwrap().step().unwrap(), 1);
        });
    }

    #[test]
    fn a_step_of_zero_and_numbers_that_do_not_fit_are_errors() {
        Python::attach(|py| {
            let error = PyRange::new_with_step(py, 0, 1, 0).unwrap_err();
            assert_eq!(
                error.to_string(),
                "ValueError: range() arg 3 must not be zero"
            );
            let range = py.eval(c"range(2 ** 100)", None, None).unwrap();
            let error = range.cast::<PyRange>().unwrap().stop().unwrap_err();
            assert!(error.is_instance_of::<crate::exceptions::PyOverflowError>(py));
        });
    }
}
