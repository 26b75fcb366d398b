//! `datetime.timedelta`.

use super::api::DatetimeApi;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::Bound;
use crate::types::returned::new_reference;
use crate::types::{PyAny, PyAnyMethods};

/// Python's `datetime.timedelta`: a duration, which may be negative. Its fields are in
/// [`PyDeltaAccess`](super::PyDeltaAccess).
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDelta, PyDeltaAccess};
///
/// Python::attach(|py| {
///     let delta = py.import("datetime")?.getattr("timedelta")?.call1((1, 30))?;
///     assert_eq!(delta.cast::<PyDelta>()?.get_seconds(), 30);
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDateTime_CAPI.DeltaType`.
#[repr(transparent)]
pub struct PyDelta(PyAny);

datetime_type!(PyDelta, delta, "timedelta");

impl PyDelta {
    /// Creates a duration. What exceeds the ranges of the seconds, 0 to 86,399, and the
    /// microseconds, 0 to 999,999, is carried over, whether `normalize` is true or not.
    ///
    /// # Errors
    /// `OverflowError` if the days are not from -999,999,999 to 999,999,999; those of importing
    /// `datetime`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyDelta;
    ///
    /// Python::attach(|py| {
    ///     let delta = PyDelta::new(py, 1, 90_000, -1, true)?;
    ///     assert_eq!(delta.to_string(), "2 days, 0:59:59.999999");
    ///     assert!(PyDelta::new(py, 1_000_000_000, 0, 0, true).is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDelta_FromDSU`.
    pub fn new(
        py: Python<'_>,
        days: i32,
        seconds: i32,
        microseconds: i32,
        normalize: bool,
    ) -> PyResult<Bound<'_, PyDelta>> {
        // Fields in range are left as they are: checking for that would cost as much.
        let _ = normalize;
        let api = DatetimeApi::import(py)?;
        // SAFETY: attached; the function and the class are the table's, of this interpreter; the
        // seconds and microseconds are in their ranges; the result is a new instance of the class
        // or null.
        unsafe {
            if let Some(table) = api.table(py) {
                let (days, seconds, microseconds) = carried(days, seconds, microseconds);
                let class = table.DeltaType;
                let delta = (table.Delta_FromDelta)(days, seconds, microseconds, 0, class);
                return new_reference(py, delta);
            }
            let delta = api.delta.bind(py).call1((days, seconds, microseconds))?;
            Ok(delta.cast_into()?)
        }
    }
}

/// Carries what exceeds the ranges of the seconds and microseconds. CPython would, too, but its
/// sums overflow. Days that do not fit are out of the range of a `timedelta`, and so is the result.
#[inline]
fn carried(days: i32, seconds: i32, microseconds: i32) -> (i32, i32, i32) {
    let seconds = i64::from(seconds) + i64::from(microseconds.div_euclid(1_000_000));
    let days = i64::from(days) + seconds.div_euclid(86_400);
    (
        days.clamp(i32::MIN.into(), i32::MAX.into()) as i32,
        seconds.rem_euclid(86_400) as i32,
        microseconds.rem_euclid(1_000_000),
    )
}
