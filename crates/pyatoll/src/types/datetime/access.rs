//! The traits that read the fields of dates, times and durations.

use super::PyTzInfo;
use crate::object::Bound;

/// The fields of a date: of [`PyDate`](super::PyDate) and [`PyDateTime`](super::PyDateTime).
///
/// The fields are those of the object itself, as for C code, even if a subclass overrides the
/// properties.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDate, PyDateAccess};
///
/// Python::attach(|py| {
///     let date = PyDate::new(py, 2024, 2, 29)?;
///     assert_eq!((date.get_year(), date.get_month(), date.get_day()), (2024, 2, 29));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyDateAccess {
    /// Returns the year, from 1 to 9999.
    ///
    /// C API: `PyDateTime_GET_YEAR`.
    fn get_year(&self) -> i32;

    /// Returns the month, from 1 to 12.
    ///
    /// C API: `PyDateTime_GET_MONTH`.
    fn get_month(&self) -> u8;

    /// Returns the day, from 1 to 31.
    ///
    /// C API: `PyDateTime_GET_DAY`.
    fn get_day(&self) -> u8;
}

/// The fields of a [`PyDelta`](super::PyDelta). None of them is the whole duration, which is their
/// sum.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDelta, PyDeltaAccess};
///
/// Python::attach(|py| {
///     let delta = PyDelta::new(py, 0, -1, 5, true)?;
///     assert_eq!(delta.get_days(), -1);
///     assert_eq!((delta.get_seconds(), delta.get_microseconds()), (86_399, 5));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyDeltaAccess {
    /// Returns the days, from -999,999,999 to 999,999,999.
    ///
    /// C API: `PyDateTime_DELTA_GET_DAYS`.
    fn get_days(&self) -> i32;

    /// Returns the seconds, from 0 to 86,399.
    ///
    /// C API: `PyDateTime_DELTA_GET_SECONDS`.
    fn get_seconds(&self) -> i32;

    /// Returns the microseconds, from 0 to 999,999.
    ///
    /// C API: `PyDateTime_DELTA_GET_MICROSECONDS`.
    fn get_microseconds(&self) -> i32;
}

/// The fields of a time: of [`PyTime`](super::PyTime) and [`PyDateTime`](super::PyDateTime).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyTime, PyTimeAccess};
///
/// Python::attach(|py| {
///     let time = PyTime::new(py, 23, 59, 58, 7, None)?;
///     assert_eq!((time.get_hour(), time.get_minute(), time.get_second()), (23, 59, 58));
///     assert_eq!((time.get_microsecond(), time.get_fold()), (7, false));
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyTimeAccess {
    /// Returns the hour, from 0 to 23.
    ///
    /// C API: `PyDateTime_DATE_GET_HOUR`, `PyDateTime_TIME_GET_HOUR`.
    fn get_hour(&self) -> u8;

    /// Returns the minute, from 0 to 59.
    ///
    /// C API: `PyDateTime_DATE_GET_MINUTE`, `PyDateTime_TIME_GET_MINUTE`.
    fn get_minute(&self) -> u8;

    /// Returns the second, from 0 to 59.
    ///
    /// C API: `PyDateTime_DATE_GET_SECOND`, `PyDateTime_TIME_GET_SECOND`.
    fn get_second(&self) -> u8;

    /// Returns the microsecond, from 0 to 999,999.
    ///
    /// C API: `PyDateTime_DATE_GET_MICROSECOND`, `PyDateTime_TIME_GET_MICROSECOND`.
    fn get_microsecond(&self) -> u32;

    /// Returns whether this is the later of two moments with the same local time, as when daylight
    /// saving time ends. Has no meaning for other times.
    ///
    /// C API: `PyDateTime_DATE_GET_FOLD`, `PyDateTime_TIME_GET_FOLD`. See: PEP 495.
    fn get_fold(&self) -> bool;
}

/// The time zone of a [`PyTime`](super::PyTime) or [`PyDateTime`](super::PyDateTime).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyTime, PyTzInfo, PyTzInfoAccess};
///
/// Python::attach(|py| {
///     let utc = PyTzInfo::utc(py)?;
///     let time = PyTime::new(py, 12, 0, 0, 0, Some(&utc))?;
///     assert!(time.get_tzinfo().unwrap().is(utc));
///     assert!(PyTime::new(py, 12, 0, 0, 0, None)?.get_tzinfo().is_none());
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
pub trait PyTzInfoAccess<'py> {
    /// Returns the time zone, if there is one.
    ///
    /// C API: `PyDateTime_DATE_GET_TZINFO`, `PyDateTime_TIME_GET_TZINFO`.
    fn get_tzinfo(&self) -> Option<Bound<'py, PyTzInfo>>;
}
