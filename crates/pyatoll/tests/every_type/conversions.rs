//! Conversions of every type there and back, and from objects that are refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{CStr, CString, OsString};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use pyatoll::prelude::*;
use pyatoll::types::{PyDate, PyDateAccess, PyDateTime, PyTzInfo, PyTzInfoAccess};
use pyatoll::{IntoPyObjectExt, conversion::FromPyObjectOwned};

#[derive(FromPyObject, IntoPyObject, IntoPyObjectRef)]
#[pyo3(from_item_all)]
#[allow(dead_code)]
struct Struct {
    number: i32,
    #[pyo3(default)]
    text: Option<String>,
    #[pyo3(item(1))]
    pair: (u8, String),
}

#[derive(FromPyObject, IntoPyObject, IntoPyObjectRef)]
#[allow(dead_code)]
enum Enum {
    Number(u64),
    Pair(String, i32),
    Attribute { real: f64 },
    Struct(Struct),
}

/// Converts there and back, and from objects that are refused.
fn exercise<T>(py: Python<'_>, code: &CStr, wrong: &[Bound<'_, PyAny>]) -> PyResult<()>
where
    T: for<'py> FromPyObjectOwned<'py> + for<'py> IntoPyObject<'py>,
{
    let value: T = py.eval(code, None, None)?.extract().map_err(Into::into)?;
    let object = value.into_bound_py_any(py)?;
    object.extract::<T>().map_err(Into::into)?;
    for object in wrong {
        if let Err(error) = object.extract::<T>() {
            drop(error.into());
        }
    }
    Ok(())
}

/// Converts what `datetime`'s classes represent, in the types of the optional crates.
fn exercise_datetimes(py: Python<'_>, wrong: &[Bound<'_, PyAny>]) -> PyResult<()> {
    let date = c"__import__('datetime').date(2024, 2, 29)";
    let time = c"__import__('datetime').time(12, 30, 15, 7)";
    let naive = c"__import__('datetime').datetime(2024, 2, 29, 12, 30)";
    let utc =
        c"__import__('datetime').datetime(2020, 1, 1, tzinfo=__import__('datetime').timezone.utc)";
    let offset = c"(lambda d: d.timezone(d.timedelta(hours=1)))(__import__('datetime'))";
    let delta = c"__import__('datetime').timedelta(1, 2, 3)";
    exercise::<chrono::NaiveDate>(py, date, wrong)?;
    exercise::<chrono::NaiveTime>(py, time, wrong)?;
    exercise::<chrono::NaiveDateTime>(py, naive, wrong)?;
    exercise::<chrono::DateTime<chrono::Utc>>(py, utc, wrong)?;
    exercise::<chrono::DateTime<chrono::FixedOffset>>(py, utc, wrong)?;
    exercise::<chrono::FixedOffset>(py, offset, wrong)?;
    exercise::<chrono::TimeDelta>(py, delta, wrong)?;
    exercise::<chrono_tz::Tz>(py, c"__import__('zoneinfo').ZoneInfo('UTC')", wrong)?;
    exercise::<jiff_02::civil::Date>(py, date, wrong)?;
    exercise::<jiff_02::civil::Time>(py, time, wrong)?;
    exercise::<jiff_02::civil::DateTime>(py, naive, wrong)?;
    exercise::<jiff_02::Zoned>(py, utc, wrong)?;
    exercise::<jiff_02::tz::Offset>(py, offset, wrong)?;
    exercise::<jiff_02::SignedDuration>(py, delta, wrong)?;
    exercise::<time::Date>(py, date, wrong)?;
    exercise::<time::Time>(py, time, wrong)?;
    exercise::<time::PrimitiveDateTime>(py, naive, wrong)?;
    exercise::<time::OffsetDateTime>(py, utc, wrong)?;
    exercise::<time::UtcDateTime>(py, utc, wrong)?;
    exercise::<time::UtcOffset>(py, offset, wrong)?;
    exercise::<time::Duration>(py, delta, wrong)?;
    let object = py.eval(utc, None, None)?.cast_into::<PyDateTime>()?;
    assert_eq!(object.get_year(), 2020);
    assert!(
        object
            .get_tzinfo()
            .is_some_and(|zone| zone.is(PyTzInfo::utc(py).unwrap()))
    );
    PyDate::from_timestamp(py, 1e9)?;
    PyDateTime::from_timestamp(py, 1e9, None)?;
    drop(PyDate::new(py, 2023, 2, 29).unwrap_err());
    Ok(())
}

pub fn conversions(py: Python<'_>, wrong: &[Bound<'_, PyAny>]) -> PyResult<()> {
    exercise::<i8>(py, c"7", wrong)?;
    exercise::<u64>(py, c"1 << 63", wrong)?;
    exercise::<i128>(py, c"-1 << 100", wrong)?;
    exercise::<u128>(py, c"1 << 100", wrong)?;
    exercise::<std::num::NonZeroU8>(py, c"200", wrong)?;
    exercise::<f32>(py, c"2.5", wrong)?;
    exercise::<bool>(py, c"True", wrong)?;
    exercise::<char>(py, c"'\\u20ac'", wrong)?;
    exercise::<String>(py, c"'some text'", wrong)?;
    exercise::<CString>(py, c"'some text'", wrong)?;
    exercise::<OsString>(py, c"'caf\\udce9'", wrong)?;
    exercise::<PathBuf>(py, c"'some/path'", wrong)?;
    exercise::<IpAddr>(py, c"'127.0.0.1'", wrong)?;
    exercise::<Duration>(py, c"__import__('datetime').timedelta(1, 2, 3)", wrong)?;
    exercise::<SystemTime>(
        py,
        c"__import__('datetime').datetime(2020, 1, 1, tzinfo=__import__('datetime').timezone.utc)",
        wrong,
    )?;
    exercise_datetimes(py, &wrong[..3])?;
    exercise::<Vec<u8>>(py, c"b'bytes'", wrong)?;
    exercise::<Vec<String>>(py, c"['a' * 9, 'b' * 9]", wrong)?;
    exercise::<Vec<i64>>(py, c"range(1000, 1010)", wrong)?;
    exercise::<[i64; 2]>(py, c"(1000, 2000)", wrong)?;
    exercise::<(i64, Option<String>)>(py, c"(1000, None)", wrong)?;
    exercise::<HashMap<String, Vec<i64>>>(py, c"{'a': [1000]}", wrong)?;
    exercise::<BTreeMap<i64, String>>(py, c"{1000: 'a'}", wrong)?;
    exercise::<BTreeSet<i64>>(py, c"{1000, 2000}", wrong)?;
    exercise::<Option<std::sync::Arc<i64>>>(py, c"1000", wrong)?;
    exercise::<Struct>(py, c"{'number': 1000, 1: (1, 'a' * 9)}", wrong)?;
    exercise::<Enum>(py, c"('a' * 9, 1000)", wrong)?;
    exercise_crates(py, wrong)?;
    for object in wrong {
        let _ = object.extract::<&str>();
        let _ = object.extract::<&[u8]>();
        let _ = object.extract::<Cow<'_, [u8]>>();
        let _ = object.extract::<Cow<'_, str>>();
    }
    Ok(())
}

/// Exercises the conversions for other crates.
fn exercise_crates(py: Python<'_>, wrong: &[Bound<'_, PyAny>]) -> PyResult<()> {
    exercise::<num_bigint::BigInt>(py, c"-1 << 1000", wrong)?;
    exercise::<num_bigint::BigUint>(py, c"1 << 5000", wrong)?;
    exercise::<num_complex::Complex<f64>>(py, c"1.5j", wrong)?;
    exercise::<num_rational::Ratio<i64>>(py, c"__import__('fractions').Fraction(2, 3)", wrong)?;
    exercise::<ordered_float::NotNan<f64>>(py, c"2.5", wrong)?;
    exercise::<rust_decimal::Decimal>(py, c"__import__('decimal').Decimal('1.5')", wrong)?;
    exercise::<bigdecimal::BigDecimal>(py, c"__import__('decimal').Decimal('1E-50')", wrong)?;
    exercise::<uuid::Uuid>(py, c"__import__('uuid').UUID(int=1 << 100)", wrong)?;
    exercise::<uuid::NonNilUuid>(py, c"__import__('uuid').UUID(int=1 << 100)", wrong)?;
    exercise::<bytes::Bytes>(py, c"b'some bytes'", wrong)?;
    exercise::<bytes::Bytes>(py, c"bytearray(b'some bytes')", wrong)?;
    exercise::<either::Either<Vec<i64>, String>>(py, c"'a' * 9", wrong)?;
    exercise::<hashbrown::HashMap<String, Vec<i64>>>(py, c"{'a': [1000]}", wrong)?;
    exercise::<hashbrown::HashSet<i64>>(py, c"{1000, 2000}", wrong)?;
    exercise::<indexmap::IndexMap<String, Vec<i64>>>(py, c"{'a': [1000]}", wrong)?;
    exercise::<smallvec::SmallVec<[String; 1]>>(py, c"('a' * 9, 'b' * 9)", wrong)
}
