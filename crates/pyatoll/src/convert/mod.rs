//! Conversions between Rust values and Python objects.
//!
//! | file | concern |
//! |---|---|
//! | `traits` | [`IntoPyObject`], [`FromPyObject`] and their extensions |
//! | `handles` | `Bound`, `Borrowed`, `Py` |
//! | `cast` | checked casts of handles |
//! | `fmt` | `Debug` and `Display` of handles |
//! | `boolean`, `int`, `float` | `bool`, integers, floats |
//! | `string`, `c_string`, `os_string`, `path` | text and paths |
//! | `bytes` | `bytes` and `bytearray` |
//! | `sequence`, `tuple`, `map`, `set` | collections |
//! | `wrapper` | `Option`, `Box`, `Arc`, `Cell` |
//! | `time`, `ip_addr` | `Duration`, `SystemTime`, IP addresses |
//! | `datetime` | what the conversions of chrono, jiff and time have in common |
//! | `chrono`, `chrono_tz`, `jiff`, `time_crate` | dates, times and time zones of these crates |
//! | `imported` | classes of Python's standard library |
//! | `by_reference` | conversion of a reference to a `Copy` type |
//! | `derive_support` | functions that the derive macros call |
//! | `compat` | differences between CPython versions |

mod boolean;
mod by_reference;
mod bytes;
mod c_string;
mod cast;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "chrono-tz")]
mod chrono_tz;
mod compat;
#[cfg(any(feature = "chrono", feature = "jiff-02", feature = "time"))]
mod datetime;
pub(crate) mod derive_support;
mod float;
mod fmt;
mod handles;
mod imported;
mod int;
mod ip_addr;
#[cfg(feature = "jiff-02")]
mod jiff;
mod map;
mod os_string;
mod path;
mod sequence;
mod set;
mod string;
mod time;
#[cfg(feature = "time")]
mod time_crate;
pub(crate) mod traits;
mod tuple;
mod wrapper;

pub use traits::{FromPyObject, FromPyObjectOwned, IntoPyObject, IntoPyObjectExt};
