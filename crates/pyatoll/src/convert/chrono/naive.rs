//! `TimeDelta`, `NaiveDate`, `NaiveTime`, `NaiveDateTime`.

use ::chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use crate::convert::by_reference::by_reference;
use crate::convert::datetime::expect_naive;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyUserWarning, PyValueError};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::datetime::{DateFields, DateTimeFields, TimeFields};
use crate::types::{PyAny, PyDate, PyDateTime, PyDelta, PyDeltaAccess, PyTime, PyTzInfo};

/// Creates a `datetime` from the local time; issues a warning if it is in a leap second.
pub(super) fn new_datetime<'py>(
    py: Python<'py>,
    local: NaiveDateTime,
    tzinfo: Option<&Bound<'py, PyTzInfo>>,
    fold: bool,
) -> PyResult<Bound<'py, PyDateTime>> {
    let (microsecond, is_leap_second) = microsecond(local.time());
    let date_time = PyDateTime::new_with_fold(
        py,
        local.year(),
        local.month() as u8,
        local.day() as u8,
        local.hour() as u8,
        local.minute() as u8,
        local.second() as u8,
        microsecond,
        tzinfo,
        fold,
    )?;
    if is_leap_second {
        warn_of_leap_second(&date_time);
    }
    Ok(date_time)
}

/// Returns the microsecond, and whether the time is in a leap second, for which chrono's
/// nanoseconds exceed a second.
fn microsecond(time: NaiveTime) -> (u32, bool) {
    let nanosecond = time.nanosecond();
    (
        nanosecond % 1_000_000_000 / 1000,
        nanosecond >= 1_000_000_000,
    )
}

#[cold]
fn warn_of_leap_second(object: &Bound<'_, PyAny>) {
    let py = object.py();
    let category = py.get_type::<PyUserWarning>();
    let message = c"ignored leap-second, `datetime` does not support leap-seconds";
    if let Err(error) = PyErr::warn(py, &category, message, 0) {
        error.write_unraisable(py, Some(object));
    }
}

fn naive_date(date: DateFields) -> PyResult<NaiveDate> {
    NaiveDate::from_ymd_opt(date.year, date.month.into(), date.day.into())
        .ok_or_else(|| PyValueError::new_err("invalid or out-of-range date"))
}

fn naive_time(time: &TimeFields) -> PyResult<NaiveTime> {
    let (hour, minute, second) = (time.hour, time.minute, time.second);
    NaiveTime::from_hms_micro_opt(hour.into(), minute.into(), second.into(), time.microsecond)
        .ok_or_else(|| PyValueError::new_err("invalid or out-of-range time"))
}

/// Returns the local time of a `datetime`, and its `fold`.
#[inline]
pub(super) fn local_time(date_time: &Bound<'_, PyDateTime>) -> PyResult<(NaiveDateTime, bool)> {
    let DateTimeFields { date, time } = DateTimeFields::from(date_time);
    let date = naive_date(date)?;
    Ok((NaiveDateTime::new(date, naive_time(&time)?), time.fold))
}

impl<'py> IntoPyObject<'py> for Duration {
    type Target = PyDelta;
    type Output = Bound<'py, PyDelta>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDelta>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let seconds = self.num_seconds();
        let micros = (self - Duration::seconds(seconds)).num_microseconds();
        // Python refuses days that do not fit.
        let days = (seconds / 86_400).clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        let seconds = (seconds % 86_400) as i32;
        // Less than a second, so it fits.
        PyDelta::new(py, days, seconds, micros.unwrap_or(0) as i32, true)
    }
}

impl FromPyObject<'_, '_> for Duration {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDelta>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let delta = object.cast::<PyDelta>()?;
        // Python's range is much smaller than chrono's.
        Ok(Duration::days(delta.get_days().into())
            + Duration::seconds(delta.get_seconds().into())
            + Duration::microseconds(delta.get_microseconds().into()))
    }
}

impl<'py> IntoPyObject<'py> for NaiveDate {
    type Target = PyDate;
    type Output = Bound<'py, PyDate>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDate>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        PyDate::new(py, self.year(), self.month() as u8, self.day() as u8)
    }
}

impl FromPyObject<'_, '_> for NaiveDate {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDate>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        naive_date(DateFields::from(&*object.cast::<PyDate>()?))
    }
}

impl<'py> IntoPyObject<'py> for NaiveTime {
    type Target = PyTime;
    type Output = Bound<'py, PyTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let (hour, minute, second) = (self.hour() as u8, self.minute() as u8, self.second() as u8);
        let (microsecond, is_leap_second) = microsecond(self);
        let time = PyTime::new(py, hour, minute, second, microsecond, None)?;
        if is_leap_second {
            warn_of_leap_second(&time);
        }
        Ok(time)
    }
}

impl FromPyObject<'_, '_> for NaiveTime {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        naive_time(&TimeFields::from(&*object.cast::<PyTime>()?))
    }
}

impl<'py> IntoPyObject<'py> for NaiveDateTime {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        new_datetime(py, self, None, false)
    }
}

impl FromPyObject<'_, '_> for NaiveDateTime {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let date_time = object.cast::<PyDateTime>()?;
        expect_naive(&date_time)?;
        Ok(local_time(&date_time)?.0)
    }
}

by_reference!(Duration => PyDelta, Bound<'py, PyDelta>, PyErr);
by_reference!(NaiveDate => PyDate, Bound<'py, PyDate>, PyErr);
by_reference!(NaiveTime => PyTime, Bound<'py, PyTime>, PyErr);
by_reference!(NaiveDateTime => PyDateTime, Bound<'py, PyDateTime>, PyErr);
