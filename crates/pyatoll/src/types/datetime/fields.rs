//! Reading the fields of `datetime`'s objects: from their memory, or, if the layout is not that of
//! `pyo3_ffi`'s structs, through the properties of the class that defines them.

use super::api::DatetimeApi;
use super::{
    PyDate, PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyTime, PyTimeAccess, PyTzInfo,
    PyTzInfoAccess,
};
use crate::capi as ffi;
use crate::convert::FromPyObjectOwned;
use crate::error::{PyErr, PyResult};
use crate::intern;
use crate::object::{Bound, Py};
use crate::types::{PyAny, PyAnyMethods, PyString, PyType};

/// The fields of a date.
#[allow(dead_code, reason = "for the conversions of optional crates")]
pub(crate) struct DateFields {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

/// The fields of a time.
#[allow(dead_code, reason = "for the conversions of optional crates")]
pub(crate) struct TimeFields {
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) microsecond: u32,
    pub(crate) fold: bool,
}

/// Returns `class.name.__get__(object)`, as C code would read the field: a subclass may override
/// the property.
///
/// If that raises, which needs private attributes of the object to be damaged, reports the
/// exception to `sys.unraisablehook` and returns a zero.
#[cold]
fn property<'py, T>(
    object: &Bound<'py, PyAny>,
    class: &Py<PyType>,
    name: &Bound<'py, PyString>,
) -> T
where
    T: FromPyObjectOwned<'py> + Default,
{
    let py = object.py();
    let read = || -> PyResult<T> {
        let class = class.bind(py);
        let property = class.getattr(name)?;
        let value = property.call_method1(intern!(py, "__get__"), (object, class))?;
        value.extract().map_err(Into::<PyErr>::into)
    };
    read().unwrap_or_else(|error| {
        error.write_unraisable(py, Some(object));
        T::default()
    })
}

/// Reads one field. `$read` is a function of `pyo3_ffi`, `$class` the field of [`DatetimeApi`] with
/// the class that has the property `$name`, and `$api` that of the object's interpreter.
macro_rules! field {
    ($object:expr, $api:expr, $read:ident, $class:ident.$name:literal: $type:ty) => {
        if $api.has_layout() {
            // SAFETY: attached; an instance of the class or of a subtype, which begins with the
            // class's struct (`has_layout`). The field never changes.
            unsafe { ffi::$read($object.as_ptr()) as $type }
        } else {
            let py = $object.py();
            property::<$type>($object.as_any(), &$api.$class, intern!(py, $name))
        }
    };
}

/// The fields of a date and time.
#[allow(dead_code, reason = "for the conversions of optional crates")]
pub(crate) struct DateTimeFields {
    pub(crate) date: DateFields,
    pub(crate) time: TimeFields,
}

/// Reads the fields of a date, with the classes of the object's interpreter.
#[allow(dead_code, reason = "for the conversions of optional crates")]
trait DateFieldsOf {
    fn date_fields(&self, api: &DatetimeApi) -> DateFields;
}

/// Reads the fields of a time, with the classes of the object's interpreter.
#[allow(dead_code, reason = "for the conversions of optional crates")]
trait TimeFieldsOf {
    fn time_fields(&self, api: &DatetimeApi) -> TimeFields;
}

impl From<&Bound<'_, PyDate>> for DateFields {
    #[inline]
    fn from(date: &Bound<'_, PyDate>) -> Self {
        date.date_fields(DatetimeApi::get(date.py()))
    }
}

impl From<&Bound<'_, PyTime>> for TimeFields {
    #[inline]
    fn from(time: &Bound<'_, PyTime>) -> Self {
        time.time_fields(DatetimeApi::get(time.py()))
    }
}

impl From<&Bound<'_, PyDateTime>> for DateTimeFields {
    #[inline]
    fn from(date_time: &Bound<'_, PyDateTime>) -> Self {
        let api = DatetimeApi::get(date_time.py());
        Self {
            date: date_time.date_fields(api),
            time: date_time.time_fields(api),
        }
    }
}

macro_rules! date_fields {
    ($($name:ident)*) => {$(
        impl PyDateAccess for Bound<'_, $name> {
            #[inline]
            fn get_year(&self) -> i32 {
                let api = DatetimeApi::get(self.py());
                field!(self, api, PyDateTime_GET_YEAR, date."year": i32)
            }

            #[inline]
            fn get_month(&self) -> u8 {
                let api = DatetimeApi::get(self.py());
                field!(self, api, PyDateTime_GET_MONTH, date."month": u8)
            }

            #[inline]
            fn get_day(&self) -> u8 {
                let api = DatetimeApi::get(self.py());
                field!(self, api, PyDateTime_GET_DAY, date."day": u8)
            }
        }

        impl DateFieldsOf for Bound<'_, $name> {
            #[inline]
            fn date_fields(&self, api: &DatetimeApi) -> DateFields {
                DateFields {
                    year: field!(self, api, PyDateTime_GET_YEAR, date."year": i32),
                    month: field!(self, api, PyDateTime_GET_MONTH, date."month": u8),
                    day: field!(self, api, PyDateTime_GET_DAY, date."day": u8),
                }
            }
        }
    )*};
}

date_fields!(PyDate PyDateTime);

macro_rules! time_fields {
    (
        $name:ident, $class:ident, $hour:ident, $minute:ident, $second:ident, $microsecond:ident,
        $fold:ident, $tzinfo:ident
    ) => {
        impl PyTimeAccess for Bound<'_, $name> {
            #[inline]
            fn get_hour(&self) -> u8 {
                let api = DatetimeApi::get(self.py());
                field!(self, api, $hour, $class."hour": u8)
            }

            #[inline]
            fn get_minute(&self) -> u8 {
                let api = DatetimeApi::get(self.py());
                field!(self, api, $minute, $class."minute": u8)
            }

            #[inline]
            fn get_second(&self) -> u8 {
                let api = DatetimeApi::get(self.py());
                field!(self, api, $second, $class."second": u8)
            }

            #[inline]
            fn get_microsecond(&self) -> u32 {
                let api = DatetimeApi::get(self.py());
                field!(self, api, $microsecond, $class."microsecond": u32)
            }

            #[inline]
            fn get_fold(&self) -> bool {
                let api = DatetimeApi::get(self.py());
                field!(self, api, $fold, $class."fold": u8) != 0
            }
        }

        impl TimeFieldsOf for Bound<'_, $name> {
            #[inline]
            fn time_fields(&self, api: &DatetimeApi) -> TimeFields {
                TimeFields {
                    hour: field!(self, api, $hour, $class."hour": u8),
                    minute: field!(self, api, $minute, $class."minute": u8),
                    second: field!(self, api, $second, $class."second": u8),
                    microsecond: field!(self, api, $microsecond, $class."microsecond": u32),
                    fold: field!(self, api, $fold, $class."fold": u8) != 0,
                }
            }
        }

        impl<'py> PyTzInfoAccess<'py> for Bound<'py, $name> {
            fn get_tzinfo(&self) -> Option<Bound<'py, PyTzInfo>> {
                let (py, api) = (self.py(), DatetimeApi::get(self.py()));
                if !api.has_layout() {
                    let name = intern!(py, "tzinfo");
                    let tzinfo = property::<Option<Bound<'py, PyAny>>>(self, &api.$class, name)?;
                    return tzinfo.cast_into().ok();
                }
                // SAFETY: attached; an instance of the class or of a subtype, which begins with
                // the class's struct (`has_layout`), and keeps its time zone, an instance of
                // `tzinfo`, or has `None`.
                unsafe {
                    let tzinfo = ffi::$tzinfo(self.as_ptr());
                    if tzinfo == ffi::Py_None() {
                        return None;
                    }
                    Some(Bound::from_borrowed_ptr(py, tzinfo).cast_into_unchecked())
                }
            }
        }
    };
}

time_fields! {
    PyDateTime, date_time, PyDateTime_DATE_GET_HOUR, PyDateTime_DATE_GET_MINUTE,
    PyDateTime_DATE_GET_SECOND, PyDateTime_DATE_GET_MICROSECOND, PyDateTime_DATE_GET_FOLD,
    PyDateTime_DATE_GET_TZINFO
}

time_fields! {
    PyTime, time, PyDateTime_TIME_GET_HOUR, PyDateTime_TIME_GET_MINUTE,
    PyDateTime_TIME_GET_SECOND, PyDateTime_TIME_GET_MICROSECOND, PyDateTime_TIME_GET_FOLD,
    PyDateTime_TIME_GET_TZINFO
}

impl PyDeltaAccess for Bound<'_, PyDelta> {
    #[inline]
    fn get_days(&self) -> i32 {
        let api = DatetimeApi::get(self.py());
        field!(self, api, PyDateTime_DELTA_GET_DAYS, delta."days": i32)
    }

    #[inline]
    fn get_seconds(&self) -> i32 {
        let api = DatetimeApi::get(self.py());
        field!(self, api, PyDateTime_DELTA_GET_SECONDS, delta."seconds": i32)
    }

    #[inline]
    fn get_microseconds(&self) -> i32 {
        let api = DatetimeApi::get(self.py());
        field!(self, api, PyDateTime_DELTA_GET_MICROSECONDS, delta."microseconds": i32)
    }
}
