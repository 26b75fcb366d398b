//! `datetime.date`.

use std::ffi::c_int;

use super::api::DatetimeApi;
use crate::error::PyResult;
use crate::intern;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::returned::new_reference;
use crate::types::{PyAny, PyAnyMethods, PyTuple};

/// Python's `datetime.date`. Its fields are in [`PyDateAccess`](super::PyDateAccess).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDate, PyDateAccess};
///
/// Python::attach(|py| {
///     let date = py.import("datetime")?.getattr("date")?.call1((2024, 2, 29))?;
///     assert_eq!(date.cast::<PyDate>()?.get_day(), 29);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDateTime_CAPI.DateType`.
#[repr(transparent)]
pub struct PyDate(PyAny);

datetime_type!(PyDate, date, "date");

impl PyDate {
    /// Creates a date.
    ///
    /// # Errors
    /// `ValueError` if there is no such date, or the year is not from 1 to 9999; those of importing
    /// `datetime`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDate;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyDate::new(py, 2024, 2, 29)?.to_string(), "2024-02-29");
    ///     assert!(PyDate::new(py, 2023, 2, 29).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDate_FromDate`.
    pub fn new(py: Python<'_>, year: i32, month: u8, day: u8) -> PyResult<Bound<'_, PyDate>> {
        let api = DatetimeApi::import(py)?;
        // SAFETY: attached; the function and the class are the table's, of this interpreter; the
        // result is a new instance of the class or null.
        unsafe {
            if let Some(table) = api.table(py) {
                let (month, day) = (c_int::from(month), c_int::from(day));
                let date = (table.Date_FromDate)(year, month, day, table.DateType);
                return new_reference(py, date);
            }
            let date = api.date.bind(py).call1((year, month, day))?;
            Ok(date.cast_into()?)
        }
    }

    /// Creates the date, in local time, of a POSIX timestamp.
    ///
    /// # Errors
    /// `OverflowError`, `OSError` or `ValueError` if there is no such date; those of importing
    /// `datetime`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDate, PyDateAccess};
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyDate::from_timestamp(py, 1.7e9)?.get_year(), 2023);
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDate_FromTimestamp`.
    pub fn from_timestamp(py: Python<'_>, timestamp: f64) -> PyResult<Bound<'_, PyDate>> {
        let api = DatetimeApi::import(py)?;
        // SAFETY: attached; the function and the class are the table's, of this interpreter; the
        // arguments are a tuple; the result is a new instance of the class or null.
        unsafe {
            if let Some(table) = api.table(py) {
                let arguments = PyTuple::new(py, [timestamp])?;
                let date = (table.Date_FromTimestamp)(table.DateType, arguments.as_ptr());
                return new_reference(py, date);
            }
            let class = api.date.bind(py);
            let date = class.call_method1(intern!(py, "fromtimestamp"), (timestamp,))?;
            Ok(date.cast_into()?)
        }
    }
}
