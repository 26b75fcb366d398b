//! [`DatetimeApi`]: the classes of `datetime` in one interpreter, and its C API if it has one.
//!
//! `pyo3_ffi::PyDateTimeAPI` is one pointer for the whole process, so this library does not read
//! it. It is set for users of the C API, and only to a table that is never freed.

use std::ffi::c_int;
use std::ptr::NonNull;

use super::PyTzInfo;
use crate::capi::{self as ffi, type_fields};
use crate::error::{PyErr, PyResult};
use crate::exceptions::PyAttributeError;
use crate::interpreter::Python;
use crate::object::{Bound, Py};
use crate::sync::InterpreterLocal;
use crate::types::compat;
use crate::types::imported::import;
use crate::types::{PyAny, PyAnyMethods, PyType, PyTypeMethods};

/// The table of functions behind `datetime.datetime_CAPI`.
struct Table {
    functions: NonNull<ffi::PyDateTime_CAPI>,
    /// Frees the table with itself on some versions.
    _capsule: Py<PyAny>,
}

// SAFETY: the table does not change while its capsule is alive, and is used by attached threads.
unsafe impl Send for Table {}
// SAFETY: the table does not change while its capsule is alive.
unsafe impl Sync for Table {}

/// The classes of `datetime` in one interpreter.
pub(super) struct DatetimeApi {
    pub(super) date: Py<PyType>,
    pub(super) date_time: Py<PyType>,
    pub(super) time: Py<PyType>,
    pub(super) delta: Py<PyType>,
    pub(super) tzinfo: Py<PyType>,
    /// `timezone.utc`: an instance of exactly `timezone`.
    pub(super) utc: Py<PyTzInfo>,
    /// `None` if `datetime` is written in Python.
    table: Option<Table>,
    /// Whether instances have the layout of `pyo3_ffi`'s structs.
    has_layout: bool,
}

impl DatetimeApi {
    /// Returns the classes, importing `datetime` on first use.
    ///
    /// # Panics
    /// If `datetime` cannot be imported.
    #[inline]
    #[track_caller]
    pub(super) fn get(py: Python<'_>) -> &DatetimeApi {
        match Self::import(py) {
            Ok(api) => api,
            Err(error) => panic!("cannot import datetime: {error}"),
        }
    }

    /// Returns the classes, importing `datetime` on first use.
    ///
    /// # Errors
    /// Those of the import, and `AttributeError` if the module does not have the classes.
    #[inline]
    #[track_caller]
    pub(super) fn import(py: Python<'_>) -> PyResult<&DatetimeApi> {
        static API: InterpreterLocal<DatetimeApi> = InterpreterLocal::lasting();
        API.get_or_try_init(py, || Self::load(py))
    }

    /// Returns the functions in C, if there are any.
    #[inline]
    pub(super) fn table<'py>(&'py self, _py: Python<'py>) -> Option<&'py ffi::PyDateTime_CAPI> {
        // SAFETY: valid as long as the capsule, which `self` owns.
        let table = |table: &'py Table| unsafe { table.functions.as_ref() };
        self.table.as_ref().map(table)
    }

    /// Returns whether instances have the layout of `pyo3_ffi`'s structs.
    #[inline]
    pub(super) fn has_layout(&self) -> bool {
        self.has_layout
    }

    #[cold]
    fn load(py: Python<'_>) -> PyResult<Self> {
        if !ffi::memory::reads_memory() {
            let missing = || PyAttributeError::new_err("datetime has not all of its classes");
            return Self::from_classes(py).ok_or_else(missing);
        }
        match import(py, c"datetime", c"datetime_CAPI") {
            Ok(capsule) => Self::from_capsule(&capsule),
            Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
                Self::from_classes(py).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the table of a `datetime` written in C.
    fn from_capsule(capsule: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = capsule.py();
        let name = ffi::PyDateTime_CAPSULE_NAME;
        // SAFETY: attached; returns the pointer of a capsule of this name, or null.
        let table = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), name.as_ptr()) };
        let functions =
            NonNull::new(table.cast::<ffi::PyDateTime_CAPI>()).ok_or_else(|| PyErr::fetch(py))?;
        publish(capsule, functions);
        // SAFETY: a capsule of this name holds the table, which its classes and `timezone.utc`
        // outlive.
        unsafe {
            let table = functions.as_ref();
            let class = |class: *mut ffi::PyTypeObject| {
                let class = Bound::from_borrowed_ptr(py, class.cast());
                class.cast_into_unchecked::<PyType>().unbind()
            };
            let utc = Bound::from_borrowed_ptr(py, table.TimeZone_UTC);
            Ok(Self {
                date: class(table.DateType),
                date_time: class(table.DateTimeType),
                time: class(table.TimeType),
                delta: class(table.DeltaType),
                tzinfo: class(table.TZInfoType),
                utc: utc.cast_into_unchecked().unbind(),
                has_layout: has_layout(table),
                table: Some(Table {
                    functions,
                    _capsule: capsule.clone().unbind(),
                }),
            })
        }
    }

    /// Reads the classes of a `datetime` written in Python. Returns `None` if it does not have
    /// them.
    fn from_classes(py: Python<'_>) -> Option<Self> {
        let class = |name| {
            let class = import(py, c"datetime", name).ok()?;
            class.cast_into::<PyType>().ok()
        };
        let (tzinfo, timezone) = (class(c"tzinfo")?, class(c"timezone")?);
        let utc = timezone.getattr("utc").ok()?;
        if !utc.get_type().is(&timezone) || !timezone.is_subclass(&tzinfo).ok()? {
            return None;
        }
        Some(Self {
            date: class(c"date")?.unbind(),
            date_time: class(c"datetime")?.unbind(),
            time: class(c"time")?.unbind(),
            delta: class(c"timedelta")?.unbind(),
            tzinfo: tzinfo.unbind(),
            // SAFETY: its class derives from `tzinfo`.
            utc: unsafe { utc.cast_into_unchecked().unbind() },
            table: None,
            has_layout: false,
        })
    }
}

/// Sets `pyo3_ffi::PyDateTimeAPI` to a table that is never freed, unless it is already set: code
/// that uses `pyo3-ffi` may rely on it after a type of `datetime` was used.
fn publish(capsule: &Bound<'_, PyAny>, table: NonNull<ffi::PyDateTime_CAPI>) {
    let is_static = compat::datetime_table_is_static();
    // Memory of a sub-interpreter may be freed with it, so only the main interpreter's table can be
    // kept.
    if !is_static && !capsule.py().local().is_main() {
        return;
    }
    // SAFETY: attached (`capsule`), and no exception is set: the capsule has just been read.
    let is_new = unsafe { ffi::publish_datetime_table(table.as_ptr()) };
    if is_new && !is_static {
        // The capsule's destructor would free the table.
        std::mem::forget(capsule.clone());
    }
}

/// Returns whether the instances of the classes in C have the layout of `pyo3_ffi`'s structs.
fn has_layout(table: &ffi::PyDateTime_CAPI) -> bool {
    // SAFETY: the table's classes are alive.
    let size = |class: *mut ffi::PyTypeObject| unsafe { type_fields::tp_basicsize(class) } as usize;
    size(table.DateType) == size_of::<ffi::PyDateTime_Date>()
        && size(table.DateTimeType) == size_of::<ffi::PyDateTime_DateTime>()
        && size(table.TimeType) == size_of::<ffi::PyDateTime_Time>()
        && size(table.DeltaType) == size_of::<ffi::PyDateTime_Delta>()
}

/// Returns a time zone, or `None`, for a function of the table.
#[inline]
pub(super) fn or_none(tzinfo: Option<&Bound<'_, PyTzInfo>>) -> *mut ffi::PyObject {
    match tzinfo {
        Some(tzinfo) => tzinfo.as_ptr(),
        // SAFETY: `None` is always alive.
        None => unsafe { ffi::Py_None() },
    }
}

/// Converts microseconds for CPython. Saturates: a value that does not fit is out of range.
#[inline]
pub(super) fn to_int(microsecond: u32) -> c_int {
    c_int::try_from(microsecond).unwrap_or(c_int::MAX)
}
