//! `datetime.tzinfo` and the time zones that Python has.

use pyo3_ffi as ffi;

use super::PyDelta;
use super::api::DatetimeApi;
use crate::convert::IntoPyObject;
use crate::error::PyResult;
use crate::interpreter::Python;
use crate::object::{Borrowed, Bound, BoundObject, Py};
use crate::sync::InterpreterLocal;
use crate::types::imported::import;
use crate::types::returned::new_reference;
use crate::types::{PyAny, PyAnyMethods, PyString};

/// Python's `datetime.tzinfo`, the base class of time zones: a fixed offset, which is a
/// `datetime.timezone`, or a `zoneinfo.ZoneInfo`.
///
/// ```
/// use pyatoll::prelude::*;
/// use pyatoll::types::{PyDateTime, PyTzInfo, PyTzInfoAccess};
///
/// Python::attach(|py| {
///     let utc = PyTzInfo::utc(py)?;
///     let when = PyDateTime::new(py, 2024, 2, 29, 20, 15, 0, 0, Some(&utc))?;
///     assert_eq!(when.get_tzinfo().unwrap().to_string(), "UTC");
///     Ok::<_, PyErr>(())
/// })?;
/// # Ok::<_, PyErr>(())
/// ```
///
/// C API: `PyDateTime_CAPI.TZInfoType`.
#[repr(transparent)]
pub struct PyTzInfo(PyAny);

datetime_type!(PyTzInfo, tzinfo, "tzinfo");

impl PyTzInfo {
    /// Returns `datetime.timezone.utc`.
    ///
    /// # Errors
    /// Those of importing `datetime`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTzInfo;
    ///
    /// Python::attach(|py| {
    ///     assert_eq!(PyTzInfo::utc(py)?.to_string(), "UTC");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyDateTime_TimeZone_UTC`.
    #[inline]
    pub fn utc(py: Python<'_>) -> PyResult<Borrowed<'static, '_, PyTzInfo>> {
        let utc = &DatetimeApi::import(py)?.utc;
        // SAFETY: the interpreter's slot keeps the object as long as the token is valid, and
        // nothing that is borrowed from a `Borrowed` outlives its token.
        unsafe { Ok(Borrowed::from_ptr(py, utc.as_ptr()).cast_unchecked()) }
    }

    /// Returns the time zone with this name in the IANA database: a `zoneinfo.ZoneInfo`.
    ///
    /// # Errors
    /// `zoneinfo.ZoneInfoNotFoundError`, a `KeyError`, if Python does not find it; those of
    /// importing `zoneinfo`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::PyTzInfo;
    ///
    /// Python::attach(|py| {
    ///     match PyTzInfo::timezone(py, "Europe/Paris") {
    ///         Ok(paris) => assert_eq!(paris.to_string(), "Europe/Paris"),
    ///         Err(error) => println!("no database of time zones: {error}"),
    ///     }
    ///     assert!(PyTzInfo::timezone(py, "Europe/Atlantis").is_err());
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    pub fn timezone<'py, T>(py: Python<'py>, iana_name: T) -> PyResult<Bound<'py, PyTzInfo>>
    where
        T: IntoPyObject<'py, Target = PyString>,
    {
        static ZONE_INFO: InterpreterLocal<Py<PyAny>> = InterpreterLocal::lasting();
        let class = ZONE_INFO.get_or_try_init(py, || {
            import(py, c"zoneinfo", c"ZoneInfo").map(Bound::unbind)
        })?;
        Ok(class.bind(py).call1((iana_name,))?.cast_into()?)
    }

    /// Creates a time zone with a fixed offset from UTC: a `datetime.timezone`.
    ///
    /// # Errors
    /// `ValueError` unless the offset is less than 24 hours; those of its conversion, and of
    /// importing `datetime`.
    ///
    /// ```
    /// use pyatoll::prelude::*;
    /// use pyatoll::types::{PyDelta, PyTzInfo};
    ///
    /// Python::attach(|py| {
    ///     let offset = PyDelta::new(py, 0, 19_800, 0, true)?;
    ///     assert_eq!(PyTzInfo::fixed_offset(py, offset)?.to_string(), "UTC+05:30");
    ///     Ok::<_, PyErr>(())
    /// })?;
    /// # Ok::<_, PyErr>(())
    /// ```
    ///
    /// C API: `PyTimeZone_FromOffset`.
    pub fn fixed_offset<'py, T>(py: Python<'py>, offset: T) -> PyResult<Bound<'py, PyTzInfo>>
    where
        T: IntoPyObject<'py, Target = PyDelta>,
    {
        let api = DatetimeApi::import(py)?;
        let offset = offset.into_pyobject(py).map_err(Into::into)?;
        let offset: Borrowed<'_, 'py, PyDelta> = offset.as_borrowed();
        // SAFETY: attached; the function is the table's, of this interpreter; the offset is a
        // `timedelta`, and the name may be null; the result is a new `timezone` or null.
        unsafe {
            if let Some(table) = api.table(py) {
                let no_name: *mut ffi::PyObject = std::ptr::null_mut();
                let timezone = (table.TimeZone_FromTimeZone)(offset.as_ptr(), no_name);
                return new_reference(py, timezone);
            }
            let timezone = api.utc.bind(py).get_type().call1((offset,))?;
            Ok(timezone.cast_into()?)
        }
    }
}
