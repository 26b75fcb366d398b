//! The dates, times, durations and time zones of the crate `jiff`, version 0.2.
//!
//! Python counts in microseconds: nanoseconds are truncated.

use std::borrow::Cow;

use jiff_02::civil::{Date, DateTime, ISOWeekDate, Time};
use jiff_02::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff_02::{SignedDuration, Span, Timestamp, Zoned};

use super::by_reference::by_reference;
use super::datetime::{expect_naive, expect_tzinfo, fixed_offset};
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::intern;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::datetime::{DateFields, DateTimeFields, TimeFields};
use crate::types::{
    PyAny, PyAnyMethods, PyDate, PyDateTime, PyDelta, PyDeltaAccess, PyTime, PyTzInfo,
};

/// Becomes a `ValueError`.
impl From<jiff_02::Error> for PyErr {
    fn from(error: jiff_02::Error) -> Self {
        PyValueError::new_err(error.to_string())
    }
}

/// Returns the hour, minute, second and microsecond, which jiff keeps as signed numbers that are
/// never negative.
fn time_fields(time: Time) -> (u8, u8, u8, u32) {
    let (hour, minute, second) = (time.hour() as u8, time.minute() as u8, time.second() as u8);
    (hour, minute, second, time.subsec_nanosecond() as u32 / 1000)
}

fn new_datetime<'py>(
    py: Python<'py>,
    date_time: DateTime,
    tzinfo: Option<&Bound<'py, PyTzInfo>>,
    fold: bool,
) -> PyResult<Bound<'py, PyDateTime>> {
    let (year, month, day) = (date_time.year(), date_time.month(), date_time.day());
    let (hour, minute, second, microsecond) = time_fields(date_time.time());
    PyDateTime::new_with_fold(
        py,
        year.into(),
        month as u8,
        day as u8,
        hour,
        minute,
        second,
        microsecond,
        tzinfo,
        fold,
    )
}

fn date_from(date: DateFields) -> PyResult<Date> {
    let year = date.year.try_into()?;
    Ok(Date::new(
        year,
        date.month.try_into()?,
        date.day.try_into()?,
    )?)
}

fn time_from(time: &TimeFields) -> PyResult<Time> {
    let (hour, minute, second) = (time.hour, time.minute, time.second);
    let nanosecond = time.microsecond.saturating_mul(1000).try_into()?;
    Ok(Time::new(
        hour.try_into()?,
        minute.try_into()?,
        second.try_into()?,
        nanosecond,
    )?)
}

/// Returns the local time of a `datetime`, and its `fold`.
fn local_time(date_time: &Bound<'_, PyDateTime>) -> PyResult<(DateTime, bool)> {
    let DateTimeFields { date, time } = DateTimeFields::from(date_time);
    let date = date_from(date)?;
    Ok((DateTime::from_parts(date, time_from(&time)?), time.fold))
}

impl<'py> IntoPyObject<'py> for Timestamp {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let utc = PyTzInfo::utc(py)?;
        new_datetime(py, Offset::UTC.to_datetime(self), Some(&utc), false)
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Timestamp {
    type Error = <Zoned as FromPyObject<'a, 'py>>::Error;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Zoned::extract(object)?.timestamp())
    }
}

impl<'py> IntoPyObject<'py> for Date {
    type Target = PyDate;
    type Output = Bound<'py, PyDate>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDate>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        PyDate::new(py, self.year().into(), self.month() as u8, self.day() as u8)
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
        let (hour, minute, second, microsecond) = time_fields(self);
        PyTime::new(py, hour, minute, second, microsecond, None)
    }
}

impl FromPyObject<'_, '_> for Time {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        time_from(&TimeFields::from(&*object.cast::<PyTime>()?))
    }
}

impl<'py> IntoPyObject<'py> for DateTime {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        new_datetime(py, self, None, false)
    }
}

impl FromPyObject<'_, '_> for DateTime {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let date_time = object.cast::<PyDateTime>()?;
        expect_naive(&date_time)?;
        Ok(local_time(&date_time)?.0)
    }
}

impl<'py> IntoPyObject<'py> for Zoned {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (&self).into_pyobject(py)
    }
}

impl<'py> IntoPyObject<'py> for &Zoned {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let tzinfo = self.time_zone().into_pyobject(py)?;
        let local = self.datetime();
        let fold = match self.time_zone().to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Fold { after, .. } => self.offset() == after,
            _ => false,
        };
        new_datetime(py, local, Some(&tzinfo), fold)
    }
}

impl FromPyObject<'_, '_> for Zoned {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let date_time = object.cast::<PyDateTime>()?;
        let tzinfo = expect_tzinfo(&date_time)?;
        let tz = tzinfo.extract::<TimeZone>()?;
        let (local, fold) = local_time(&date_time)?;
        let zoned = tz.into_ambiguous_zoned(local);
        // Of the two moments with this local time, `fold` selects the later one. If the clock has
        // skipped it, `fold` selects the offset after the change, which gives the earlier moment
        // (PEP 495).
        let is_skipped = matches!(zoned.offset(), AmbiguousOffset::Gap { .. });
        Ok(if fold != is_skipped {
            zoned.later()?
        } else {
            zoned.earlier()?
        })
    }
}

impl<'py> IntoPyObject<'py> for TimeZone {
    type Target = PyTzInfo;
    type Output = Bound<'py, PyTzInfo>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyTzInfo>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (&self).into_pyobject(py)
    }
}

impl<'py> IntoPyObject<'py> for &TimeZone {
    type Target = PyTzInfo;
    type Output = Bound<'py, PyTzInfo>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyTzInfo>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        if *self == TimeZone::UTC {
            return Ok(PyTzInfo::utc(py)?.to_owned());
        }
        match self.iana_name() {
            Some(name) => PyTzInfo::timezone(py, name),
            None => self.to_fixed_offset()?.into_pyobject(py),
        }
    }
}

impl FromPyObject<'_, '_> for TimeZone {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyTzInfo>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let tzinfo = object.cast::<PyTzInfo>()?;
        match tzinfo.getattr_opt(intern!(object.py(), "key"))? {
            Some(key) => Ok(TimeZone::get(&key.extract::<Cow<'_, str>>()?)?),
            None => Ok(Offset::extract(object)?.to_time_zone()),
        }
    }
}

impl<'py> IntoPyObject<'py> for Offset {
    type Target = PyTzInfo;
    type Output = Bound<'py, PyTzInfo>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = type_hint_identifier!("datetime", "timezone") }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        if self == Offset::UTC {
            return Ok(PyTzInfo::utc(py)?.to_owned());
        }
        PyTzInfo::fixed_offset(py, self.duration_since(Offset::UTC))
    }
}

/// Microseconds of the offset are truncated.
impl FromPyObject<'_, '_> for Offset {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyTzInfo>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let seconds = fixed_offset(object)?.clamp(i32::MIN.into(), i32::MAX.into());
        Ok(Offset::from_seconds(seconds as i32)?)
    }
}

impl<'py> IntoPyObject<'py> for SignedDuration {
    type Target = PyDelta;
    type Output = Bound<'py, PyDelta>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDelta>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let (days, seconds) = (self.as_secs() / 86_400, self.as_secs() % 86_400);
        PyDelta::new(
            py,
            days.try_into()?,
            seconds as i32,
            self.subsec_micros(),
            true,
        )
    }
}

impl FromPyObject<'_, '_> for SignedDuration {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDelta>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let delta = object.cast::<PyDelta>()?;
        let seconds = i64::from(delta.get_days()) * 86_400 + i64::from(delta.get_seconds());
        Ok(SignedDuration::new(
            seconds,
            delta.get_microseconds() * 1000,
        ))
    }
}

impl FromPyObject<'_, '_> for Span {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDelta>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Ok(SignedDuration::extract(object)?.try_into()?)
    }
}

impl<'py> IntoPyObject<'py> for ISOWeekDate {
    type Target = PyDate;
    type Output = Bound<'py, PyDate>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDate>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.date().into_pyobject(py)
    }
}

impl FromPyObject<'_, '_> for ISOWeekDate {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDate>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Ok(Date::extract(object)?.iso_week_date())
    }
}

by_reference!(Timestamp => PyDateTime, Bound<'py, PyDateTime>, PyErr);
by_reference!(Date => PyDate, Bound<'py, PyDate>, PyErr);
by_reference!(Time => PyTime, Bound<'py, PyTime>, PyErr);
by_reference!(DateTime => PyDateTime, Bound<'py, PyDateTime>, PyErr);
by_reference!(Offset => PyTzInfo, Bound<'py, PyTzInfo>, PyErr);
by_reference!(SignedDuration => PyDelta, Bound<'py, PyDelta>, PyErr);
by_reference!(ISOWeekDate => PyDate, Bound<'py, PyDate>, PyErr);

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use jiff_02::civil::{Date, DateTime, ISOWeekDate, Time, date};
    use jiff_02::tz::{Offset, TimeZone};
    use jiff_02::{SignedDuration, Span, SpanFieldwise, Timestamp, Zoned};
    use proptest::prelude::*;

    use crate::convert::IntoPyObjectExt;
    use crate::convert::datetime::testing::{converts_to, eval, extract, round_trip};
    use crate::error::PyErr;
    use crate::interpreter::Python;
    use crate::types::PyAnyMethods;

    proptest! {
        #[test]
        fn every_date_and_time_of_pythons_range_survives(
            // The years 1 to 9999, in all time zones.
            micros in -62_135_500_000_000_000_i64..253_402_200_000_000_000,
            seconds in -86_399..86_400_i32,
        ) {
            let moment = Timestamp::from_microsecond(micros).unwrap();
            assert_eq!(round_trip!(moment), moment);
            let offset = Offset::from_seconds(seconds).unwrap();
            assert_eq!(round_trip!(offset), offset);
            let zoned = moment.to_zoned(offset.to_time_zone());
            assert_eq!(round_trip!(zoned.clone()), zoned);
            let naive = Offset::UTC.to_datetime(moment);
            assert_eq!(round_trip!(naive), naive);
            assert_eq!(round_trip!(naive.date()), naive.date());
            assert_eq!(round_trip!(naive.time()), naive.time());
            let week = naive.date().iso_week_date();
            assert_eq!(round_trip!(week), week);
        }

        #[test]
        fn every_duration_of_pythons_range_survives(
            seconds in -86_399_999_999_999_i64..86_399_999_999_999,
            micros in -999_999..1_000_000_i32,
        ) {
            let value = SignedDuration::new(seconds, micros * 1000);
            assert_eq!(round_trip!(value), value);
        }

        #[test]
        fn an_ambiguous_time_keeps_its_fold(
            // The years 1990 to 2020: Python and jiff may know different versions of the database.
            second in 631_152_000_i64..1_577_836_800,
            zone in 0..3_usize,
        ) {
            let name = ["Europe/London", "America/New_York", "Asia/Tokyo"][zone];
            let zone = TimeZone::get(name).unwrap();
            let value = Timestamp::from_second(second).unwrap().to_zoned(zone);
            assert_eq!(round_trip!(value.clone()), value);
        }
    }

    #[test]
    fn extremes_and_examples_are_those_of_python() {
        Python::attach(|py| {
            converts_to(py, date(1, 1, 1), c"d.date.min");
            converts_to(py, date(9999, 12, 31), c"d.date.max");
            converts_to(py, Time::MAX, c"d.time.max");
            converts_to(py, DateTime::MAX, c"d.datetime.max");
            converts_to(
                py,
                SignedDuration::from_hours(-24 * 999_999_999),
                c"d.timedelta.min",
            );
            converts_to(
                py,
                SignedDuration::from_micros(-1),
                c"d.timedelta(microseconds=-1)",
            );
            converts_to(py, TimeZone::UTC, c"d.timezone.utc");
            converts_to(py, Offset::UTC, c"d.timezone.utc");
            converts_to(
                py,
                TimeZone::get("Europe/Paris").unwrap(),
                c"Z('Europe/Paris')",
            );
            converts_to(
                py,
                Offset::constant(-5),
                c"d.timezone(d.timedelta(hours=-5))",
            );
            let moment = Timestamp::from_nanosecond(1_999).unwrap();
            converts_to(
                py,
                moment,
                c"d.datetime(1970, 1, 1, microsecond=1, tzinfo=d.timezone.utc)",
            );
        });
        let span = extract::<Span>(c"d.timedelta(1, 2)").unwrap();
        let expected = Span::new().seconds(86_402);
        assert_eq!(SpanFieldwise(span), SpanFieldwise(expected));
        let week = extract::<ISOWeekDate>(c"d.date(2024, 12, 30)").unwrap();
        assert_eq!((week.year(), week.week()), (2025, 1));
    }

    #[test]
    fn the_fold_selects_one_of_two_moments_and_an_offset_where_the_clock_skips() {
        let moment = |code: &CStr| extract::<Zoned>(code).unwrap().timestamp().to_string();
        let twice = "d.datetime(2024, 10, 27, 1, 30, tzinfo=Z('Europe/London'), fold=";
        let skipped = "d.datetime(2024, 3, 31, 1, 30, tzinfo=Z('Europe/London'), fold=";
        for (call, fold, expected) in [
            (twice, 0, "2024-10-27T00:30:00Z"),
            (twice, 1, "2024-10-27T01:30:00Z"),
            (skipped, 0, "2024-03-31T01:30:00Z"),
            (skipped, 1, "2024-03-31T00:30:00Z"),
        ] {
            let code = std::ffi::CString::new(format!("{call}{fold})")).unwrap();
            assert_eq!(moment(&code), expected);
            // As Python understands it.
            Python::attach(|py| {
                let timestamp = eval(py, &code).call_method0("timestamp").unwrap();
                let timestamp: f64 = timestamp.extract().unwrap();
                assert_eq!(
                    timestamp as i64,
                    expected.parse::<Timestamp>().unwrap().as_second()
                );
            });
        }
    }

    #[test]
    fn values_without_a_counterpart_are_refused() {
        Python::attach(|py| {
            let refused = |error: PyErr, class: &str| {
                assert!(error.to_string().starts_with(class), "{error}");
            };
            refused(
                Date::MIN.into_bound_py_any(py).unwrap_err(),
                "ValueError: year",
            );
            refused(
                Timestamp::MIN.into_bound_py_any(py).unwrap_err(),
                "ValueError: year",
            );
            refused(
                SignedDuration::MAX.into_bound_py_any(py).unwrap_err(),
                "ValueError: ",
            );
            let delta = SignedDuration::from_hours(24 * 1_000_000_000);
            refused(delta.into_bound_py_any(py).unwrap_err(), "OverflowError: ");
            let posix = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
            refused(posix.into_bound_py_any(py).unwrap_err(), "ValueError: ");
        });
        let error = PyErr::from("x".parse::<Timestamp>().unwrap_err());
        assert!(error.to_string().starts_with("ValueError: "), "{error}");
    }

    #[test]
    fn objects_of_another_class_are_refused() {
        let class =
            |class: &str| format!("TypeError: 'int' object is not an instance of '{class}'");
        assert_eq!(
            extract::<SignedDuration>(c"1").unwrap_err(),
            class("timedelta")
        );
        assert_eq!(extract::<Span>(c"1").unwrap_err(), class("timedelta"));
        assert_eq!(extract::<Date>(c"1").unwrap_err(), class("date"));
        assert_eq!(extract::<ISOWeekDate>(c"1").unwrap_err(), class("date"));
        assert_eq!(extract::<Time>(c"1").unwrap_err(), class("time"));
        assert_eq!(extract::<DateTime>(c"1").unwrap_err(), class("datetime"));
        assert_eq!(extract::<Zoned>(c"1").unwrap_err(), class("datetime"));
        assert_eq!(extract::<Timestamp>(c"1").unwrap_err(), class("datetime"));
        assert_eq!(extract::<TimeZone>(c"1").unwrap_err(), class("tzinfo"));
        assert_eq!(extract::<Offset>(c"1").unwrap_err(), class("tzinfo"));
        let naive = c"d.datetime(1, 1, 1)";
        let expected = "TypeError: expected a datetime with non-None tzinfo";
        assert_eq!(extract::<Zoned>(naive).unwrap_err(), expected);
        assert_eq!(extract::<Timestamp>(naive).unwrap_err(), expected);
        let aware = c"d.datetime(1, 1, 1, tzinfo=d.timezone.utc)";
        let expected = "TypeError: expected a datetime without tzinfo";
        assert_eq!(extract::<DateTime>(aware).unwrap_err(), expected);
        let expected =
            "TypeError: zoneinfo.ZoneInfo(key='Europe/Paris') is not a fixed offset timezone";
        assert_eq!(
            extract::<Offset>(c"Z('Europe/Paris')").unwrap_err(),
            expected
        );
        let lying = c"type('T', (d.tzinfo,), {'utcoffset': lambda s, _: d.timedelta(9**8)})()";
        let error = extract::<Offset>(lying).unwrap_err();
        assert!(error.starts_with("ValueError: "), "{error}");
        let unknown = c"type('T', (d.tzinfo,), {'key': 'Europe/Atlantis'})()";
        let error = extract::<TimeZone>(unknown).unwrap_err();
        assert!(error.starts_with("ValueError: "), "{error}");
    }
}
