use std::ffi::CStr;

use ::chrono::{
    DateTime, Datelike, Duration, FixedOffset, Local, NaiveDate, NaiveDateTime, NaiveTime,
    TimeZone, Timelike, Utc,
};
use ::chrono_tz::Tz;
use proptest::prelude::*;

use crate::convert::datetime::testing::{eval, extract, round_trip, there_and_back};
use crate::convert::{IntoPyObject, IntoPyObjectExt};
use crate::error::PyErr;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods, PyList, PyListMethods};

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

prop_compose! {
    fn naive()(
        // The years 1 to 9999.
        micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000,
    ) -> NaiveDateTime {
        DateTime::from_timestamp_micros(micros).unwrap().naive_utc()
    }
}

prop_compose! {
    /// A time that no time zone moves out of Python's years.
    fn inner()(
        micros in -62_135_000_000_000_000_i64..253_402_000_000_000_000,
    ) -> NaiveDateTime {
        DateTime::from_timestamp_micros(micros).unwrap().naive_utc()
    }
}

proptest! {
    #[test]
    fn every_date_and_time_of_pythons_range_survives(value in naive()) {
        assert_eq!(round_trip!(value), value);
        assert_eq!(round_trip!(value.date()), value.date());
        assert_eq!(round_trip!(value.time()), value.time());
        let utc = value.and_utc();
        assert_eq!(round_trip!(utc), utc);
    }

    #[test]
    fn every_offset_survives(value in inner(), seconds in -86_399..86_400_i32) {
        let offset = FixedOffset::east_opt(seconds).unwrap();
        assert_eq!(round_trip!(offset), offset);
        let aware = offset.from_utc_datetime(&value);
        let back = round_trip!(aware);
        assert_eq!((back, *back.offset()), (aware, offset));
    }

    #[test]
    fn every_duration_of_pythons_range_survives(
        seconds in -86_399_999_999_999_i64..86_399_999_999_999,
        micros in -999_999..1_000_000_i64,
    ) {
        let value = Duration::seconds(seconds) + Duration::microseconds(micros);
        assert_eq!(round_trip!(value), value);
    }

    #[test]
    fn an_ambiguous_time_keeps_its_fold(value in inner(), zone in 0..4_usize) {
        let zone = [Tz::Europe__London, Tz::America__New_York, Tz::Asia__Tokyo, Tz::UTC][zone];
        // Python and chrono-tz may know different versions of the database.
        let recent = value.with_year(1990 + value.year().rem_euclid(30)).unwrap_or_default();
        let aware = zone.from_utc_datetime(&recent);
        assert_eq!(round_trip!(aware), aware);
    }
}

#[test]
fn extremes_and_examples_are_those_of_python() {
    there_and_back(date(1, 1, 1), c"d.date.min");
    there_and_back(date(9999, 12, 31), c"d.date.max");
    let last = NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
    there_and_back(last, c"d.time.max");
    there_and_back(date(9999, 12, 31).and_time(last), c"d.datetime.max");
    there_and_back(Duration::days(-999_999_999), c"d.timedelta.min");
    there_and_back(Duration::microseconds(-1), c"d.timedelta(microseconds=-1)");
    there_and_back(Utc, c"d.timezone.utc");
    there_and_back(
        FixedOffset::west_opt(5 * 3600).unwrap(),
        c"d.timezone(d.timedelta(hours=-5))",
    );
    let noon = date(2024, 2, 29).and_hms_opt(12, 0, 0).unwrap();
    there_and_back(
        noon.and_utc(),
        c"d.datetime(2024, 2, 29, 12, tzinfo=d.timezone.utc)",
    );
    there_and_back(Tz::Europe__Paris, c"Z('Europe/Paris')");
}

#[test]
fn what_is_smaller_than_a_microsecond_is_truncated() {
    Python::attach(|py| {
        let text = |object: Bound<'_, PyAny>| object.to_string();
        let time = NaiveTime::from_hms_nano_opt(1, 2, 3, 1_999).unwrap();
        assert_eq!(text(time.into_bound_py_any(py)?), "01:02:03.000001");
        let delta = Duration::nanoseconds(1_999);
        assert_eq!(text(delta.into_bound_py_any(py)?), "0:00:00.000001");
        assert_eq!(
            text((-delta).into_bound_py_any(py)?),
            "-1 day, 23:59:59.999999"
        );
        assert_eq!(
            text(Duration::nanoseconds(-1).into_bound_py_any(py)?),
            "0:00:00"
        );
        Ok::<_, PyErr>(())
    })
    .unwrap();
    let offset = c"d.timezone(d.timedelta(seconds=-1, microseconds=-1))";
    assert_eq!(extract(offset), Ok(FixedOffset::east_opt(-1).unwrap()));
}

#[test]
fn values_without_a_counterpart_are_refused() {
    Python::attach(|py| {
        let refused = |error: PyErr, class: &str| {
            assert!(error.to_string().starts_with(class), "{error}");
        };
        for date in [
            date(0, 1, 1),
            date(10_000, 1, 1),
            NaiveDate::MIN,
            NaiveDate::MAX,
        ] {
            refused(date.into_bound_py_any(py).unwrap_err(), "ValueError: year");
        }
        let east = FixedOffset::east_opt(86_399).unwrap();
        let west = FixedOffset::west_opt(86_399).unwrap();
        for aware in [
            DateTime::<Utc>::MAX_UTC.with_timezone(&east),
            DateTime::<Utc>::MIN_UTC.with_timezone(&west),
            east.from_utc_datetime(&date(9999, 12, 31).and_hms_opt(12, 0, 0).unwrap()),
        ] {
            refused(aware.into_bound_py_any(py).unwrap_err(), "ValueError: year");
        }
        for delta in [Duration::MAX, Duration::MIN, Duration::days(1_000_000_000)] {
            refused(delta.into_bound_py_any(py).unwrap_err(), "OverflowError: ");
        }
    });
}

#[test]
fn objects_of_another_class_are_refused() {
    let refused = |error: String, expected: &str| assert_eq!(error, expected);
    let class = |class: &str| format!("TypeError: 'int' object is not an instance of '{class}'");
    refused(extract::<Duration>(c"1").unwrap_err(), &class("timedelta"));
    refused(extract::<NaiveDate>(c"1").unwrap_err(), &class("date"));
    refused(extract::<NaiveTime>(c"1").unwrap_err(), &class("time"));
    refused(
        extract::<NaiveDateTime>(c"1").unwrap_err(),
        &class("datetime"),
    );
    refused(
        extract::<DateTime<Utc>>(c"1").unwrap_err(),
        &class("datetime"),
    );
    refused(extract::<FixedOffset>(c"1").unwrap_err(), &class("tzinfo"));
    refused(
        extract::<Utc>(c"1").unwrap_err(),
        "ValueError: expected datetime.timezone.utc",
    );
    refused(
        extract::<NaiveDateTime>(c"d.datetime(1, 1, 1, tzinfo=d.timezone.utc)").unwrap_err(),
        "TypeError: expected a datetime without tzinfo",
    );
    refused(
        extract::<DateTime<Utc>>(c"d.datetime(1, 1, 1)").unwrap_err(),
        "TypeError: expected a datetime with non-None tzinfo",
    );
    refused(
        extract::<DateTime<FixedOffset>>(c"d.datetime(2024, 1, 1, tzinfo=Z('Europe/Paris'))")
            .unwrap_err(),
        "TypeError: zoneinfo.ZoneInfo(key='Europe/Paris') is not a fixed offset timezone",
    );
    let lying = c"type('T', (d.tzinfo,), {'utcoffset': lambda self, _: d.timedelta(999999999)})()";
    refused(
        extract::<FixedOffset>(lying).unwrap_err(),
        "ValueError: fixed offset out of bounds",
    );
    let lying = c"type('T', (d.tzinfo,), {'utcoffset': lambda self, _: 1})()";
    refused(
        extract::<FixedOffset>(lying).unwrap_err(),
        &class("timedelta"),
    );
    refused(
        extract::<Tz>(c"type('T', (d.tzinfo,), {'key': 'Europe/Atlantis'})()").unwrap_err(),
        "ValueError: failed to parse timezone",
    );
    let error = extract::<Tz>(c"d.timezone.utc").unwrap_err();
    assert!(error.starts_with("AttributeError: "), "{error}");
}

#[test]
fn a_leap_second_becomes_the_second_before_with_a_warning() {
    Python::attach(|py| {
        let leap = date(2016, 12, 31)
            .and_hms_micro_opt(23, 59, 59, 1_000_007)
            .unwrap();
        let warnings = py.import("warnings").unwrap();
        let names = PyDict::new(py);
        names.set_item("record", true).unwrap();
        let catch = warnings
            .call_method("catch_warnings", (), Some(&names))
            .unwrap();
        let caught = catch
            .call_method0("__enter__")
            .unwrap()
            .cast_into::<PyList>()
            .unwrap();
        warnings.call_method1("simplefilter", ("always",)).unwrap();
        for object in [
            leap.time().into_bound_py_any(py).unwrap(),
            leap.into_bound_py_any(py).unwrap(),
            leap.and_utc().into_bound_py_any(py).unwrap(),
        ] {
            let second = object.getattr("second").unwrap().extract::<u32>().unwrap();
            let micros = object
                .getattr("microsecond")
                .unwrap()
                .extract::<u32>()
                .unwrap();
            assert_eq!((second, micros), (59, 7));
        }
        assert_eq!(caught.len(), 3);
        for warning in caught.iter() {
            let text = warning.getattr("message").unwrap().to_string();
            assert_eq!(
                text,
                "ignored leap-second, `datetime` does not support leap-seconds"
            );
        }
        let none = py.None();
        catch
            .call_method1("__exit__", (&none, &none, &none))
            .unwrap();
    });
    assert_eq!(
        date(2016, 12, 31).and_hms_opt(23, 59, 59).unwrap().second(),
        59
    );
}

#[test]
fn the_fold_selects_one_of_two_moments() {
    let moment = |code: &CStr| extract::<DateTime<Tz>>(code).unwrap().to_utc().to_string();
    assert_eq!(
        moment(c"d.datetime(2024, 10, 27, 1, 30, tzinfo=Z('Europe/London'))"),
        "2024-10-27 00:30:00 UTC"
    );
    let later = c"d.datetime(2024, 10, 27, 1, 30, tzinfo=Z('Europe/London'), fold=1)";
    assert_eq!(moment(later), "2024-10-27 01:30:00 UTC");
    Python::attach(|py| {
        let utc = date(2024, 10, 27).and_hms_opt(1, 30, 0).unwrap();
        let object = Tz::Europe__London
            .from_utc_datetime(&utc)
            .into_bound_py_any(py)
            .unwrap();
        assert_eq!(object.getattr("fold").unwrap().extract::<u8>().unwrap(), 1);
        assert!(object.eq(eval(py, later)).unwrap());
    });
}

#[test]
fn a_time_that_the_clock_skips_is_refused() {
    let skipped = c"d.datetime(2024, 3, 31, 1, 30, tzinfo=Z('Europe/London'))";
    assert_eq!(
        extract::<DateTime<Tz>>(skipped).unwrap_err(),
        "ValueError: The datetime datetime.datetime(2024, 3, 31, 1, 30, \
         tzinfo=zoneinfo.ZoneInfo(key='Europe/London')) contains an incompatible timezone"
    );
}

#[test]
fn local_times_may_be_naive() {
    Python::attach(|py| {
        let object = match Local.into_pyobject(py) {
            Ok(object) => object,
            // A machine without a database of time zones, or whose own is not in it.
            Err(error) => {
                assert!(error.to_string().contains("ime"), "{error}");
                return;
            }
        };
        assert!(object.extract::<Local>().is_ok());
        let naive = date(2024, 2, 29).and_hms_opt(12, 0, 0).unwrap();
        let expected = naive.and_local_timezone(Local).unwrap();
        let extracted: DateTime<Local> = naive.into_bound_py_any(py).unwrap().extract().unwrap();
        assert_eq!(extracted, expected);
        let aware = expected.into_bound_py_any(py).unwrap();
        assert_eq!(aware.extract::<DateTime<Local>>().unwrap(), expected);
        let other = eval(py, c"d.timezone(d.timedelta(seconds=1))");
        let error = other.extract::<Local>().unwrap_err().to_string();
        assert!(
            error.starts_with("ValueError: expected local timezone "),
            "{error}"
        );
    });
}
