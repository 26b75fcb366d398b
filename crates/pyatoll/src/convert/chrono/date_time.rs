//! `DateTime<Tz>`.

use ::chrono::{DateTime, Datelike, LocalResult, Offset, TimeZone};

use super::naive::{local_time, new_datetime};
use crate::convert::datetime::expected_tzinfo;
use crate::convert::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyValueError;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound};
use crate::types::{PyAny, PyDateTime, PyTzInfo, PyTzInfoAccess};

impl<'py, Tz: TimeZone> IntoPyObject<'py> for DateTime<Tz>
where
    Tz: IntoPyObject<'py>,
{
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyDateTime>() }

    #[inline]
    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        (&self).into_pyobject(py)
    }
}

impl<'py, Tz: TimeZone> IntoPyObject<'py> for &DateTime<Tz>
where
    Tz: IntoPyObject<'py>,
{
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    crate::object::hint! { OUTPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let tzinfo: Bound<'py, PyTzInfo> = self.timezone().into_bound_py_any(py)?.cast_into()?;
        let utc = self.naive_utc();
        // At the ends of chrono's range, the local time may be outside. Python's is smaller, and it
        // refuses such a year.
        if !(0..=10_000).contains(&utc.year()) {
            return new_datetime(py, utc, Some(&tzinfo), false);
        }
        let local = self.naive_local();
        let fold = match self.timezone().offset_from_local_datetime(&local) {
            LocalResult::Ambiguous(_, later) => self.offset().fix() == later.fix(),
            _ => false,
        };
        new_datetime(py, local, Some(&tzinfo), fold)
    }
}

impl<'py, Tz> FromPyObject<'_, 'py> for DateTime<Tz>
where
    Tz: TimeZone + FromPyObjectOwned<'py>,
{
    type Error = PyErr;

    crate::object::hint! { INPUT_TYPE = of::<crate::types::PyDateTime>() }

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let date_time = object.cast::<PyDateTime>()?;
        let tz = match date_time.get_tzinfo() {
            Some(tzinfo) => Tz::extract(tzinfo.as_any().as_borrowed()).map_err(Into::into)?,
            None => local_tz::<Tz>().ok_or_else(expected_tzinfo)?,
        };
        let (local, fold) = local_time(&date_time)?;
        match local.and_local_timezone(tz) {
            LocalResult::Single(value) => Ok(value),
            LocalResult::Ambiguous(_, later) if fold => Ok(later),
            LocalResult::Ambiguous(earlier, _) => Ok(earlier),
            LocalResult::None => Err(incompatible_timezone(&date_time)),
        }
    }
}

/// Returns the time zone of a `datetime` without one, if `Tz` is `Local`.
fn local_tz<'py, Tz: FromPyObjectOwned<'py>>() -> Option<Tz> {
    #[cfg(feature = "chrono-local")]
    return Tz::as_local_tz(crate::convert::traits::private::Token);
    #[cfg(not(feature = "chrono-local"))]
    None
}

#[cold]
fn incompatible_timezone(date_time: &Bound<'_, PyDateTime>) -> PyErr {
    PyValueError::new_err(format!(
        "The datetime {date_time:?} contains an incompatible timezone"
    ))
}
