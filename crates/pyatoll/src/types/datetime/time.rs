//! `datetime.time`.

use std::ffi::c_int;

use super::PyTzInfo;
use super::api::{DatetimeApi, or_none, to_int};
use crate::error::PyResult;
use crate::intern;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::returned::new_reference;
use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods};

/// Python's `datetime.time`. Its fields are in [`PyTimeAccess`](super::PyTimeAccess) and
/// [`PyTzInfoAccess`](super::PyTzInfoAccess).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyTime, PyTimeAccess};
///
/// Python::attach(|py| {
///     let time = py.import("datetime")?.getattr("time")?.call1((8, 30))?;
///     assert_eq!(time.cast::<PyTime>()?.get_minute(), 30);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDateTime_CAPI.TimeType`.
#[repr(transparent)]
pub struct PyTime(PyAny);

datetime_type!(PyTime, time, "time");

impl PyTime {
    /// Creates a time.
    ///
    /// # Errors
    /// `ValueError` if a field is out of range; those of importing `datetime`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTime;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyTime::new(py, 8, 30, 0, 500, None)?.to_string(), "08:30:00.000500");
    ///     assert!(PyTime::new(py, 24, 0, 0, 0, None).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTime_FromTime`.
    pub fn new<'py>(
        py: Python<'py>,
        hour: u8,
        minute: u8,
        second: u8,
        microsecond: u32,
        tzinfo: Option<&Bound<'py, PyTzInfo>>,
    ) -> PyResult<Bound<'py, PyTime>> {
        Self::new_with_fold(py, hour, minute, second, microsecond, tzinfo, false)
    }

    /// Creates a time; see [`PyTimeAccess::get_fold`](super::PyTimeAccess::get_fold) for `fold`.
    ///
    /// # Errors
    /// Those of [`new`](PyTime::new).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyTime, PyTimeAccess};
    ///
    /// Python::attach(|py| {
    ///     assert!(PyTime::new_with_fold(py, 2, 30, 0, 0, None, true)?.get_fold());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTime_FromTimeAndFold`.
    pub fn new_with_fold<'py>(
        py: Python<'py>,
        hour: u8,
        minute: u8,
        second: u8,
        microsecond: u32,
        tzinfo: Option<&Bound<'py, PyTzInfo>>,
        fold: bool,
    ) -> PyResult<Bound<'py, PyTime>> {
        let api = DatetimeApi::import(py)?;
        // SAFETY: attached; the function and the class are the table's, of this interpreter; the
        // time zone is one or `None`; the result is a new instance of the class or null.
        unsafe {
            if let Some(table) = api.table(py) {
                let time = (table.Time_FromTimeAndFold)(
                    c_int::from(hour),
                    c_int::from(minute),
                    c_int::from(second),
                    to_int(microsecond),
                    or_none(tzinfo),
                    c_int::from(fold),
                    table.TimeType,
                );
                return new_reference(py, time);
            }
            let keywords = PyDict::new(py);
            keywords.set_item(intern!(py, "fold"), fold)?;
            let arguments = (hour, minute, second, to_int(microsecond), tzinfo);
            let time = api.time.bind(py).call(arguments, Some(&keywords))?;
            Ok(time.cast_into()?)
        }
    }
}
