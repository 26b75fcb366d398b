use std::ffi::CStr;

use proptest::prelude::*;

use super::*;
use crate::error::{PyErr, PyResult};
use crate::interpreter::Python;
use crate::object::{Bound, PyTypeInfo};
use crate::types::{PyAny, PyAnyMethods, PyDict, PyDictMethods, PyTypeMethods};

/// Evaluates an expression in which `d` is the module `datetime`.
fn eval<'py>(py: Python<'py>, code: &CStr) -> Bound<'py, PyAny> {
    let names = PyDict::new(py);
    names.set_item("d", py.import("datetime").unwrap()).unwrap();
    py.eval(code, Some(&names), None).unwrap()
}

fn date_of(date: &impl PyDateAccess) -> (i32, u8, u8) {
    (date.get_year(), date.get_month(), date.get_day())
}

fn time_of(time: &impl PyTimeAccess) -> (u8, u8, u8, u32, bool) {
    let (hour, minute, second) = (time.get_hour(), time.get_minute(), time.get_second());
    (
        hour,
        minute,
        second,
        time.get_microsecond(),
        time.get_fold(),
    )
}

fn delta_of(delta: &impl PyDeltaAccess) -> (i32, i32, i32) {
    (
        delta.get_days(),
        delta.get_seconds(),
        delta.get_microseconds(),
    )
}

proptest! {
    #[test]
    fn every_date_time_has_the_fields_that_it_was_created_with(
        year in 1..=9999_i32,
        month in 1..=12_u8,
        day in 1..=28_u8,
        time in (0..24_u8, 0..60_u8, 0..60_u8, 0..1_000_000_u32, any::<bool>()),
    ) {
        Python::attach(|py| {
            let (hour, minute, second, micros, fold) = time;
            let date = PyDate::new(py, year, month, day)?;
            assert_eq!(date_of(&date), (year, month, day));
            let only_time = PyTime::new_with_fold(py, hour, minute, second, micros, None, fold)?;
            assert_eq!(time_of(&only_time), time);
            let both = PyDateTime::new_with_fold(
                py, year, month, day, hour, minute, second, micros, None, fold,
            )?;
            assert_eq!((date_of(&both), time_of(&both)), ((year, month, day), time));
            assert!(date.eq(both.call_method0("date")?)?);
            assert!(only_time.eq(both.call_method0("time")?)?);
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn a_duration_is_normalized(
        days in -999_999_000..999_999_000_i32,
        seconds: i32,
        micros: i32,
        normalize: bool,
    ) {
        Python::attach(|py| {
            let delta = PyDelta::new(py, days, seconds, micros, normalize)?;
            let class = py.get_type::<PyDelta>();
            assert!(delta.eq(class.call1((days, seconds, micros))?)?);
            let (d, s, m) = delta_of(&delta);
            assert!((0..86_400).contains(&s) && (0..1_000_000).contains(&m));
            let total = |d: i32, s: i32, m: i32| {
                (i128::from(d) * 86_400 + i128::from(s)) * 1_000_000 + i128::from(m)
            };
            assert_eq!(total(d, s, m), total(days, seconds, micros));
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }
}

#[test]
fn the_extremes_exist_and_what_is_beyond_is_refused() {
    Python::attach(|py| {
        let date = |year, month, day| PyDate::new(py, year, month, day);
        assert!(date(1, 1, 1)?.eq(eval(py, c"d.date.min"))?);
        assert!(date(9999, 12, 31)?.eq(eval(py, c"d.date.max"))?);
        for (year, month, day) in [(0, 1, 1), (10_000, 1, 1), (i32::MIN, 1, 1), (2023, 2, 29)] {
            let error = date(year, month, day).unwrap_err().to_string();
            assert!(error.starts_with("ValueError: "), "{error}");
        }
        let latest = PyDateTime::new(py, 9999, 12, 31, 23, 59, 59, 999_999, None)?;
        assert!(latest.eq(eval(py, c"d.datetime.max"))?);
        for micros in [1_000_000, i32::MAX as u32 + 1, u32::MAX] {
            let error = PyTime::new(py, 0, 0, 0, micros, None)
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("ValueError: microsecond must be in"),
                "{error}"
            );
        }
        let delta = |days| PyDelta::new(py, days, 86_399, 999_999, false);
        assert!(delta(999_999_999)?.eq(eval(py, c"d.timedelta.max"))?);
        assert!(PyDelta::new(py, -999_999_999, 0, 0, false)?.eq(eval(py, c"d.timedelta.min"))?);
        for days in [1_000_000_000, -1_000_000_000, i32::MAX, i32::MIN] {
            let error = delta(days).unwrap_err().to_string();
            assert!(error.starts_with("OverflowError: "), "{error}");
        }
        for extreme in [i32::MIN, i32::MAX] {
            let seconds = PyDelta::new(py, 0, extreme, extreme, true)?;
            let class = py.get_type::<PyDelta>();
            assert!(seconds.eq(class.call1((0, extreme, extreme))?)?);
            let error = PyDelta::new(py, extreme, extreme, extreme, true).unwrap_err();
            assert!(error.is_instance_of::<crate::exceptions::PyOverflowError>(py));
        }
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn types_are_those_of_the_module() {
    fn check<T: PyTypeInfo>(py: Python<'_>, class: &CStr, instance: &CStr) {
        assert!(T::type_object(py).is(eval(py, class)));
        let instance = eval(py, instance);
        assert!(instance.is_instance_of::<T>());
        assert!(eval(py, c"type('Sub', (d.date,), {})(1, 1, 1)").is_instance_of::<PyDate>());
        assert!(!py.None().bind(py).is_instance_of::<T>());
        assert!(!eval(py, class).is_instance_of::<T>());
    }
    Python::attach(|py| {
        check::<PyDate>(py, c"d.date", c"d.date(1, 1, 1)");
        check::<PyDateTime>(py, c"d.datetime", c"d.datetime(1, 1, 1)");
        check::<PyTime>(py, c"d.time", c"d.time()");
        check::<PyDelta>(py, c"d.timedelta", c"d.timedelta()");
        check::<PyTzInfo>(py, c"d.tzinfo", c"d.timezone.utc");
        assert!(eval(py, c"d.datetime(1, 1, 1)").is_instance_of::<PyDate>());
        assert!(!eval(py, c"d.datetime(1, 1, 1)").is_exact_instance_of::<PyDate>());
        assert!(!eval(py, c"d.date(1, 1, 1)").is_instance_of::<PyDateTime>());
        assert!(PyTzInfo::type_object(py).is_subclass_of::<PyAny>().unwrap());
    });
}

#[test]
fn a_failed_cast_names_the_class() {
    Python::attach(|py| {
        let number = eval(py, c"1");
        let message = |class: &str| format!("'int' object is not an instance of '{class}'");
        let cast = |error: crate::CastError<'_, '_>| error.to_string();
        assert_eq!(cast(number.cast::<PyDate>().unwrap_err()), message("date"));
        assert_eq!(
            cast(number.cast::<PyDateTime>().unwrap_err()),
            message("datetime")
        );
        assert_eq!(cast(number.cast::<PyTime>().unwrap_err()), message("time"));
        assert_eq!(
            cast(number.cast::<PyDelta>().unwrap_err()),
            message("timedelta")
        );
        assert_eq!(
            cast(number.cast::<PyTzInfo>().unwrap_err()),
            message("tzinfo")
        );
    });
}

#[test]
fn fields_are_those_of_the_object_even_if_a_subclass_overrides_them() {
    Python::attach(|py| {
        let code = c"type('Odd', (d.datetime,), {'year': 7, 'hour': 'x', 'fold': 1, 'tzinfo': 3})(\
            2024, 2, 29, 8, tzinfo=d.timezone.utc)";
        let odd = eval(py, code).cast_into::<PyDateTime>()?;
        assert_eq!(
            (odd.get_year(), odd.get_hour(), odd.get_fold()),
            (2024, 8, false)
        );
        assert!(odd.get_tzinfo().unwrap().is(PyTzInfo::utc(py)?));
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn time_zones_are_those_of_python() {
    Python::attach(|py| {
        assert!(PyTzInfo::utc(py)?.is(eval(py, c"d.timezone.utc")));
        let offset = PyTzInfo::fixed_offset(py, PyDelta::new(py, -1, 68_400, 0, true)?)?;
        assert!(offset.eq(eval(py, c"d.timezone(d.timedelta(hours=-5))"))?);
        let when = PyDateTime::new(py, 2024, 2, 29, 20, 0, 0, 0, Some(&offset))?;
        assert!(when.get_tzinfo().unwrap().is(&offset));
        let time = PyTime::new(py, 20, 0, 0, 0, Some(&offset))?;
        assert!(time.get_tzinfo().unwrap().is(&offset));
        assert_eq!(time.to_string(), "20:00:00-05:00");

        let day = PyDelta::new(py, 1, 0, 0, true)?;
        let error = PyTzInfo::fixed_offset(py, day).unwrap_err().to_string();
        assert!(
            error.starts_with("ValueError: offset must be a timedelta strictly"),
            "{error}"
        );
        let error = PyTzInfo::timezone(py, "Europe/Atlantis")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("ZoneInfoNotFoundError: "), "{error}");
        Ok::<_, PyErr>(())
    })
    .unwrap();
}

#[test]
fn a_time_zone_whose_fromutc_returns_no_datetime_is_refused() {
    Python::attach(|py| {
        let zone = |result: &CStr| {
            let names = PyDict::new(py);
            let code = c"class Zone(d.tzinfo):\n    fromutc = lambda self, when: result";
            names.set_item("d", py.import("datetime")?)?;
            names.set_item("result", py.eval(result, None, None)?)?;
            py.run(code, Some(&names), None)?;
            let zone = names.get_item("Zone")?.unwrap().call0()?;
            PyResult::Ok(zone.cast_into::<PyTzInfo>()?)
        };
        for (result, class) in [(c"'text'", "str"), (c"7", "int")] {
            let error = PyDateTime::from_timestamp(py, 0.0, Some(&zone(result)?)).unwrap_err();
            let expected = format!("TypeError: '{class}' object is not an instance of 'datetime'");
            assert_eq!(error.to_string(), expected);
        }
        PyResult::Ok(())
    })
    .unwrap();
}

#[test]
fn a_timestamp_is_converted_as_python_does() {
    Python::attach(|py| {
        let class = py.get_type::<PyDateTime>();
        for timestamp in [0.0, 1.5, 1.7e9, 4e9 + 0.25] {
            let local = PyDateTime::from_timestamp(py, timestamp, None);
            let expected = match class.call_method1("fromtimestamp", (timestamp,)) {
                Ok(expected) => expected,
                // The C library's `time_t` may have 32 bits.
                Err(error) => {
                    assert_eq!(local.unwrap_err().to_string(), error.to_string());
                    assert!(timestamp > f64::from(i32::MAX), "{timestamp}: {error}");
                    continue;
                }
            };
            let local = local?;
            assert!(local.eq(expected)?);
            assert!(local.get_tzinfo().is_none());
            let date = PyDate::from_timestamp(py, timestamp)?;
            assert!(date.eq(local.call_method0("date")?)?);
            let utc = PyTzInfo::utc(py)?;
            let aware = PyDateTime::from_timestamp(py, timestamp, Some(&utc))?;
            assert_eq!(
                aware.call_method0("timestamp")?.extract::<f64>()?,
                timestamp
            );
        }
        for timestamp in [f64::NAN, f64::INFINITY, 1e300] {
            assert!(PyDateTime::from_timestamp(py, timestamp, None).is_err());
            assert!(PyDate::from_timestamp(py, timestamp).is_err());
        }
        PyResult::Ok(())
    })
    .unwrap();
}
