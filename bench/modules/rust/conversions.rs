//! The items of the rows that only libraries in Rust have: dates, buffers, coroutines, and values
//! of other crates. One source, as `items.rs`.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDateTime, Utc};
use num_bigint::BigInt;
use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyDateTime;
use rust_decimal::Decimal;
use uuid::Uuid;

/// A number of 1,000 bits.
static BIG: LazyLock<BigInt> = LazyLock::new(|| BigInt::from(-7) << 997);

/// Returns the number of bits.
#[pyfunction]
pub fn big_bits(number: BigInt) -> u64 {
    number.bits()
}

/// Returns a number of 1,000 bits.
#[pyfunction]
pub fn big() -> &'static BigInt {
    &BIG
}

/// Creates an object of `datetime.datetime`.
#[pyfunction]
pub fn date(py: Python<'_>) -> PyResult<Bound<'_, PyDateTime>> {
    PyDateTime::new(py, 2024, 2, 29, 12, 30, 15, 7, None)
}

/// Returns the seconds since 1970.
#[pyfunction]
pub fn naive_seconds(moment: NaiveDateTime) -> i64 {
    moment.and_utc().timestamp()
}

/// Returns a moment without a time zone.
#[pyfunction]
pub fn naive(seconds: i64) -> NaiveDateTime {
    DateTime::from_timestamp(seconds, 0)
        .unwrap_or_default()
        .naive_utc()
}

/// Returns the seconds since 1970.
#[pyfunction]
pub fn utc_seconds(moment: DateTime<Utc>) -> i64 {
    moment.timestamp()
}

/// Returns a moment with the time zone UTC.
#[pyfunction]
pub fn utc(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// Copies a buffer. Returns its length.
#[pyfunction]
pub fn buffer_len(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(PyBuffer::<u8>::get(data)?.to_vec(py)?.len())
}

/// Returns the length of a string that outlives its token.
#[pyfunction]
pub fn backed_str_len(text: PyBackedStr) -> usize {
    text.len()
}

/// Returns the length of bytes that outlive their token.
#[pyfunction]
pub fn backed_bytes_len(data: PyBackedBytes) -> usize {
    data.len()
}

/// Returns the first half.
#[pyfunction]
pub fn uuid_half(uuid: Uuid) -> u64 {
    uuid.as_u64_pair().0
}

/// Returns a UUID.
#[pyfunction]
pub fn uuid_of(half: u64) -> Uuid {
    Uuid::from_u64_pair(half, 7)
}

/// Returns the number of digits after the decimal point.
#[pyfunction]
pub fn decimal_scale(number: Decimal) -> u32 {
    number.scale()
}

/// Returns a number with three digits after the decimal point.
#[pyfunction]
pub fn decimal(number: i64) -> Decimal {
    Decimal::new(number, 3)
}

/// Completes at once.
#[pyfunction]
pub async fn ready(number: i64) -> i64 {
    number
}

/// Lets the event loop poll again.
#[pyfunction]
pub async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
