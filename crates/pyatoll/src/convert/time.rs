//! `Duration` and `SystemTime`: a `datetime.timedelta`, and a `datetime.datetime` in UTC.
//!
//! Python counts in microseconds: nanoseconds are truncated. A `datetime` must have a time zone; a
//! `timedelta` must not be negative. No floating-point timestamps are used, so nothing is rounded.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyo3_ffi as ffi;

use super::by_reference::by_reference;
use crate::convert::{FromPyObject, IntoPyObject};
use crate::error::{PyErr, PyResult};
use crate::exceptions::{PyOverflowError, PyValueError};
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, Py};
use crate::sync::InterpreterLocal;
use crate::types::returned::new_reference;
use crate::types::{PyAny, PyDateTime, PyDelta, PyDeltaAccess, PyTzInfo};

const SECONDS_PER_DAY: i128 = 86_400;
const MICROS_PER_SECOND: i128 = 1_000_000;

/// Creates a `timedelta` from microseconds.
fn new_timedelta(py: Python<'_>, micros: i128) -> PyResult<Bound<'_, PyDelta>> {
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let days = i32::try_from(seconds.div_euclid(SECONDS_PER_DAY))?;
    let seconds = seconds.rem_euclid(SECONDS_PER_DAY) as i32;
    let micros = micros.rem_euclid(MICROS_PER_SECOND) as i32;
    PyDelta::new(py, days, seconds, micros, false)
}

/// Returns the microseconds of a `timedelta`.
fn timedelta_micros(delta: &Bound<'_, PyDelta>) -> i128 {
    let days = i128::from(delta.get_days());
    let seconds = days * SECONDS_PER_DAY + i128::from(delta.get_seconds());
    seconds * MICROS_PER_SECOND + i128::from(delta.get_microseconds())
}

/// Creates a `Duration` from microseconds.
fn duration(micros: u128) -> PyResult<Duration> {
    let seconds = u64::try_from(micros / MICROS_PER_SECOND as u128)
        .map_err(|error| PyOverflowError::new_err(error.to_string()))?;
    Ok(Duration::new(
        seconds,
        (micros % MICROS_PER_SECOND as u128) as u32 * 1000,
    ))
}

impl<'py> IntoPyObject<'py> for Duration {
    type Target = PyDelta;
    type Output = Bound<'py, PyDelta>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDelta>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        new_timedelta(py, self.as_micros() as i128)
    }
}

impl FromPyObject<'_, '_> for Duration {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDelta>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match u128::try_from(timedelta_micros(&*object.cast::<PyDelta>()?)) {
            Ok(micros) => duration(micros),
            Err(_) => Err(PyValueError::new_err(
                "It is not possible to convert a negative timedelta to a Rust Duration",
            )),
        }
    }
}

/// Returns 1970-01-01 in UTC, as a `datetime`.
fn epoch<'py>(py: Python<'py>) -> PyResult<&'py Bound<'py, PyDateTime>> {
    static EPOCH: InterpreterLocal<Py<PyDateTime>> = InterpreterLocal::lasting();
    let epoch = EPOCH.get_or_try_init(py, || {
        let utc = PyTzInfo::utc(py)?;
        PyDateTime::new(py, 1970, 1, 1, 0, 0, 0, 0, Some(&utc)).map(Bound::unbind)
    })?;
    Ok(epoch.bind(py))
}

impl<'py> IntoPyObject<'py> for SystemTime {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let micros = match self.duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_micros() as i128,
            // Rounds down, like `as_micros` of a time after the epoch.
            Err(before) => -(before.duration().as_nanos().div_ceil(1000) as i128),
        };
        let since = new_timedelta(py, micros)?;
        // SAFETY: attached; both objects are alive; the call returns a new reference, or null with
        // an exception set.
        let time: Bound<'py, PyAny> =
            unsafe { new_reference(py, ffi::PyNumber_Add(epoch(py)?.as_ptr(), since.as_ptr()))? };
        Ok(time.cast_into()?)
    }
}

impl FromPyObject<'_, '_> for SystemTime {
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let time = object.cast::<PyDateTime>()?;
        // SAFETY: attached; both objects are alive; the call returns a new reference, or null with
        // an exception set.
        let since: Bound<'_, PyAny> = unsafe {
            new_reference(
                py,
                ffi::PyNumber_Subtract(time.as_ptr(), epoch(py)?.as_ptr()),
            )?
        };
        let micros = timedelta_micros(since.cast::<PyDelta>()?);
        let distance = duration(micros.unsigned_abs())?;
        let time = if micros < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.ok_or_else(|| {
            PyOverflowError::new_err("Overflow error when converting the time to Rust")
        })
    }
}

by_reference!(Duration => PyDelta, Bound<'py, PyDelta>, PyErr);
by_reference!(SystemTime => PyDateTime, Bound<'py, PyDateTime>, PyErr);

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use proptest::prelude::*;

    use crate::convert::{FromPyObjectOwned, IntoPyObjectExt};
    use crate::error::{PyErr, PyResult};
    use crate::interpreter::Python;

    fn eval<T: for<'py> FromPyObjectOwned<'py>>(code: &CStr) -> PyResult<T> {
        Python::attach(|py| {
            let object = py.eval(code, None, None)?;
            object.as_borrowed().extract::<T>().map_err(Into::into)
        })
    }

    proptest! {
        #[test]
        fn every_duration_of_pythons_range_survives(
            seconds in 0..86_400 * 1_000_000_000_u64,
            micros in 0..1_000_000_u32,
        ) {
            let value = Duration::new(seconds, micros * 1000);
            Python::attach(|py| {
                for object in [value.into_bound_py_any(py)?, (&value).into_bound_py_any(py)?] {
                    assert_eq!(object.as_borrowed().extract::<Duration>()?, value);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }

        #[test]
        fn every_time_of_pythons_range_survives(
            // The years 1 to 9999.
            micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000,
        ) {
            let distance = Duration::from_micros(micros.unsigned_abs());
            let value = if micros < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
            Python::attach(|py| {
                for object in [value.into_bound_py_any(py)?, (&value).into_bound_py_any(py)?] {
                    assert_eq!(object.as_borrowed().extract::<SystemTime>()?, value);
                }
                Ok::<_, PyErr>(())
            }).unwrap();
        }
    }

    #[test]
    fn nanoseconds_are_truncated() {
        Python::attach(|py| {
            let delta = Duration::from_nanos(1_999).into_bound_py_any(py)?;
            assert_eq!(delta.to_string(), "0:00:00.000001");
            let time = (UNIX_EPOCH - Duration::from_nanos(1)).into_bound_py_any(py)?;
            assert_eq!(time.to_string(), "1969-12-31 23:59:59.999999+00:00");
            let time = (UNIX_EPOCH + Duration::from_nanos(1_500_001_999)).into_bound_py_any(py)?;
            assert_eq!(time.to_string(), "1970-01-01 00:00:01.500001+00:00");
            Ok::<_, PyErr>(())
        })
        .unwrap();
    }

    #[test]
    fn values_without_a_counterpart_are_refused() {
        let error = eval::<Duration>(c"__import__('datetime').timedelta(-1)").unwrap_err();
        assert_eq!(
            error.to_string(),
            "ValueError: It is not possible to convert a negative timedelta to a Rust Duration"
        );
        let error = eval::<Duration>(c"1").unwrap_err().to_string();
        assert_eq!(
            error,
            "TypeError: 'int' object is not an instance of 'timedelta'"
        );
        let error = eval::<SystemTime>(c"1").unwrap_err().to_string();
        assert_eq!(
            error,
            "TypeError: 'int' object is not an instance of 'datetime'"
        );
        let naive = c"__import__('datetime').datetime(2020, 1, 1)";
        let error = eval::<SystemTime>(naive).unwrap_err().to_string();
        assert!(error.starts_with("TypeError: "), "{error}");
    }

    #[test]
    fn more_days_than_python_has_are_refused() {
        let too_many = "ValueError: out of range integral type conversion attempted";
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Python::attach(|py| {
            for value in [Duration::MAX, days(1 << 31)] {
                let error = value.into_bound_py_any(py).unwrap_err();
                assert_eq!(error.to_string(), too_many);
            }
            let value = UNIX_EPOCH + days(1 << 31);
            assert_eq!(
                value.into_bound_py_any(py).unwrap_err().to_string(),
                too_many
            );
            // These fit: it is Python that refuses them.
            let error = days((1 << 31) - 1).into_bound_py_any(py).unwrap_err();
            assert!(error.to_string().starts_with("OverflowError: "), "{error}");
        });
    }

    #[test]
    fn a_time_zone_is_taken_into_account() {
        let code = c"(lambda d: d.datetime(1970, 1, 1, 1, 0, 2, tzinfo=d.timezone(\
            d.timedelta(hours=1))))(__import__('datetime'))";
        let time = eval::<SystemTime>(code).unwrap();
        assert_eq!(time, UNIX_EPOCH + Duration::from_secs(2));
    }
}
