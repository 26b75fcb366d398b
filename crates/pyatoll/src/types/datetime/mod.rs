//! `datetime`: dates, times, durations and time zones.
//!
//! Each interpreter has its own C API of `datetime`, imported on first use. Where there is none
//! (CPython 3.12 with an own GIL, which refuses the module in C), `datetime` is written in Python,
//! and the types work the same, but more slowly.
//!
//! ```
//! use pyatoll::prelude::*;
//! use pyatoll::types::{PyDate, PyDateAccess, PyDelta};
//!
//! Python::attach(|py| {
//!     let date = PyDate::new(py, 2024, 2, 28)?;
//!     let later = date.add(PyDelta::new(py, 2, 0, 0, true)?)?.cast_into::<PyDate>()?;
//!     assert_eq!((later.get_year(), later.get_month(), later.get_day()), (2024, 3, 1));
//!     Ok::<_, PyErr>(())
//! })?;
//! # Ok::<_, PyErr>(())
//! ```

// | file | concern |
// |---|---|
// | `api.rs` | the module's classes and C API in one interpreter |
// | `access.rs` | the traits that read fields |
// | `fields.rs` | reading fields: from memory, or through the class's properties |
// | `date.rs`, `date_time.rs`, `time.rs` | `PyDate`, `PyDateTime`, `PyTime` |
// | `delta.rs` | `PyDelta` |
// | `tzinfo.rs` | `PyTzInfo` |

/// Binds a marker struct to a class of `datetime`; `$field` is the one of
/// [`DatetimeApi`](api::DatetimeApi), `$python` the class's name.
macro_rules! datetime_type {
    ($name:ident, $field:ident, $python:literal) => {
        impl $crate::object::DerefToPyAny for $name {}

        // SAFETY: a class of the token's interpreter, whose slot keeps it until the interpreter's
        // end; the marker adds no fields, so it describes any instance.
        unsafe impl $crate::object::PyTypeInfo for $name {
            $crate::object::hint! { TYPE_HINT = type_hint_identifier!("datetime", $python) }

            #[inline]
            fn type_object_raw(py: $crate::Python<'_>) -> *mut ::pyo3_ffi::PyTypeObject {
                super::api::DatetimeApi::get(py).$field.as_ptr().cast()
            }
        }
    };
}

mod access;
mod api;
mod date;
mod date_time;
mod delta;
mod fields;
#[cfg(test)]
mod tests;
mod time;
mod tzinfo;

pub use access::{PyDateAccess, PyDeltaAccess, PyTimeAccess, PyTzInfoAccess};
pub use date::PyDate;
pub use date_time::PyDateTime;
pub use delta::PyDelta;
#[allow(unused_imports, reason = "for the conversions of optional crates")]
pub(crate) use fields::{DateFields, DateTimeFields, TimeFields};
pub use time::PyTime;
pub use tzinfo::PyTzInfo;

/// Imports `datetime`, so that its types are there.
///
/// # Errors
/// Those of the import, and `AttributeError` if the module does not have the classes.
pub(crate) fn import(py: crate::Python<'_>) -> crate::PyResult<()> {
    api::DatetimeApi::import(py).map(drop)
}
