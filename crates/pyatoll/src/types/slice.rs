//! `slice`.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::types::{PySlice, slice::PySliceIndices};
//!
//! Python::attach(|py| {
//!     let indices: PySliceIndices = PySlice::new(py, 1, 100, 2).indices(6)?;
//!     assert_eq!((indices.stop, indices.slicelength), (6, 3));
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

use std::convert::Infallible;

use pyo3_ffi as ffi;

use crate::convert::IntoPyObject;
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::sealed::Sealed;
use crate::types::{PyAny, PyInt, PyRange, PyRangeMethods};

/// Python's `slice`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PySlice;
///
/// Python::attach(|py| {
///     let text = "Pyatoll".into_pyobject(py)?;
///     assert_eq!(text.get_item(PySlice::new(py, 2, 7, 1))?.to_string(), "atoll");
///     assert_eq!(text.get_item(PySlice::full(py))?.to_string(), "Pyatoll");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PySlice_Type`.
#[repr(transparent)]
pub struct PySlice(PyAny);

native_type!(PySlice: ("builtins", "slice"), PySlice_Type, PySlice_Check);

/// A slice resolved against the length of a sequence: see [`PySliceMethods::indices`].
///
/// ```
/// use pyatoll::types::slice::PySliceIndices;
///
/// let indices = PySliceIndices::new(1, 10, 3);
/// assert_eq!((indices.start, indices.stop, indices.step, indices.slicelength), (1, 10, 3, 0));
/// ```
///
/// C API: `PySlice_AdjustIndices`.
#[derive(Debug, Eq, PartialEq)]
pub struct PySliceIndices {
    /// The first index; -1 is possible with a negative step.
    pub start: isize,
    /// The index to stop before; -1 is possible with a negative step.
    pub stop: isize,
    /// The difference between consecutive indices; never 0.
    pub step: isize,
    /// The number of indices.
    pub slicelength: usize,
}

impl PySliceIndices {
    /// Creates a value to convert to a `slice`. `slicelength` is set to 0.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::slice::PySliceIndices;
    ///
    /// Python::attach(|py| {
    ///     let slice = PySliceIndices::new(1, 10, 3).into_pyobject(py)?;
    ///     assert_eq!(slice.to_string(), "slice(1, 10, 3)");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn new(start: isize, stop: isize, step: isize) -> PySliceIndices {
        PySliceIndices {
            start,
            stop,
            step,
            slicelength: 0,
        }
    }
}

impl PySlice {
    /// Creates Python's `slice(start, stop, step)`.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySlice;
    ///
    /// Python::attach(|py| {
    ///     let every_second = PySlice::new(py, 0, 7, 2);
    ///     assert_eq!("Pyatoll".into_pyobject(py)?.get_item(every_second)?.to_string(), "Paol");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PySlice_New`.
    #[track_caller]
    pub fn new(py: Python<'_>, start: isize, stop: isize, step: isize) -> Bound<'_, PySlice> {
        let [start, stop, step] = [start, stop, step].map(|index| PyInt::new(py, index));
        // SAFETY: attached; the objects are valid.
        unsafe { Self::from_objects(py, start.as_ptr(), stop.as_ptr(), step.as_ptr()) }
    }

    /// Creates Python's `slice(None)`, which `sequence[:]` passes.
    ///
    /// # Panics
    /// If Python runs out of memory.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PySlice;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PySlice::full(py).to_string(), "slice(None, None, None)");
    /// });
    /// ```
    ///
    /// C API: `PySlice_New`.
    #[track_caller]
    pub fn full(py: Python<'_>) -> Bound<'_, PySlice> {
        // SAFETY: attached; `None` is a static of CPython.
        unsafe {
            let none = ffi::Py_None();
            Self::from_objects(py, none, none, none)
        }
    }

    /// # Safety
    /// The pointers must be valid objects; they are borrowed.
    #[track_caller]
    unsafe fn from_objects(
        py: Python<'_>,
        start: *mut ffi::PyObject,
        stop: *mut ffi::PyObject,
        step: *mut ffi::PyObject,
    ) -> Bound<'_, PySlice> {
        // SAFETY: attached; the caller guarantees that the objects are valid; returns a new
        // reference or null.
        unsafe {
            let slice = ffi::PySlice_New(start, stop, step);
            Bound::from_owned_ptr(py, slice).cast_into_unchecked()
        }
    }
}

/// The methods of `slice`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::PySlice;
///
/// Python::attach(|py| {
///     let last_three = py.eval(c"slice(-3, None)", None, None)?;
///     let indices = last_three.cast::<PySlice>()?.indices(10)?;
///     assert_eq!((indices.start, indices.stop, indices.slicelength), (7, 10, 3));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PySliceMethods<'py>: Sealed {
    /// Resolves the slice for a sequence of the given length: missing and negative indices are
    /// replaced, and indices out of range are clamped.
    ///
    /// # Errors
    /// `ValueError` if the step is 0 or the length negative; `TypeError` if an index is neither
    /// `None` nor has an `__index__`; any error of `__index__`.
    ///
    /// C API: `PySlice_Unpack`, `PySlice_AdjustIndices`.
    fn indices(&self, length: isize) -> PyResult<PySliceIndices>;
}

impl<'py> PySliceMethods<'py> for Bound<'py, PySlice> {
    fn indices(&self, length: isize) -> PyResult<PySliceIndices> {
        if length < 0 {
            return Err(PyValueError::new_err("length should not be negative"));
        }
        let (mut start, mut stop, mut step) = (0, 0, 0);
        // SAFETY: attached; `self` is a slice; the pointers are valid for writes.
        let slicelength = unsafe {
            let unpacked =
                ffi::PySlice_Unpack(self.as_ptr(), &raw mut start, &raw mut stop, &raw mut step);
            if unpacked < 0 {
                return Err(PyErr::fetch(self.py()));
            }
            ffi::PySlice_AdjustIndices(length, &raw mut start, &raw mut stop, step)
        };
        Ok(PySliceIndices {
            start,
            stop,
            step,
            slicelength: slicelength as usize,
        })
    }
}

impl<'py> IntoPyObject<'py> for PySliceIndices {
    type Target = PySlice;
    type Output = Bound<'py, PySlice>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PySlice>() }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        (&self).into_pyobject(py)
    }
}

impl<'py> IntoPyObject<'py> for &PySliceIndices {
    type Target = PySlice;
    type Output = Bound<'py, PySlice>;
    type Error = Infallible;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PySlice>() }

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(PySlice::new(py, self.start, self.stop, self.step))
    }
}

/// Creates the slice with the start, stop and step of the `range`. Fails if one of them does not
/// fit an `isize`.
impl<'py> TryFrom<Bound<'py, PyRange>> for Bound<'py, PySlice> {
    type Error = PyErr;

    fn try_from(range: Bound<'py, PyRange>) -> Result<Self, Self::Error> {
        let (start, stop, step) = (range.start()?, range.stop()?, range.step()?);
        Ok(PySlice::new(range.py(), start, stop, step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PyAnyMethods;

    #[test]
    fn a_new_slice_has_the_given_start_stop_and_step() {
        Python::attach(|py| {
            let slice = PySlice::new(py, isize::MIN, isize::MAX, -2);
            for (name, index) in [("start", isize::MIN), ("stop", isize::MAX), ("step", -2)] {
                assert!(slice.getattr(name).unwrap().eq(index).unwrap());
            }
            let full = PySlice::full(py);
            for name in ["start", "stop", "step"] {
                assert!(full.getattr(name).unwrap().is_none());
            }
        });
    }

    #[test]
    fn indices_are_clipped_to_the_length() {
        Python::attach(|py| {
            let indices = PySlice::new(py, -100, 100, 2).indices(5).unwrap();
            let all = (
                indices.start,
                indices.stop,
                indices.step,
                indices.slicelength,
            );
            assert_eq!(all, (0, 5, 2, 3));
            let back = py.eval(c"slice(None, None, -1)", None, None).unwrap();
            let back = back.cast::<PySlice>().unwrap().indices(3).unwrap();
            assert_eq!((back.start, back.stop, back.slicelength), (2, -1, 3));
        });
    }

    #[test]
    fn a_step_of_zero_is_an_error() {
        Python::attach(|py| {
            assert!(PySlice::new(py, 0, 1, 1).indices(isize::MIN).is_err());
            let error = PySlice::new(py, 0, 1, 0).indices(5).unwrap_err();
            assert_eq!(error.to_string(), "ValueError: slice step cannot be zero");
        });
    }

    #[test]
    fn a_range_becomes_a_slice() {
        Python::attach(|py| {
            let range = PyRange::new_with_step(py, 1, 9, 3).unwrap();
            let slice = Bound::<PySlice>::try_from(range).unwrap();
            assert_eq!(slice.to_string(), "slice(1, 9, 3)");
            let again = PySliceIndices::new(1, 9, 3).into_pyobject(py).unwrap();
            assert!(slice.as_any().eq(again).unwrap());
        });
    }
}
