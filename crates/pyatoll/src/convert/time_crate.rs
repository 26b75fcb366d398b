//! The dates, times, durations and offsets of the crate `time`.
//!
//! Python counts in microseconds: nanoseconds are truncated.

use ::time::{
    Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset,
};

use super::by_reference::by_reference;
use super::datetime::{expect_naive, expect_tzinfo, fixed_offset};
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyOverflowError, PyValueError};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::datetime::{DateFields, DateTimeFields, TimeFields};
use crate::types::{
    PyAny, PyAnyMethods, PyDate, PyDateTime, PyDelta, PyDeltaAccess, PyTime, PyTzInfo,
};

const SECONDS_PER_DAY: i64 = 86_400;

fn new_datetime<'py>(
    py: Python<'py>,
    date: Date,
    time: Time,
    tzinfo: Option<&Bound<'py, PyTzInfo>>,
) -> PyResult<Bound<'py, PyDateTime>> {
    PyDateTime::new(
        py,
        date.year(),
        date.month().into(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.microsecond(),
        tzinfo,
    )
}

fn date_from(date: DateFields) -> PyResult<Date> {
    let month =
        Month::try_from(date.month).map_err(|_| PyValueError::new_err("invalid month value"))?;
    Date::from_calendar_date(date.year, month, date.day)
        .map_err(|_| PyValueError::new_err("invalid or out-of-range date"))
}

fn time_from(time: TimeFields) -> PyResult<Time> {
    Time::from_hms_micro(time.hour, time.minute, time.second, time.microsecond)
        .map_err(|_| PyValueError::new_err("invalid or out-of-range time"))
}

fn local_time(date_time: &Bound<'_, PyDateTime>) -> PyResult<PrimitiveDateTime> {
    let DateTimeFields { date, time } = DateTimeFields::from(date_time);
    Ok(PrimitiveDateTime::new(date_from(date)?, time_from(time)?))
}

impl<'py> IntoPyObject<'py> for Duration {
    type Target = PyDelta;
    type Output = Bound<'py, PyDelta>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDelta>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let (seconds, micros) = (self.whole_seconds(), self.subsec_microseconds());
        let days = i32::try_from(seconds.div_euclid(SECONDS_PER_DAY))
            .map_err(|_| PyOverflowError::new_err("duration out of range for Python timedelta"))?;
        let seconds = seconds.rem_euclid(SECONDS_PER_DAY) as i32;
        PyDelta::new(py, days, seconds, micros, true)
    }
}

impl FromPyObject<'_, '_> for Duration {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDelta>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let delta = object.cast::<PyDelta>()?;
        // Python's range is much smaller than that of this type.
        Ok(Duration::days(delta.get_days().into())
            + Duration::seconds(delta.get_seconds().into())
            + Duration::microseconds(delta.get_microseconds().into()))
    }
}

impl<'py> IntoPyObject<'py> for Date {
    type Target = PyDate;
    type Output = Bound<'py, PyDate>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDate>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        PyDate::new(py, self.year(), self.month().into(), self.day())
    }
}

impl FromPyObject<'_, '_> for Date {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDate>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        date_from(DateFields::from(&*object.cast::<PyDate>()?))
    }
}

impl<'py> IntoPyObject<'py> for Time {
    type Target = PyTime;
    type Output = Bound<'py, PyTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let (hour, minute, second, microsecond) = self.as_hms_micro();
        PyTime::new(py, hour, minute, second, microsecond, None)
    }
}

impl FromPyObject<'_, '_> for Time {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        time_from(TimeFields::from(&*object.cast::<PyTime>()?))
    }
}

impl<'py> IntoPyObject<'py> for PrimitiveDateTime {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        new_datetime(py, self.date(), self.time(), None)
    }
}

impl FromPyObject<'_, '_> for PrimitiveDateTime {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let date_time = object.cast::<PyDateTime>()?;
        expect_naive(&date_time)?;
        local_time(&date_time)
    }
}

impl<'py> IntoPyObject<'py> for UtcOffset {
    type Target = PyTzInfo;
    type Output = Bound<'py, PyTzInfo>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("datetime", "timezone") }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let offset = PyDelta::new(py, 0, self.whole_seconds(), 0, true)?;
        PyTzInfo::fixed_offset(py, offset)
    }
}

/// Microseconds of the offset are truncated.
impl FromPyObject<'_, '_> for UtcOffset {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyTzInfo>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        i32::try_from(fixed_offset(object)?)
            .ok()
            .and_then(|seconds| UtcOffset::from_whole_seconds(seconds).ok())
            .ok_or_else(|| PyValueError::new_err("UTC offset out of bounds"))
    }
}

impl<'py> IntoPyObject<'py> for OffsetDateTime {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let tzinfo = self.offset().into_pyobject(py)?;
        new_datetime(py, self.date(), self.time(), Some(&tzinfo))
    }
}

impl FromPyObject<'_, '_> for OffsetDateTime {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let date_time = object.cast::<PyDateTime>()?;
        let tzinfo = expect_tzinfo(&date_time)?;
        let offset = tzinfo.extract::<UtcOffset>()?;
        Ok(local_time(&date_time)?.assume_offset(offset))
    }
}

impl<'py> IntoPyObject<'py> for UtcDateTime {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let utc = PyTzInfo::utc(py)?;
        new_datetime(py, self.date(), self.time(), Some(&utc))
    }
}

impl FromPyObject<'_, '_> for UtcDateTime {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let date_time = object.cast::<PyDateTime>()?;
        let tzinfo = expect_tzinfo(&date_time)?;
        if !tzinfo.eq(PyTzInfo::utc(object.py())?)? {
            return Err(PyValueError::new_err(
                "expected a datetime with UTC timezone",
            ));
        }
        let local = local_time(&date_time)?;
        Ok(UtcDateTime::new(local.date(), local.time()))
    }
}

by_reference!(Duration => PyDelta, Bound<'py, PyDelta>, PyErr);
by_reference!(Date => PyDate, Bound<'py, PyDate>, PyErr);
by_reference!(Time => PyTime, Bound<'py, PyTime>, PyErr);
by_reference!(PrimitiveDateTime => PyDateTime, Bound<'py, PyDateTime>, PyErr);
by_reference!(UtcOffset => PyTzInfo, Bound<'py, PyTzInfo>, PyErr);
by_reference!(OffsetDateTime => PyDateTime, Bound<'py, PyDateTime>, PyErr);
by_reference!(UtcDateTime => PyDateTime, Bound<'py, PyDateTime>, PyErr);

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use ::time::{
        Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset,
    };
    use proptest::prelude::*;

    use crate::convert::datetime::testing::{extract, round_trip, there_and_back};
    use crate::convert::{FromPyObjectOwned, IntoPyObjectExt};
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::object::Bound;
    use crate::types::PyAny;

    /// Returns the text of the error of extracting a value.
    fn refusal<T: for<'py> FromPyObjectOwned<'py>>(code: &CStr) -> String {
        let error = extract::<T>(code).err();
        error.unwrap_or_else(|| panic!("{code:?} was accepted"))
    }

    fn from_micros(micros: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap()
    }

    proptest! {
        #[test]
        fn every_date_and_time_of_pythons_range_survives(
            // The years 1 to 9999.
            micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000,
        ) {
            let value = from_micros(micros);
            assert_eq!(round_trip!(value), value);
            assert_eq!(round_trip!(value.date()), value.date());
            assert_eq!(round_trip!(value.time()), value.time());
            let naive = PrimitiveDateTime::new(value.date(), value.time());
            assert_eq!(round_trip!(naive), naive);
            let utc = UtcDateTime::from(value);
            assert_eq!(round_trip!(utc), utc);
        }

        #[test]
        fn every_offset_survives(
            micros in -62_135_000_000_000_000_i64..253_402_000_000_000_000,
            seconds in -86_399..86_400_i32,
        ) {
            let offset = UtcOffset::from_whole_seconds(seconds).unwrap();
            assert_eq!(round_trip!(offset), offset);
            let value = from_micros(micros).to_offset(offset);
            let back = round_trip!(value);
            assert_eq!((back, back.offset()), (value, offset));
        }

        #[test]
        fn every_duration_of_pythons_range_survives(
            seconds in -86_399_999_999_999_i64..86_399_999_999_999,
            micros in -999_999..1_000_000_i64,
        ) {
            let value = Duration::seconds(seconds) + Duration::microseconds(micros);
            assert_eq!(round_trip!(value), value);
        }
    }

    #[test]
    fn extremes_and_examples_are_those_of_python() {
        let date = |year, month, day| Date::from_calendar_date(year, month, day).unwrap();
        there_and_back(date(1, Month::January, 1), c"d.date.min");
        there_and_back(date(9999, Month::December, 31), c"d.date.max");
        let last = Time::from_hms_micro(23, 59, 59, 999_999).unwrap();
        there_and_back(last, c"d.time.max");
        let latest = PrimitiveDateTime::new(date(9999, Month::December, 31), last);
        there_and_back(latest, c"d.datetime.max");
        there_and_back(Duration::days(-999_999_999), c"d.timedelta.min");
        there_and_back(Duration::seconds(-10), c"d.timedelta(seconds=-10)");
        there_and_back(Duration::days(-1), c"d.timedelta(-1)");
        let west = UtcOffset::from_hms(-5, 0, 0).unwrap();
        there_and_back(west, c"d.timezone(d.timedelta(hours=-5))");
    }

    #[test]
    fn what_is_smaller_than_a_microsecond_is_truncated() {
        Python::attach(|py| {
            let text = |object: Bound<'_, PyAny>| object.to_string();
            let time = Time::from_hms_nano(1, 2, 3, 1_999).unwrap();
            assert_eq!(text(time.into_bound_py_any(py)?), "01:02:03.000001");
            let delta = Duration::nanoseconds(1_999);
            assert_eq!(text(delta.into_bound_py_any(py)?), "0:00:00.000001");
            assert_eq!(
                text((-delta).into_bound_py_any(py)?),
                "-1 day, 23:59:59.999999"
            );
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn values_without_a_counterpart_are_refused() {
        Python::attach(|py| {
            let error = Date::MIN.into_bound_py_any(py).unwrap_err().to_string();
            assert!(error.starts_with("ValueError: year"), "{error}");
            for delta in [Duration::MAX, Duration::MIN] {
                assert_eq!(
                    delta.into_bound_py_any(py).unwrap_err().to_string(),
                    "OverflowError: duration out of range for Python timedelta"
                );
            }
            let delta = Duration::days(1_000_000_000);
            let error = delta.into_bound_py_any(py).unwrap_err().to_string();
            assert!(error.starts_with("OverflowError: days="), "{error}");
        });
    }

    #[test]
    fn objects_of_another_class_are_refused() {
        let class =
            |class: &str| format!("TypeError: 'int' object is not an instance of '{class}'");
        assert_eq!(refusal::<Duration>(c"1"), class("timedelta"));
        assert_eq!(refusal::<Date>(c"1"), class("date"));
        assert_eq!(refusal::<Time>(c"1"), class("time"));
        assert_eq!(refusal::<PrimitiveDateTime>(c"1"), class("datetime"));
        assert_eq!(refusal::<OffsetDateTime>(c"1"), class("datetime"));
        assert_eq!(refusal::<UtcDateTime>(c"1"), class("datetime"));
        assert_eq!(refusal::<UtcOffset>(c"1"), class("tzinfo"));
        let (naive, aware) = (
            c"d.datetime(1, 1, 1)",
            c"d.datetime(1, 1, 1, tzinfo=d.timezone(d.timedelta(hours=1)))",
        );
        let expected = "TypeError: expected a datetime without tzinfo";
        assert_eq!(refusal::<PrimitiveDateTime>(aware), expected);
        let expected = "TypeError: expected a datetime with non-None tzinfo";
        assert_eq!(refusal::<OffsetDateTime>(naive), expected);
        assert_eq!(refusal::<UtcDateTime>(naive), expected);
        let expected = "ValueError: expected a datetime with UTC timezone";
        assert_eq!(refusal::<UtcDateTime>(aware), expected);
        let lying = c"type('T', (d.tzinfo,), {'utcoffset': lambda s, _: d.timedelta(9999)})()";
        assert_eq!(
            refusal::<UtcOffset>(lying),
            "ValueError: UTC offset out of bounds"
        );
        let varying = c"type('T', (d.tzinfo,), {'utcoffset': lambda s, _: None, \
            '__repr__': lambda s: 'T'})()";
        let expected = "TypeError: T is not a fixed offset timezone";
        assert_eq!(refusal::<UtcOffset>(varying), expected);
    }
}
