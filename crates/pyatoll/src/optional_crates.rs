//! The modules of PyO3's paths that document the conversions for other crates, each with the
//! feature of its crate.
//!
//! The conversions are implementations of [`IntoPyObject`](crate::IntoPyObject) and
//! [`FromPyObject`](crate::FromPyObject) in `convert/`; lib.rs makes these modules public.

#[cfg(feature = "anyhow")]
pub mod anyhow {
    //! Errors of the crate [anyhow](https://docs.rs/anyhow), with the feature `anyhow`.
    //!
    //! | Rust | to Python |
    //! |---|---|
    //! | `anyhow::Error` | `RuntimeError` with the error, its context and its causes as text |
    //! | `anyhow::Error` that is a [`PyErr`](crate::PyErr), without context | the exception itself |
    //!
    //! ```
    //! use anyhow::Context;
    //! use pyatoll::exceptions::{PyRuntimeError, PyValueError};
    //! use pyatoll::prelude::*;
    //!
    //! #[pyfunction]
    //! fn parse(text: &str) -> anyhow::Result<u16> {
    //!     if text.is_empty() {
    //!         return Err(PyValueError::new_err("no text").into());
    //!     }
    //!     text.parse().context("not a port")
    //! }
    //!
    //! Python::attach(|py| {
    //!     let parse = wrap_pyfunction!(parse, py)?;
    //!     assert_eq!(parse.call1(("80",))?.extract::<u16>()?, 80);
    //!     assert!(parse.call1(("",)).unwrap_err().is_instance_of::<PyValueError>(py));
    //!     let error = parse.call1(("x",)).unwrap_err();
    //!     assert!(error.is_instance_of::<PyRuntimeError>(py));
    //!     assert!(error.to_string().contains("not a port"));
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "bigdecimal")]
pub mod bigdecimal {
    //! `BigDecimal` of the crate [bigdecimal](https://docs.rs/bigdecimal), with the feature
    //! `bigdecimal`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `BigDecimal` | `decimal.Decimal`; `decimal.InvalidOperation` if the exponent is out of range | any object whose `str()` is a number; `ValueError` if it is not |
    //!
    //! ```
    //! use bigdecimal::BigDecimal;
    //! use pyatoll::prelude::*;
    //!
    //! Python::attach(|py| {
    //!     let third = py.eval(c"'0.' + '3' * 50", None, None)?.extract::<BigDecimal>()?;
    //!     assert_eq!(third.digits(), 50);
    //!     let triple: BigDecimal = third * 3;
    //!     let object = triple.into_pyobject(py)?;
    //!     assert_eq!(object.get_type().to_string(), "<class 'decimal.Decimal'>");
    //!     assert_eq!(object.to_string(), format!("0.{}", "9".repeat(50)));
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "bytes")]
pub mod bytes {
    //! `Bytes` of the crate [bytes](https://docs.rs/bytes), with the feature `bytes`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `Bytes` | `bytes`, copied | `bytes`, whose memory is shared; `bytearray`, copied |
    //!
    //! Memory is shared where [`PyBackedBytes`](crate::pybacked::PyBackedBytes) shares it: not on
    //! free-threaded builds. It is valid without a token, and after the end of the object's
    //! interpreter.
    //!
    //! ```
    //! use bytes::Bytes;
    //! use pyatoll::prelude::*;
    //! use pyatoll::types::PyBytes;
    //!
    //! Python::attach(|py| {
    //!     let object = PyBytes::new(py, b"header body");
    //!     let bytes: Bytes = object.extract()?;
    //!     assert_eq!(bytes, "header body");
    //!     assert_eq!(bytes.slice(7..).into_pyobject(py)?.as_bytes(), b"body");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "chrono")]
pub mod chrono {
    //! Dates, times and offsets of the crate [chrono](https://docs.rs/chrono), with the feature
    //! `chrono`.
    //!
    //! | Rust | Python, both ways |
    //! |---|---|
    //! | `NaiveDate` | `datetime.date` |
    //! | `NaiveTime` | `datetime.time` without `tzinfo` |
    //! | `NaiveDateTime` | `datetime.datetime` without `tzinfo` |
    //! | `DateTime<Tz>` | `datetime.datetime` with a `tzinfo` |
    //! | `Duration` (`TimeDelta`) | `datetime.timedelta` |
    //! | `FixedOffset` | `datetime.timezone`; from any `tzinfo` with a fixed offset |
    //! | `Utc` | `datetime.timezone.utc` |
    //! | `Local`, with the feature `chrono-local` | `zoneinfo.ZoneInfo` of the system's time zone |
    //!
    //! Python counts in microseconds: nanoseconds are truncated. It has no leap seconds: they
    //! become the second before, with a warning. A `datetime` without `tzinfo` also converts to
    //! `DateTime<Local>`.
    //!
    //! ```
    //! use chrono::{DateTime, Duration, FixedOffset, NaiveDate, Utc};
    //! use pyatoll::prelude::*;
    //!
    //! /// Returns the same time of the next day.
    //! #[pyfunction]
    //! fn tomorrow(now: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    //!     now + Duration::days(1)
    //! }
    //!
    //! Python::attach(|py| {
    //!     let eve = NaiveDate::from_ymd_opt(1999, 12, 31).unwrap();
    //!     let noon = eve.and_hms_opt(12, 0, 0).unwrap().and_local_timezone(Utc).unwrap();
    //!     let next = wrap_pyfunction!(tomorrow, py)?.call1((noon,))?;
    //!     assert_eq!(next.call_method0("isoformat")?.to_string(), "2000-01-01T12:00:00+00:00");
    //!
    //!     let naive = eve.and_hms_opt(12, 0, 0).unwrap().into_pyobject(py)?;
    //!     assert!(naive.extract::<DateTime<Utc>>().is_err());
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "chrono-tz")]
pub mod chrono_tz {
    //! `Tz` of the crate [chrono-tz](https://docs.rs/chrono-tz), with the feature `chrono-tz`.
    //!
    //! | Rust | Python, both ways |
    //! |---|---|
    //! | `Tz` | `zoneinfo.ZoneInfo`; `ValueError` if the crate does not know the time zone |
    //! | `DateTime<Tz>`, with the feature `chrono` | `datetime.datetime` with that `tzinfo` |
    //!
    //! Python has the data of time zones from the system, or from the package `tzdata`.
    //!
    //! ```
    //! use chrono_tz::Tz;
    //! use pyatoll::prelude::*;
    //! use pyatoll::types::PyTzInfo;
    //!
    //! Python::attach(|py| {
    //! # if PyTzInfo::timezone(py, "Europe/Paris").is_err() { return Ok(()) } // no data
    //!     let zone = PyTzInfo::timezone(py, "Europe/Paris")?;
    //!     assert_eq!(zone.extract::<Tz>()?, Tz::Europe__Paris);
    //!     assert!(Tz::Europe__Paris.into_pyobject(py)?.eq(zone)?);
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "either")]
pub mod either {
    //! `Either` of the crate [either](https://docs.rs/either), with the feature `either`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `Either<L, R>` | like its value | like `L` if that succeeds, else like `R`; `TypeError` if both fail |
    //!
    //! ```
    //! use either::Either;
    //! use pyatoll::prelude::*;
    //!
    //! /// Returns the number of characters, or of the items of a list.
    //! #[pyfunction]
    //! fn size(value: Either<String, Vec<i64>>) -> usize {
    //!     value.either(|text| text.chars().count(), |items| items.len())
    //! }
    //!
    //! Python::attach(|py| {
    //!     let size = wrap_pyfunction!(size, py)?;
    //!     assert_eq!(size.call1(("atoll",))?.extract::<usize>()?, 5);
    //!     assert_eq!(size.call1(([1, 2, 3],))?.extract::<usize>()?, 3);
    //!     assert!(size.call1((4,)).is_err());
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "eyre")]
pub mod eyre {
    //! Reports of the crate [eyre](https://docs.rs/eyre), with the feature `eyre`.
    //!
    //! | Rust | to Python |
    //! |---|---|
    //! | `eyre::Report` | `RuntimeError` with the report as its handler formats it |
    //! | `eyre::Report` that is a [`PyErr`](crate::PyErr), without context | the exception itself |
    //!
    //! ```
    //! use eyre::WrapErr;
    //! use pyatoll::exceptions::{PyRuntimeError, PyValueError};
    //! use pyatoll::prelude::*;
    //!
    //! #[pyfunction]
    //! fn parse(text: &str) -> eyre::Result<u16> {
    //!     if text.is_empty() {
    //!         return Err(PyValueError::new_err("no text").into());
    //!     }
    //!     text.parse().wrap_err("not a port")
    //! }
    //!
    //! Python::attach(|py| {
    //!     let parse = wrap_pyfunction!(parse, py)?;
    //!     assert!(parse.call1(("",)).unwrap_err().is_instance_of::<PyValueError>(py));
    //!     let error = parse.call1(("x",)).unwrap_err();
    //!     assert!(error.is_instance_of::<PyRuntimeError>(py));
    //!     assert!(error.to_string().contains("not a port"));
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "hashbrown")]
pub mod hashbrown {
    //! Maps and sets of the crate [hashbrown](https://docs.rs/hashbrown), with the feature
    //! `hashbrown`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `HashMap<K, V>` | `dict` | `dict` |
    //! | `HashSet<K>` | `set` | `set`, `frozenset` |
    //!
    //! ```
    //! use hashbrown::{HashMap, HashSet};
    //! use pyatoll::prelude::*;
    //!
    //! Python::attach(|py| {
    //!     let map: HashMap<String, u8> = py.eval(c"{'a': 1, 'b': 2}", None, None)?.extract()?;
    //!     assert_eq!(map["b"], 2);
    //!     let keys: HashSet<String> = map.into_keys().collect();
    //!     assert!(keys.into_pyobject(py)?.eq(py.eval(c"{'b', 'a'}", None, None)?)?);
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "indexmap")]
pub mod indexmap {
    //! `IndexMap` of the crate [indexmap](https://docs.rs/indexmap), with the feature `indexmap`.
    //!
    //! | Rust | Python, both ways |
    //! |---|---|
    //! | `IndexMap<K, V>` | `dict`, in the same order |
    //!
    //! ```
    //! use indexmap::IndexMap;
    //! use pyatoll::prelude::*;
    //!
    //! Python::attach(|py| {
    //!     let mut map: IndexMap<String, f64> =
    //!         py.eval(c"{'b': 2.5, 'a': 1}", None, None)?.extract()?;
    //!     assert_eq!(map.get_index(0), Some((&"b".to_owned(), &2.5)));
    //!     map.sort_keys();
    //!     assert_eq!(map.into_pyobject(py)?.to_string(), "{'a': 1.0, 'b': 2.5}");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "jiff-02")]
pub mod jiff {
    //! Dates, times and time zones of the crate [jiff](https://docs.rs/jiff/0.2) 0.2, with the
    //! feature `jiff-02`.
    //!
    //! | Rust | Python, both ways |
    //! |---|---|
    //! | `civil::Date`, `civil::ISOWeekDate` | `datetime.date` |
    //! | `civil::Time` | `datetime.time` without `tzinfo` |
    //! | `civil::DateTime` | `datetime.datetime` without `tzinfo` |
    //! | `Zoned` | `datetime.datetime` with a `tzinfo` |
    //! | `Timestamp` | `datetime.datetime` in UTC; from one with any `tzinfo` |
    //! | `SignedDuration` | `datetime.timedelta` |
    //! | `Span` | from `datetime.timedelta` only |
    //! | `tz::TimeZone` | `zoneinfo.ZoneInfo` or `datetime.timezone` |
    //! | `tz::Offset` | `datetime.timezone`; from any `tzinfo` with a fixed offset |
    //!
    //! Python counts in microseconds: nanoseconds are truncated. `jiff::Error` becomes a
    //! `ValueError`.
    //!
    //! ```
    //! use jiff_02::civil::{Date, date};
    //! use jiff_02::{SignedDuration, Timestamp};
    //! use pyatoll::prelude::*;
    //!
    //! Python::attach(|py| {
    //!     let eve: Date = date(1999, 12, 31);
    //!     let object = eve.into_pyobject(py)?;
    //!     assert_eq!(object.to_string(), "1999-12-31");
    //!     assert_eq!(object.extract::<Date>()?, eve);
    //!
    //!     let hour = SignedDuration::from_hours(1).into_pyobject(py)?;
    //!     let epoch = Timestamp::UNIX_EPOCH.into_pyobject(py)?;
    //!     assert_eq!(epoch.add(hour)?.extract::<Timestamp>()?.as_second(), 3600);
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "num-bigint")]
pub mod num_bigint {
    //! Integers of the crate [num-bigint](https://docs.rs/num-bigint), with the feature
    //! `num-bigint`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `BigInt`, `BigUint` | `int` | `int`, or any object with `__index__` |
    //!
    //! ```
    //! use num_bigint::{BigInt, BigUint};
    //! use pyatoll::prelude::*;
    //!
    //! Python::attach(|py| {
    //!     let power: BigInt = py.eval(c"-2 ** 100", None, None)?.extract()?;
    //!     assert_eq!(power, -BigInt::from(2).pow(100));
    //!     let square: BigInt = (&power * &power).into_pyobject(py)?.extract()?;
    //!     assert_eq!(square, BigInt::from(2).pow(200));
    //!     assert!(py.eval(c"-1", None, None)?.extract::<BigUint>().is_err());
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "num-complex")]
pub mod num_complex {
    //! `Complex` of the crate [num-complex](https://docs.rs/num-complex), with the feature
    //! `num-complex`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `Complex<f32>`, `Complex<f64>` | `complex` | `complex`, or any object with `__complex__`, `__float__` or `__index__` |
    //!
    //! [`PyComplex::from_complex_bound`](crate::types::PyComplex::from_complex_bound) creates the
    //! object without an error.
    //!
    //! ```
    //! use num_complex::Complex;
    //! use pyatoll::prelude::*;
    //!
    //! Python::attach(|py| {
    //!     let z: Complex<f64> = py.eval(c"3 + 4j", None, None)?.extract()?;
    //!     assert_eq!(z.norm(), 5.0);
    //!     assert_eq!(z.conj().into_pyobject(py)?.to_string(), "(3-4j)");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "num-rational")]
pub mod num_rational {
    //! `Ratio` of the crate [num-rational](https://docs.rs/num-rational), with the feature
    //! `num-rational`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `Ratio` of `i8` … `i64`, `isize`, with the feature `num-bigint` also of `BigInt` | `fractions.Fraction` | any object with `numerator` and `denominator` |
    //!
    //! ```
    //! use num_rational::Ratio;
    //! use pyatoll::prelude::*;
    //!
    //! Python::attach(|py| {
    //!     let half: Ratio<i32> =
    //!         py.eval(c"__import__('fractions').Fraction(3, 6)", None, None)?.extract()?;
    //!     assert_eq!(half, Ratio::new(1, 2));
    //!     let sum = (half + Ratio::new(1, 3)).into_pyobject(py)?;
    //!     assert_eq!(sum.to_string(), "5/6");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "ordered-float")]
pub mod ordered_float {
    //! Floats of the crate [ordered-float](https://docs.rs/ordered-float), with the feature
    //! `ordered-float`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `OrderedFloat<f32>`, `<f64>` | `float` | `float`, or any object with `__float__` or `__index__` |
    //! | `NotNan<f32>`, `<f64>` | `float` | the same; `ValueError` for NaN |
    //!
    //! ```
    //! use ordered_float::NotNan;
    //! use pyatoll::prelude::*;
    //!
    //! /// Returns the largest number.
    //! #[pyfunction]
    //! fn largest(numbers: Vec<NotNan<f64>>) -> Option<NotNan<f64>> {
    //!     numbers.into_iter().max()
    //! }
    //!
    //! Python::attach(|py| {
    //!     let largest = wrap_pyfunction!(largest, py)?;
    //!     assert_eq!(largest.call1(([1.5, 2.5],))?.extract::<f64>()?, 2.5);
    //!     assert!(largest.call1(([f64::NAN],)).is_err());
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "rust_decimal")]
pub mod rust_decimal {
    //! `Decimal` of the crate [rust_decimal](https://docs.rs/rust_decimal), with the feature
    //! `rust_decimal`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `Decimal` | `decimal.Decimal` | `int`, or any object whose `str()` is a number; `ValueError` if it does not fit |
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use rust_decimal::Decimal;
    //!
    //! Python::attach(|py| {
    //!     let price: Decimal =
    //!         py.eval(c"__import__('decimal').Decimal('19.90')", None, None)?.extract()?;
    //!     assert_eq!(price, Decimal::new(1990, 2));
    //!     assert_eq!((price * Decimal::TWO).into_pyobject(py)?.to_string(), "39.80");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "serde")]
pub mod serde {
    //! Serialization of handles with the crate [serde](https://serde.rs), with the feature `serde`.
    //!
    //! | Rust | `Serialize` | `Deserialize` |
    //! |---|---|---|
    //! | [`Py<T>`](crate::Py), with `T` a `#[pyclass]` | like the instance's value | creates an instance |
    //!
    //! Serializing attaches to the object's interpreter; it is an error if that is not possible, or
    //! if the value is mutably borrowed. An instance is created in the interpreter that
    //! [`Python::attach`](crate::Python::attach) enters.
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use serde::{Deserialize, Serialize};
    //!
    //! #[pyclass]
    //! #[derive(Serialize, Deserialize)]
    //! struct Permission {
    //!     name: String,
    //! }
    //!
    //! #[pyclass]
    //! #[derive(Serialize, Deserialize)]
    //! struct User {
    //!     permissions: Vec<Py<Permission>>,
    //! }
    //!
    //! let json = r#"{"permissions":[{"name":"read"},{"name":"write"}]}"#;
    //! let user: Py<User> = Python::attach(|_py| serde_json::from_str(json))?;
    //! Python::attach(|py| {
    //!     let user = user.borrow(py);
    //!     assert_eq!(user.permissions[1].borrow(py).name, "write");
    //! });
    //! assert_eq!(serde_json::to_string(&user)?, json);
    //! # Ok::<_, serde_json::Error>(())
    //! ```
}

#[cfg(feature = "smallvec")]
pub mod smallvec {
    //! `SmallVec` of the crate [smallvec](https://docs.rs/smallvec), with the feature `smallvec`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `SmallVec<[T; N]>` | `list`; `bytes` for `u8` | any sequence, except a `str` |
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use smallvec::SmallVec;
    //!
    //! Python::attach(|py| {
    //!     let mut items: SmallVec<[i32; 4]> = py.eval(c"(1, 2)", None, None)?.extract()?;
    //!     assert!(!items.spilled());
    //!     items.push(3);
    //!     assert_eq!(items.into_pyobject(py)?.to_string(), "[1, 2, 3]");
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "time")]
pub mod time {
    //! Dates, times and offsets of the crate [time](https://docs.rs/time), with the feature `time`.
    //!
    //! | Rust | Python, both ways |
    //! |---|---|
    //! | `Date` | `datetime.date` |
    //! | `Time` | `datetime.time` without `tzinfo` |
    //! | `PrimitiveDateTime` | `datetime.datetime` without `tzinfo` |
    //! | `OffsetDateTime` | `datetime.datetime` with a `tzinfo` |
    //! | `UtcDateTime` | `datetime.datetime` in UTC |
    //! | `Duration` | `datetime.timedelta` |
    //! | `UtcOffset` | `datetime.timezone`; from any `tzinfo` with a fixed offset |
    //!
    //! Python counts in microseconds: nanoseconds are truncated.
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use time::{Date, Duration, Month, PrimitiveDateTime};
    //!
    //! Python::attach(|py| {
    //!     let eve = Date::from_calendar_date(1999, Month::December, 31).unwrap();
    //!     let object = eve.midnight().into_pyobject(py)?;
    //!     assert_eq!(object.to_string(), "1999-12-31 00:00:00");
    //!     let next = object.add(Duration::DAY)?.extract::<PrimitiveDateTime>()?;
    //!     assert_eq!(next.year(), 2000);
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}

#[cfg(feature = "uuid")]
pub mod uuid {
    //! `Uuid` and `NonNilUuid` of the crate [uuid](https://docs.rs/uuid), with the feature `uuid`.
    //!
    //! | Rust | to Python | from Python |
    //! |---|---|---|
    //! | `Uuid` | `uuid.UUID` | `uuid.UUID` |
    //! | `NonNilUuid` | `uuid.UUID` | `uuid.UUID`; `ValueError` for nil |
    //!
    //! ```
    //! use pyatoll::prelude::*;
    //! use uuid::{NonNilUuid, Uuid};
    //!
    //! Python::attach(|py| {
    //!     let id: Uuid = py.eval(c"__import__('uuid').UUID(int=7)", None, None)?.extract()?;
    //!     assert_eq!(id.as_u128(), 7);
    //!     let nil = Uuid::nil().into_pyobject(py)?;
    //!     assert_eq!(nil.to_string(), Uuid::nil().to_string());
    //!     assert!(nil.extract::<NonNilUuid>().is_err());
    //!     Ok::<_, PyErr>(())
    //! })?;
    //! # Ok::<_, PyErr>(())
    //! ```
}
