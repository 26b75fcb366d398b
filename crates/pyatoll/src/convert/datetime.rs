//! Functions shared by the conversions of chrono, jiff and time.

use crate::error::PyResult;
use crate::exceptions::PyTypeError;
use crate::intern;
use crate::object::{Borrowed, Bound};
use crate::types::{
    PyAny, PyAnyMethods, PyDateTime, PyDelta, PyDeltaAccess, PyNone, PyTzInfo, PyTzInfoAccess,
};

/// Returns an error if the `datetime` has a time zone.
pub(super) fn expect_naive(date_time: &Bound<'_, PyDateTime>) -> PyResult<()> {
    match date_time.get_tzinfo() {
        None => Ok(()),
        Some(_) => Err(PyTypeError::new_err("expected a datetime without tzinfo")),
    }
}

/// Returns the error for a `datetime` without a time zone.
#[cold]
pub(super) fn expected_tzinfo() -> crate::PyErr {
    PyTypeError::new_err("expected a datetime with non-None tzinfo")
}

/// Returns the whole seconds of a duration, rounded towards zero.
pub(super) fn whole_seconds(delta: &Bound<'_, PyDelta>) -> i64 {
    let seconds = i64::from(delta.get_days()) * 86_400 + i64::from(delta.get_seconds());
    let rounds_up = seconds < 0 && delta.get_microseconds() > 0;
    seconds + i64::from(rounds_up)
}

/// Returns the offset from UTC of a time zone with a fixed offset, in seconds. A class written in
/// Python may return any duration.
///
/// # Errors
/// `TypeError` if the object is no time zone, or one whose offset depends on the time.
pub(super) fn fixed_offset(object: Borrowed<'_, '_, PyAny>) -> PyResult<i64> {
    let py = object.py();
    let tzinfo = object.cast::<PyTzInfo>()?;
    let offset = tzinfo.call_method1(intern!(py, "utcoffset"), (PyNone::get(py),))?;
    if offset.is_none() {
        return Err(PyTypeError::new_err(format!(
            "{tzinfo:?} is not a fixed offset timezone"
        )));
    }
    Ok(whole_seconds(offset.cast::<PyDelta>()?))
}
