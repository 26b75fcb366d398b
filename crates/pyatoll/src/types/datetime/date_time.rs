//! `datetime.datetime`.

use std::ffi::c_int;

use super::PyTzInfo;
use super::api::{DatetimeApi, or_none, to_int};
use crate::convert::IntoPyObject;
use crate::error::{PyErr, PyResult};
use crate::intern;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::returned::new_reference;
use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods, PyTuple};

/// Python's `datetime.datetime`: a date and a time of day, in a time zone or none. Its fields are
/// in [`PyDateAccess`](super::PyDateAccess), [`PyTimeAccess`](super::PyTimeAccess) and
/// [`PyTzInfoAccess`](super::PyTzInfoAccess).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDateAccess, PyDateTime, PyTimeAccess};
///
/// #[pyfunction]
/// fn is_evening(when: &Bound<'_, PyDateTime>) -> bool {
///     when.get_hour() >= 18
/// }
///
/// Python::attach(|py| {
///     let when = PyDateTime::new(py, 2024, 2, 29, 20, 15, 0, 0, None)?;
///     assert_eq!(when.get_year(), 2024);
///     assert!(wrap_pyfunction!(is_evening, py)?.call1((when,))?.is_truthy()?);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDateTime_CAPI.DateTimeType`.
#[repr(transparent)]
pub struct PyDateTime(PyAny);

datetime_type!(PyDateTime, date_time, "datetime");

impl PyDateTime {
    /// Creates a date and time.
    ///
    /// # Errors
    /// `ValueError` if there is no such date or time, or the year is not from 1 to 9999; those of
    /// importing `datetime`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDateTime, PyTzInfo};
    ///
    /// Python::attach(|py| {
    ///     let utc = PyTzInfo::utc(py)?;
    ///     let when = PyDateTime::new(py, 2024, 2, 29, 20, 15, 0, 0, Some(&utc))?;
    ///     assert_eq!(when.to_string(), "2024-02-29 20:15:00+00:00");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDateTime_FromDateAndTime`.
    #[allow(clippy::too_many_arguments, reason = "those of Python's constructor")]
    pub fn new<'py>(
        py: Python<'py>,
        year: i32,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        microsecond: u32,
        tzinfo: Option<&Bound<'py, PyTzInfo>>,
    ) -> PyResult<Bound<'py, PyDateTime>> {
        Self::new_with_fold(
            py,
            year,
            month,
            day,
            hour,
            minute,
            second,
            microsecond,
            tzinfo,
            false,
        )
    }

    /// Creates a date and time; see [`PyTimeAccess::get_fold`](super::PyTimeAccess::get_fold) for
    /// `fold`.
    ///
    /// # Errors
    /// Those of [`new`](PyDateTime::new).
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDateTime, PyTimeAccess};
    ///
    /// Python::attach(|py| {
    ///     // In Paris, the hour after 2 o'clock came twice that night.
    ///     let when = PyDateTime::new_with_fold(py, 2024, 10, 27, 2, 30, 0, 0, None, true)?;
    ///     assert!(when.get_fold());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDateTime_FromDateAndTimeAndFold`.
    #[inline]
    #[allow(clippy::too_many_arguments, reason = "those of Python's constructor")]
    pub fn new_with_fold<'py>(
        py: Python<'py>,
        year: i32,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        microsecond: u32,
        tzinfo: Option<&Bound<'py, PyTzInfo>>,
        fold: bool,
    ) -> PyResult<Bound<'py, PyDateTime>> {
        let api = DatetimeApi::import(py)?;
        // SAFETY: attached; the function and the class are the table's, of this interpreter; the
        // time zone is one or `None`; the result is a new instance of the class or null.
        unsafe {
            if let Some(table) = api.table(py) {
                let date_time = (table.DateTime_FromDateAndTimeAndFold)(
                    year,
                    c_int::from(month),
                    c_int::from(day),
                    c_int::from(hour),
                    c_int::from(minute),
                    c_int::from(second),
                    to_int(microsecond),
                    or_none(tzinfo),
                    c_int::from(fold),
                    table.DateTimeType,
                );
                return new_reference(py, date_time);
            }
        }
        let microsecond = to_int(microsecond);
        let arguments = (year, month, day, hour, minute, second, microsecond, tzinfo);
        call_class(py, arguments, fold)
    }

    /// Creates the date and time of a POSIX timestamp: in the time zone, or else in local time,
    /// without a time zone.
    ///
    /// # Errors
    /// `OverflowError`, `OSError` or `ValueError` if there is no such date; `TypeError` if the time
    /// zone's `fromutc` returns anything but a `datetime`; those of the time zone, and of importing
    /// `datetime`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDateTime, PyTzInfo};
    ///
    /// Python::attach(|py| {
    ///     let utc = PyTzInfo::utc(py)?;
    ///     let when = PyDateTime::from_timestamp(py, 86_400.5, Some(&utc))?;
    ///     assert_eq!(when.to_string(), "1970-01-02 00:00:00.500000+00:00");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDateTime_FromTimestamp`.
    pub fn from_timestamp<'py>(
        py: Python<'py>,
        timestamp: f64,
        tzinfo: Option<&Bound<'py, PyTzInfo>>,
    ) -> PyResult<Bound<'py, PyDateTime>> {
        let api = DatetimeApi::import(py)?;
        let arguments = (timestamp, tzinfo).into_pyobject(py)?;
        let class = api.date_time.bind(py);
        let date_time: Bound<'_, PyAny> = match api.table(py) {
            // SAFETY: attached; the function and the class are the table's, of this interpreter;
            // the arguments are a tuple, and there may be no keywords; the result is a new
            // reference or null.
            Some(table) => unsafe {
                let (class, keywords) = (table.DateTimeType, std::ptr::null_mut());
                let date_time = (table.DateTime_FromTimestamp)(class, arguments.as_ptr(), keywords);
                new_reference(py, date_time)?
            },
            None => class.call_method1(intern!(py, "fromtimestamp"), arguments)?,
        };
        // The result of the time zone's `fromutc`, which may be any object.
        Ok(date_time.cast_into()?)
    }
}

/// Calls the class, where `datetime` is written in Python.
#[cold]
fn call_class<'py>(
    py: Python<'py>,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
    fold: bool,
) -> PyResult<Bound<'py, PyDateTime>> {
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "fold"), fold)?;
    let arguments = arguments.into_pyobject(py)?;
    let class = DatetimeApi::import(py)?.date_time.bind(py);
    Ok(class.call(arguments, Some(&keywords))?.cast_into()?)
}
